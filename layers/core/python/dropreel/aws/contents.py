"""What large objects hold: once one was read whole for it, its MD5 is remembered.

An item `("content", <the object's fingerprint>)` of the gates table. Each names one version, so it is never wrong; it
is kept for a while only because nobody asks any more once the version's job is on record.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

#: Seconds that a content is remembered.
KEPT = 30 * 86_400


class Contents:
    """MD5s of object versions in DynamoDB."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], float]) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def get(self, version: str) -> str:
        """The MD5 (hex) of the version with this fingerprint; "" if it was never read."""
        key = {"name": {"S": "content"}, "item": {"S": version}}
        item = self._client.get_item(TableName=self._table, Key=key).get("Item", {})
        return item["md5"]["S"] if item else ""

    def put(self, version: str, md5: str) -> None:
        """Remember it."""
        expires = {"N": str(int(self._clock()) + KEPT)}
        item = {"name": {"S": "content"}, "item": {"S": version}, "md5": {"S": md5}, "expires_at": expires}
        self._client.put_item(TableName=self._table, Item=item)
