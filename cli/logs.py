"""`dropreel logs`: what the functions say, of all jobs or of one.

FilterLogEvents is asked again and again, and no StartLiveTail: that is paid by the minute, ends after three hours, and
leaves lines out where there are many (API: CloudWatch Logs StartLiveTail).
"""

import heapq
import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from cli import stack
from cli.exits import INVALID, Trouble
from cli.listing import seconds
from cli.options import EndpointUrl, Env, Json, SomeJob
from cli.stack import Stack
from cli.wording import OUT, said
from dropreel.errors import Mistake
from dropreel.jobs import iso
from dropreel.redaction import redact, redacted

#: The functions, in the order in which a job meets them.
FUNCTIONS = ("submit", "callback", "poll", "probe", "deliver")
#: Seconds that are looked back where neither a job nor an age says more.
RECENT = 600.0
#: Seconds between two looks of --follow, each of which is a request for each function.
GLANCE = 3.0
#: Seconds by which a line may come to CloudWatch Logs later than it was written, and --follow shows it all the same.
LATE = 60.0

Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")]
Newer = Annotated[
    str | None,
    typer.Option("--newer", metavar="AGE", help="How far back: 90s, 15m, 2h, 7d. Default: 10m, or a job's whole life."),
]
Function = Annotated[
    str | None, typer.Option("--function", help="Only this one.", autocompletion=lambda: list(FUNCTIONS))
]
Errors = Annotated[bool, typer.Option("--errors", help="Only warnings and errors.")]
#: The levels of what went wrong.
_STYLES = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}


@dataclass(frozen=True, kw_only=True)
class Line:
    """What a function said, with nothing secret in it."""

    #: Epoch seconds.
    at: float
    function: str
    level: str
    message: str
    job_id: str | None
    #: Where an error that nobody foresaw came from.
    trace: str | None
    #: Which no other line has.
    event_id: str


def logs(
    named: SomeJob = None,
    follow: Follow = False,
    newer: Newer = None,
    function: Function = None,
    errors: Errors = False,
    json_: Json = False,
    env: Env = None,
    endpoint_url: EndpointUrl = None,
) -> None:
    """Show what the functions say, of all jobs or of one, in the order of time (UTC)."""
    if function not in (None, *FUNCTIONS):
        raise Mistake("--function", f"{function!r} is none", ", ".join(FUNCTIONS))
    there = stack.find(env, endpoint_url)
    job_id = there.job_id(named) if named else ""
    since = time.time() - seconds(newer) if newer else _begun(there, job_id)
    client, groups = there.client("logs"), _groups(there, [function] if function else FUNCTIONS)

    def tell(seen: Set[str]) -> Set[str]:
        found = lines(client, groups, job_id, since)
        return _tell((line for line in found if not errors or line.level in _STYLES), seen, json_=json_)

    seen = tell(frozenset())
    if not seen and not follow:
        said(f"nothing was said in {there.name}; --newer 1d looks back further")
    while follow:
        time.sleep(GLANCE)
        since = max(since, time.time() - LATE)
        seen = tell(seen)


def lines(client: Any, groups: Mapping[str, str], job_id: str, since: float) -> Iterator[Line]:
    """What the functions said since then, of a job or ("") of all, as it comes."""
    streams = (_of(client, function, group, job_id, since) for function, group in groups.items())
    return heapq.merge(*streams, key=lambda line: line.at)


def read(function: str, event: Mapping[str, Any]) -> Line | None:
    """What an event tells; nothing where it is only measures, or Lambda's own words of a run that went well."""
    told = _fields(event["message"])
    if "_aws" in told:
        return None
    level, message = str(told.get("level", "INFO")), told.get("message") or told.get("errorMessage")
    if str(told.get("type")).startswith("platform."):
        status = told.get("record", {}).get("status", "success")
        level, message = "ERROR", f"{told['type']}: {status}" if status != "success" else ""
    if not message:
        return None
    trace = told.get("exception") or "".join(told.get("stackTrace", []))
    return Line(
        at=event["timestamp"] / 1000,
        function=function,
        level=level,
        message=redact(message) if isinstance(message, str) else json.dumps(redacted(message)),
        job_id=told.get("job_id"),
        trace=redact(trace) or None,
        event_id=f"{function} {event['eventId']}",
    )


def _fields(text: str) -> Mapping[str, Any]:
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    return told if isinstance(told, dict) else {"message": text.strip()}


def _of(client: Any, function: str, group: str, job_id: str, since: float) -> Iterator[Line]:
    wanted = {"filterPattern": f'"{job_id}"'} if job_id else {}
    pages = client.get_paginator("filter_log_events")
    for page in pages.paginate(logGroupName=group, startTime=max(0, int(since * 1000)), **wanted):
        yield from filter(None, (read(function, event) for event in page["events"]))


def _groups(there: Stack, functions: Sequence[str]) -> Mapping[str, str]:
    """The log groups of functions. Raises Trouble where the stack has none."""
    named = dict(there.resources("AWS::Logs::LogGroup"))
    found = {
        function: group
        for function in functions
        for name, group in named.items()
        if re.search(rf"{function.capitalize()}Log[0-9A-F]{{8}}$", name)
    }
    if not found:
        raise Trouble(f"the stack {there.name} has no logs of functions: is it still being made?", INVALID)
    return found


def _begun(there: Stack, job_id: str) -> float:
    """Since when there may be lines: from a little before a job was made, or a few minutes ago."""
    job = there.store.get(job_id) if job_id else None
    return job.created_at - LATE if job and job.created_at else time.time() - RECENT


def _tell(found: Iterable[Line], known: Set[str], *, json_: bool) -> Set[str]:
    """Print the lines that are not known; the names of all."""
    seen = set()
    for line in found:
        seen.add(line.event_id)
        if line.event_id in known:
            continue
        if json_:
            told = asdict(line) | {"at": iso(line.at)}
            del told["event_id"]
            print(json.dumps(told), flush=True)
        else:
            OUT.print(_text(line), soft_wrap=True)
    return seen


def _text(line: Line) -> Text:
    clock = datetime.fromtimestamp(line.at, UTC).strftime("%Y-%m-%d %H:%M:%S")
    style = _STYLES.get(line.level, "")
    level = f"{line.level} " if style else ""
    whose = f"  {line.job_id}" if line.job_id else ""
    text = Text.assemble((clock, "dim"), f"  {line.function:<8}  ", (f"{level}{line.message}", style), (whose, "dim"))
    return text.append(f"\n{line.trace.rstrip()}", style="dim") if line.trace else text
