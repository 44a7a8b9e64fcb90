"""What Step Functions remembers of our executions: how often a job was looked at, and which have come to a bad end."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from cli.stack import Stack
from dropreel.jobs import Job, Status

#: Events at the end of a history among which there is a state: a look that fails is tried four times, of three each.
ENOUGH = 25
#: Seconds until the next look after one that failed all its tries.
PAUSE = 900.0
#: There is no such execution, or this person may not see it.
UNSEEN = frozenset({"ExecutionDoesNotExist", "AccessDeniedException"})


@dataclass(frozen=True, kw_only=True)
class Looks:
    """How a job's last attempt is looked at."""

    made: int
    #: Epoch seconds of the next one; 0.0 where it is being made.
    next_at: float
    #: Whether there is no next one.
    over: bool


def looks(there: Stack, job: Job) -> Looks | None:
    """What a job's watch tells, an operator's before the attempt's own; None where it tells nothing."""
    sent = job.attempt > 0 and job.status is not Status.HELD
    for name in (job.another_execution_name, job.execution_name) if sent else ():
        try:
            return _told(_latest(there, name))
        except ClientError as error:
            if error.response["Error"]["Code"] not in UNSEEN:
                raise
    return None


def is_over(there: Stack, machine_arn: str, name: str) -> bool:
    """Whether an execution has surely ended; one that can't be seen may still go on."""
    try:
        found = there.states.describe_execution(executionArn=_arn(machine_arn, name))
    except ClientError as error:
        if error.response["Error"]["Code"] not in UNSEEN:
            raise
        return error.response["Error"]["Code"] == "ExecutionDoesNotExist"
    return bool(found["status"] != "RUNNING")


def failed(there: Stack, machine_arn: str, since: float) -> list[str]:
    """The ARNs of executions that failed or ran out of time since then, of the newest hundred of each."""
    found = []
    for status in ("FAILED", "TIMED_OUT"):
        answer = there.states.list_executions(stateMachineArn=machine_arn, statusFilter=status, maxResults=100)
        found += [each["executionArn"] for each in answer["executions"] if each["stopDate"].timestamp() >= since]
    return found


def _latest(there: Stack, name: str) -> Sequence[Mapping[str, Any]]:
    """The latest events of a watch, the newest first."""
    arn = _arn(there.settings.watch_arn, name)
    answer = there.states.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=ENOUGH)
    return sorted(answer["events"], key=lambda event: int(event["id"]), reverse=True)


def _told(events: Sequence[Mapping[str, Any]]) -> Looks:
    state = next(found for event in events if (found := _state(event)))
    newest = events[0]
    over = newest["type"].startswith("Execution") and newest["type"] != "ExecutionStarted"
    next_at = 0.0
    if newest["type"] == "WaitStateEntered":
        wait = state["wait"] if newest["stateEnteredEventDetails"]["name"] == "Wait" else PAUSE
        next_at = newest["timestamp"].timestamp() + wait
    return Looks(made=state["looks"], next_at=next_at, over=over)


def _state(event: Mapping[str, Any]) -> dict[str, Any]:
    """What the execution carried at an event of the kinds that tell it; nothing of others."""
    for details, form in (("stateEntered", "input"), ("stateExited", "output"), ("executionStarted", "input")):
        if form in (told := event.get(f"{details}EventDetails", {})):
            return dict(json.loads(told[form]))
    return {}


def _arn(machine_arn: str, name: str) -> str:
    return f"{machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
