"""A row of films, each made from the one before: its jobs, and what is still to become one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from cli.summary import cost
from cli.wording import status
from dropreel.jobs import Job


@dataclass(frozen=True, kw_only=True)
class Step:
    """One film of a row."""

    number: int
    job_id: str
    model: str
    #: None: it is made once the film before it is there.
    job: Job | None


def row(job: Job, get: Callable[[str], Job | None]) -> Sequence[Step]:
    """All the films of a job's row, the first one first; none where it is alone."""
    jobs = [job]
    while jobs[0].step > 1 and (before := get(str(jobs[0].source["of"]))):
        jobs.insert(0, before)
    while jobs[-1].then and (after := get(jobs[-1].next_id)):
        jobs.append(after)
    made = [Step(number=each.step, job_id=each.job_id, model=each.model, job=each) for each in jobs]
    steps = [*made, *_to_come(jobs[-1])]
    return steps if len(steps) > 1 else []


def _to_come(last: Job) -> Iterator[Step]:
    for ahead, step in enumerate(last.then, start=1):
        job_id = last.next_id if ahead == 1 else ""
        yield Step(number=last.step + ahead, job_id=job_id, model=step["model"], job=None)


def told(steps: Sequence[Step], here: Job) -> Table:
    """A line for each, the one that is being looked at marked."""
    lines = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for step in steps:
        lines.add_row(
            Text("→" if step.job_id == here.job_id else ""),
            Text(f"step {step.number}"),
            status(step.job) if step.job else Text("to come", style="dim"),
            Text(step.model),
            Text(step.job_id, style="dim"),
            Text(cost(step.job) if step.job else "", style="dim"),
        )
    return lines


def as_json(steps: Sequence[Step]) -> list[dict[str, object]]:
    """For programs."""
    return [
        {
            "step": step.number,
            "job_id": step.job_id or None,
            "model": step.model,
            "status": str(step.job.status) if step.job else None,
        }
        for step in steps
    ]
