"""SQS as its documents describe it, ruled by virtual time.

Queues deliver at least once and in any order. A message that was received is invisible until its visibility timeout is
over, which whoever received it last may set anew; after too many receives it goes to the dead letters, and after ten
days it is gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from tests.simulation.effects import Effects


@dataclass(frozen=True, slots=True)
class Terms:
    """What the infrastructure sets of a queue."""

    #: Seconds for which a message that was received is invisible.
    visibility: float
    receives: int


QUEUES: Mapping[str, Terms] = {"intake": Terms(1800.0, 30), "deliver": Terms(5400.0, 150)}
#: Seconds that a queue keeps a message.
KEPT = 10 * 86_400.0
#: Invocations of one function in one chain, after which Lambda takes it for a loop.
MOST_IN_A_CHAIN = 16


@dataclass(slots=True)
class Message:
    """A message on a queue."""

    message_id: str
    body: str
    sent_at: float
    visible_at: float
    #: How often each function was invoked in the chain that led to this message, as its trace header tells.
    lineage: Mapping[str, int] = field(default_factory=dict)
    receives: int = 0

    @property
    def receipt_handle(self) -> str:
        """Of the last receive."""
        return f"{self.message_id}/{self.receives}"

    def record(self) -> dict[str, Any]:
        """What Lambda hands to the function."""
        attributes = {"ApproximateReceiveCount": str(self.receives)}
        return {
            "messageId": self.message_id,
            "receiptHandle": self.receipt_handle,
            "body": self.body,
            "eventSource": "aws:sqs",
            "attributes": attributes,
        }


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
        self.queues = {name: QueueState(name) for name in QUEUES}
        #: Every message ever sent, by its queue and body: how often.
        self.sent: Counter[tuple[str, str]] = Counter()

    def put(self, queue: str, body: str, delay: float) -> None:
        """Let a message lie on a queue."""
        self.sent[queue, body] += 1
        life, now = self._effects.life, self._clock()
        lineage = life.lineage if life else {}
        message = Message(f"message-{self.sent.total()}", body, now, now + delay, lineage)
        self.queues[queue].messages[message.message_id] = message

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

    def change_message_visibility(
        self,
        *,
        QueueUrl: str,  # noqa: N803
        ReceiptHandle: str,  # noqa: N803
        VisibilityTimeout: int,  # noqa: N803
    ) -> None:
        """boto3's."""
        assert 0 <= VisibilityTimeout <= 43_200, "SQS takes no longer timeout"
        self._effects.around(
            f"ChangeMessageVisibility {QueueUrl}", lambda: self._hide(QueueUrl, ReceiptHandle, VisibilityTimeout)
        )

    def _hide(self, queue: str, receipt_handle: str, seconds: int) -> None:
        message = self.queues[queue].messages.get(receipt_handle.partition("/")[0])
        if message is None or message.receipt_handle != receipt_handle or message.visible_at <= self._clock():
            raise ClientError({"Error": {"Code": "MessageNotInflight"}}, "ChangeMessageVisibility")
        message.visible_at = self._clock() + seconds

    def receive(self, queue: str, message: Message) -> bool:
        """Hand a message out; False if it went to the dead letters instead."""
        message.receives += 1
        message.visible_at = self._clock() + QUEUES[queue].visibility
        if message.receives > QUEUES[queue].receives:
            self.set_aside(queue, message)
            return False
        return True

    def set_aside(self, queue: str, message: Message) -> None:
        """Put a message among the dead letters."""
        self.queues[queue].dead.append(self.queues[queue].messages.pop(message.message_id))

    def delete(self, queue: str, message: Message) -> None:
        """A message was dealt with."""
        self.queues[queue].messages.pop(message.message_id, None)
