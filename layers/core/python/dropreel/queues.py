"""Sending to our own queues, and starting watches."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from dropreel.jobs import Job

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_stepfunctions.client import SFNClient

logger = logging.getLogger(__name__)

#: The longest delay that SQS allows, seconds.
LONGEST_DELAY = 900


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


@dataclass(frozen=True, slots=True)
class Ticket:
    """One message on the deliver queue: see what has become of this job."""

    job_id: str
    #: Deliveries that failed before this one.
    tries: int = 0
    #: Who holds the lease on its behalf: the first message of a row of tries.
    owner: str = ""
    #: The attempt (its execution's name) that it looks after; empty for news, which concern whichever is the last.
    watch: str = ""
    #: When the attempt began, and when this look is due; epoch seconds.
    since: float = 0.0
    due: float = 0.0
    #: Looks before this one, or how often these news have come.
    looks: int = 0

    @classmethod
    def read(cls, body: str, message_id: str) -> Ticket:
        """A ticket from its queue message."""
        found = cls(**json.loads(body))
        return found if found.owner else replace(found, owner=message_id)


class Deliveries:
    """The deliver queue."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def wake(self, job_id: str, *, tries: int = 0, owner: str = "", looks: int = 0, delay: float = 0) -> None:
        """Tell that a job may have an outcome.

        `tries` counts failed deliveries, `owner` lets a retry go on under its own lease, `looks` counts how often these
        news have found somebody else at it.
        """
        self._send({"job_id": job_id, "tries": tries, "owner": owner, "looks": looks}, delay)

    def look(self, job_id: str, watch: str, *, since: float, now: float, delay: float, looks: int = 0) -> None:
        """Have an attempt looked at after `delay` seconds, however many; epoch seconds else."""
        due = now + delay
        self._send({"job_id": job_id, "watch": watch, "since": since, "due": due, "looks": looks}, delay)

    def put_back(self, look: Ticket, delay: float) -> None:
        """Have a look that came early come again."""
        self.look(look.job_id, look.watch, since=look.since, now=look.due - delay, delay=delay, looks=look.looks)

    def _send(self, ticket: dict[str, Any], delay: float) -> None:
        self._queue.send(json.dumps(ticket), delay=delay)


class Watch:
    """The watches in Step Functions: each guards the looks at one attempt, which could end among the dead letters."""

    def __init__(self, client: SFNClient, arn: str) -> None:
        self._client = client
        self._arn = arn

    def start(self, job: Job, wait: int) -> None:
        """Start the watch of a job's attempt; it has only one, however often this is called."""
        state = {"job_id": job.job_id, "watch": job.execution_name, "wait": wait, "done": False}
        try:
            self._client.start_execution(stateMachineArn=self._arn, name=job.execution_name, input=json.dumps(state))
        except self._client.exceptions.ExecutionAlreadyExists:
            return

    def stop(self, job: Job) -> None:
        """End the watch of an attempt that has ended; one that goes on all the same finds that out, and ends itself."""
        execution = self._arn.replace(":stateMachine:", ":execution:")
        try:
            self._client.stop_execution(executionArn=f"{execution}:{job.execution_name}")
        except (ClientError, BotoCoreError) as error:
            logger.warning("its watch was not stopped: %s", error, extra={"job_id": job.job_id})
