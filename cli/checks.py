"""What `dropreel doctor` looks at, one check a thing that can be wrong."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError

from cli.redrive import dead_letters
from cli.stack import Stack
from cli.wording import age, money
from dropreel.errors import NotSent, StatusUnavailable
from dropreel.gates import BUDGET, day_of
from dropreel.gateways import wire
from dropreel.gateways.access import GATEWAYS, Keys, place
from dropreel.jobs import Status
from dropreel.store import marshal

#: Seconds after which the oldest message of a queue is too old: longer than any function may take.
OLD = 900
#: No job can have this id or token; an answer of 403 has come all the way from the table.
NOBODY = "/callbacks/doctor/doctor"
NEWS = {"request_id": "doctor", "status": "QUEUED"}
#: Jobs of a status that are counted at most.
MOST = 1000


class State(StrEnum):
    """How a check came out."""

    FINE = "fine"
    LOOK = "look"
    BAD = "bad"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: State
    #: What was seen.
    said: str
    #: What to do about it.
    todo: str = ""


def checks(there: Stack) -> Iterator[Check]:
    """Everything, in the order of a job's way; nothing of it can cost anything."""
    settings = there.settings
    yield _stack(there)
    places = {name: place(settings, name) for name in GATEWAYS}
    keys = {name: _key(there, secret) for name, (_, secret) in places.items()}
    some = any(key for key, _ in keys.values())
    for name, (url, _) in places.items():
        key, problem = keys[name]
        yield _has_key(there, name, problem, some=some)
        yield _gateway(name, url, key)
        yield _gate(there, name)
    yield _callback(there)
    for name, address in (("intake", settings.intake_queue_url), ("deliver", settings.deliver_queue_url)):
        yield _queue(there, name, address)
        yield _dead_letters(there, name, address)
    yield _budget(there)
    yield _held(there)
    yield _unknown(there)


def _stack(there: Stack) -> Check:
    if there.status.endswith(("_COMPLETE",)) and "ROLLBACK" not in there.status:
        return Check("stack", State.FINE, f"{there.name}, {there.status}")
    return Check(
        "stack", State.LOOK, f"{there.name}, {there.status}", "See its events in CloudFormation, then deploy again."
    )


def _key(there: Stack, secret: str) -> tuple[str, str]:
    """The key, or why there is none."""
    try:
        return Keys(there.client("secretsmanager"), time.time).get(secret), ""
    except NotSent as problem:
        return "", str(problem)


def _has_key(there: Stack, name: str, problem: str, *, some: bool) -> Check:
    """Many use one gateway only, so the other's missing key is no fault."""
    if not problem:
        return Check(f"{name} key", State.FINE, "there")
    if "AccessDenied" in problem:
        return Check(f"{name} key", State.LOOK, f"not looked at: {problem}", "You may not read the secret.")
    todo = (
        f"Put it in: aws secretsmanager put-secret-value --secret-id dropreel/{there.env}/{name} "
        "--secret-string file://KEYFILE. Where no model of this gateway is used, there is nothing to do."
    )
    return Check(f"{name} key", State.LOOK if some else State.BAD, problem, todo)


def _gateway(name: str, url: str, key: str) -> Check:
    """A question about a request that does not exist, from this machine; never a POST."""
    title = f"{name} gateway"
    begun = time.monotonic()
    try:
        with wire.new_client() as client:
            GATEWAYS[name](client, url, lambda: key or "none").status("doctor")
        status = 200
    except StatusUnavailable as problem:
        if problem.status is None:
            todo = "Look at this machine's network and at the gateway's status page; functions may still reach it."
            return Check(title, State.BAD, str(problem), todo)
        status = problem.status
    took = f"answers from here in {(time.monotonic() - begun) * 1000:.0f} ms"
    if status in (401, 403) and key:
        return Check(title, State.BAD, f"{took}, but with {status}", "It does not accept the key; renew it.")
    if status >= 500:
        return Check(title, State.LOOK, f"{took}, but with {status}", "See the gateway's status page.")
    return Check(title, State.FINE, took)


def _gate(there: Stack, name: str) -> Check:
    gate = there.gates.get(name)
    if not gate.closed:
        return Check(f"{name} gate", State.FINE, "open")
    probe = gate.next_probe_at - time.time()
    due = f"next probe in {age(probe)}" if probe > 0 else "a probe is due"
    todo = "Mend what the reason names; `dropreel jobs --status HELD` lists the jobs, `dropreel show JOB` says how."
    return Check(f"{name} gate", State.BAD, f"closed: {gate.reason}; {due}", todo)


def _callback(there: Stack) -> Check:
    """A stranger's callback: 403 says that API, function and table have all been at work."""
    import httpx

    url = there.settings.callback_base_url.rstrip("/") + NOBODY
    off = "" if there.settings.webhooks else "; callbacks are switched off (webhooks=false)"
    try:
        with wire.new_client() as client:
            answer = client.post(url, json=NEWS)
    except httpx.HTTPError as error:
        todo = "The watch finds every outcome without callbacks, only later. Look at the HTTP API in the account."
        return Check("callback", State.BAD, f"not reached from here ({type(error).__name__}){off}", todo)
    if answer.status_code != httpx.codes.FORBIDDEN:
        todo = "403 was expected. Read the callback function's log; looks find every outcome meanwhile."
        return Check("callback", State.BAD, f"answered {answer.status_code}{off}", todo)
    return Check("callback", State.FINE, f"reached from here, and strangers are refused{off}")


def _queue(there: Stack, name: str, url: str) -> Check:
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    found = there.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names))["Attributes"]
    waiting, taken = (int(found[each]) for each in names)
    oldest = _oldest(there, url.rpartition("/")[2])
    said = f"{waiting} waiting, {taken} at work" + (f", the oldest {age(oldest)}" if oldest else "")
    if oldest and oldest > OLD:
        function = "submit" if name == "intake" else "deliver"
        return Check(f"{name} queue", State.LOOK, said, f"Read the {function} function's log: is it failing or slow?")
    return Check(f"{name} queue", State.FINE, said)


def _oldest(there: Stack, queue: str) -> float | None:
    """Seconds, as CloudWatch measures it every minute or so; None where it has not (a laptop never has)."""
    now = datetime.now(UTC)
    try:
        answer = there.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SQS",
            MetricName="ApproximateAgeOfOldestMessage",
            Dimensions=[{"Name": "QueueName", "Value": queue}],
            StartTime=now - timedelta(minutes=10),
            EndTime=now,
            Period=60,
            Statistics=["Maximum"],
        )
    except ClientError:
        return None
    points = sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])
    return float(points[-1]["Maximum"]) if points else None


def _dead_letters(there: Stack, name: str, url: str) -> Check:
    dead = dead_letters(there, url)
    asked = there.sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["ApproximateNumberOfMessages"])
    count = int(asked["Attributes"]["ApproximateNumberOfMessages"])
    if not count:
        return Check(f"{name} dead letters", State.FINE, "none")
    function = "submit" if name == "intake" else "deliver"
    todo = f"Read the {function} function's log of that time, mend the cause, then `dropreel redrive --queue {name}`."
    return Check(f"{name} dead letters", State.BAD, f"{count}", todo)


def _budget(there: Stack) -> Check:
    limit = there.settings.daily_budget_usd
    if limit is None:
        return Check("budget", State.FINE, "none is set")
    spent = there.gates.spent(day_of(time.time()))
    said = f"{money(spent)} of {money(limit)} USD today"
    if there.gates.get(BUDGET).closed:
        return Check("budget", State.BAD, f"{said}, used up", "Wait for tomorrow (UTC), or deploy a higher one.")
    if spent >= limit * Decimal("0.8"):
        return Check("budget", State.LOOK, said, "Jobs are HELD once it is used up; deploy a higher one if need be.")
    return Check("budget", State.FINE, said)


def _held(there: Stack) -> Check:
    return _attention(
        there,
        Status.HELD,
        lambda count: f"{count} not sent yet",
        "`dropreel jobs --status HELD` lists them and says why.",
    )


def _unknown(there: Stack) -> Check:
    todo = "`dropreel jobs --status UNKNOWN`; `dropreel show JOB` says what to do about each."
    return _attention(there, Status.UNKNOWN, lambda count: f"{count} of lost answers", todo)


def _attention(there: Stack, status: Status, said: Callable[[str], str], todo: str) -> Check:
    arguments: dict[str, Any] = {
        "TableName": there.settings.jobs_table,
        "IndexName": "attention",
        "KeyConditionExpression": "attention = :status",
        "ExpressionAttributeValues": marshal({":status": str(status)}),
        "Select": "COUNT",
        "Limit": MOST,
    }
    answer = there.dynamodb.query(**arguments)
    count = int(answer["Count"])
    if not count:
        return Check(f"{status} jobs", State.FINE, "none")
    return Check(f"{status} jobs", State.LOOK, said(f"{count}{'+' if 'LastEvaluatedKey' in answer else ''}"), todo)
