"""The two tables as the template has them, for tests that run without it (tests/infra holds them to it)."""

from __future__ import annotations

from typing import Any

from dropreel.aws.items import LISTED

#: The arguments of CreateTable, by the name that the template gives.
TABLES: dict[str, dict[str, Any]] = {
    "Jobs": {
        "KeySchema": [{"AttributeName": "job_id", "KeyType": "HASH"}],
        "AttributeDefinitions": [
            {"AttributeName": "job_id", "AttributeType": "S"},
            {"AttributeName": "attention", "AttributeType": "S"},
            {"AttributeName": "place", "AttributeType": "S"},
            {"AttributeName": "day", "AttributeType": "S"},
            {"AttributeName": "created_at", "AttributeType": "N"},
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "attention",
                "KeySchema": [
                    {"AttributeName": "attention", "KeyType": "HASH"},
                    {"AttributeName": "place", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            },
            {
                "IndexName": "days",
                "KeySchema": [
                    {"AttributeName": "day", "KeyType": "HASH"},
                    {"AttributeName": "created_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(LISTED)},
            },
        ],
    },
    "Gates": {
        "KeySchema": [
            {"AttributeName": "name", "KeyType": "HASH"},
            {"AttributeName": "item", "KeyType": "RANGE"},
        ],
        "AttributeDefinitions": [
            {"AttributeName": "name", "AttributeType": "S"},
            {"AttributeName": "item", "AttributeType": "S"},
        ],
    },
}


def create_tables(dynamodb: Any) -> None:
    """Make both, as `jobs` and `gates`."""
    for name, table in TABLES.items():
        dynamodb.create_table(TableName=name.lower(), BillingMode="PAY_PER_REQUEST", **table)
