"""The least that a function can be which speaks to a table."""

from typing import Any

import boto3

dynamodb = boto3.client("dynamodb")


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return dynamodb.describe_table(TableName=event["table"])["Table"]  # type: ignore[return-value]
