"""Our two queues: sending to them, and having a message come again later.

What is too early, or did not work, comes again as the same message: its visibility is set to what remains, and the
function reports it as failed. A function that sent itself another would be stopped after 16 rounds; see "Waiting" in
docs/architecture.md.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

logger = logging.getLogger(__name__)

#: The longest delay and the longest visibility that SQS allows, seconds.
LONGEST_DELAY = 900
LONGEST_VISIBILITY = 43_200


class ComeAgain(Exception):
    """It is too early for this message: it is to come again after so many seconds. Nothing has gone wrong.

    Where nobody knows how long it takes, it comes `later` each time, as one that failed does.
    """

    def __init__(self, seconds: float, *, later: bool = False) -> None:
        self.seconds = seconds
        self.later = later
        super().__init__(f"too early by {seconds:.0f} s")


class Queue:
    """A queue of ours."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, body: str, *, delay: float = 0) -> None:
        """Send one message that appears after `delay` seconds (900 at most)."""
        seconds = max(0, min(LONGEST_DELAY, round(delay)))
        self._client.send_message(QueueUrl=self._url, MessageBody=body, DelaySeconds=seconds)

    def send_all(self, bodies: Iterable[str]) -> None:
        """Send up to ten messages at once. Raises RuntimeError if one was not taken."""
        entries = [{"Id": str(number), "MessageBody": body, "DelaySeconds": 0} for number, body in enumerate(bodies)]
        answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)  # type: ignore[arg-type]
        if answer.get("Failed"):
            raise RuntimeError(f"{len(answer['Failed'])} of {len(entries)} messages were not taken")

    def hide(self, receipt_handle: str, seconds: float) -> None:
        """Have a message that was received appear again in so many seconds, once it is reported as failed.

        Where that can't be set, it appears when the queue's own visibility timeout is over.
        """
        visible_in = max(0, min(LONGEST_VISIBILITY, math.ceil(seconds)))
        try:
            self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=visible_in
            )
        except (ClientError, BotoCoreError) as error:
            logger.warning("a message comes again later than it should: %s", error)


def resume(job_id: str) -> str:
    """What is sent to the intake queue to have a held job tried again."""
    return json.dumps({"dropreel": {"submit": job_id}})


def go_on(job_id: str, drop: str) -> str:
    """What is sent to the intake queue to have the step made that follows a job; `drop` tells a wish from the next."""
    return json.dumps({"dropreel": {"after": job_id, "drop": drop}})


class Deliveries:
    """The deliver queue."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def wake(self, job_id: str, *, delay: float = 0) -> None:
        """Tell that a job may have an outcome."""
        self._queue.send(json.dumps({"job_id": job_id}), delay=delay)


def woken(body: str) -> str:
    """The id of the job that a message on the deliver queue tells of."""
    return str(json.loads(body)["job_id"])
