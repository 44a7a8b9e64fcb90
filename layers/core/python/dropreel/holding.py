"""Holding jobs behind a closed gate: how a gate closes and how all goes on. gates.py explains the chain.

A job is HELD first, for that it was not sent must not be forgotten; then it is marked, then the gate is closed. Whoever
dies in between is repeated by the queue, or by a look, and finds a HELD job, which it tries again. A gate that opens
releases every mark it finds; a job that was marked while it opened finds it open, and releases itself.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from dataclasses import replace

from dropreel.errors import NotSent, Refused
from dropreel.gates import CHAIN_LOST, Gate, Gates
from dropreel.jobs import Job, Status
from dropreel.messages import Submit, Tend, own
from dropreel.queues import LONGEST_DELAY, Queue
from dropreel.store import Store, insist

logger = logging.getLogger(__name__)

#: Held jobs released by one message, before it puts itself back for the rest.
BATCH = 100
#: First pause (seconds) after a 429 without Retry-After, or when no connection could be made; doubled each time.
FIRST_PAUSE = 5.0
#: A gateway that knows us and says no for a reason that only a person can mend.
FIRM = frozenset({401, 402, 403})


class Holding:
    """Puts jobs behind gates and lets them go."""

    def __init__(
        self, *, store: Store, gates: Gates, intake: Queue, held_retry_seconds: float, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._gates = gates
        self._intake = intake
        self._retry = held_retry_seconds
        self._clock = clock

    def hold(
        self, job: Job, was: Job | None, gate: str, reason: str, *, refused: bool, refusal: NotSent | None = None
    ) -> None:
        """Put a job behind a gate; `refused` when it is this very job that was refused, so that the gate closes."""
        if not (was and was.status is Status.HELD and was.gate == gate):
            attempt = was.attempt if was else 0
            held = job.evolve(status=Status.HELD, gate=gate, reason=reason, attempt=attempt, lease_until=0.0)
            # If it is not written, another copy of this message was faster, and may have died since: the rest is done
            # all the same.
            noted = held.noted(self._clock(), reason)
            insist(lambda: self._store.put(noted, was))
        self._gates.mark(gate, job.job_id)
        if refused:
            self._close(gate, reason, refusal)
        elif not self._still_closed(gate):
            self._intake.send(own(Submit(job.job_id)))

    def _close(self, name: str, reason: str, refusal: NotSent | None) -> None:
        """Close a gate that refused, or put off its next probe.

        A gate that somebody else has just closed is left alone.
        """
        gate = self._gates.get(name)
        pause = self._pause(gate, refusal)
        if gate.closed and abs(gate.next_probe_at - self._clock() - pause) < 1:
            return
        self._chain(replace(gate, closed=True, reason=reason, failures=gate.failures + 1), gate, pause)

    def _pause(self, gate: Gate, refusal: NotSent | None) -> float:
        if refusal is None or (isinstance(refusal, Refused) and refusal.status in FIRM):
            return self._retry
        if refusal.retry_after is not None:
            return max(1.0, min(refusal.retry_after, 86_400.0))
        return min(self._retry, FIRST_PAUSE * 2.0 ** min(gate.failures, 10))

    def _chain(self, gate: Gate, was: Gate, pause: float) -> bool:
        """Give a gate a new chain; its message is sent first, so that a closed gate always has one."""
        chain = uuid.uuid4().hex
        self._intake.send(own(Tend(gate.name, chain)), delay=min(pause, LONGEST_DELAY))
        return self._gates.put(replace(gate, chain=chain, next_probe_at=self._clock() + pause), was)

    def _still_closed(self, name: str) -> bool:
        gate = self._gates.get(name)
        if gate.closed and self._clock() > gate.next_probe_at + CHAIN_LOST:
            logger.error("the chain of gate %s was lost; starting another", name)
            self._chain(gate, gate, 1.0)
        return gate.closed

    def due(self, message: Tend) -> Gate | None:
        """The gate to probe now, on a new chain.

        None if this message is not due, not the chain, or the gate is open.
        """
        gate = self._gates.get(message.gate)
        if not gate.closed:
            self.release(message.gate)
            return None
        if gate.chain != message.chain:
            return None
        wait = gate.next_probe_at - self._clock()
        if wait >= 1:
            self._intake.send(own(message), delay=wait)
            return None
        # The chain goes on before the probe does: dying in between costs a late probe, not the chain.
        return self._gates.get(gate.name) if self._chain(gate, gate, self._retry) else None

    def held(self, name: str, limit: int) -> dict[str, str]:
        """Up to `limit` jobs behind a gate, each with its mark."""
        return self._gates.held(name, limit)

    def forget(self, name: str, job_id: str, mark: str) -> None:
        """Take away the mark of a job that is not behind this gate any more."""
        self._gates.unmark(name, job_id, mark)

    def open(self, name: str) -> None:
        """Open a gate and let everything behind it go on."""
        gate = self._gates.get(name)
        if gate.closed and not self._gates.put(replace(gate, closed=False, reason="", failures=0), gate):
            return
        self.release(name)

    def release(self, name: str) -> None:
        """Put the jobs behind an open gate back on the queue, a batch now and the rest by another message."""
        held = list(self._gates.held(name, BATCH).items())
        for start in range(0, len(held), 10):
            batch = held[start : start + 10]
            self._intake.send_all([own(Submit(job_id)) for job_id, _ in batch])
            for job_id, mark in batch:
                self._gates.unmark(name, job_id, mark)
        if len(held) == BATCH:
            self._intake.send(own(Tend(name, "")))
