"""Step Functions as its documents describe it, ruled by virtual time: the two state machines, and their executions.

An execution's name is taken for good once it has ended; while it runs, starting it again with the same input is no
error. What fails in a task is tried again, and then caught. A history is full after 25,000 events, and ends its
execution.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from tests.simulation.effects import Effects

#: Events that an execution's history has room for.
LONGEST_HISTORY = 25_000
#: Events of a state that is entered and left, and of one try of a task: scheduled, started, ended.
PASSED, TRIED = 2, 3
#: Seconds for which a standard execution may run at all.
YEAR = 365 * 86_400.0

_RETRY = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "BackoffRate": 2, "MaxAttempts": 3}

Definition = Mapping[str, Any]


def _task(function: str, then: str, pause: str) -> Definition:
    catch = {"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": pause}
    return {"Type": "Task", "Resource": function, "Retry": [_RETRY], "Catch": [catch], "Next": then}


def _choice(otherwise: str, **goes: str) -> Definition:
    choices = [{"Variable": f"$.{flag}", "BooleanEquals": True, "Next": state} for flag, state in goes.items()]
    return {"Type": "Choice", "Choices": choices, "Default": otherwise}


def watch(deadline_seconds: int) -> Definition:
    """The watch's machine, as the infrastructure makes it."""
    return {
        "StartAt": "Wait",
        "TimeoutSeconds": 2 * deadline_seconds + 14 * 86_400,
        "States": {
            "Wait": {"Type": "Wait", "SecondsPath": "$.wait", "Next": "Poll"},
            "Poll": _task("poll", "Done?", "Pause"),
            "Done?": _choice("Wait", done="Done"),
            "Pause": {"Type": "Wait", "Seconds": 900, "Next": "Poll"},
            "Done": {"Type": "Succeed"},
        },
    }


#: The gates' machine, as the infrastructure makes it.
GATE: Definition = {
    "StartAt": "Wait",
    "States": {
        "Wait": {"Type": "Wait", "SecondsPath": "$.wait", "Next": "Probe"},
        "Probe": _task("probe", "Answered?", "Pause"),
        "Answered?": _choice("Wait", done="Done", open="Release"),
        "Release": _task("probe", "Released?", "Pause release"),
        "Released?": _choice("Release", done="Done"),
        "Pause": {"Type": "Wait", "Seconds": 900, "Next": "Probe"},
        "Pause release": {"Type": "Wait", "Seconds": 900, "Next": "Release"},
        "Done": {"Type": "Succeed"},
    },
}


@dataclass(slots=True)
class Execution:
    """One run of a state machine."""

    machine: str
    name: str
    given: str
    began_at: float
    #: What it carries from state to state, and the state that it is in.
    state: dict[str, Any]
    at: str = ""
    #: When it goes on; infinite while its task runs.
    due_at: float = 0.0
    failures: int = 0
    #: How often it invoked its function, and the events of its history.
    rounds: int = 0
    events: int = 0
    #: How it ended: SUCCEEDED, ABORTED, TIMED_OUT or FAILED; empty while it runs.
    ended: str = ""
    ended_at: float = 0.0
    #: Everything that its history tells.
    texts: set[str] = field(default_factory=set)


class ExecutionAlreadyExists(Exception):
    """boto3's."""


class StepFunctions:
    """The executions of both machines, with as much of boto3's client as is in use."""

    exceptions = SimpleNamespace(ExecutionAlreadyExists=ExecutionAlreadyExists)

    def __init__(self, effects: Effects, clock: Callable[[], float], deadline_seconds: int) -> None:
        self._effects = effects
        self._clock = clock
        self._machines = {"watch": watch(deadline_seconds), "gate": GATE}
        self.executions: dict[tuple[str, str], Execution] = {}

    # boto3's

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> None:  # noqa: A002, N803
        """boto3's."""
        assert len(name) <= 80, "Step Functions takes no longer name"
        self._effects.around("StartExecution", lambda: self._start(stateMachineArn.rpartition(":")[2], name, input))

    def _start(self, machine: str, name: str, given: str) -> None:
        known = self.executions.get((machine, name))
        if known and self.runs(known) and known.given == given:
            return
        if known:
            raise ExecutionAlreadyExists
        made = Execution(machine, name, given, self._clock(), json.loads(given), texts={given}, events=1)
        self.executions[machine, name] = made
        self._enter(made, self._machines[machine]["StartAt"])

    def stop_execution(self, *, executionArn: str) -> None:  # noqa: N803
        """boto3's."""
        machine, name = executionArn.split(":")[-2:]
        self._effects.around("StopExecution", lambda: self._stop(machine, name))

    def _stop(self, machine: str, name: str) -> None:
        found = self.executions.get((machine, name))
        if found is None:
            raise ClientError({"Error": {"Code": "ExecutionDoesNotExist"}}, "StopExecution")
        if self.runs(found):
            self._end(found, "ABORTED")

    def stop_gates(self) -> None:
        """What somebody does by mistake."""
        for execution in self.running():
            if execution.machine == "gate":
                self._end(execution, "ABORTED")

    # What the service does

    def running(self) -> Iterator[Execution]:
        """Every execution that has not ended."""
        return (execution for execution in list(self.executions.values()) if self.runs(execution))

    def runs(self, execution: Execution) -> bool:
        """Whether it has not ended, by itself or by its timeout."""
        if not execution.ended and self._clock() >= self.ends_at(execution):
            self._end(execution, "TIMED_OUT")
        return not execution.ended

    def ends_at(self, execution: Execution) -> float:
        """When its time is up."""
        longest: float = self._machines[execution.machine].get("TimeoutSeconds", YEAR)
        return execution.began_at + longest

    def begin(self, execution: Execution) -> str:
        """Have an execution that is due go on to its task; the function that this invokes."""
        here = self._state(execution)
        if here["Type"] == "Wait":
            self._enter(execution, here["Next"])
            here = self._state(execution)
        execution.due_at = float("inf")
        execution.rounds += 1
        function: str = here["Resource"]
        return function

    def returned(self, execution: Execution, state: dict[str, Any]) -> None:
        """The function of its task has answered."""
        if not self.runs(execution):
            return
        self._happened(execution, TRIED)
        execution.state, execution.failures = state, 0
        execution.texts.add(json.dumps(state))
        self._enter(execution, self._state(execution)["Next"])

    def failed(self, execution: Execution) -> None:
        """The function of its task has failed: it is tried again, or the failure is caught; the state stays."""
        if not self.runs(execution):
            return
        self._happened(execution, TRIED)
        (retry,), (catch,) = self._state(execution)["Retry"], self._state(execution)["Catch"]
        if execution.failures < retry["MaxAttempts"]:
            execution.due_at = self._clock() + retry["IntervalSeconds"] * retry["BackoffRate"] ** execution.failures
            execution.failures += 1
            return
        execution.failures = 0
        self._enter(execution, catch["Next"])

    def _state(self, execution: Execution) -> Definition:
        found: Definition = self._machines[execution.machine]["States"][execution.at]
        return found

    def _enter(self, execution: Execution, name: str) -> None:
        execution.at = name
        self._happened(execution, PASSED)
        here = self._state(execution)
        match here["Type"]:
            case "Wait":
                execution.due_at = self._clock() + here.get("Seconds", execution.state["wait"])
            case "Task":
                execution.due_at = self._clock()
            case "Choice":
                self._enter(execution, _chosen(here, execution.state))
            case "Succeed":
                self._end(execution, "SUCCEEDED")

    def _happened(self, execution: Execution, events: int) -> None:
        execution.events += events
        if execution.events >= LONGEST_HISTORY:
            self._end(execution, "FAILED")

    def _end(self, execution: Execution, how: str) -> None:
        if not execution.ended:
            execution.ended, execution.ended_at = how, self._clock()


def _chosen(choice: Definition, state: Mapping[str, Any]) -> str:
    goes = [each["Next"] for each in choice["Choices"] if state[each["Variable"].removeprefix("$.")] is True]
    found: str = (goes or [choice["Default"]])[0]
    return found
