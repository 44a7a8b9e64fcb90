"""SQS counts bytes, refuses what no message may hold, and lets only the last receiver of a message have its way.

See docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html and the API's own pages.
"""

import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

from moto.sqs.exceptions import BatchRequestTooLong, InvalidParameterValue, MissingParameter, SQSException
from moto.sqs.models import Message, Queue, SQSBackend

from local.strict.moto import replace_in

#: bytes of a message and of all those of a batch; seconds of a delay; seconds for which a receiver may keep a message
MOST_BYTES, MOST_DELAY, MOST_VISIBILITY = 1024 * 1024, 900, 43_200
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def apply() -> None:
    """Makes moto's SQS refuse what AWS's does, for every client in this process."""
    _check_what_is_sent()
    _check_whose_message_it_is()


def _check_what_is_sent() -> None:
    send: Any = SQSBackend.send_message
    send_batch: Any = SQSBackend.send_message_batch

    def send_message(backend: SQSBackend, queue_name: str, message_body: str, *more: Any, **named: Any) -> Any:
        _check_text(message_body)
        _check_delay(named.get("delay_seconds"))
        length = size(message_body, named.get("message_attributes"))
        limit: int = backend.get_queue(queue_name).maximum_message_size  # type: ignore[attr-defined]
        if length > limit:
            raise InvalidParameterValue(
                f"One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes."
            )
        return send(backend, queue_name, message_body, *more, **named)

    def send_message_batch(backend: SQSBackend, queue_name: str, entries: dict[str, dict[str, Any]]) -> Any:
        length = sum(size(entry["MessageBody"], entry.get("MessageAttributes")) for entry in entries.values())
        if length > MOST_BYTES:
            raise BatchRequestTooLong(length)
        return send_batch(backend, queue_name, entries)

    replace_in(SQSBackend, "send_message", send_message)
    replace_in(SQSBackend, "send_message_batch", send_message_batch)


def _check_text(body: str) -> None:
    if not body:
        raise MissingParameter("MessageBody")
    if found := _FORBIDDEN.search(body):
        raise SQSException(
            "InvalidMessageContents", f"Invalid binary character '#x{ord(found[0]):X}' was found in the message body"
        )


def _check_delay(seconds: int | None) -> None:
    if seconds is not None and not 0 <= int(seconds) <= MOST_DELAY:
        raise InvalidParameterValue(
            f"Value {seconds} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."
        )


def size(body: str, attributes: Mapping[str, Mapping[str, Any]] | None = None) -> int:
    """The bytes that a message counts: its body, and the name, type and value of each attribute."""
    return len(body.encode()) + sum(
        _bytes(name) + sum(map(_bytes, _values(attribute))) for name, attribute in (attributes or {}).items()
    )


def _values(attribute: Mapping[str, Any]) -> Iterable[str | bytes]:
    return [attribute[name] for name in ("DataType", "StringValue", "BinaryValue") if attribute.get(name)]


def _bytes(value: str | bytes) -> int:
    return len(value.encode() if isinstance(value, str) else value)


def _check_whose_message_it_is() -> None:
    """The twelve hours of a visibility begin with the receiving, and only a message in flight has one to change."""
    receive = Message.mark_received

    def mark_received(message: Message, visibility_timeout: int | None = None) -> None:
        receive(message, visibility_timeout)
        message.received_at = time.time()  # type: ignore[attr-defined]

    def change_message_visibility(
        backend: SQSBackend, queue_name: str, receipt_handle: str, visibility_timeout: int
    ) -> None:
        seconds = int(visibility_timeout)
        if not 0 <= seconds <= MOST_VISIBILITY:
            raise InvalidParameterValue(
                f"Value {seconds} for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200."
            )
        queue = backend.get_queue(queue_name)
        message = in_flight(queue, receipt_handle)
        if time.time() + seconds > message.received_at + MOST_VISIBILITY:  # type: ignore[attr-defined]
            raise InvalidParameterValue(
                f"Value {seconds} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the "
                "message is beyond the limit [43200 seconds]"
            )
        message.change_visibility(seconds)

    replace_in(Message, "mark_received", mark_received)
    replace_in(SQSBackend, "change_message_visibility", change_message_visibility)


def in_flight(queue: Queue, receipt_handle: str) -> Message:
    """The message that somebody has received and whose time is not over."""
    for message in list(queue.pending_messages):
        if message.receipt_handle == receipt_handle and not message.visible:
            return message
    raise InvalidParameterValue(
        f"Value {receipt_handle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not "
        "available for visibility timeout change."
    )
