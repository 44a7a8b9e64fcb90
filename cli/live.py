"""All jobs as they go on, until Ctrl-C."""

import json
import math
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Group
from rich.live import Live
from rich.text import Text

from cli.search import Wanted, search
from cli.stack import Stack
from cli.summary import brief
from cli.table import table
from cli.wording import OUT
from dropreel.jobs import Job, Status

#: Seconds between two looks of the live table.
GLANCE = 2.0


def live(there: Stack, timeout: float | None, *, json_: bool) -> None:
    """The newest jobs, again and again, until Ctrl-C or the time is over; off a terminal, a line for each change."""
    end = time.monotonic() + timeout if timeout is not None else math.inf
    if json_ or not OUT.is_terminal:
        known: dict[str, tuple[Status, str]] = {}
        while time.monotonic() < end:
            known = _changes(search(there, Wanted(), limit=1000).jobs, known, json_=json_)
            time.sleep(GLANCE)
        return
    with Live(console=OUT, auto_refresh=False, screen=True) as screen:
        while time.monotonic() < end:
            now = time.time()
            found = search(there, Wanted(), limit=max(5, OUT.height // 2 - 3))
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
            print(json.dumps(brief(job)) if json_ else line, flush=True)
    return {job.job_id: (job.status, job.progress) for job in found}
