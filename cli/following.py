"""Following jobs to their ends, one line for each thing that happens."""

import json
import time
from collections.abc import Sequence

import typer

from cli.advice import advise
from cli.exits import FAILED
from cli.stack import Stack
from cli.summary import as_json, cost, outputs
from cli.timeline import Moment, line, moments
from cli.wording import ERR, OUT, said
from dropreel.jobs import ATTENTION, RETRIABLE, Job, Status

#: Seconds between two looks.
GLANCE = 0.5
#: Seconds after the quiet time in which a dropped job must have a record.
PATIENCE = 300.0


def finish(
    stack: Stack,
    job_ids: Sequence[str],
    *,
    json_: bool,
    timeout: float | None,
    newer: Job | None = None,
    patience: float = PATIENCE,
) -> None:
    """Follow jobs until all have ended; ends the command with FAILED if one did not succeed in time.

    `newer` is a job as it was before it was dropped again: its old end is none. A job must have a record `patience`
    seconds after the quiet time.
    """
    open_ = {job_id: Follower(stack, newer, json_=json_) for job_id in job_ids}
    begun = time.monotonic()
    bad = False
    while open_:
        for job_id, follower in list(open_.items()):
            job = stack.store.get(job_id)
            if follower.see(job) and job is not None:
                bad = bad or job.status is not Status.SUCCEEDED
                del open_[job_id]
        waited = time.monotonic() - begun
        if open_ and timeout is not None and waited >= timeout:
            said(f"after {timeout:g} s, not ended: {', '.join(open_)}")
            raise typer.Exit(FAILED)
        absent = [job_id for job_id, follower in open_.items() if not follower.seen]
        if absent and waited >= stack.settings.quiet_seconds + patience:
            said(f"there is no job {', '.join(absent)} yet; `dropreel doctor` looks at the queues")
            raise typer.Exit(FAILED)
        if open_:
            time.sleep(GLANCE)
    if bad:
        raise typer.Exit(FAILED)


class Follower:
    """Tells of one job what has not been told yet."""

    def __init__(self, stack: Stack, newer: Job | None, *, json_: bool) -> None:
        self._stack = stack
        self._newer = newer if newer is not None and newer.status in RETRIABLE else None
        self._json = json_
        self._told: set[Moment] = set(moments(self._newer)) if self._newer else set()
        self._last: Job | None = None
        #: Whether there has been a record of the job.
        self.seen = False

    def see(self, job: Job | None) -> bool:
        """Tell what is new; True when the job has ended."""
        if job is None or (self._newer is not None and job.completed_at == self._newer.completed_at and job.ended):
            return False
        self.seen = True
        changed = self._last is None or (job.status, job.progress, job.history) != (
            self._last.status,
            self._last.progress,
            self._last.history,
        )
        turned = self._last is None or job.status is not self._last.status
        self._last = job
        if changed and self._json:
            print(json.dumps(as_json(job, self._stack.env)), flush=True)
        elif changed:
            self._tell(job, turned=turned)
        return job.ended

    def _tell(self, job: Job, *, turned: bool) -> None:
        for moment in moments(job):
            if moment not in self._told:
                self._told.add(moment)
                OUT.print(line(moment, job.created_at, OUT.width), soft_wrap=True)
        advice = advise(job, self._stack.env)
        if turned and job.status in ATTENTION:
            told = f"{advice.meaning} {advice.todo}".strip()
            ERR.print(f"{told} Ctrl-C leaves it to itself.", style="dim", markup=False)
        if job.status is Status.SUCCEEDED:
            OUT.print(outputs(job, self._stack.settings.outbox_bucket), soft_wrap=True)
            OUT.print(f"cost: {cost(job)}")
        elif job.ended:
            said((job.error or {}).get("message", ""))
            ERR.print(f"{advice.meaning} {advice.todo}", markup=False)
