"""What `dropreel doctor` looks at, one check a thing that can be wrong."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from botocore.exceptions import ClientError

from cli import quota, waiting
from cli.check import Check, State
from cli.redrive import dead_letters
from cli.stack import Stack
from cli.wording import age
from dropreel.errors import NotSent, StatusUnavailable
from dropreel.gateways import wire
from dropreel.gateways.access import GATEWAYS, Keys, place

#: Seconds after which the oldest message of a queue is too old: longer than any function may take.
OLD = 900
#: No job can have this id or token; an answer of 403 has come all the way from the table.
NOBODY = "/callbacks/doctor/doctor"
NEWS = {"request_id": "doctor", "status": "QUEUED"}


def checks(there: Stack) -> Iterator[Check]:
    """Everything, in the order of a job's way; nothing of it can cost anything that would not be paid anyway."""
    settings = there.settings
    yield _stack(there)
    if not there.access.laptop:  # whose functions run as the machine can
        yield quota.concurrency(there)
    places = {name: place(settings, name) for name in GATEWAYS}
    keys = {name: _key(there, secret) for name, (_, secret) in places.items()}
    some = any(key for key, _ in keys.values())
    for name, (url, _) in places.items():
        key, problem = keys[name]
        yield _has_key(there, name, problem, some=some)
        yield _gateway(name, url, key)
        yield waiting.gate(there, name)
    yield _callback(there)
    for name, address in (("intake", settings.intake_queue_url), ("deliver", settings.deliver_queue_url)):
        yield _queue(there, name, address)
        yield _dead_letters(there, name, address)
    for name, machine in (("watch", settings.watch_arn), ("gate", settings.gate_arn)):
        yield waiting.executions(there, name, machine)
    yield waiting.budget(there)
    yield waiting.held(there)
    yield waiting.unknown(there)


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
        todo = "403 was expected; `dropreel logs --function callback` says why. Looks find every outcome meanwhile."
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
        return Check(f"{name} queue", State.LOOK, said, f"Is it failing or slow? `dropreel logs --function {function}`")
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
    todo = (
        f"`dropreel logs --function {function} --errors --newer 2d` says what went wrong; mend the cause, then "
        f"`dropreel redrive --queue {name}`."
    )
    return Check(f"{name} dead letters", State.BAD, f"{count}", todo)
