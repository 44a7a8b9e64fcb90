"""Delivering a job's outcome: ask the gateway itself, copy, and end the job. The only writer of outputs.

A lease keeps two deliveries of a job apart. It is short and renewed while bytes flow, so a delivery that died is
replaced soon: its attempt's watch finds the lease run out. Everything it does can be done again: keys are
deterministic, the source is read by request id, and nothing here can buy anything.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from dropreel.aws.budget import Budget
from dropreel.aws.executions import Executions
from dropreel.aws.jobs_table import JobsTable
from dropreel.aws.queues import ComeAgain, Queue, go_on, resume
from dropreel.delivery.ending import Ending, labels
from dropreel.errors import MediaUnavailable, NotSent, StatusUnavailable
from dropreel.gateways import Answer, Gateway
from dropreel.jobs import SETTLED, Job, Status
from dropreel.measures import measure
from dropreel.redaction import redact
from dropreel.transfer.copying import Copier, Output

logger = logging.getLogger(__name__)

#: Seconds that a lease lasts without being renewed.
LEASE = 60.0
#: Seconds that a job's outputs may take to be copied, or it is a try that failed. It leaves time within the function's
#: timeout: a copy that is ended by that would count as no try, and would begin again for ever.
LONGEST_COPY = 720.0
#: How long (seconds) the pauses between tries may be in all, which are 1, 2, 4 …: a CDN may remember for a while that
#: it had no such file. They are no longer than what the job itself was given until its deadline.
PATIENCE = 70.0
#: The same at least, and where asking again soon is unlikely to help: no address, or a host that is not allowed.
LITTLE_PATIENCE = 10.0
#: Seconds until a message comes again whose job was claimed by somebody else in this very moment.
MOMENT = 2.0


class LeaseLost(ComeAgain):
    """Somebody else has taken over this delivery, and may die over it: the message stays until the job has ended."""

    def __init__(self, job_id: str) -> None:
        super().__init__(LONGEST_COPY)
        logger.warning("another delivery took over", extra={"job_id": job_id})


class Delivery:
    """Looks at outcomes and brings them to the outbox."""

    def __init__(
        self,
        *,
        store: JobsTable,
        budget: Budget,
        gateway: Callable[[str], Gateway],
        copier: Copier,
        ending: Ending,
        intake: Queue,
        watches: Executions,
        max_error_retries: int,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._budget = budget
        self._gateway = gateway
        self._copier = copier
        self._ending = ending
        self._intake = intake
        self._watches = watches
        self._max_error_retries = max_error_retries
        self._clock = clock

    def deliver(self, job_id: str, owner: str) -> None:
        """Bring a job's outcome to the outbox, as far as there is one; `owner` is the message that asks for it.

        Raises ComeAgain: while somebody else is at it, or takes over, and until the next try at its outputs.
        """
        job = self._store.get(job_id)
        if job is None:
            return
        if job.status in SETTLED:
            self._go_on(job)  # whoever ended it may have died before the next was told of
            return
        if job.status is Status.HELD:
            if not job.gate:  # an ERROR's resubmission whose message may have been lost
                self._intake.send(resume(job.job_id))
            return
        if job.lease_until > self._clock() and job.lease_owner != owner:
            raise ComeAgain(job.lease_until - self._clock())
        answer = self._outcome(job)
        if isinstance(answer, str):
            self._unfinished(job, owner, answer)
        elif answer.status == "ERROR":
            self._error(job, owner, answer)
        elif job.status is not Status.EXPIRED or answer.status == "COMPLETED":
            self._conclude(job, owner, answer)

    def _outcome(self, job: Job) -> Answer | str:
        """The outcome on record, or the gateway's own word; while there is none, what was last heard, in words."""
        if job.outcome:
            return Answer("DECLINED", error=job.outcome["message"])
        if not job.request_id:
            return job.reason or "nothing was heard"
        try:
            answer = self._gateway(job.gateway).status(job.request_id)
        except (StatusUnavailable, NotSent) as error:
            logger.warning("no status: %s", error, extra={"job_id": job.job_id})
            return redact(str(error))
        return answer if answer.ended else f"the gateway's last word is {answer.status}"

    def _unfinished(self, job: Job, owner: str, heard: str) -> None:
        """The end was a false alarm, or the deadline has passed; the watch goes on either way."""
        if job.status is Status.EXPIRED or self._clock() < job.deadline_at:
            return
        seconds = round(job.deadline_at - job.submitting_at)
        message = f"no outcome within {seconds} s: {heard}; it may have been paid"
        self._end(self._claim(job, owner), Status.EXPIRED, "expired", message)

    def _error(self, job: Job, owner: str, answer: Answer) -> None:
        """ERROR is not charged, so the job may be sent again; a new attempt has a new token and a new watch."""
        self._budget.release(job)
        if job.status is Status.EXPIRED:
            return
        errors = job.errors + 1
        said = answer.error or "no message"
        if errors > self._max_error_retries:
            self._end(self._claim(job, owner), Status.FAILED, "error", f"ERROR {errors} times, the last: {said}")
        elif self._store.resubmit(
            job, errors, f"ERROR (not charged): {said}; resubmit {errors} of {self._max_error_retries}"
        ):
            self._intake.send(resume(job.job_id))
            self._watches.stop(job.execution_name)

    def _conclude(self, job: Job, owner: str, answer: Answer) -> None:
        claimed = self._claim(job, owner)
        if answer.status == "DECLINED":
            self._end(claimed, Status.FAILED, (job.outcome or {}).get("code", "declined"), answer.error)
        elif answer.status == "FAILED":
            self._end(claimed, Status.FAILED, "failed", answer.error or "the gateway gave no message")
        elif not answer.media_urls:
            seen = answer.error or "the gateway completed it without an output"
            self._end(claimed, Status.FAILED, "output_unavailable", seen)
        else:
            self._copy(claimed, answer)

    def _claim(self, job: Job, owner: str) -> Job:
        """Take the lease. Raises ComeAgain."""
        until = self._clock() + LEASE
        if not self._store.claim(job, owner, until):
            raise ComeAgain(MOMENT)
        status = job.status if job.status is Status.EXPIRED else Status.DELIVERING
        return job.evolve(status=status, lease_owner=owner, lease_until=until, claims=job.claims + 1)

    def _copy(self, job: Job, answer: Answer) -> None:
        try:
            outputs = self._copy_all(job, answer)
        except MediaUnavailable as problem:
            self._try_again(job, problem)
            return
        listed = tuple(output.listed() for output in outputs)
        self._finish(job, job.evolve(status=Status.SUCCEEDED, outputs=listed, error=None, late=_is_late(job)))

    def _copy_all(self, job: Job, answer: Answer) -> list[Output]:
        beat = self._beat(job)
        copies = []
        for number, url in enumerate(answer.media_urls, start=1):
            name = f"{job.place}-{job.job_id}" + (f"-{number}" if number > 1 else "")
            copies.append(self._copier.copy(url, name, labels(job), beat))
        return copies

    def _beat(self, job: Job) -> Callable[[], None]:
        """What keeps the lease while bytes flow, and ends a copy that takes too long."""
        began = last_beat = self._clock()

        def beat() -> None:
            nonlocal last_beat
            now = self._clock()
            if now - began > LONGEST_COPY:
                raise MediaUnavailable(f"it could not be copied within {LONGEST_COPY / 60:.0f} minutes")
            if now - last_beat > LEASE / 4:
                if not self._store.renew(job, now + LEASE):
                    raise LeaseLost(job.job_id)
                last_beat = now

        return beat

    def _try_again(self, job: Job, problem: MediaUnavailable) -> None:
        """Ask again later, with a fresh URL from the gateway; give up when that has gone on for long enough."""
        said = redact(str(problem))
        logger.warning("try %d: %s", job.tries + 1, said, extra={"job_id": job.job_id})
        pause = 2.0**job.tries
        if 2 * pause - 1 > _patience(job, problem):  # 1 + 2 + 4 + … + this pause
            self._end(job, Status.FAILED, "output_unavailable", said)
        # The lease outlasts the pause, so that nobody else tries meanwhile. It counts the tries as well: those of the
        # message would be those of waiting for somebody else's lease, too, and another message's would begin anew.
        elif self._store.postpone(job, self._clock() + pause + LEASE, job.tries + 1):
            raise ComeAgain(pause)
        else:
            raise LeaseLost(job.job_id)

    def _end(self, job: Job, status: Status, code: str, message: str) -> None:
        late = _is_late(job) and status is not Status.EXPIRED
        self._finish(job, job.evolve(status=status, error={"code": code, "message": message}, late=late))

    def _finish(self, was: Job, ended: Job) -> None:
        """Write manifest, event and record, unless this delivery has lost its lease by now."""
        now = self._clock()
        if now > was.lease_until - LEASE / 2 and not self._store.renew(was, now + LEASE):
            raise LeaseLost(was.job_id)
        ended = ended.evolve(completed_at=now)
        if not self._ending.end(ended, was):
            # Perhaps the write was ours, and its answer was lost: the record will tell.
            raise ComeAgain(MOMENT)
        measure(ended.status.capitalize())
        if ended.status is not Status.EXPIRED:  # a late outcome may come
            self._watches.stop(ended.execution_name)
        self._go_on(ended)
        logger.info("%s", ended.status, extra={"job_id": ended.job_id})

    def _go_on(self, job: Job) -> None:
        """Have the next of its row made, now that the record says what it is made from."""
        if job.then and job.status is Status.SUCCEEDED:
            self._intake.send(go_on(job.job_id, job.newest_drop))


def _is_late(job: Job) -> bool:
    """Whether it has EXPIRED before, and perhaps been adopted since."""
    return job.late or job.status is Status.EXPIRED


def _patience(job: Job, problem: MediaUnavailable) -> float:
    if problem.final:
        return LITTLE_PATIENCE
    return max(LITTLE_PATIENCE, min(PATIENCE, job.deadline_at - job.submitting_at))
