"""Queues of thousands of messages, which moto makes slower with each message that waits.

It looks at every message of a queue a dozen times when one is sent, received or deleted, and makes dates of each. Here
they are looked at once, when one is received, and counted only for those who ask.
"""

import threading
import time
from typing import Any

from moto.sqs.exceptions import ReceiptHandleIsInvalid
from moto.sqs.models import Message, Queue, SQSBackend


def apply() -> None:
    """Repair moto in this process."""
    _replace(Message, "visible", property(lambda message: time.time() * 1000 > message.visible_at))
    _replace(Message, "delayed", property(lambda message: time.time() * 1000 < message.delayed_until))
    _replace(Queue, "messages", property(_receivable))
    _replace(Queue, "delete_message", _delete_message)
    _replace(SQSBackend, "is_message_valid_based_on_retention_period", _is_kept)
    _count_for_nobody()


def _receivable(queue: Queue) -> list[Message]:
    now = time.time() * 1000
    return [found for found in queue._messages if now > found.visible_at and now >= found.delayed_until]


def _delete_message(queue: Queue, receipt_handle: str) -> None:
    """Found among the few that somebody has received.

    Who received it before the last does not delete it: "the request succeeds, but the message might not be deleted".
    """
    if receipt_handle in queue.deleted_messages:
        return
    received = (found for found in queue.pending_messages if found.had_receipt_handle(receipt_handle))
    message = next(received, None)
    if message is None:
        raise ReceiptHandleIsInvalid
    if message.receipt_handle != receipt_handle:
        return
    queue.pending_messages.discard(message)
    queue.deleted_messages.update(message.all_receipt_handles)  # type: ignore[arg-type]
    queue._messages.remove(message)


def _is_kept(backend: SQSBackend, queue_name: str, message: Message) -> bool:
    period: int = backend.get_queue(queue_name).message_retention_period  # type: ignore[attr-defined]
    return time.time() < period + (message.sent_timestamp or 0) / 1000


def _count_for_nobody() -> None:
    """A sending asks for all attributes, three counts of messages among them, to see one that only a FIFO queue has."""
    count, send = Queue.attributes.fget, SQSBackend.send_message  # type: ignore[attr-defined]
    sending = threading.local()

    def attributes(queue: Queue) -> Any:
        return {} if getattr(sending, "now", False) and not queue.fifo_queue else count(queue)

    def send_message(*args: Any, **kwargs: Any) -> Message:
        sending.now = True
        try:
            return send(*args, **kwargs)
        finally:
            sending.now = False

    _replace(Queue, "attributes", property(attributes))
    _replace(SQSBackend, "send_message", send_message)


def _replace(owner: Any, name: str, value: object) -> None:
    setattr(owner, name, value)
