"""`dropreel jobs`: the newest jobs, or those in certain states."""

import json
import re
import time
from typing import Annotated

import typer

from cli import stack
from cli.exits import INVALID, Trouble
from cli.options import EndpointUrl, Env, Json, model_names
from cli.search import Wanted, search
from cli.summary import brief
from cli.table import table
from cli.wording import OUT, said
from dropreel import catalog
from dropreel.jobs import Status

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
Search = Annotated[
    str | None, typer.Option("--search", metavar="TEXT", help="Only with this in the place or id, in any letters.")
]
#: Jobs that one list shows at most.
MOST = 1000
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=MOST, help="Jobs shown at most, the newest first.")]


def jobs(
    statuses: StatusOption = None,
    model: ModelOption = None,
    newer: Newer = None,
    older: Older = None,
    text: Search = None,
    limit: Limit = 20,
    json_: Json = False,
    env: Env = None,
    endpoint_url: EndpointUrl = None,
) -> None:
    """List jobs, the newest first.

    WAITING, HELD and UNKNOWN are all found, however old. Of the others, 90 days are looked through, back from today
    or from --older; --newer says how far instead.
    """
    which = wanted(statuses, model, newer, older, text or "")
    there = stack.find(env, endpoint_url)
    found = search(there, which, limit=limit)
    for job in found.jobs if json_ else ():
        print(json.dumps(brief(job)))
    if not json_ and found.jobs:
        OUT.print(table(found.jobs, time.time(), OUT.width))
    elif not json_:
        said(f"no such jobs in {there.name}")
    if found.more:
        further = f"--limit {min(5 * limit, MOST)} shows more" if limit < MOST else "name a time, as --older 7d"
        said(f"the newest {limit}; there are older ones: {further}")


def wanted(
    statuses: list[str] | None, model: str | None, newer: str | None, older: str | None, text: str = ""
) -> Wanted:
    """What the options choose. Raises Mistake and Trouble."""
    now = time.time()
    return Wanted(
        statuses=frozenset(_status(each) for each in statuses or []),
        model=catalog.find(model).id if model else "",
        text=text,
        since=now - seconds(newer) if newer else 0.0,
        until=now - seconds(older) if older else 0.0,
    )


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
