"""A closed gate's execution: each time it has waited, one held job is sent as a probe; once one is answered, all the
others are let go, batch by batch.

Whatever fails here is done again by the state machine, from the same state.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from decimal import Decimal

from dropreel.aws.budget import Budget
from dropreel.aws.executions import whole_seconds
from dropreel.aws.gates import BUDGET, Gate, Gates
from dropreel.aws.jobs_table import JobsTable
from dropreel.aws.queues import Queue, resume
from dropreel.jobs import SUBMIT_WINDOW, Job, Status, day_of
from dropreel.measures import measure
from dropreel.submit.admission import Admission, Outcome
from dropreel.submit.holding import Holding, State

logger = logging.getLogger(__name__)

#: Held jobs tried by one probe, should the first ones have ended meanwhile, or cost more than is left.
PROBES = 10
#: Probes after which another execution takes over: a standard execution lasts for a year at most, and there may be a
#: day between two probes. Its history has room for 25,000 events, and one probe makes some ten.
MOST_ROUNDS = 300


class Probe:
    """Goes the rounds of the gates' executions."""

    def __init__(
        self,
        *,
        store: JobsTable,
        gates: Gates,
        budget: Budget,
        holding: Holding,
        admission: Admission,
        intake: Queue,
        daily_budget_usd: Decimal | None,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._gates = gates
        self._budget = budget
        self._holding = holding
        self._admission = admission
        self._intake = intake
        self._limit = daily_budget_usd
        self._clock = clock

    def round(self, state: State) -> State:
        """Probe a gate, or let a batch go from behind it, and return the execution's next state."""
        gate = self._gates.get(state["gate"])
        if gate.closed and gate.execution != state["execution"]:
            return {**state, "done": True}  # somebody has closed it anew
        if not gate.closed and gate.execution != state["execution"] and not state["rounds"]:
            # Whoever has started this execution is about to close the gate, or has died.
            return {**state, "rounds": 1, "wait": whole_seconds(SUBMIT_WINDOW)}
        if not gate.closed:
            more = self._holding.release(gate.name, self._intake)
            return {**state, "open": more, "done": not more}
        rounds = state["rounds"]
        if gate.next_probe_at - self._clock() < 1:
            if rounds >= MOST_ROUNDS:
                return {**state, "done": self._holding.restart(gate, gate, 1.0)}
            rounds += 1
            if self._holding.take_turn(gate) and self._is_answered(gate) and self._holding.open(gate.name):
                return {**state, "rounds": rounds, "open": True}
        wait = whole_seconds(self._gates.get(gate.name).next_probe_at - self._clock())
        return {**state, "rounds": rounds, "wait": wait}

    def _is_answered(self, gate: Gate) -> bool:
        """Try one held job after the other until one tells how the gate stands."""
        sent = passed_over = 0
        for job_id, mark in self._gates.held(gate.name, PROBES, room=self._room(gate)).items():
            job = self._store.get(job_id)
            if job is None or job.status is not Status.HELD or job.gate != gate.name:
                self._forget(gate, job_id, mark, job)
                continue
            outcome = self._try(job, gate)
            if outcome is Outcome.UNKNOWN:
                measure("Unknown")
            if outcome is Outcome.HELD and self._is_elsewhere(job_id, gate):
                self._gates.unmark(gate.name, job_id, mark)  # it is none of this gate's business any more
                continue
            if outcome is None or (outcome is Outcome.HELD and gate.name == BUDGET):
                passed_over += 1  # nothing was asked, and another job may be cheaper, or better
            elif outcome in (Outcome.HELD, Outcome.UNKNOWN):
                return False
            elif outcome is Outcome.SENT and gate.name != BUDGET:
                return True
            sent += outcome is Outcome.SENT
        # Of a budget that takes all of these, there is enough for more; one that took a few is used up for the others.
        return not passed_over and (sent == PROBES or not self._gates.held(gate.name, 1))

    def _is_elsewhere(self, job_id: str, gate: Gate) -> bool:
        """Whether a job that was held again is behind another gate now."""
        job = self._store.get(job_id)
        return job is not None and job.gate != gate.name

    def _room(self, gate: Gate) -> Decimal | None:
        """What is left of the day's budget, where it is that which holds."""
        if gate.name != BUDGET or self._limit is None:
            return None
        return self._limit - self._budget.spent(day_of(self._clock()))

    def _forget(self, gate: Gate, job_id: str, mark: str, job: Job | None) -> None:
        """Take away a mark whose job is not behind this gate any more; behind another it may have none: it is tried."""
        if job is not None and job.status is Status.HELD:
            self._intake.send(resume(job_id))
        self._gates.unmark(gate.name, job_id, mark)

    def _try(self, job: Job, gate: Gate) -> Outcome | None:
        """Try one held job; None if that failed before it was sent, for it is not to stand in the way of the others."""
        try:
            return self._admission.send_held(job, probing=gate.name)
        except Exception:
            now = self._store.get(job.job_id)
            if now is not None and now.attempt != job.attempt:
                raise
            logger.exception("a probe failed; the next job is tried", extra={"job_id": job.job_id})
            measure("Failure")
            return None
