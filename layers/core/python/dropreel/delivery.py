"""Delivering a job's outcome: ask the gateway itself, copy, and end the job. The only writer of outputs.

A lease keeps two deliveries of a job apart. It is short and renewed while bytes flow, so a delivery that died is
replaced soon: by the next look at its attempt, or by its own message. Everything it does can be done again: keys are
deterministic, the source is read by request id, and nothing here can buy anything.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from dropreel.copying import Copier, Output
from dropreel.ending import Ending, labels
from dropreel.errors import MediaUnavailable, NotSent, StatusUnavailable
from dropreel.gates import Gates
from dropreel.gateways import Answer, Gateway
from dropreel.jobs import SETTLED, Job, Status
from dropreel.measures import measure
from dropreel.messages import Submit, own
from dropreel.queues import Deliveries, Queue, Ticket, Watch
from dropreel.redaction import redact
from dropreel.settle import settle
from dropreel.store import Store

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
#: How often news of a job come again that somebody else is delivering.
COMES_BACK = 5


class LeaseLost(Exception):
    """Somebody else has taken over this delivery."""


class Delivery:
    """Looks at outcomes and brings them to the outbox."""

    def __init__(
        self,
        *,
        store: Store,
        gates: Gates,
        gateway: Callable[[str], Gateway],
        copier: Copier,
        ending: Ending,
        deliveries: Deliveries,
        intake: Queue,
        watch: Watch,
        max_error_retries: int,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._gates = gates
        self._gateway = gateway
        self._copier = copier
        self._ending = ending
        self._deliveries = deliveries
        self._intake = intake
        self._watch = watch
        self._max_error_retries = max_error_retries
        self._clock = clock

    def deliver(self, job: Job, ticket: Ticket) -> None:
        """Bring a job's outcome to the outbox, as far as there is one."""
        if job.status in SETTLED:
            return
        if job.status is Status.HELD:
            if not job.gate:  # an ERROR's resubmission whose message may have been lost
                self._intake.send(own(Submit(job.job_id)))
            return
        if job.lease_until > self._clock() and job.lease_owner != ticket.owner:
            self._later(ticket, min(60.0, job.lease_until - self._clock()))
            return
        answer = self._outcome(job, ticket)
        if answer is None:
            self._unfinished(job, ticket)
        elif answer.status == "ERROR":
            self._error(job, ticket, answer)
        elif job.status is Status.EXPIRED and answer.status != "COMPLETED":
            return
        else:
            self._conclude(job, ticket, answer)

    def _later(self, ticket: Ticket, delay: float) -> None:
        """Come back, a few times: for a look the next one is on its way, and the looks take over from whoever dies."""
        if not ticket.watch and ticket.looks < COMES_BACK:
            self._deliveries.wake(ticket.job_id, looks=ticket.looks + 1, delay=delay)

    def _outcome(self, job: Job, ticket: Ticket) -> Answer | None:
        """The outcome on record, or the gateway's own word; None while there is none."""
        if job.outcome:
            return Answer("DECLINED", error=job.outcome["message"])
        if not job.request_id:
            return None
        try:
            answer = self._gateway(job.gateway).status(job.request_id)
        except (StatusUnavailable, NotSent) as error:
            logger.warning("no status: %s", error, extra={"job_id": job.job_id})
            return None
        if job.status is not Status.EXPIRED and (ticket.watch if answer.ended else answer.status != job.progress):
            settle(
                self._store,
                job.job_id,
                status=answer.status,
                request_id=job.request_id,
                proof={"attempt": job.attempt},
            )
        return answer if answer.ended else None

    def _unfinished(self, job: Job, ticket: Ticket) -> None:
        """The end was a false alarm, or the deadline has passed; the looks go on either way."""
        if job.status is Status.EXPIRED or self._clock() < job.deadline_at:
            return
        claimed = self._claim(job, ticket)
        if claimed:
            seconds = round(job.deadline_at - job.submitting_at)
            self._end(claimed, Status.EXPIRED, "expired", f"no outcome within {seconds} s")

    def _error(self, job: Job, ticket: Ticket, answer: Answer) -> None:
        """ERROR is not charged, so the job may be sent again; a new attempt has a new token, watch and looks."""
        self._gates.release(job)
        if job.status is Status.EXPIRED:
            return
        errors = job.errors + 1
        said = answer.error or "no message"
        if errors > self._max_error_retries:
            claimed = self._claim(job, ticket)
            if claimed:
                self._end(claimed, Status.FAILED, "error", f"ERROR {errors} times, the last: {said}")
        elif self._store.resubmit(
            job, errors, f"ERROR (not charged): {said}; resubmit {errors} of {self._max_error_retries}"
        ):
            self._intake.send(own(Submit(job.job_id)))

    def _conclude(self, job: Job, ticket: Ticket, answer: Answer) -> None:
        claimed = self._claim(job, ticket)
        if claimed is None:
            return
        if answer.status == "DECLINED":
            self._end(claimed, Status.FAILED, (job.outcome or {}).get("code", "declined"), answer.error)
        elif answer.status == "FAILED":
            self._end(claimed, Status.FAILED, "failed", answer.error or "the gateway gave no message")
        else:
            self._copy(claimed, ticket, answer)

    def _claim(self, job: Job, ticket: Ticket) -> Job | None:
        until = self._clock() + LEASE
        if not self._store.claim(job, ticket.owner, until):
            self._later(ticket, 2)
            return None
        status = job.status if job.status is Status.EXPIRED else Status.DELIVERING
        return job.evolve(status=status, lease_owner=ticket.owner, lease_until=until, claims=job.claims + 1)

    def _copy(self, job: Job, ticket: Ticket, answer: Answer) -> None:
        try:
            outputs = self._copy_all(job, answer)
        except MediaUnavailable as problem:
            self._try_again(job, ticket, problem)
            return
        except LeaseLost:
            logger.warning("another delivery took over", extra={"job_id": job.job_id})
            return
        listed = tuple(output.listed() for output in outputs)
        self._finish(
            job, job.evolve(status=Status.SUCCEEDED, outputs=listed, error=None, late=job.status is Status.EXPIRED)
        )

    def _copy_all(self, job: Job, answer: Answer) -> list[Output]:
        if not answer.media_urls:
            raise MediaUnavailable("the gateway completed it without an output", final=True)
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
                    raise LeaseLost
                last_beat = now

        return beat

    def _try_again(self, job: Job, ticket: Ticket, problem: MediaUnavailable) -> None:
        """Ask again later, with a fresh URL from the gateway; give up when that has gone on for long enough."""
        tries = ticket.tries + 1
        said = redact(str(problem))
        logger.warning("try %d: %s", tries, said, extra={"job_id": job.job_id})
        pause = 2.0**ticket.tries
        if 2 * pause - 1 > _patience(job, problem):  # 1 + 2 + 4 + … + this pause
            self._end(job, Status.FAILED, "output_unavailable", said)
            return
        # The lease outlasts the pause, so that no look starts a second row of tries meanwhile.
        if self._store.renew(job, self._clock() + pause + LEASE):
            self._deliveries.wake(job.job_id, tries=tries, owner=job.lease_owner, delay=pause)

    def _end(self, job: Job, status: Status, code: str, message: str) -> None:
        late = job.status is Status.EXPIRED
        self._finish(job, job.evolve(status=status, error={"code": code, "message": message}, late=late))

    def _finish(self, was: Job, ended: Job) -> None:
        """Write manifest, event and record, unless this delivery has lost its lease by now."""
        now = self._clock()
        if now > was.lease_until - LEASE / 2 and not self._store.renew(was, now + LEASE):
            logger.warning("another delivery took over", extra={"job_id": was.job_id})
            return
        ended = ended.evolve(completed_at=now)
        if self._ending.end(ended, was):
            measure(ended.status.capitalize())
            self._watch.stop(ended)
        logger.info("%s", ended.status, extra={"job_id": ended.job_id})


def _patience(job: Job, problem: MediaUnavailable) -> float:
    if problem.final:
        return LITTLE_PATIENCE
    return max(LITTLE_PATIENCE, min(PATIENCE, job.deadline_at - job.submitting_at))
