"""Holding jobs behind a closed gate: how a gate closes and how all goes on. gates.py explains what probes it.

A job is HELD first, for that it was not sent must not be forgotten; then it is marked, then the gate is closed. Whoever
dies in between is repeated by the queue, or by the job's watch, and finds a HELD job, which it tries again. A gate that
opens releases every mark it finds; a job that was marked while it opened finds it open, and is sent.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import TypedDict

from dropreel.aws.budget import tomorrow
from dropreel.aws.executions import Executions, whole_seconds
from dropreel.aws.gates import BUDGET, LOST, Gate, Gates
from dropreel.aws.jobs_table import JobsTable, insist
from dropreel.aws.queues import Queue, resume
from dropreel.errors import NotSent, Refused
from dropreel.jobs import Job, Status

logger = logging.getLogger(__name__)

#: Held jobs released at once.
BATCH = 100
#: First pause (seconds) after a 429 without Retry-After, or when no connection could be made; doubled each time.
FIRST_PAUSE = 5.0
#: Seconds between two looks whether the budget was raised, or a cheaper job fits.
BUDGET_PAUSE = 3600.0
#: A gateway that knows us and says no for a reason that only a person can mend.
FIRM = frozenset({401, 402, 403})


class State(TypedDict):
    """What a gate's execution carries from round to round."""

    gate: str
    #: The execution's own name: another one's closing of the gate is none of its business.
    execution: str
    #: Probes so far.
    rounds: int
    #: Seconds until the next probe.
    wait: int
    #: Whether a probe was answered, and all others are let go now.
    open: bool
    done: bool


class Holding:
    """Puts jobs behind gates, and keeps each closed gate's execution."""

    def __init__(
        self,
        *,
        store: JobsTable,
        gates: Gates,
        executions: Executions,
        held_retry_seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._gates = gates
        self._executions = executions
        self._retry = held_retry_seconds
        self._clock = clock

    def hold(self, job: Job, was: Job | None, gate: str, reason: str) -> bool:
        """Put a job behind a gate that somebody has closed; False if it has opened meanwhile."""
        self._put(job, was, gate, reason)
        found = self._gates.get(gate)
        self.revive(found)
        return found.closed

    def revive(self, gate: Gate) -> bool:
        """Give a closed gate that nobody has probed for long another execution; whether that was so."""
        lost = gate.closed and self._clock() > gate.next_probe_at + LOST
        if lost:
            logger.error("the execution of gate %s was lost; starting another", gate.name)
            self.restart(gate, gate, 1.0)
        return lost

    def refused(self, job: Job, was: Job | None, gate: str, reason: str, refusal: NotSent | None, probed: str) -> None:
        """Put a job behind the gate that has just refused it, and close that; `probed` is the gate it was a probe of.

        A gate that somebody else has just closed is left alone; one that was probed is probed again later.
        """
        self._put(job, was, gate, reason)
        now = self._gates.get(gate)
        pause = self._pause(now, refusal)
        closed = replace(now, closed=True, reason=reason, failures=now.failures + 1)
        if not now.closed:
            self.restart(closed, now, pause)
        elif probed == gate:
            self._gates.put(replace(closed, next_probe_at=self._clock() + pause), now)
        else:
            self.revive(now)

    def _put(self, job: Job, was: Job | None, gate: str, reason: str) -> None:
        if not (was and was.status is Status.HELD and was.gate == gate):
            attempt = was.attempt if was else 0
            held = job.evolve(status=Status.HELD, gate=gate, reason=reason, attempt=attempt, lease_until=0.0)
            # If it is not written, another copy of this message was faster, and may have died since: the rest is done
            # all the same.
            noted = held.noted(self._clock(), reason)
            insist(lambda: self._store.put(noted, was))
        self._gates.mark(gate, job)

    def _pause(self, gate: Gate, refusal: NotSent | None) -> float:
        if gate.name == BUDGET:
            return min(BUDGET_PAUSE, tomorrow(self._clock()) - self._clock())
        if refusal is None or (isinstance(refusal, Refused) and refusal.status in FIRM):
            return self._retry
        if refusal.retry_after is not None:
            return max(1.0, min(refusal.retry_after, 86_400.0))
        return min(self._retry, FIRST_PAUSE * 2.0 ** min(gate.failures, 10))

    def restart(self, gate: Gate, was: Gate, pause: float) -> bool:
        """Give a gate a new execution, which is started first, so that a closed gate always has one."""
        name = f"{gate.name}-{uuid.uuid4().hex}"
        state = State(gate=gate.name, execution=name, rounds=0, wait=whole_seconds(pause), open=False, done=False)
        self._executions.start(name, state)
        given = self._gates.put(replace(gate, execution=name, next_probe_at=self._clock() + pause), was)
        if not given:
            self._executions.stop(name)
        return given

    def take_turn(self, gate: Gate) -> bool:
        """Put off the next probe, before this one: whoever dies over a probe makes the next one late, not early."""
        return self._gates.put(replace(gate, next_probe_at=self._clock() + self._pause(gate, None)), gate)

    def open(self, name: str) -> bool:
        """Open a gate; False if somebody has changed it meanwhile."""
        gate = self._gates.get(name)
        return not gate.closed or self._gates.put(replace(gate, closed=False, reason="", failures=0), gate)

    def release(self, name: str, intake: Queue) -> bool:
        """Put a batch of the jobs behind an open gate back on the queue; whether there are more."""
        held = list(self._gates.held(name, BATCH).items())
        for start in range(0, len(held), 10):
            batch = held[start : start + 10]
            intake.send_all([resume(job_id) for job_id, _ in batch])
            for job_id, mark in batch:
                self._gates.unmark(name, job_id, mark)
        return len(held) == BATCH
