"""SQS and Step Functions as their documents describe them, ruled by virtual time.

Queues deliver at least once and in any order; a message that was received is invisible for a while and goes to the dead
letters after five receives. An execution's name is taken for good once it has ended; while it runs, starting it again
with the same input is no error.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from tests.simulation.effects import Effects

MAX_RECEIVES = 5
#: Seconds, as the infrastructure sets them.
VISIBILITY = {"intake": 720.0, "deliver": 960.0}
#: Pauses (seconds) before a broken poll is tried again; after the last, the execution waits as before.
POLL_RETRIES = (2.0, 4.0, 8.0)


@dataclass(slots=True)
class Message:
    """A message on a queue."""

    message_id: str
    body: str
    visible_at: float
    receives: int = 0
    #: How many of these came to nothing because an AWS call failed.
    failures: int = 0


@dataclass(slots=True)
class QueueState:
    """A queue and its dead letters."""

    name: str
    messages: dict[str, Message] = field(default_factory=dict)
    dead: list[Message] = field(default_factory=list)


class Sqs:
    """The two queues, with as much of boto3's client as is in use."""

    def __init__(self, effects: Effects, clock: Callable[[], float]) -> None:
        self._effects = effects
        self._clock = clock
        self._sent = 0
        self.queues = {name: QueueState(name) for name in VISIBILITY}
        #: Bodies of every message ever sent, to look for secrets in.
        self.bodies: list[str] = []
        #: Most messages that lay on the deliver queue at once for one job, by its id, and for one attempt's looks.
        self.most: Counter[str] = Counter()

    def put(self, queue: str, body: str, delay: float) -> None:
        """Let a message lie on a queue."""
        self._sent += 1
        message = Message(f"message-{self._sent}", body, self._clock() + delay)
        self.queues[queue].messages[message.message_id] = message
        self.bodies.append(body)
        if queue == "deliver":
            self._count(body)

    def _count(self, body: str) -> None:
        ticket = json.loads(body)
        about = ticket.get("watch") or ticket["job_id"]
        lie = [json.loads(found.body) for found in self.queues["deliver"].messages.values()]
        now = sum(1 for other in lie if (other.get("watch") or other["job_id"]) == about)
        self.most[about] = max(self.most[about], now)

    def send_message(self, *, QueueUrl: str, MessageBody: str, DelaySeconds: int) -> None:  # noqa: N803
        """boto3's."""
        assert 0 <= DelaySeconds <= 900, "SQS takes no longer delay"
        self._effects.around(f"SendMessage {QueueUrl}", lambda: self.put(QueueUrl, MessageBody, DelaySeconds))

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        """boto3's."""
        assert 1 <= len(Entries) <= 10, "SQS takes no larger batch"

        def put_all() -> dict[str, Any]:
            for entry in Entries:
                self.put(QueueUrl, entry["MessageBody"], entry["DelaySeconds"])
            return {}

        return self._effects.around(f"SendMessageBatch {QueueUrl}", put_all)

    def receive(self, queue: str, message: Message) -> bool:
        """Hand a message out; False if it went to the dead letters instead."""
        message.receives += 1
        message.visible_at = self._clock() + VISIBILITY[queue]
        if message.receives > MAX_RECEIVES:
            self.queues[queue].dead.append(self.queues[queue].messages.pop(message.message_id))
            return False
        return True

    def delete(self, queue: str, message: Message) -> None:
        """A message was dealt with."""
        self.queues[queue].messages.pop(message.message_id, None)


@dataclass(slots=True)
class Execution:
    """One run of the watch's state machine."""

    name: str
    given: str
    state: dict[str, Any]
    #: When it polls next, and when its time is up.
    due_at: float
    ends_at: float
    failures: int = 0
    running: bool = True


class ExecutionAlreadyExists(Exception):
    """boto3's."""


class StepFunctions:
    """The watch's executions, with as much of boto3's client as is in use."""

    exceptions = SimpleNamespace(ExecutionAlreadyExists=ExecutionAlreadyExists)

    def __init__(self, effects: Effects, clock: Callable[[], float], deadline_seconds: int) -> None:
        self._effects = effects
        self._clock = clock
        self._longest = 2 * deadline_seconds + 3600
        self.executions: dict[str, Execution] = {}

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> None:  # noqa: A002, N803
        """boto3's."""
        assert len(name) <= 80, "Step Functions takes no longer name"
        self._effects.around("StartExecution", lambda: self._start(name, input))

    def _start(self, name: str, given: str) -> None:
        known, now = self.executions.get(name), self._clock()
        if known and self.runs(known) and known.given == given:
            return
        if known:
            raise ExecutionAlreadyExists
        state = json.loads(given)
        self.executions[name] = Execution(name, given, state, now + state["wait"], now + self._longest)

    def stop_execution(self, *, executionArn: str) -> None:  # noqa: N803
        """boto3's."""
        self._effects.around("StopExecution", lambda: self._stop(executionArn.rpartition(":")[2]))

    def _stop(self, name: str) -> None:
        if name not in self.executions:
            raise ClientError({"Error": {"Code": "ExecutionDoesNotExist"}}, "StopExecution")
        self.executions[name].running = False

    def runs(self, execution: Execution) -> bool:
        """Whether it has not ended, by itself or by its timeout."""
        if execution.running and self._clock() >= execution.ends_at:
            execution.running = False
        return execution.running

    def polled(self, execution: Execution, state: dict[str, Any]) -> None:
        """The poll function has answered."""
        execution.state, execution.failures = state, 0
        execution.due_at = self._clock() + state["wait"]
        execution.running = execution.running and not state["done"]

    def broke(self, execution: Execution) -> None:
        """The poll function has failed: Retry, and then Catch, which waits again with the state as it was."""
        pauses = [*POLL_RETRIES, float(execution.state["wait"])]
        execution.due_at = self._clock() + pauses[execution.failures]
        execution.failures = (execution.failures + 1) % len(pauses)
