"""How a job ends: its manifest in the outbox, its event on the bus, its record.

In this order, so that the record is right about the others. Whoever crashes between them is repeated by its queue, and
every step can be: the manifest has one key, the event is at least once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from dropreel.aws.jobs_table import JobsTable
from dropreel.jobs import Job, Status, iso
from dropreel.redaction import redact, redacted

if TYPE_CHECKING:
    from mypy_boto3_events.client import EventBridgeClient
    from mypy_boto3_s3.client import S3Client

#: Bytes. EventBridge takes 256 KB an entry; an input that large is left to the manifest.
LARGEST_EVENT = 200_000
#: Others who write a manifest at the same time are few; more rounds than this are no coincidence.
ROUNDS = 5
#: A conditional write that found something else, or another one at work (409).
TAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
#: The manifest's metadata that says whose word it is.
TURN = "dropreel-turn"
#: What no header may hold.
UNPRINTABLE = re.compile(r"[^ -~]")


class Ending:
    """The outbox's manifests and the event bus."""

    def __init__(self, store: JobsTable, s3: S3Client, outbox: str, events: EventBridgeClient, bus: str) -> None:
        self._store = store
        self._s3 = s3
        self._outbox = outbox
        self._events = events
        self._bus = bus

    def end(self, job: Job, was: Job) -> bool:
        """End a job that has a record; False if somebody else ended it or took over meanwhile."""
        return self._announce(job) and self._store.finish(job, was)

    def reject(self, job: Job, was: Job | None) -> bool:
        """End a job that was never sent."""
        return self._announce(job) and self._store.put(job, was)

    def announced(self, job: Job) -> bool:
        """Whether the end of this attempt can be read in the outbox already, though its record does not say so yet."""
        try:
            found = self._s3.head_object(Bucket=self._outbox, Key=_key(job))
        except ClientError as error:
            # Who may not list a bucket is not told that an object is not there.
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in (403, 404):
                return False
            raise
        return _turn(found["Metadata"])[0] >= job.attempt

    def _announce(self, job: Job) -> bool:
        """Write manifest and event; False if a later turn has had its word."""
        body = json.dumps(manifest(job), ensure_ascii=False, separators=(",", ":"))
        if not self._write(job, body):
            return False
        detail = body if len(body.encode()) < LARGEST_EVENT else json.dumps(manifest(job.evolve(input={})))
        kind = "Job Succeeded" if job.status is Status.SUCCEEDED else "Job Failed"
        answer = self._events.put_events(
            Entries=[{"Source": "dropreel", "DetailType": kind, "Detail": detail, "EventBusName": self._bus}]
        )
        if answer.get("FailedEntryCount"):
            raise RuntimeError(f"the event bus refused the event: {answer['Entries'][0].get('ErrorCode')}")
        return True

    def _write(self, job: Job, body: str) -> bool:
        """Put the manifest where none is, or in place of an earlier turn's; never in place of a later turn's.

        Whoever lost the lease without knowing it may come here at any time: only the write itself can tell.
        """
        key = _key(job)
        about = {"ContentType": "application/json", "Metadata": labels(job) | {TURN: "{}.{}".format(*job.turn)}}
        condition = {"IfNoneMatch": "*"}
        for _ in range(ROUNDS):
            try:
                self._s3.put_object(Bucket=self._outbox, Key=key, Body=body.encode(), **about, **condition)  # type: ignore[arg-type]
            except ClientError as error:
                if error.response["Error"]["Code"] not in TAKEN:
                    raise
            else:
                return True
            found = self._s3.head_object(Bucket=self._outbox, Key=key)
            if _turn(found["Metadata"]) > job.turn:
                return False
            condition = {"IfMatch": found["ETag"]}
        raise RuntimeError(f"the manifest {key} is written again and again")


def _key(job: Job) -> str:
    return f"{job.place}-{job.job_id}.json"


def _turn(metadata: Mapping[str, str]) -> tuple[int, ...]:
    """Whose word a manifest is; one that does not say so is anybody's to replace."""
    return tuple(int(part) for part in metadata.get(TURN, "0.0").split("."))


def labels(job: Job) -> dict[str, str]:
    """The S3 metadata of everything that a job leaves in the outbox; metadata is printable ASCII."""
    texts = {"dropreel-job": job.job_id, "dropreel-model": job.model, "dropreel-request": job.request_id}
    return {name: UNPRINTABLE.sub("?", text)[:500] for name, text in texts.items() if text}


def manifest(job: Job) -> dict[str, Any]:
    """The manifest of the public contract; only where a job is one of a row, it names the next."""
    row = {"then": job.next_id or None} if job.then or job.step > 1 else {}
    return {
        "job_id": job.job_id,
        "model": job.model,
        "status": str(job.status),
        "request_id": job.request_id or None,
        "outputs": [dict(output) for output in job.outputs],
        "error": {"code": job.error["code"], "message": redact(job.error["message"])} if job.error else None,
        "input": redacted(job.input),
        "source": redacted(job.source),
        **row,
        "price_usd": float(job.price_usd) if job.price_usd is not None else None,
        "late": job.late,
        "created_at": iso(job.created_at),
        "completed_at": iso(job.completed_at),
    }
