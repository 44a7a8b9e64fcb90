"""The jobs table: one item a job, every change of it conditional.

No method reads and then writes: the condition is checked by DynamoDB together with the write, so that of any number
of concurrent callers exactly one wins. A method that returns False (or None) has changed nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from dropreel.aws.items import from_item, marshal, same, to_item, unmarshal
from dropreel.jobs import ATTENTION, SETTLED, Job, Status, entry, heard

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

logger = logging.getLogger(__name__)

Item = dict[str, Any]

#: The writer's attempt is still the job's last one.
SAME_ATTEMPT = "attempt = :attempt"
#: Nobody has changed the status since it was read.
SAME_STATUS = "#status = :was"
#: The job has no outcome yet and the last POST's answer has not been recorded.
POSTING = "#status = :submitting"
#: The caller knows the token of the last attempt.
RIGHT_TOKEN = "token_hash = :token"
#: Nothing newer is known already.
NEWS = "(attribute_not_exists(hint) OR hint < :rank)"
#: Not ended for good.
OPEN = "NOT #status IN (" + ", ".join(f":{status.lower()}" for status in sorted(SETTLED)) + ")"
#: The request that it speaks of is the one on record, or none is.
SAME_REQUEST = "(attribute_not_exists(request_id) OR request_id = :request)"
#: No living copy holds the lease, or the caller itself does.
LEASE_FREE = "(attribute_not_exists(lease_until) OR lease_until < :now OR lease_owner = :owner)"
#: Nobody has claimed the delivery since it was read.
UNCLAIMED = "(attribute_not_exists(claims) OR claims = :claims)"
#: The caller still holds the lease: nobody has claimed it since, not even another copy of the same message.
LEASE_MINE = "claims = :claims"

_settled = {f":{status.lower()}": str(status) for status in sorted(SETTLED)}


#: What an accepted request does, as long as no callback has told more.
QUEUED = "progress = if_not_exists(progress, :queued)"

#: How often a write that must not be missing is tried again.
MORE_TRIES = 2

GIVEN_UP = "an operator gave it up"

Written = TypeVar("Written")


class Verdict(Enum):
    """What became of a piece of news about a job."""

    NEWS = "taken"
    OLD = "a duplicate, or older than what is known"
    AGAIN = "the same, of an expired job, which may have no watch any more"
    STRANGER = "no such job, or the wrong token or attempt"


class JobsTable:
    """Jobs in DynamoDB."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], float]) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def get(self, job_id: str) -> Job | None:
        """The job as it is now (strongly consistent), or None."""
        answer = self._client.get_item(TableName=self._table, Key=_key(job_id), ConsistentRead=True)
        return from_item(answer["Item"]) if "Item" in answer else None

    def waiting_under(self, folder: str) -> Iterator[Job]:
        """WAITING jobs whose place begins with this text (eventually consistent)."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName="attention",
            KeyConditionExpression="attention = :waiting AND begins_with(place, :folder)",
            ExpressionAttributeValues=marshal({":waiting": "WAITING", ":folder": folder}),
        )
        for page in pages:
            yield from map(from_item, page["Items"])

    def put_waiting(self, job: Job) -> None:
        """Record what a place waits for, again if need be."""
        self._client.put_item(TableName=self._table, Item=to_item(job))

    def clear_waiting(self, job_id: str) -> None:
        """Forget that a place was waiting."""
        self._client.delete_item(TableName=self._table, Key=_key(job_id))

    def intent(self, job: Job, was: Job | None) -> dict[str, Any]:
        """The conditional Put of `job`, as arguments of put_item and of a transaction alike.

        It succeeds if there was no job (`was` None), or if it is still in the status and attempt in which it was read,
        and no drop of its files was noted since.
        """
        put: dict[str, Any] = {"TableName": self._table, "Item": to_item(job)}
        if was is None:
            return put | {"ConditionExpression": "attribute_not_exists(job_id)"}
        values: Item = {":was": str(was.status), ":attempt": was.attempt}
        return put | {
            "ConditionExpression": f"{SAME_STATUS} AND {SAME_ATTEMPT} AND {_same_drops(was)}",
            "ExpressionAttributeNames": {"#status": "status", "#drop": "drop"},
            "ExpressionAttributeValues": marshal(values | ({":drops": was.drop} if was.drop else {})),
        }

    def put(self, job: Job, was: Job | None) -> bool:
        """Write the whole job in place of what was read; False if somebody else changed it meanwhile.

        Drops that were noted meanwhile are kept, for their events may come again when the job has ended.
        """
        try:
            self._client.put_item(**self.intent(job, was), ReturnValuesOnConditionCheckFailure="ALL_OLD")
        except self._client.exceptions.ConditionalCheckFailedException as error:
            # The client tries again when an answer is lost on the way. Then it may be our own write that we find.
            before: Mapping[str, Any] = error.response.get("Item", {})  # type: ignore[assignment]
            now = from_item(before) if before else None
            if now and same(before, to_item(job.evolve(drop=now.drop))):
                return True
            if now is None or was is None or not now.differs_only_in_drops(was):
                return False
            return self.put(job.knowing(now.drop), now)
        return True

    def note_drop(self, job: Job, drop: str) -> bool:
        """Remember that the same files were dropped again while the job was under way."""
        condition = f"{SAME_STATUS} AND {SAME_ATTEMPT} AND {_same_drops(job)}"
        values = {":drop": job.dropped(drop).drop, ":drops": job.drop}
        return self._update(job, "SET #drop = :drop", condition, values)

    def accepted(self, job: Job, request_id: str) -> bool:
        """Record the gateway's answer to the POST of this attempt."""
        changes = {"request_id": request_id, "reason": ""}
        return self._move(job, Status.SUBMITTED, request_id, POSTING, changes, {":queued": "QUEUED"}, more=QUEUED)

    def lost(self, job: Job, reason: str) -> bool:
        """Record that this attempt's answer was lost; False if a callback has brought its request id meanwhile."""
        condition = f"{POSTING} AND attribute_not_exists(request_id)"
        return self._move(job, Status.UNKNOWN, reason, condition, {"reason": reason})

    def declined(self, job: Job, message: str) -> bool:
        """Record that the gateway called this attempt's request bad; the delivery ends the job."""
        outcome = {"status": "FAILED", "code": "declined", "message": message}
        return self._move(job, Status.DELIVERING, message, POSTING, {"outcome": outcome})

    def given_up(self, job: Job) -> bool:
        """Record an operator's word that a job is over; a delivery ends it."""
        outcome = {"status": "FAILED", "code": "given_up", "message": GIVEN_UP}
        return self._move(job, Status.DELIVERING, GIVEN_UP, SAME_STATUS, {"outcome": outcome})

    def settle(self, job_id: str, *, rank: int, progress: str, proof: Mapping[str, Any], request_id: str) -> Verdict:
        """Take a piece of news in one conditional write, which is also its verification and its deduplication.

        `proof` is `{"token": hash}` for a callback and `{"attempt": number}` for a poll; `rank` orders the gateway's
        statuses.
        """
        token = "token" in proof
        values = {":rank": rank, ":request": request_id, **_settled}
        values |= {f":{name}": value for name, value in proof.items()}
        changes = "SET hint = :rank, request_id = :request, history = list_append(if_not_exists(history, :none), :line)"
        values |= {":none": [], ":line": [heard(self._clock(), progress, callback=token)]}
        if progress:
            changes += ", progress = :progress"
            values[":progress"] = progress
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(job_id),
                UpdateExpression=changes,
                ConditionExpression=" AND ".join((RIGHT_TOKEN if token else SAME_ATTEMPT, SAME_REQUEST, NEWS, OPEN)),
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues=marshal(values),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            before: Mapping[str, Any] = error.response.get("Item", {})  # type: ignore[assignment]
            known = unmarshal(before)
            name, value = ("token_hash", proof["token"]) if token else ("attempt", proof["attempt"])
            if not known or known.get(name) != value:
                return Verdict.STRANGER
            return Verdict.AGAIN if known.get("status") == Status.EXPIRED else Verdict.OLD
        return Verdict.NEWS

    def claim(self, job: Job, owner: str, until: float) -> bool:
        """Take the lease on the job's delivery; an EXPIRED job stays EXPIRED until it is done."""
        status = job.status if job.status is Status.EXPIRED else Status.DELIVERING
        changes = {"lease_owner": owner, "lease_until": until, "claims": job.claims + 1}
        condition = f"{SAME_STATUS} AND {UNCLAIMED} AND {LEASE_FREE}"
        values = {":now": self._clock(), ":owner": owner, ":claims": job.claims}
        return self._move(job, status, "fetching the outcome", condition, changes, values)

    def renew(self, job: Job, until: float) -> bool:
        """Keep the lease; False if somebody else has it."""
        values = {":claims": job.claims, ":until": until}
        return self._update(job, "SET lease_until = :until", f"{SAME_ATTEMPT} AND {LEASE_MINE}", values)

    def postpone(self, job: Job, until: float, tries: int) -> bool:
        """Keep the lease until the next try at the outputs, and count this one; False if somebody else has it."""
        values = {":claims": job.claims, ":until": until, ":tries": tries}
        condition = f"{SAME_ATTEMPT} AND {LEASE_MINE}"
        return self._update(job, "SET lease_until = :until, tries = :tries", condition, values)

    def resubmit(self, job: Job, errors: int, reason: str) -> bool:
        """Give a job back to the submitter: its attempt was not charged, or the operator took the risk that it was."""
        changes = {"errors": errors, "reason": reason, "error": None, "completed_at": 0.0, "lease_until": 0.0}
        known = "request_id = :known" if job.request_id else "attribute_not_exists(request_id)"
        return self._move(job, Status.HELD, reason, f"{SAME_STATUS} AND {known}", changes, {":known": job.request_id})

    def adopt(self, job: Job, request_id: str, deadline_at: float) -> bool:
        """Record an operator's word which request is this job's, which has until then to end."""
        adopted = datetime.fromtimestamp(self._clock(), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        changes = {
            "request_id": request_id,
            "reason": f"adopted at {adopted}; its film is being waited for",
            "deadline_at": deadline_at,
            "late": job.late or job.status is Status.EXPIRED,
            "error": None,
            "completed_at": 0.0,
        }
        return self._move(job, Status.SUBMITTED, f"adopted {request_id}", SAME_STATUS, changes)

    def reopen(self, job: Job, deadline_at: float) -> bool:
        """Take an ended job back to where its outcome is to be fetched."""
        changes = {"deadline_at": deadline_at, "error": None, "completed_at": 0.0, "lease_until": 0.0, "tries": 0}
        return self._move(job, Status.SUBMITTED, "delivered again by an operator", SAME_STATUS, changes)

    def finish(self, job: Job, was: Job) -> bool:
        """Write the end of a job, on condition that no one else ended it or took over its delivery."""
        condition = SAME_STATUS + (f" AND {LEASE_MINE}" if was.claims else "")
        values = {":claims": was.claims} if was.claims else {}
        changes: dict[str, Any] = {
            "outputs": [dict(output) for output in job.outputs],
            "error": dict(job.error) if job.error else None,
            "late": job.late,
            "completed_at": job.completed_at,
            "lease_until": 0.0,
        }
        note = job.error["message"] if job.error else _counted(len(job.outputs))
        return self._move(was, job.status, note, condition, changes, values)

    def _move(
        self,
        job: Job,
        status: Status,
        note: str,
        condition: str,
        changes: Item,
        values: Item | None = None,
        *,
        more: str = "",
    ) -> bool:
        """Change a job's status, with its line of history and its place in the `attention` index."""
        sets = ["#status = :status", "history = list_append(if_not_exists(history, :none), :entry)"]
        sets += [more] if more else []
        bound: Item = {":status": str(status), ":none": [], ":entry": [entry(self._clock(), status, note)]}
        for name, value in changes.items():
            sets.append(f"#{name} = :new_{name}")
            bound[f":new_{name}"] = value
        if status in ATTENTION:
            sets.append("attention = :status")
        expression = "SET " + ", ".join(sets) + ("" if status in ATTENTION else " REMOVE attention")
        return self._update(job, expression, f"{SAME_ATTEMPT} AND {condition}", bound | (values or {}), tuple(changes))

    def _update(
        self, job: Job, expression: str, condition: str, values: Item, names: tuple[str, ...] = ("drop",)
    ) -> bool:
        every = {**values, ":attempt": job.attempt, ":was": str(job.status), ":submitting": "SUBMITTING"}
        text = f"{expression} {condition}"
        used = {f"#{name}": name for name in ("status", *names) if _uses(text, f"#{name}")}
        named: dict[str, Any] = {"ExpressionAttributeNames": used} if used else {}  # DynamoDB refuses an empty one
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(job.job_id),
                UpdateExpression=expression,
                ConditionExpression=condition,
                ExpressionAttributeValues=marshal({name: value for name, value in every.items() if _uses(text, name)}),
                **named,
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def insist(write: Callable[[], Written]) -> Written:
    """Write down what only this process knows: where AWS fails, a few times more than its client tries by itself."""
    for _ in range(MORE_TRIES):
        try:
            return write()
        except (ClientError, BotoCoreError) as error:
            logger.warning("a write failed and is tried again: %s", error)
    return write()


def _same_drops(job: Job) -> str:
    """The condition that no drop was noted since the job was read; `:drops` are those that it knows of, if any."""
    return "#drop = :drops" if job.drop else "attribute_not_exists(#drop)"


def _uses(text: str, name: str) -> bool:
    """Whether an expression mentions this placeholder (DynamoDB refuses values that it does not)."""
    return any(word.strip("(),") == name for word in text.split())


def _counted(outputs: int) -> str:
    return "1 output" if outputs == 1 else f"{outputs} outputs"


def _key(job_id: str) -> Item:
    return {"job_id": {"S": job_id}}
