"""Finding jobs in the table: the newest, or those in certain states, as an index has them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from dropreel.aws.items import LISTED, from_item, marshal
from dropreel.jobs import ATTENTION, Job, Status, day_of

if TYPE_CHECKING:
    from cli.stack import Stack

DAY = 86_400
#: Days that are looked through, from the newest, where nobody says since when: each is a request, jobs or none.
LOOK_BACK = 90
#: Seconds by which the clock that times jobs may be ahead of ours.
AHEAD = 600
#: Records read at a time where most may not be wanted.
MANY = 1000

#: A job's place among the others, from which a list goes on: when it was made, and its id where several were.
Cursor = tuple[float, str]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which jobs."""

    statuses: frozenset[Status] = frozenset()
    model: str = ""
    #: What the place or the id holds, in any case of letters.
    text: str = ""
    #: Epoch seconds between which they were made; 0: no bound, and LOOK_BACK days.
    since: float = 0.0
    until: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Found:
    """The newest that were wanted."""

    jobs: Sequence[Job]
    #: Whether there are older ones.
    more: bool


def search(
    there: Stack, wanted: Wanted, *, limit: int, after: Cursor | None = None, empty: set[str] | None = None
) -> Found:
    """The newest of the wanted jobs, or the newest of those that come after one in a list.

    `empty` holds the days that are known to have no jobs, and is added to: whoever asks often keeps it.
    """
    # Beside the jobs of the list: the one after them, the one before them, and one of another moment.
    size = MANY if wanted.statuses or wanted.model or wanted.text else limit + 3
    found = newest(there, wanted, after=after, size=size, empty=empty)
    jobs = list(islice(found, limit + 1))
    return Found(jobs=jobs[:limit], more=len(jobs) > limit)


def cursor(job: Job) -> Cursor:
    """Where a list goes on after this job."""
    return job.created_at, job.job_id


def newest(
    there: Stack, wanted: Wanted, *, after: Cursor | None = None, size: int = MANY, empty: set[str] | None = None
) -> Iterator[Job]:
    """The wanted jobs, the newest first, read as far as they are asked for (eventually consistent)."""
    indexed = bool(wanted.statuses) and wanted.statuses <= ATTENTION
    known = set() if empty is None else empty
    jobs = _in_attention(there, wanted.statuses) if indexed else _by_day(there, wanted, after, size, known)
    for job in jobs:
        if _fits(job, wanted) and (after is None or cursor(job) < after):
            yield job


def _in_attention(there: Stack, statuses: frozenset[Status]) -> Iterator[Job]:
    """All of the few that somebody may want to look at, however old."""
    found: list[Job] = []
    for status in statuses:
        found += _query(there, "attention", "#index = :index", {"attention": str(status)}, MANY, ScanIndexForward=False)
    yield from sorted(found, key=cursor, reverse=True)


def _by_day(there: Stack, wanted: Wanted, after: Cursor | None, size: int, empty: set[str]) -> Iterator[Job]:
    last = min(bound for bound in (wanted.until, after and after[0], time.time() + AHEAD) if bound)
    first = wanted.since or max(last - LOOK_BACK * DAY, there.created_at - DAY)
    moment = last
    while (day := day_of(moment)) >= day_of(first):
        if day not in empty:
            values: dict[str, Any] = {"day": day, "until": last, "since": first}
            condition = "#index = :index AND created_at BETWEEN :since AND :until"
            jobs = _query(there, "days", condition, values, size, ScanIndexForward=False)
            # DynamoDB sorts equal moments in no order that it promises.
            found = False
            for job in _settled(jobs):
                found = True
                yield job
            if not found and _whole(moment - moment % DAY, first, last):
                empty.add(day)
        moment -= DAY


def _whole(begins: float, first: float, last: float) -> bool:
    """Whether all of a day was looked through, and it can have no jobs any more."""
    ends = begins + DAY
    return first <= begins and ends <= last and ends < time.time() - AHEAD


def _settled(jobs: Iterator[Job]) -> Iterator[Job]:
    """Jobs that come by their moments, those of one moment also by their ids."""
    same: list[Job] = []
    for job in jobs:
        if same and job.created_at != same[0].created_at:
            yield from sorted(same, key=cursor, reverse=True)
            same = []
        same.append(job)
    yield from sorted(same, key=cursor, reverse=True)


def _query(
    there: Stack, index: str, condition: str, values: Mapping[str, Any], size: int, **more: Any
) -> Iterator[Job]:
    key, *bounds = values
    names = {f"#{name}": name for name in ("job_id", "created_at", *LISTED)}
    pages = there.dynamodb.get_paginator("query").paginate(
        TableName=there.settings.jobs_table,
        IndexName=index,
        KeyConditionExpression=condition,
        ExpressionAttributeNames={"#index": key, **names},
        ExpressionAttributeValues=marshal({":index": values[key], **{f":{name}": values[name] for name in bounds}}),
        ProjectionExpression=", ".join(names),
        PaginationConfig={"PageSize": size},
        **more,
    )
    for page in pages:
        yield from map(from_item, page["Items"])


def _fits(job: Job, wanted: Wanted) -> bool:
    return (
        (not wanted.statuses or job.status in wanted.statuses)
        and (not wanted.model or job.model == wanted.model)
        and (not wanted.text or wanted.text.casefold() in f"{job.place} {job.job_id}".casefold())
        and (not wanted.since or job.created_at >= wanted.since)
        and (not wanted.until or job.created_at <= wanted.until)
    )
