"""The day's budget: what is reserved before each POST, and given back when nothing was charged.

An item `("budget", "spent#<day>")` of the gates table adds up the reservations of a UTC day.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from dropreel.aws.gates import BUDGET
from dropreel.aws.items import marshal
from dropreel.jobs import Job

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

DAY = 86_400
#: Seconds that a day's sum is kept.
SPENT_KEPT = 40 * DAY

#: Moments between two tries at a transaction; a function's snapshot would bring the same ones to all who start from it.
_moments = random.SystemRandom()


class Budget:
    """Reservations in DynamoDB."""

    def __init__(self, client: DynamoDBClient, table: str, jobs_table: str, clock: Callable[[], float]) -> None:
        self._client = client
        self._table = table
        self._jobs_table = jobs_table
        self._clock = clock

    def spent(self, day: str) -> Decimal:
        """What is reserved of a day's budget, in USD."""
        answer = self._client.get_item(TableName=self._table, Key=_key(day), ConsistentRead=True)
        return Decimal(answer["Item"]["usd"]["N"]) if "Item" in answer else Decimal(0)

    def reserve(self, intent: dict[str, Any], day: str, usd: Decimal, limit: Decimal) -> bool:
        """Write a job's intent and its reservation, both or neither.

        False if the job was changed or the budget does not allow it.
        """
        update = {
            "TableName": self._table,
            "Key": _key(day),
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
            "Key": _key(job.reserved_day),
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


def _key(day: str) -> dict[str, Any]:
    return {"name": {"S": BUDGET}, "item": {"S": f"spent#{day}"}}
