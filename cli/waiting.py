"""What `dropreel doctor` looks at of all that waits: gates, the budget, executions, jobs that need somebody."""

import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from cli import looks
from cli.check import Check, State
from cli.stack import Stack
from cli.wording import count, due, money
from dropreel.aws.budget import DAY
from dropreel.aws.gates import BUDGET, Gate
from dropreel.aws.items import marshal
from dropreel.jobs import Status, day_of

#: Jobs of a status, or behind a gate, that are counted at most.
MOST = 1000
#: Jobs among which one is looked for that the day's budget is not enough for.
FEW = 20


def gate(there: Stack, name: str) -> Check:
    """A closed gate lets nothing through; one that is open again may still be letting go what it held."""
    found = there.gates.get(name)
    title, jobs = f"{name} gate", _behind(there, name)
    if not found.closed:
        return _opened(there, title, "open", found, jobs)
    todo = "Mend what the reason names; `dropreel jobs --status HELD` lists the jobs, `dropreel show JOB` says how."
    said = f"closed: {found.reason}; {jobs or 'no job'} held, {due(found, time.time())}{_revived(there, found)}"
    return Check(title, State.BAD, said, todo)


def budget(there: Stack) -> Check:
    """What the day has left, and which job that is not enough for."""
    limit, found = there.settings.daily_budget_usd, there.gates.get(BUDGET)
    spent = there.budget.spent(day_of(time.time()))
    said = f"{money(spent)} of {money(limit)} USD today" if limit is not None else "none is set"
    if found.closed:
        unfit = _unfit(there, limit - spent) if limit is not None else ""
        said = f"{said}{unfit}; {_behind(there, BUDGET)} held, {due(found, time.time())}{_revived(there, found)}"
        return Check("budget", State.BAD, said, "Wait for tomorrow (UTC), or deploy a higher one.")
    if limit is not None and spent >= limit * Decimal("0.8"):
        todo = "Jobs are HELD that cost more than is left of it; deploy a higher one if need be."
        return Check("budget", State.LOOK, said, todo)
    return _opened(there, "budget", said, found, _behind(there, BUDGET))


def _opened(there: Stack, title: str, said: str, found: Gate, jobs: str) -> Check:
    if not jobs:
        return Check(title, State.FINE, said)
    revived = _revived(there, found)
    return Check(title, State.LOOK if revived else State.FINE, f"{said}; {jobs} held are being let go{revived}")


def _behind(there: Stack, name: str) -> str:
    """How many jobs are marked as held by a gate; nothing where none is."""
    number = len(there.gates.held(name, MOST))
    return f"{count(number, 'job')}{' or more' if number == MOST else ''}" if number else ""


def _revived(there: Stack, found: Gate) -> str:
    """Give a gate that has something to do another execution where its own is lost, and say so."""
    pause = max(1.0, found.next_probe_at - time.time())
    try:
        if not found.execution or looks.is_over(there, there.settings.gate_arn, found.execution):
            revived = there.holding.restart(found, found, pause)
        else:
            revived = there.holding.revive(found)
    except ClientError as error:
        return f"; its execution is lost, and no other could be started ({error.response['Error']['Code']})"
    return "; its execution was lost, so another one was started" if revived else ""


def _unfit(there: Stack, room: Decimal) -> str:
    """The first held job that costs more than is left of the day's budget."""
    for job_id in there.gates.held(BUDGET, FEW):
        job = there.store.get(job_id)
        price = there.settings.default_price_usd if job is None or job.price_usd is None else job.price_usd
        if price > room:
            return f", and job {job_id} of {money(price)} does not fit"
    return ""


def executions(there: Stack, name: str, machine: str) -> Check:
    """None ever fails by itself; where one has, nobody goes on with what it was for."""
    title = f"{name} executions"
    try:
        found = looks.failed(there, machine, time.time() - DAY)
    except ClientError as error:
        return Check(title, State.LOOK, f"not looked at ({error.response['Error']['Code']})", "You may not list them.")
    if not found:
        return Check(title, State.FINE, "none failed in the last day")
    todo = (
        f"Its history says why: aws stepfunctions get-execution-history --reverse-order --execution-arn {found[0]}. "
        f"Then have it go on: aws stepfunctions redrive-execution --execution-arn {found[0]}"
    )
    return Check(title, State.BAD, f"{len(found)} failed in the last day", todo)


def held(there: Stack) -> Check:
    """Jobs that go on by themselves once their gates open."""
    return _attention(
        there,
        Status.HELD,
        lambda number: f"{number} not sent yet",
        "`dropreel jobs --status HELD` lists them and says why.",
    )


def unknown(there: Stack) -> Check:
    """Jobs of which only a person can say whether they were sent."""
    todo = "`dropreel jobs --status UNKNOWN`; `dropreel show JOB` says what to do about each."
    return _attention(there, Status.UNKNOWN, lambda number: f"{number} of lost answers", todo)


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
    number = int(answer["Count"])
    if not number:
        return Check(f"{status} jobs", State.FINE, "none")
    return Check(f"{status} jobs", State.LOOK, said(f"{number}{'+' if 'LastEvaluatedKey' in answer else ''}"), todo)
