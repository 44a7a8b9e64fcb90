"""What an operator may do to a job that can't help itself. Each is a decision of a person's, and says what it risks.

Each verb first sends what will see to the job, delayed, and then changes the job: whatever ends the command in between,
nothing is left that nobody looks after.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from dropreel.aws.executions import Executions
from dropreel.aws.gates import Gates
from dropreel.aws.jobs_table import GIVEN_UP, JobsTable
from dropreel.aws.queues import Deliveries, Queue, go_on, resume
from dropreel.delivery.delivery import LEASE
from dropreel.delivery.ending import Ending
from dropreel.errors import Mistake
from dropreel.jobs import Job, Status, is_request_id
from dropreel.outcome.watch import first_state

#: Seconds after which somebody else sees to a job if its operator's command has not.
LATER = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """The verbs of the command line, for one environment."""

    store: JobsTable
    gates: Gates
    deliveries: Deliveries
    intake: Queue
    watches: Executions
    ending: Ending
    clock: Callable[[], float]

    def adopt(self, job_id: str, request_id: str, *, deadline_seconds: int) -> Job:
        """Tell an UNKNOWN or EXPIRED job which request of the gateway's is its own; that has as much time as a new one.

        Nothing is paid. Raises Mistake.
        """
        if not is_request_id(request_id):
            raise Mistake("request_id", "is not a request id", "1 to 256 printable characters")
        job = self._job(job_id, "adopted", Status.UNKNOWN, Status.EXPIRED)
        deadline_at = self._look_after(job, deadline_seconds)
        if not self.store.adopt(job, request_id, deadline_at):
            raise _changed(job)
        self.deliveries.wake(job_id)
        return self._now(job)

    def resend(self, job_id: str) -> Job:
        """Send a job again: HELD, that costs nothing; UNKNOWN, perhaps a second payment; ended, a new one.

        Raises Mistake.
        """
        job = self._job(job_id, "sent again", Status.HELD, Status.UNKNOWN, Status.FAILED, Status.EXPIRED)
        if job.status is not Status.HELD:
            self.intake.send(resume(job_id), delay=LATER)
            if not self.store.resubmit(job, 0, "sent again by an operator"):
                raise _changed(job)
        self.intake.send(resume(job_id))
        return self._now(job)

    def go_on(self, job_id: str) -> Job:
        """Have the first job of a row made that follows this one and has no film; one that failed is paid anew.

        Raises Mistake.
        """
        job = self._job(job_id, "followed", Status.SUCCEEDED)
        if not job.then:
            raise Mistake("job", "is followed by none", "a job of a row, whose manifest names the next in then")
        self.intake.send(go_on(job_id, f"wish-{secrets.token_hex(8)}"))
        return job

    def redeliver(self, job_id: str, *, deadline_seconds: int) -> Job:
        """Fetch the output of a job once more from the gateway, in place of what is there; nothing is paid.

        Raises Mistake.
        """
        job = self._job(job_id, "delivered again", Status.FAILED, Status.SUCCEEDED)
        failed_otherwise = job.status is Status.FAILED and (job.error or {}).get("code") != "output_unavailable"
        if not job.request_id or failed_otherwise:
            allowed = "a job that SUCCEEDED, or FAILED as output_unavailable"
            raise Mistake("job", "did not fail for its output", allowed)
        deadline_at = self._look_after(job, deadline_seconds)
        if not self.store.reopen(job, deadline_at):
            raise _changed(job)
        self.deliveries.wake(job_id)
        return self._now(job)

    def give_up(self, job_id: str) -> Job:
        """End a job that is WAITING, HELD or UNKNOWN; what an UNKNOWN one may have cost is spent. Raises Mistake."""
        job = self._job(job_id, "given up", Status.WAITING, Status.HELD, Status.UNKNOWN)
        if job.status is Status.WAITING:
            self.store.clear_waiting(job_id)
            return job
        self.deliveries.wake(job_id, delay=LATER)
        if not self.store.given_up(job):
            raise _changed(job)
        if job.gate:
            self.gates.unmark(job.gate, job_id)
        self._end(job.evolve(status=Status.DELIVERING))
        return self._now(job)

    def _end(self, job: Job) -> None:
        """End a job that was given up, unless a delivery is faster."""
        now = self.clock()
        owner = f"operator-{now}"
        if not self.store.claim(job, owner, now + LEASE):
            return
        claimed = job.evolve(lease_owner=owner, lease_until=now + LEASE, claims=job.claims + 1)
        error = {"code": "given_up", "message": GIVEN_UP}
        self.ending.end(claimed.evolve(status=Status.FAILED, error=error, completed_at=now), claimed)

    def _job(self, job_id: str, done: str, *allowed: Status) -> Job:
        """The job, if it stands so that this can be done to it. Raises Mistake."""
        job = self.store.get(job_id)
        if job is None:
            raise Mistake("job", f"{job_id!r} does not exist", "the id of a job")
        if job.status not in allowed:
            *most, last = allowed
            only = f"{', '.join(most)} or {last}" if most else last
            raise Mistake(f"job {job_id}", f"it is {job.status}; only {only} can be {done}")
        return job

    def _look_after(self, job: Job, deadline_seconds: int) -> float:
        """Begin another watch over a job's last attempt, for its own may be over; the deadline that the job gets."""
        now = self.clock()
        deadline_at = now + deadline_seconds
        name = job.evolve(deadline_at=deadline_at).another_execution_name
        self.watches.start(name, first_state(job, since=now, calls_back=False, wait=LATER))
        return deadline_at

    def _now(self, job: Job) -> Job:
        return self.store.get(job.job_id) or job


def _changed(job: Job) -> Mistake:
    return Mistake("job", "has changed in this moment", f"a job that stays {job.status}: look again")
