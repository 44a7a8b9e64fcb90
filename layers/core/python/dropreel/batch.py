"""A batch of queue messages, of which only those that failed come again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def each(event: Mapping[str, Any], take: Callable[[str, str], None]) -> dict[str, list[dict[str, str]]]:
    """Give every message to `take`, as its body and its id; answer in SQS's words which ones raised."""
    failed = []
    for record in event["Records"]:
        try:
            take(record["body"], record["messageId"])
        except Exception:  # whatever it was, the others are not to wait for it
            failed.append({"itemIdentifier": str(record["messageId"])})
    return {"batchItemFailures": failed}
