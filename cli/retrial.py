"""What trying a job once more comes to: what is done, what it may cost, and why it can't be."""

from dataclasses import dataclass

from cli import actions
from cli.actions import Action
from cli.stack import Stack
from dropreel.errors import Mistake
from dropreel.jobs import Job, Status

#: What can be sent again.
SENDABLE = (Status.UNKNOWN, Status.FAILED, Status.EXPIRED, Status.HELD)


@dataclass(frozen=True, kw_only=True)
class Retry:
    """What trying a job once more comes to."""

    #: As it stood when this was decided.
    job: Job
    #: Why it can't be tried; empty where it can.
    problem: str = ""

    @property
    def action(self) -> Action:
        """What is done to it."""
        return actions.retried(self.job)

    @property
    def fetches(self) -> bool:
        """Whether its output is fetched again, and nothing is sent or paid."""
        return self.action.name == "fetch-again"

    def said(self, *, done: bool) -> str:
        """What is told of it."""
        if self.problem or done:
            return self.problem or self.action.done
        if self.fetches:
            return "its output would be fetched again; nothing is paid"
        return f"it would be sent again. {self.action.asks}".strip()

    def as_json(self, *, done: bool) -> dict[str, object]:
        """The same for programs."""
        price = float(self.job.price_usd) if self.job.price_usd is not None else None
        return {
            "job_id": self.job.job_id,
            "place": self.job.place,
            "status": str(self.job.status),
            "does": None if self.problem else "fetch" if self.fetches else "send",
            "may_cost_usd": 0.0 if self.fetches or self.problem else price,
            "done": done and not self.problem,
            "problem": self.problem or None,
        }


def decide(there: Stack, job: Job) -> Retry:
    """What is to be done to a job; nothing to one that a gate holds."""
    if held := actions.held_back(there, job):
        return Retry(job=job, problem=held)
    plan = Retry(job=job)
    if plan.fetches or job.status in SENDABLE:
        return plan
    allowed = ", ".join([*SENDABLE, Status.SUCCEEDED])
    return Retry(job=job, problem=f"it is {job.status}; what can be tried again is {allowed}")


def carry_out(there: Stack, plan: Retry) -> Job:
    """Do it, unless the job stands otherwise by now: what was agreed to is the risk of how it stood. Raises Mistake."""
    was, now = plan.job, there.job(plan.job.job_id)
    if (now.status, now.attempt) != (was.status, was.attempt):
        raise Mistake(f"job {was.job_id}", f"it was {was.status} and is {now.status} by now, so nothing was done")
    return actions.act(there, was, plan.action)
