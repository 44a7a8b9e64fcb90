"""The watch over an attempt: Step Functions waits, and each time it has waited it asks here how the job stands.

Nothing here writes an output: what has ended is put on the deliver queue. Whatever fails here is done again by the
state machine, from the same state.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypedDict

from dropreel.aws.executions import whole_seconds
from dropreel.aws.jobs_table import JobsTable
from dropreel.aws.queues import Deliveries, Queue, resume
from dropreel.errors import NotSent, StatusUnavailable
from dropreel.gateways import Answer, Gateway
from dropreel.jobs import Job, Look, Rhythm, Status, next_look, next_wait, watch_is_over
from dropreel.measures import measure
from dropreel.outcome.settle import settle

logger = logging.getLogger(__name__)


class State(TypedDict):
    """What the state machine carries from look to look; no secret is in it."""

    job_id: str
    #: The attempt's execution name.
    watch: str
    #: When the attempt began, epoch seconds.
    since: float
    #: Whether a callback is expected.
    calls_back: bool
    #: Looks so far.
    looks: int
    #: Seconds until the next look.
    wait: int
    done: bool


def first_state(job: Job, *, since: float, calls_back: bool, wait: float) -> State:
    """What the watch of a job's last attempt begins with."""
    return State(
        job_id=job.job_id,
        watch=job.execution_name,
        since=since,
        calls_back=calls_back,
        looks=0,
        wait=whole_seconds(wait),
        done=False,
    )


class Poll:
    """Looks at attempts on behalf of their watches."""

    def __init__(
        self,
        *,
        store: JobsTable,
        gateway: Callable[[str], Gateway],
        deliveries: Deliveries,
        intake: Queue,
        poll_seconds: int,
        late_seconds: int,
        resubmit_unknown: bool,
        max_error_retries: int,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._gateway = gateway
        self._deliveries = deliveries
        self._intake = intake
        self._poll_seconds = poll_seconds
        self._late_seconds = late_seconds
        self._resubmit_unknown = resubmit_unknown
        self._max_error_retries = max_error_retries
        self._clock = clock

    def look(self, state: State) -> State:
        """See how an attempt stands, have done what that calls for, and return the watch's next state."""
        job, now = self._store.get(state["job_id"]), self._clock()
        resubmit = self._resubmit_unknown and job is not None and job.errors < self._max_error_retries
        found = next_look(job, state["watch"], state["since"], now, resubmit_unknown=resubmit)
        if job and not self._act(found, job):
            found = Look.WAIT
        looks = state["looks"] + 1
        rhythm = Rhythm.of(calls_back=state["calls_back"], first_poll_seconds=0, poll_seconds=self._poll_seconds)
        wait = next_wait(job, state["watch"], rhythm.wait(looks), now, late_seconds=self._late_seconds)
        done = watch_is_over(job, found, now, late_seconds=self._late_seconds)
        return {**state, "looks": looks, "wait": whole_seconds(wait), "done": done}

    def _act(self, found: Look, job: Job) -> bool:
        """Do what a look leads to; False if the job has changed in this moment."""
        match found:
            case Look.ASK:
                self._ask(job)
            case Look.WAKE:
                self._deliveries.wake(job.job_id)
            case Look.LOST:
                if self._store.lost(job, "the submitter died after its intent was written"):
                    measure("Unknown")
            case Look.RESUBMIT:
                reason = "its answer was lost; sent again as resubmit_unknown allows"
                if not self._store.resubmit(job, job.errors + 1, reason):
                    return False
                self._intake.send(resume(job.job_id))
            case Look.RESUME:
                self._intake.send(resume(job.job_id))
            case Look.STOP | Look.WAIT:
                pass
        return True

    def _ask(self, job: Job) -> None:
        """Take the gateway's word as news, and have the delivery woken by an end."""
        try:
            answer = self._gateway(job.gateway).status(job.request_id)
        except (StatusUnavailable, NotSent) as error:
            logger.warning("no status: %s", error, extra={"job_id": job.job_id})
            return
        if job.status is not Status.EXPIRED and (answer.ended or answer.status != job.progress):
            proof = {"attempt": job.attempt}
            settle(self._store, job.job_id, status=answer.status, request_id=job.request_id, proof=proof)
        if _wakes(job, answer):
            self._deliveries.wake(job.job_id)


def _wakes(job: Job, answer: Answer) -> bool:
    """Whether there is something to deliver: of an expired job a film, or a reservation to give back."""
    if job.status is not Status.EXPIRED:
        return answer.ended
    return answer.status == "COMPLETED" or (answer.status == "ERROR" and bool(job.reserved_day))
