"""`dropreel show` and `dropreel watch`: one job, told from its beginning."""

import json
import time
from typing import Annotated

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli import row, stack
from cli.advice import advise
from cli.following import finish
from cli.live import live
from cli.looks import Looks, looks
from cli.options import AJob, EndpointUrl, Env, Json, SomeJobs
from cli.stack import Stack
from cli.summary import as_json, cost, outputs, trouble
from cli.timeline import line, moments
from cli.wording import LOOKS, OUT, age, cut, lasted, status, when
from dropreel.jobs import ATTENTION, Job, Status, iso
from dropreel.redaction import redacted

#: Seconds after the quiet time in which a job that was dropped just now has a record.
SOON = 30.0
Timeout = Annotated[float | None, typer.Option("--timeout", min=0, metavar="SECONDS", help="Give up after this.")]


def show(named: AJob, json_: Json = False, env: Env = None, endpoint_url: EndpointUrl = None) -> None:
    """Tell all about a job: what happened when, what it cost, what went wrong and what to do about it."""
    there = stack.find(env, endpoint_url)
    job = there.job(named)
    found = looks(there, job)
    if json_:
        films = row.as_json(row.row(job, there.store.get))
        print(json.dumps(as_json(job, there.env) | {"looks": _as_json(found), "row": films}))
        return
    _tell(there, job, found, time.time())


def watch(
    jobs: SomeJobs = None,
    timeout: Timeout = None,
    json_: Json = False,
    env: Env = None,
    endpoint_url: EndpointUrl = None,
) -> None:
    """Follow jobs to their ends, a line for each step; without a job, a live table until Ctrl-C."""
    there = stack.find(env, endpoint_url)
    if not jobs:
        live(there, timeout, json_=json_)
        return
    finish(there, [there.job_id(each) for each in jobs], json_=json_, timeout=timeout, patience=SOON)


def _as_json(found: Looks | None) -> dict[str, object] | None:
    if found is None:
        return None
    return {"made": found.made, "next_at": iso(found.next_at) if found.next_at else None, "over": found.over}


def looked(found: Looks, now: float) -> str:
    """How often a job was looked at, and when the next look is: 4, the next in 40s."""
    if found.over:
        return f"{found.made}, and no more"
    made, which = (str(found.made), "next") if found.made else ("none yet", "first")
    due = f"in {age(found.next_at - now)}" if found.next_at > now else "is being made"
    return f"{made}, the {which} {due}"


def _tell(there: Stack, job: Job, found: Looks | None, now: float) -> None:
    OUT.print(Text.assemble(status(job), " late  " if job.late else "  ", (job.place, "bold")), soft_wrap=True)
    OUT.print(_facts(there, job, found, now))
    OUT.print(Text("\nTIMELINE, UTC", style="bold"))
    for moment in sorted(moments(job), key=lambda moment: moment.at):
        OUT.print(line(moment, job.created_at, OUT.width), soft_wrap=True)
    if films := row.row(job, there.store.get):
        OUT.print(Text("\nROW", style="bold"))
        OUT.print(row.told(films, job))
    if job.outputs:
        OUT.print(Text("\nOUTPUTS", style="bold"))
        OUT.print(outputs(job, there.settings.outbox_bucket), soft_wrap=True)
    _explain(job, there.env)


def _facts(there: Stack, job: Job, found: Looks | None, now: float) -> Table:
    facts = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="ellipsis")
    waits = job.status is Status.EXPIRED
    rows = {
        "job": job.job_id,
        "request": job.request_id,
        "model": f"{job.model} at {job.gateway}" if job.gateway else job.model,
        "attempt": str(job.attempt) if job.attempt > 1 else "",
        "progress": job.progress if job.status is Status.SUBMITTED else "",
        "looks": looked(found, now) if found else "",
        "created": when(job.created_at, now) if job.created_at else "",
        "deadline": when(job.deadline_at, now) if job.deadline_at and not job.ended else "",
        "late film": f"until {when(job.deadline_at + there.settings.deadline_seconds, now)}" if waits else "",
        "took": lasted(job.completed_at - job.created_at) if job.completed_at and job.created_at else "",
        "cost": cost(job),
    }
    for name, value in rows.items():
        if value:
            facts.add_row(name, Text(value))
    for name, value in redacted(job.input).items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        facts.add_row(name, Text(cut(text.replace(f"s3://{there.settings.inbox_bucket}/", ""), 300)))
    return facts


def _explain(job: Job, env: str) -> None:
    advice = advise(job, env)
    if job.status is Status.SUCCEEDED:
        return
    style = LOOKS[job.status][0]
    OUT.print()
    code = f" ({job.error['code']})" if job.error else ""
    if trouble(job):
        OUT.print(Text(trouble(job) + code, style=style))
    OUT.print(Text(advice.meaning))
    if advice.todo:
        OUT.print(Padding(Text(f"→ {advice.todo}", style="bold" if job.status in ATTENTION else ""), (0, 0)))
