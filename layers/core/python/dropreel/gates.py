"""What keeps jobs from being sent: a gateway that refuses us, and the day's budget. All of it is read consistently.

An item `(name, "gate")` says whether the gate `name` is closed, why, and when the next probe is due; `(name,
"held#<job_id>")` marks a job that waits behind it; `("budget", "spent#<day>")` adds up a day's reservations.

A closed gate has exactly one *chain*: a message on the intake queue that carries the chain's name, returns when the
next probe is due, sends one held job as a probe, and puts itself back first. So however many jobs are held, a refusal
costs one message and one probe in `held_retry_seconds`; a 429 or a connection that could not be made, which tend to be
over soon, have their first probes sooner. A chain that got lost (its message ended in the dead letter queue) is
replaced by the next job that meets the gate.
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

from dropreel.jobs import Job
from dropreel.store import marshal

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

#: The gate of the daily budget; the others bear their gateways' names.
BUDGET = "budget"
#: A chain this late (seconds past its due time) is taken for lost.
CHAIN_LOST = 900.0
#: Seconds that a day's sum is kept.
SPENT_KEPT = 40 * 86_400


#: Nobody has changed the gate since it was read.
UNCHANGED = "attribute_not_exists(chain) OR (chain = :chain AND next_probe_at = :due AND closed = :closed)"


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether jobs may pass."""

    name: str
    closed: bool = False
    reason: str = ""
    #: The name of the one message that probes it.
    chain: str = ""
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
            chain=item["chain"]["S"],
            next_probe_at=float(item["next_probe_at"]["N"]),
            failures=int(item["failures"]["N"]),
        )

    def put(self, gate: Gate, was: Gate) -> bool:
        """Replace the gate as it was read; False if somebody else changed it meanwhile."""
        values = {"name": gate.name, "item": "gate", "closed": gate.closed, "reason": gate.reason, "chain": gate.chain}
        numbers = {"next_probe_at": gate.next_probe_at, "failures": gate.failures}
        try:
            self._client.put_item(
                TableName=self._table,
                Item=marshal(values | numbers),
                ConditionExpression=UNCHANGED,
                ExpressionAttributeValues=marshal(
                    {":chain": was.chain, ":due": was.next_probe_at, ":closed": was.closed}
                ),
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def mark(self, name: str, job_id: str) -> None:
        """Remember that a job waits behind this gate; each mark is another, so that only the one that was seen goes."""
        item = {"name": name, "item": f"held#{job_id}", "mark": uuid.uuid4().hex}
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

    def held(self, name: str, limit: int) -> dict[str, str]:
        """Up to `limit` ids of jobs that wait behind this gate, each with its mark."""
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="#name = :name AND begins_with(#item, :held)",
            ExpressionAttributeNames={"#name": "name", "#item": "item"},
            ExpressionAttributeValues=marshal({":name": name, ":held": "held#"}),
            ConsistentRead=True,
            Limit=limit,
        )
        return {item["item"]["S"].removeprefix("held#"): item["mark"]["S"] for item in answer["Items"]}

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
                time.sleep(random.uniform(0, 0.02 * 2**turn))  # noqa: S311 - no secret, only another moment
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


def day_of(epoch: float) -> str:
    """The UTC day on whose budget this moment falls."""
    return datetime.fromtimestamp(epoch, UTC).date().isoformat()


def _key(name: str, item: str) -> dict[str, Any]:
    return {"name": {"S": name}, "item": {"S": item}}
