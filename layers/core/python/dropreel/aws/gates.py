"""What keeps jobs from being sent: a gateway that refuses us, and the day's budget. All of it is read consistently.

An item `(name, "gate")` says whether the gate `name` is closed, why, and when the next probe is due; `(name,
"held#<job_id>")` marks a job that waits behind it; `("budget", "spent#<day>")` adds up a day's reservations.

A closed gate has exactly one *execution* of the gates' state machine, which waits until the next probe is due, sends
one held job as a probe, and lets all the others go once one is answered. So however many jobs are held, a refusal costs
one probe in `held_retry_seconds`. An execution that got lost is replaced by the next job that meets the gate, and by
`dropreel doctor`.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from dropreel.aws.jobs_table import marshal, same
from dropreel.jobs import Job

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

#: The gate of the daily budget; the others bear their gateways' names.
BUDGET = "budget"
#: An execution whose probe is this late (seconds past its due time) is taken for lost.
LOST = 900.0
DAY = 86_400
#: Seconds that a day's sum is kept.
SPENT_KEPT = 40 * DAY


#: Nobody has changed the gate since it was read.
UNCHANGED = "attribute_not_exists(execution) OR (execution = :execution AND next_probe_at = :due AND closed = :closed)"

#: Moments between two tries at a transaction; a function's snapshot would bring the same ones to all who start from it.
_moments = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether jobs may pass."""

    name: str
    closed: bool = False
    reason: str = ""
    #: The name of the one execution that probes it.
    execution: str = ""
    #: Epoch seconds of the next probe.
    next_probe_at: float = 0.0
    #: Refusals in a row.
    failures: int = 0


class Gates:
    """Gates, held-job markers and the budget in DynamoDB."""

    def __init__(self, client: DynamoDBClient, table: str, jobs_table: str, clock: Callable[[], float]) -> None:
        self._client = client
        self._table = table
        self._jobs_table = jobs_table
        self._clock = clock

    def get(self, name: str) -> Gate:
        """The gate as it is now; open if nothing is known of it."""
        answer = self._client.get_item(TableName=self._table, Key=_key(name, "gate"), ConsistentRead=True)
        item = answer.get("Item")
        if not item:
            return Gate(name)
        return Gate(
            name,
            closed=item["closed"]["BOOL"],
            reason=item["reason"]["S"],
            execution=item["execution"]["S"],
            next_probe_at=float(item["next_probe_at"]["N"]),
            failures=int(item["failures"]["N"]),
        )

    def put(self, gate: Gate, was: Gate) -> bool:
        """Replace the gate as it was read; False if somebody else changed it meanwhile."""
        values = {"name": gate.name, "item": "gate", "closed": gate.closed, "reason": gate.reason}
        values["execution"] = gate.execution
        item = marshal(values | {"next_probe_at": gate.next_probe_at, "failures": gate.failures})
        try:
            self._client.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression=UNCHANGED,
                ExpressionAttributeValues=marshal(
                    {":execution": was.execution, ":due": was.next_probe_at, ":closed": was.closed}
                ),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            # The client tries again when an answer is lost on the way. Then it may be our own write that we find.
            return same(error.response.get("Item", {}), item)  # type: ignore[arg-type]
        return True

    def mark(self, name: str, job: Job) -> None:
        """Remember that a job waits behind this gate; each mark is another, so that only the one that was seen goes."""
        item: dict[str, Any] = {"name": name, "item": f"held#{job.job_id}", "mark": uuid.uuid4().hex}
        if job.price_usd is not None:
            item["usd"] = job.price_usd
        self._client.put_item(TableName=self._table, Item=marshal(item))

    def unmark(self, name: str, job_id: str, mark: str = "") -> None:
        """Forget it: this very mark, or whichever there is."""
        condition: dict[str, Any] = {}
        if mark:
            condition = {"ConditionExpression": "mark = :mark", "ExpressionAttributeValues": marshal({":mark": mark})}
        try:
            self._client.delete_item(TableName=self._table, Key=_key(name, f"held#{job_id}"), **condition)
        except self._client.exceptions.ConditionalCheckFailedException:
            return  # it was held again meanwhile

    def held(self, name: str, limit: int, *, room: Decimal | None = None) -> dict[str, str]:
        """Up to `limit` ids of jobs that wait behind this gate, each with its mark; where `room` is given, USD, only
        those that it may be enough for.
        """
        values: dict[str, Any] = {":name": name, ":held": "held#"}
        some: dict[str, Any] = {"Limit": limit}
        if room is not None:
            values[":room"] = room
            some = {"FilterExpression": "attribute_not_exists(usd) OR usd <= :room"}
        found: dict[str, str] = {}
        for page in self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="#name = :name AND begins_with(#item, :held)",
            ExpressionAttributeNames={"#name": "name", "#item": "item"},
            ExpressionAttributeValues=marshal(values),
            ConsistentRead=True,
            **some,
        ):
            found |= {item["item"]["S"].removeprefix("held#"): item["mark"]["S"] for item in page["Items"]}
            if len(found) >= limit:
                break
        return dict(list(found.items())[:limit])

    def spent(self, day: str) -> Decimal:
        """What is reserved of a day's budget, in USD."""
        answer = self._client.get_item(TableName=self._table, Key=_key(BUDGET, f"spent#{day}"), ConsistentRead=True)
        return Decimal(answer["Item"]["usd"]["N"]) if "Item" in answer else Decimal(0)

    def reserve(self, intent: dict[str, Any], day: str, usd: Decimal, limit: Decimal) -> bool:
        """Write a job's intent and its reservation, both or neither.

        False if the job was changed or the budget does not allow it.
        """
        update = {
            "TableName": self._table,
            "Key": _key(BUDGET, f"spent#{day}"),
            "UpdateExpression": "SET usd = if_not_exists(usd, :zero) + :usd, expires_at = :expires",
            "ConditionExpression": "attribute_not_exists(usd) OR usd <= :room",
            "ExpressionAttributeValues": marshal(
                {":usd": usd, ":zero": 0, ":room": limit - usd, ":expires": int(self._clock()) + SPENT_KEPT}
            ),
        }
        return usd <= limit and self._transact([{"Put": intent}, {"Update": update}])

    def release(self, job: Job) -> bool:
        """Give back the last attempt's reservation, once, whoever calls how often."""
        if not job.reserved_day or job.reserved_usd is None:
            return False
        mine = {
            "TableName": self._jobs_table,
            "Key": {"job_id": {"S": job.job_id}},
            "UpdateExpression": "REMOVE reserved_day, reserved_usd",
            "ConditionExpression": "attempt = :attempt AND reserved_day = :day",
            "ExpressionAttributeValues": marshal({":attempt": job.attempt, ":day": job.reserved_day}),
        }
        sum_ = {
            "TableName": self._table,
            "Key": _key(BUDGET, f"spent#{job.reserved_day}"),
            "UpdateExpression": "SET usd = usd - :usd",
            "ExpressionAttributeValues": marshal({":usd": job.reserved_usd}),
        }
        return self._transact([{"Update": mine}, {"Update": sum_}])

    def _transact(self, writes: list[Any]) -> bool:
        """Do all of these writes or none; False if a condition does not hold, tried again on a mere conflict."""
        for turn in range(8):
            if turn:
                time.sleep(_moments.uniform(0, 0.02 * 2**turn))
            try:
                self._client.transact_write_items(TransactItems=writes)
            except self._client.exceptions.TransactionCanceledException as error:
                codes = {str(reason.get("Code")) for reason in error.response.get("CancellationReasons", [])}
                if "ConditionalCheckFailed" in codes:
                    return False
                if codes - {"TransactionConflict", "None"}:
                    raise
            else:
                return True
        return self._client.transact_write_items(TransactItems=writes) is not None


def tomorrow(epoch: float) -> float:
    """When (epoch seconds) the next UTC day begins."""
    return epoch - epoch % DAY + DAY


def day_of(epoch: float) -> str:
    """The UTC day on whose budget this moment falls."""
    return datetime.fromtimestamp(epoch, UTC).date().isoformat()


def _key(name: str, item: str) -> dict[str, Any]:
    return {"name": {"S": name}, "item": {"S": item}}
