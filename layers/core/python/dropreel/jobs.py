"""A job, its identity, its states, and why each step between them is safe.

Pure: nothing here reads a clock or a network.

    parts or message ──► WAITING ─────► SUBMITTING ──► SUBMITTED ──► DELIVERING ──► SUCCEEDED
                            │            ▲  │   │          │              ├───────► FAILED
                         REJECTED   HELD ┘◄─┘   └► UNKNOWN ┴──────────────┴───────► EXPIRED ──► SUCCEEDED (late)

WAITING     keyed by the place of the parts, not by their content; deleted once the parts have become a job.
SUBMITTING  written before the POST, on condition that nobody else wrote it: whoever writes it may POST, once.
            Whoever finds it there never POSTs; if its writer died, a look turns it into UNKNOWN.
HELD        the gateway certainly did not take the last POST (or charge it), or there was none: the only state besides
            "new" from which an attempt may start.
UNKNOWN     the POST may have been taken. Only a callback, an operator, or `resubmit_unknown` moves it on.
SUBMITTED   the request id is known, so every later step is a repeatable read.
DELIVERING  the outcome is known. Output keys are deterministic and a lease keeps copies from overlapping.
EXPIRED     the one ended state that a later success may replace.

A terminal state is left for a non-terminal one only by a person's act: the same files dropped again after FAILED,
REJECTED or EXPIRED, or an operator's verb. That starts a new attempt of the same job with a new token (or fetches the
old one's output once more), so news of older attempts no longer matches.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any


class Status(StrEnum):
    """The job statuses of the public contract."""

    WAITING = "WAITING"
    HELD = "HELD"
    SUBMITTING = "SUBMITTING"
    UNKNOWN = "UNKNOWN"
    SUBMITTED = "SUBMITTED"
    DELIVERING = "DELIVERING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


#: Statuses in which a job ends.
ENDED = frozenset({Status.SUCCEEDED, Status.FAILED, Status.REJECTED, Status.EXPIRED})
#: Ended for good; EXPIRED alone may still become a late SUCCEEDED or FAILED.
SETTLED = ENDED - {Status.EXPIRED}
#: Ended without a film: the same files dropped again try once more.
RETRIABLE = frozenset({Status.FAILED, Status.REJECTED, Status.EXPIRED})
#: Statuses that somebody may want to look at; they are indexed by `attention`.
ATTENTION = frozenset({Status.WAITING, Status.HELD, Status.UNKNOWN})

#: The gateway's own statuses: later ones overwrite earlier ones, never the other way round.
RANK: Mapping[str, int] = {"QUEUED": 1, "PROCESSING": 2, "COMPLETED": 3, "FAILED": 3, "ERROR": 3}
ENDED_RANK = 3

#: Lines of history that a job keeps: the first and the newest. A job may be held, and probed, for weeks.
LONGEST_HISTORY = 40
FIRST_LINES = 10

#: A submitter that has not written its result this long (seconds) after its intent is dead: its function's timeout is
#: shorter.
SUBMIT_WINDOW = 180.0


@dataclass(frozen=True, slots=True)
class Job:
    """One paid generation."""

    #: 26 characters of a-z2-7, derived from the identity.
    job_id: str
    #: The catalog id, or the name as it was given where no such model exists.
    model: str
    #: The gateway's name; empty where the model is unknown.
    gateway: str
    status: Status
    #: The outbox key up to `-<job_id>`.
    place: str
    #: The model's parameters in wire form; media of the inbox as `s3://bucket/key`.
    input: Mapping[str, Any] = field(default_factory=dict)
    #: Object versions to presign, by `s3://bucket/key`.
    versions: Mapping[str, str] = field(default_factory=dict)
    #: Where the job came from: `{"type": "drop", "bucket", "keys"}` or `{"type": "message", "id", "message_id"}`.
    source: Mapping[str, Any] = field(default_factory=dict)
    #: Fingerprint of the very objects that were dropped: another drop of equal content has another.
    drop: str = ""
    #: Parameters that a WAITING job still needs.
    missing: tuple[str, ...] = ()
    #: Why it is WAITING, HELD or UNKNOWN, in words.
    reason: str = ""
    #: The gate that holds it: a gateway's name, or "budget"; empty unless HELD.
    gate: str = ""
    #: Number of the last attempt; 0 before the first.
    attempt: int = 0
    #: How many attempts ended in ERROR.
    errors: int = 0
    #: SHA-256 of the last attempt's callback token, hex.
    token_hash: str = ""
    request_id: str = ""
    #: QUEUED or PROCESSING, as last heard.
    progress: str = ""
    #: An outcome that needs no asking: `{"status", "code", "message"}`.
    outcome: Mapping[str, str] | None = None
    #: The estimate from the documents' prices; None where they have none.
    price_usd: Decimal | None = None
    #: The day (UTC) whose budget holds a reservation for the last attempt, and how much; empty where none does.
    reserved_day: str = ""
    reserved_usd: Decimal | None = None
    outputs: tuple[Mapping[str, Any], ...] = ()
    error: Mapping[str, str] | None = None
    late: bool = False
    #: Epoch seconds.
    created_at: float = 0.0
    submitting_at: float = 0.0
    deadline_at: float = 0.0
    completed_at: float = 0.0
    #: Until when (epoch seconds), and by whom, the outputs are being copied.
    lease_until: float = 0.0
    lease_owner: str = ""
    #: How many deliveries have claimed the last attempt: the latest one's word counts.
    claims: int = 0
    #: What happened, oldest first: `{"at", "status", "note"}`.
    history: tuple[Mapping[str, str], ...] = ()

    def evolve(self, **changes: Any) -> Job:
        """The same job with other values."""
        return replace(self, **changes)

    def noted(self, now: float, note: str) -> Job:
        """The same job with a line of history for its present status; of a long history the middle is left out."""
        history = (*self.history, entry(now, self.status, note))
        if len(history) > LONGEST_HISTORY:
            history = history[:FIRST_LINES] + history[FIRST_LINES - LONGEST_HISTORY :]
        return replace(self, history=history)

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def execution_name(self) -> str:
        """The name of the last attempt's watch and looks, which no other try at the same attempt can have.

        An execution's name is taken for good. A try that died before its intent leaves a watch that may be over when
        the attempt is made at last; so each try brings a fresh one.
        """
        return f"{self.job_id}-{self.attempt}-{self.token_hash[:12]}"

    @property
    def turn(self) -> tuple[int, int]:
        """Orders all those who ever have something to say of this job's end: the later turn's word counts."""
        return self.attempt, self.claims


def entry(now: float, status: Status, note: str) -> dict[str, str]:
    """One line of a job's history."""
    return {"at": iso(now), "status": str(status), "note": note[:500]}


def heard(now: float, progress: str, *, callback: bool) -> dict[str, str]:
    """The line of history of a piece of news, which changes no status: who brought it, and what it says."""
    return {"at": iso(now), "status": "CALLBACK" if callback else "POLL", "note": progress or "the end is known"}


def iso(epoch: float) -> str:
    """Epoch seconds as ISO 8601 UTC with milliseconds."""
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def identity(*parts: object) -> str:
    """The job id that these facts always give: 130 bits of their SHA-256, in base 32."""
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)
    digest = hashlib.sha256(canonical.encode()).digest()
    return base64.b32encode(digest)[:26].decode().lower()


def token_hash(token: str) -> str:
    """What the table keeps of a callback token."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_request_id(value: object) -> bool:
    """Whether this could be a gateway's request id: an opaque string of 1 to 256 printable characters."""
    return isinstance(value, str) and 1 <= len(value) <= 256 and value.isprintable() and value.strip(" .") != ""


class Arrival(Enum):
    """What a drop or message means for the job that it names."""

    SEND = "nobody has sent it yet"
    RETRY = "it ended without a film and was dropped again"
    NOTE = "it was dropped again while it is under way"
    NOTHING = "a repeated event"


def on_arrival(existing: Job | None, drop: str) -> Arrival:
    """Tell a first arrival from a repeated event and from a second drop.

    A repeated event finds the very objects that the job has already seen; a second drop has made new object versions.
    Messages have no drop (""): the same id is the same job for ever.
    """
    if existing is None:
        return Arrival.SEND
    if existing.status is Status.HELD:
        return Arrival.SEND  # the gate decides; this also heals a crash between "held" and "gate closed"
    if not drop or drop == existing.drop or existing.status is Status.SUCCEEDED:
        return Arrival.NOTHING
    return Arrival.RETRY if existing.status in RETRIABLE else Arrival.NOTE


class Look(Enum):
    """What a look at an attempt leads to."""

    STOP = "it needs no looking after any more"
    WAIT = "nothing to do yet"
    ASK = "see what the gateway says, and deliver it"
    LOST = "the submitter died after its intent: nobody knows whether it sent"
    RESUBMIT = "the operator chose to risk a second payment"
    RESUME = "it is held, and whoever held it may have died before it said so"


def next_look(
    job: Job | None, watch: str, since: float, now: float, *, late_seconds: float, resubmit_unknown: bool
) -> Look:
    """Decide what a look at this moment leads to.

    `watch` names the attempt, which began at `since`; `late_seconds` is how long it is looked at after EXPIRED.
    """
    if job is None or job.execution_name != watch:
        # The looks begin before the intent is written. Whoever has not written it by then never will, or it is over;
        # and nobody writes it any more where somebody else's intent of the same attempt is.
        overtaken = job is not None and job.attempt >= _attempt_of(watch)
        return Look.STOP if overtaken or now >= since + SUBMIT_WINDOW else Look.WAIT
    if job.status in SETTLED:
        return Look.STOP
    if job.status is Status.HELD:
        return Look.RESUME
    if job.status is Status.EXPIRED:
        if now >= job.deadline_at + late_seconds:
            return Look.STOP
        return Look.ASK if job.request_id else Look.WAIT  # a callback may bring the id, and die before it tells anybody
    if job.status is Status.DELIVERING and now < job.lease_until:
        return Look.WAIT
    if job.request_id or job.status is Status.DELIVERING or now >= job.deadline_at:
        return Look.ASK  # past the deadline the gateway is asked a last time, and the job expires
    if job.status is Status.SUBMITTING:
        return Look.LOST if now >= job.submitting_at + SUBMIT_WINDOW else Look.WAIT
    return Look.RESUBMIT if resubmit_unknown and job.status is Status.UNKNOWN else Look.WAIT


def _attempt_of(watch: str) -> int:
    """The attempt that an execution's name tells."""
    return int(watch.split("-")[1])


def next_wait(looks: int, *, first: float, longest: float = 60.0) -> int:
    """Seconds until the next look after so many: from `first` up by half each time, to `longest`."""
    return max(1, round(min(first * 1.5 ** min(looks, 20), max(first, longest))))
