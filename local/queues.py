"""Event source mappings: queues are polled, functions run on what they hold, as Lambda does it.

See docs.aws.amazon.com/lambda/latest/dg/with-sqs.html.
"""

import base64
import json
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from moto.sqs.exceptions import ReceiptHandleIsInvalid
from moto.sqs.models import Message, SQSBackend

from local.runtime_api import Answer
from local.strict import recursion
from local.strict.functions import Throttled

#: how often an empty queue is looked at, in seconds
_POLL_SECONDS = 0.1
#: how many batches of one queue Lambda would run at once where no maximum is set: far more than a laptop can
_MOST_BATCHES = 10

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """A queue and the function that takes its messages."""

    queue_name: str
    queue_arn: str
    #: messages in an event at most
    batch_size: int
    #: ReportBatchItemFailures: the function names the messages that failed, the others are done
    reports_failures: bool
    #: batches at once, at most
    concurrency: int = _MOST_BATCHES


class Poller:
    """Feeds a function from a queue."""

    def __init__(
        self, mapping: Mapping, *, backend: SQSBackend, region: str, invoke: Callable[[bytes], Answer]
    ) -> None:
        self._mapping = mapping
        self._backend = backend
        self._region = region
        self._invoke = invoke
        self._free = threading.Semaphore(mapping.concurrency)
        self._batches = ThreadPoolExecutor(mapping.concurrency, thread_name_prefix=f"batch-{mapping.queue_name}")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._poll, name=f"poll-{mapping.queue_name}", daemon=True)

    def start(self) -> None:
        """Begins to poll."""
        self._thread.start()

    def stop(self) -> None:
        """Ends when the batches under way have ended: stop the function too, or wait for it."""
        self._stopping.set()
        self._thread.join()
        self._batches.shutdown()

    def _poll(self) -> None:
        while not self._stopping.is_set():
            # A message is only taken when something can run it; otherwise its visibility timeout would run for nothing.
            if not self._free.acquire(timeout=_POLL_SECONDS):
                continue
            messages = self._receive()
            if messages:
                self._batches.submit(self._run, messages)
            else:
                self._free.release()
                self._stopping.wait(_POLL_SECONDS)

    def _receive(self) -> list[Message]:
        queue = self._backend.get_queue(self._mapping.queue_name)
        if not queue.messages:
            return []
        visibility: int = queue.visibility_timeout  # type: ignore[attr-defined]  # moto sets it by name
        return self._backend.receive_message(queue.name, min(self._mapping.batch_size, 10), 0, visibility, ["All"])

    def _run(self, messages: list[Message]) -> None:
        try:
            records = [self._record(message) for message in messages]
            with recursion.following(recursion.Chain.joined(map(recursion.of_message, messages))):
                answer = self._invoke(json.dumps({"Records": records}).encode())
            for message in self._succeeded(messages, answer):
                self._delete(message)
        except recursion.RecursiveInvocation as loop:
            for message in messages:
                if not recursion.of_message(message).allows(loop.function):
                    self._set_aside(message, loop)
        except Throttled:
            # Lambda may try once more while the messages are invisible; if that is in vain, this receive has counted.
            _log.debug("a batch of %s was throttled", self._mapping.queue_name)
        except Exception:
            _log.exception("a batch of %s was lost; it comes again", self._mapping.queue_name)
        finally:
            self._free.release()

    def _delete(self, message: Message) -> None:
        try:
            self._backend.delete_message(self._mapping.queue_name, str(message.receipt_handle))
        except ReceiptHandleIsInvalid:
            _log.debug("%s was deleted or purged meanwhile", message.id)

    def _set_aside(self, message: Message, loop: recursion.RecursiveInvocation) -> None:
        """Ends a loop at once; Lambda refuses its message until its receives are used up, which can take an hour."""
        self._delete(message)
        dead_letters = self._backend.get_queue(self._mapping.queue_name).dead_letter_queue
        if dead_letters:
            message.visible_at = 0
            dead_letters.add_message(message)
        where = f"is now in {dead_letters.name}" if dead_letters else "is dropped, as its queue has no dead letters"
        _log.warning("%s Message %s of %s %s.", loop, message.id, self._mapping.queue_name, where)

    def _succeeded(self, messages: list[Message], answer: Answer) -> list[Message]:
        """Those that are done; the others become visible again when their time is up."""
        if answer.error is not None:
            return []
        if not self._mapping.reports_failures:
            return messages
        failed = _failed(answer.payload)
        if not failed <= {message.id for message in messages}:
            return []
        return [message for message in messages if message.id not in failed]

    def _record(self, message: Message) -> dict[str, Any]:
        record: dict[str, Any] = {
            "messageId": message.id,
            "receiptHandle": message.receipt_handle,
            "body": message.body,
            "attributes": {
                "ApproximateReceiveCount": str(message.approximate_receive_count),
                "SentTimestamp": str(message.sent_timestamp),
                "SenderId": message.sender_id,
                "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
            },
            "messageAttributes": {name: _attribute(each) for name, each in message.message_attributes.items()},
            "md5OfBody": message.body_md5,
            "eventSource": "aws:sqs",
            "eventSourceARN": self._mapping.queue_arn,
            "awsRegion": self._region,
        }
        if trace := message.system_attributes.get("AWSTraceHeader"):
            record["attributes"]["AWSTraceHeader"] = trace["StringValue"]
        if message.message_attributes:
            record["md5OfMessageAttributes"] = message.attribute_md5
        return record


def _attribute(given: dict[str, Any]) -> dict[str, Any]:
    attribute: dict[str, Any] = {"dataType": given["DataType"], "stringListValues": [], "binaryListValues": []}
    if (text := given.get("StringValue")) is not None:
        attribute["stringValue"] = text
    if (binary := given.get("BinaryValue")) is not None:
        attribute["binaryValue"] = binary if isinstance(binary, str) else base64.b64encode(binary).decode()
    return attribute


def _failed(payload: bytes) -> set[str | None]:
    """The ids that the function reports; None among them means that the report makes no sense, and that all failed."""
    try:
        report = json.loads(payload) or {}
        return {failure["itemIdentifier"] or None for failure in report.get("batchItemFailures") or []}
    except (ValueError, AttributeError, KeyError, TypeError):
        return {None}
