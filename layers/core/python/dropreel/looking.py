"""Looks at attempts: a message on the deliver queue that comes back, later and later, until its attempt has ended.

A round of Step Functions would cost thirty times as much, and a slow generation takes many. The next look is sent
before anything is done about this one: whoever dies over it is made good by the next.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from dropreel.delivery import Delivery
from dropreel.jobs import Job, Look, Status, next_look, next_wait
from dropreel.measures import measure
from dropreel.messages import Submit, own
from dropreel.queues import Deliveries, Queue, Ticket
from dropreel.store import Store

logger = logging.getLogger(__name__)

#: Seconds between looks at an EXPIRED job, which has waited for long already.
LATE_WAIT = 300


class Looking:
    """Takes what the deliver queue brings: news of a job, and looks at attempts."""

    def __init__(
        self,
        *,
        store: Store,
        delivery: Delivery,
        deliveries: Deliveries,
        intake: Queue,
        poll_seconds: int,
        late_seconds: int,
        resubmit_unknown: bool,
        max_error_retries: int,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._delivery = delivery
        self._deliveries = deliveries
        self._intake = intake
        self._poll_seconds = poll_seconds
        self._late_seconds = late_seconds
        self._resubmit_unknown = resubmit_unknown
        self._max_error_retries = max_error_retries
        self._clock = clock

    def take(self, ticket: Ticket) -> None:
        """Do what a message asks for."""
        early = ticket.due - self._clock()
        if early >= 1:  # no message can be delayed for as long as a look may have to be
            self._deliveries.put_back(ticket, early)
            return
        job = self._store.get(ticket.job_id)
        if ticket.watch:
            self._look(job, ticket)
        elif job:
            self._delivery.deliver(job, ticket)

    def _look(self, job: Job | None, ticket: Ticket) -> None:
        measure("Look")
        now = self._clock()
        resubmit = self._resubmit_unknown and job is not None and job.errors < self._max_error_retries
        what = next_look(
            job, ticket.watch, ticket.since, now, late_seconds=self._late_seconds, resubmit_unknown=resubmit
        )
        if what in (Look.STOP, Look.RESUME):
            if job:
                self._act(what, job, ticket)
            return
        wait = self._wait(job, ticket, now)
        self._deliveries.look(
            ticket.job_id, ticket.watch, since=ticket.since, now=now, delay=wait, looks=ticket.looks + 1
        )
        if job:
            self._try(what, job, ticket)

    def _wait(self, job: Job | None, ticket: Ticket, now: float) -> float:
        """Seconds until the next look: there is one at the deadline, and at the end of the late ones."""
        wait = float(next_wait(ticket.looks, first=self._poll_seconds))
        if job is None or job.execution_name != ticket.watch:
            return wait
        if job.status is Status.EXPIRED:
            return max(wait, min(LATE_WAIT, self._late_seconds))
        return max(1.0, min(wait, job.deadline_at - now + 0.5)) if now < job.deadline_at else wait

    def _try(self, what: Look, job: Job, ticket: Ticket) -> None:
        """Act, and leave what fails to the next look: the message of this one, come again, would send another next."""
        try:
            self._act(what, job, ticket)
        except Exception:
            logger.exception("the look failed; the next one is on its way", extra={"job_id": ticket.job_id})
            measure("Failure")

    def _act(self, what: Look, job: Job, ticket: Ticket) -> None:
        match what:
            case Look.ASK:
                self._delivery.deliver(job, ticket)
            case Look.LOST:
                if self._store.lost(job, "the submitter died after its intent was written"):
                    measure("Unknown")
            case Look.RESUBMIT:
                reason = "its answer was lost; sent again as resubmit_unknown allows"
                if self._store.resubmit(job, job.errors + 1, reason):
                    self._intake.send(own(Submit(job.job_id)))
            case Look.RESUME:
                self._intake.send(own(Submit(job.job_id)))
            case Look.STOP | Look.WAIT:
                pass
