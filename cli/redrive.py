"""`dropreel redrive`: dead letters back onto their queues, without making a second job of a message.

SQS's own redrive gives every message a new id. A request that names no id of its own is known by its message's id, so
it would become another job, and be paid again. Here such a message goes back inside an envelope that keeps the id it
had: to the submit function it is a redelivery, and whatever it has already led to is not done twice.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

import typer

from cli import stack
from cli.exits import ask
from cli.options import EndpointUrl, Env, Json, Yes
from cli.stack import Stack
from cli.wording import OUT, count, money, said
from dropreel import catalog
from dropreel.aws.queues import woken
from dropreel.catalog.requests import Said, read
from dropreel.errors import Mistake
from dropreel.intake import envelopes
from dropreel.intake.envelopes import Drop, GoOn, Request, Submit

#: Seconds that what was read stays hidden from others, until it is sent back or let go.
HIDDEN = 300

Which = Annotated[str | None, typer.Option("--queue", help="Only intake, or only deliver.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="Messages of each queue at most.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what lies there, and what it may cost.")]


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One dead letter."""

    message_id: str
    body: str
    receipt: str


def redrive(
    queue: Which = None,
    limit: Limit = 100,
    dry_run: DryRun = False,
    yes: Yes = False,
    json_: Json = False,
    env: Env = None,
    endpoint_url: EndpointUrl = None,
) -> None:
    """Send dead letters back to where they failed, once the cause is mended; no job is paid twice by that."""
    if queue not in (None, "intake", "deliver"):
        raise Mistake("--queue", f"{queue!r} is no queue", "intake, deliver")
    there = stack.find(env, endpoint_url)
    urls = {"intake": there.settings.intake_queue_url, "deliver": there.settings.deliver_queue_url}
    moved: dict[str, int] = {}
    found: dict[str, list[str]] = {}
    for name in [queue] if queue else list(urls):
        dead = dead_letters(there, urls[name])
        letters = list(_read(there, dead, limit))
        found[name] = [what for letter in letters for what in kinds(name, letter)]
        try:
            if not json_:
                _tell(name, letters, found[name])
            if letters and not dry_run:
                if name == "intake":
                    ask(_price(letters), yes=yes)
                for letter in list(letters):
                    _back(there, urls[name], dead, letter, keep_id=name == "intake")
                    letters.remove(letter)
                    moved[name] = moved.get(name, 0) + 1
        finally:
            _let_go(there, dead, letters)
    if json_:
        print(json.dumps({"letters": found, "moved": {name: moved.get(name, 0) for name in urls}}))
    elif moved:
        OUT.print("sent back: " + ", ".join(f"{number} to {name}" for name, number in moved.items()))


def dead_letters(there: Stack, url: str) -> str:
    """The address of a queue's dead letters."""
    policy = there.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]
    name = json.loads(policy["RedrivePolicy"])["deadLetterTargetArn"].rpartition(":")[2]
    return str(there.sqs.get_queue_url(QueueName=name)["QueueUrl"])


def resent(body: str, message_id: str) -> str:
    """What to send so that a letter is the same message to the submit function as it was before."""
    known_by_id = any(
        isinstance(message, Request) and message.message_id == message_id
        for message in envelopes.read(body, message_id)
    )
    if not known_by_id:
        return body
    return json.dumps({"Type": "Notification", "MessageId": message_id, "Message": body})


def kinds(queue: str, letter: Letter) -> list[str]:
    """What a letter of a queue says, for people: one thing for each that it speaks of."""
    if queue == "intake":
        return [_kind(message) for message in envelopes.read(letter.body, letter.message_id)]
    try:
        return [f"delivery of job {woken(letter.body)}"]
    except (ValueError, TypeError, KeyError):
        return ["a message that can't be read"]


def _kind(message: envelopes.Message) -> str:
    match message:
        case Drop(key=key):
            return f"drop of {key}"
        case Request(mistakes=(_, *_)):
            return "a message that can't be read"
        case Request(model=model, id=own):
            return f"request for {model}" + (f", id {own}" if own else "")
        case Submit(job_id=job_id):
            return f"resubmission of job {job_id}"
        case GoOn(job_id=job_id):
            return f"the step that follows job {job_id}"


def _read(there: Stack, dead: str, limit: int) -> Iterator[Letter]:
    """What lies there, each letter once; hidden from everybody else meanwhile."""
    known: set[str] = set()
    while len(known) < limit:
        answer = there.sqs.receive_message(
            QueueUrl=dead, MaxNumberOfMessages=min(10, limit - len(known)), VisibilityTimeout=HIDDEN, WaitTimeSeconds=1
        )
        fresh = [message for message in answer.get("Messages", []) if message["MessageId"] not in known]
        if not fresh:
            return
        for message in fresh:
            known.add(message["MessageId"])
            yield Letter(message_id=message["MessageId"], body=message["Body"], receipt=message["ReceiptHandle"])


def _back(there: Stack, url: str, dead: str, letter: Letter, *, keep_id: bool) -> None:
    """Sent first, deleted then: a crash in between leaves it twice, which is a redelivery like any other."""
    body = resent(letter.body, letter.message_id) if keep_id else letter.body
    there.sqs.send_message(QueueUrl=url, MessageBody=body)
    there.sqs.delete_message(QueueUrl=dead, ReceiptHandle=letter.receipt)


def _let_go(there: Stack, dead: str, letters: list[Letter]) -> None:
    for letter in letters:
        there.sqs.change_message_visibility(QueueUrl=dead, ReceiptHandle=letter.receipt, VisibilityTimeout=0)


def _tell(name: str, letters: list[Letter], found: list[str]) -> None:
    if not letters:
        said(f"{name}: no dead letters")
        return
    price = _price(letters) if name == "intake" else "Deliveries pay nothing."
    OUT.print(f"{name}: {count(len(letters), 'letter')}. {price}", soft_wrap=True)
    told = Counter(found)
    for what, times in told.most_common(10):
        OUT.print(f"  {times} x {what}" if times > 1 else f"  {what}", markup=False, soft_wrap=True)
    if len(told) > 10:
        OUT.print(f"  and {len(told) - 10} more")


def _price(letters: list[Letter]) -> str:
    """What the requests among them cost if none has been sent yet."""
    found = [
        price
        for letter in letters
        for message in envelopes.read(letter.body, letter.message_id)
        if (price := _priced(message)) is not None
    ]
    known = f" The requests among them cost up to {money(sum(found, Decimal(0)))} USD." if found else ""
    return f"What has not been sent yet is sent and paid, once.{known}"


def _priced(message: Any) -> Decimal | None:
    model = catalog.resolve(message.model) if isinstance(message, Request) and not message.mistakes else None
    if model is None:
        return None
    reading = read(model, [Said(message.input)])
    return None if reading.mistakes or reading.missing else reading.request.price_usd()
