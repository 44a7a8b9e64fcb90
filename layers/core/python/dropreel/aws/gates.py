"""What keeps jobs from being sent: a gateway that refuses us, or a budget that is used up. Always read consistently.

An item `(name, "gate")` of the gates table says whether the gate `name` is closed, why, and when the next probe is due;
`(name, "held#<job_id>")` marks a job that waits behind it.

A closed gate has exactly one *execution* of the gates' state machine, which waits until the next probe is due, sends
one held job as a probe, and lets all the others go once one is answered. So however many jobs are held, a refusal costs
one probe in `held_retry_seconds`. An execution that got lost is replaced by the next job that meets the gate, and by
`dropreel doctor`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from dropreel.aws.items import marshal, same
from dropreel.jobs import Job

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

#: The gate of the daily budget; the others bear their gateways' names.
BUDGET = "budget"
#: An execution whose probe is this late (seconds past its due time) is taken for lost.
LOST = 900.0
#: Nobody has changed the gate since it was read.
UNCHANGED = "attribute_not_exists(execution) OR (execution = :execution AND next_probe_at = :due AND closed = :closed)"


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
    """Gates and held-job markers in DynamoDB."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

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


def _key(name: str, item: str) -> dict[str, Any]:
    return {"name": {"S": name}, "item": {"S": item}}
