"""What AWS asks for in us-east-1: the public list prices beyond every free tier, in USD a unit."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

#: When these were the list prices (aws.amazon.com/<service>/pricing).
AS_OF = "2025-07"


class Unit(StrEnum):
    """What is paid for, each with the words of the table."""

    TRANSITIONS = "Step Functions state transitions"
    GB_SECONDS = "Lambda GB-seconds (arm64)"
    INVOCATIONS = "Lambda requests"
    WRITES = "DynamoDB write units (on demand)"
    READS = "DynamoDB read units (on demand)"
    S3_PUTS = "S3 PUT, COPY, POST, LIST"
    S3_GETS = "S3 GET and the others"
    SQS = "SQS requests (64 KB each)"
    HTTP_API = "API Gateway HTTP API calls"
    EVENTS = "EventBridge custom events (64 KB each)"
    SECRETS = "Secrets Manager calls"
    LOGS = "CloudWatch Logs GB"


MILLION = 1_000_000
USD: Mapping[Unit, float] = {
    Unit.TRANSITIONS: 25.00 / MILLION,
    Unit.GB_SECONDS: 0.0000133334,
    Unit.INVOCATIONS: 0.20 / MILLION,
    Unit.WRITES: 0.625 / MILLION,
    Unit.READS: 0.125 / MILLION,
    Unit.S3_PUTS: 0.005 / 1000,
    Unit.S3_GETS: 0.0004 / 1000,
    Unit.SQS: 0.40 / MILLION,
    Unit.HTTP_API: 1.00 / MILLION,
    Unit.EVENTS: 1.00 / MILLION,
    Unit.SECRETS: 0.05 / 10_000,
    Unit.LOGS: 0.50,
}


def usd(units: Mapping[Unit, float]) -> float:
    """What so many units cost."""
    return sum(USD[unit] * count for unit, count in units.items())
