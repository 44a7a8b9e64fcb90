"""`dropreel jobs`: the newest jobs, or those in certain states."""

import heapq
import json
import math
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.live import Live
from rich.text import Text

from cli import stack
from cli.exits import INVALID, Trouble, verb
from cli.options import EndpointUrl, Env, Json, model_names
from cli.stack import Stack
from cli.summary import trouble
from cli.wording import OUT, age, cut, money, place, said, status
from dropreel import catalog
from dropreel.jobs import ATTENTION, Job, Status, iso
from dropreel.redaction import redact
from dropreel.store import from_item, marshal

#: What a line needs, and no more: inputs and histories stay where they are.
FIELDS = (
    *("job_id", "model", "gateway", "status", "place", "progress", "reason", "error", "gate", "attempt"),
    *("price_usd", "late", "created_at", "completed_at", "request_id"),
)
#: Seconds between two looks of the live table.
GLANCE = 2.0
_AGES = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

StatusOption = Annotated[
    list[str] | None,
    typer.Option(
        "--status", help="Only this status; repeatable.", autocompletion=lambda: [str(each) for each in Status]
    ),
]
ModelOption = Annotated[
    str | None, typer.Option("--model", help="Only this model, by id or alias.", autocompletion=model_names)
]
Newer = Annotated[str | None, typer.Option("--newer", metavar="AGE", help="Made within this time: 90s, 15m, 2h, 7d.")]
Older = Annotated[str | None, typer.Option("--older", metavar="AGE", help="Made before this time: 90s, 15m, 2h, 7d.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="Jobs shown at most, the newest first.")]
Scan = Annotated[int, typer.Option("--scan", min=1, metavar="N", help="Records read at most.")]


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
    #: Whether there are records that nobody looked at.
    more: bool


@verb
def jobs(
    statuses: StatusOption = None,
    model: ModelOption = None,
    newer: Newer = None,
    older: Older = None,
    limit: Limit = 20,
    scan: Scan = 10_000,
    json_: Json = False,
    env: Env = None,
    endpoint_url: EndpointUrl = None,
) -> None:
    """List jobs, the newest first.

    WAITING, HELD and UNKNOWN come from an index. Anything else is a scan of the table, which stops after --scan
    records and then says so; a scan of many costs some money and time.
    """
    now = time.time()
    wanted = Wanted(
        statuses=frozenset(_status(each) for each in statuses or []),
        model=catalog.find(model).id if model else "",
        since=now - seconds(newer) if newer else 0.0,
        until=now - seconds(older) if older else 0.0,
    )
    there = stack.find(env, endpoint_url)
    found = search(there, wanted, limit=limit, scan=scan)
    for job in found.jobs if json_ else ():
        print(json.dumps(_as_json(job)))
    if not json_ and found.jobs:
        OUT.print(table(found.jobs, now, OUT.width))
    elif not json_:
        said(f"no such jobs in {there.name}")
    if found.more:
        said(f"there are more than the {scan:,} records that were read: name a status, or say --scan {scan * 10}")


def search(there: Stack, wanted: Wanted, *, limit: int, scan: int) -> Found:
    """The newest of the wanted jobs; no more than `limit` of them are ever in memory."""
    newest: list[tuple[float, str, Job]] = []
    read = 0
    more = False
    for page, end in _pages(there, wanted, min(scan, 1000)):
        read += page["ScannedCount"]
        for job in map(from_item, page["Items"]):
            if _fits(job, wanted):
                line = (job.created_at, job.job_id, job)
                if len(newest) < limit:
                    heapq.heappush(newest, line)
                else:
                    heapq.heappushpop(newest, line)
        if read >= scan and not end:
            more = True
            break
    return Found(jobs=[job for _, _, job in sorted(newest, key=lambda line: line[:2], reverse=True)], more=more)


def table(found: Sequence[Job], now: float, width: int) -> Text:
    """A line a job, and a second one where something is wrong; it fits into 80 columns."""
    room = max(16, width - 55)
    heads = f"{'STATUS':<12} {'JOB':<26}  {'PLACE':<{room}}  {'AGE':>4}  {'USD':>6}"
    lines = [Text(heads, style="bold")]
    for job in found:
        made = age(now - job.created_at) if job.created_at else ""
        rest = f"  {made:>4}  {money(job.price_usd):>6}"
        sign = status(job)
        sign.pad_right(12 - len(sign))
        lines.append(Text.assemble(sign, " ", (job.job_id.ljust(26), "dim"), f"  {place(job, room):<{room}}", rest))
        if trouble(job):
            lines.append(Text(f"  {cut(trouble(job), width - 2)}", style="dim"))
    return Text("\n").join(lines)


def live(there: Stack, timeout: float | None, *, json_: bool) -> None:
    """The newest jobs, again and again, until Ctrl-C or the time is over; off a terminal, a line for each change."""
    end = time.monotonic() + timeout if timeout is not None else math.inf
    if json_ or not OUT.is_terminal:
        known: dict[str, tuple[Status, str]] = {}
        while time.monotonic() < end:
            known = _changes(search(there, Wanted(), limit=1000, scan=10_000).jobs, known, json_=json_)
            time.sleep(GLANCE)
        return
    with Live(console=OUT, auto_refresh=False, screen=True) as screen:
        while time.monotonic() < end:
            now = time.time()
            found = search(there, Wanted(), limit=max(5, OUT.height // 2 - 3), scan=10_000)
            clock = datetime.fromtimestamp(now, UTC).strftime("%H:%M:%S UTC")
            head = Text(f"{there.name}, {clock}, Ctrl-C ends it\n", style="dim")
            screen.update(Group(head, table(found.jobs, now, OUT.width)), refresh=True)
            time.sleep(GLANCE)


def _changes(
    found: Sequence[Job], known: dict[str, tuple[Status, str]], *, json_: bool
) -> dict[str, tuple[Status, str]]:
    """A line for each job that is in another state than it was."""
    for job in reversed(found):
        if known.get(job.job_id) != (job.status, job.progress):
            line = f"{job.status:<10} {job.job_id} {job.place}"
            print(json.dumps(_as_json(job)) if json_ else line, flush=True)
    return {job.job_id: (job.status, job.progress) for job in found}


def seconds(text: str) -> float:
    """Seconds of 90s, 15m, 2h or 7d. Raises Trouble."""
    match = re.fullmatch(r"(\d{1,6})([smhd])", text.strip())
    if match is None:
        raise Trouble(f"{text!r} is no age: say 90s, 15m, 2h or 7d", INVALID)
    return float(match[1]) * _AGES[match[2]]


def _status(text: str) -> Status:
    try:
        return Status(text.upper())
    except ValueError:
        raise Trouble(f"there is no status {text}; there are {', '.join(Status)}", INVALID) from None


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


def _as_json(job: Job) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "model": job.model,
        "status": str(job.status),
        "progress": job.progress or None,
        "place": job.place,
        "reason": trouble(job) or None,
        "error": {name: redact(text) for name, text in job.error.items()} if job.error else None,
        "price_usd": float(job.price_usd) if job.price_usd is not None else None,
        "late": job.late,
        "created_at": iso(job.created_at) if job.created_at else None,
        "completed_at": iso(job.completed_at) if job.completed_at else None,
    }
