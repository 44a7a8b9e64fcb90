"""Finding jobs in the table: the newest, or those in certain states."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cli.stack import Stack
from dropreel.aws.items import from_item, marshal
from dropreel.jobs import ATTENTION, Job, Status

#: What a line needs, and no more: inputs and histories stay where they are.
FIELDS = (
    *("job_id", "model", "gateway", "status", "place", "progress", "reason", "error", "gate", "attempt"),
    *("price_usd", "late", "created_at", "completed_at", "request_id"),
)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which jobs."""

    statuses: frozenset[Status] = frozenset()
    model: str = ""
    #: Epoch seconds between which they were made; 0: no bound.
    since: float = 0.0
    until: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Found:
    """The newest that were wanted, and how far the look went."""

    jobs: Sequence[Job]
    #: How many were wanted, those that are not shown included.
    wanted: int
    #: Whether there are records that nobody looked at.
    more: bool


def search(there: Stack, wanted: Wanted, *, limit: int, scan: int) -> Found:
    """The newest of the wanted jobs; no more than `limit` of them are ever in memory."""
    newest: list[tuple[float, str, Job]] = []
    read = fit = 0
    more = False
    for page, end in _pages(there, wanted, min(scan, 1000)):
        read += page["ScannedCount"]
        for job in map(from_item, page["Items"]):
            if _fits(job, wanted):
                fit += 1
                line = (job.created_at, job.job_id, job)
                if len(newest) < limit:
                    heapq.heappush(newest, line)
                else:
                    heapq.heappushpop(newest, line)
        if read >= scan and not end:
            more = True
            break
    jobs = [job for _, _, job in sorted(newest, key=lambda line: line[:2], reverse=True)]
    return Found(jobs=jobs, wanted=fit, more=more)


def _pages(there: Stack, wanted: Wanted, size: int) -> Iterator[tuple[dict[str, Any], bool]]:
    """Pages of records, each with whether it is the last; of the index where that has all that is wanted."""
    common: dict[str, Any] = {
        "TableName": there.settings.jobs_table,
        "ProjectionExpression": ", ".join(f"#{name}" for name in FIELDS),
        "ExpressionAttributeNames": {f"#{name}": name for name in FIELDS},
    }
    if wanted.statuses and wanted.statuses <= ATTENTION:
        statuses = sorted(wanted.statuses)
        for number, one in enumerate(statuses, start=1):
            arguments = common | {
                "IndexName": "attention",
                "KeyConditionExpression": "attention = :status",
                "ExpressionAttributeValues": marshal({":status": str(one)}),
            }
            for page in there.dynamodb.get_paginator("query").paginate(**arguments):
                yield page, "LastEvaluatedKey" not in page and number == len(statuses)
        return
    for page in there.dynamodb.get_paginator("scan").paginate(**common, PaginationConfig={"PageSize": size}):
        yield page, "LastEvaluatedKey" not in page


def _fits(job: Job, wanted: Wanted) -> bool:
    return (
        (not wanted.statuses or job.status in wanted.statuses)
        and (not wanted.model or job.model == wanted.model)
        and (not wanted.since or job.created_at >= wanted.since)
        and (not wanted.until or job.created_at <= wanted.until)
    )
