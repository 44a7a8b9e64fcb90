"""A job, its identity, its states, and why each step between them is safe.

Pure: nothing here reads a clock or a network.

    parts or message ──► WAITING ─────► SUBMITTING ──► SUBMITTED ──► DELIVERING ──► SUCCEEDED
                            │            ▲  │   │          │              ├───────► FAILED
                         REJECTED   HELD ┘◄─┘   └► UNKNOWN ┴──────────────┴───────► EXPIRED ──► SUCCEEDED (late)

WAITING     keyed by the place of the parts, not by their content; deleted once the parts have become a job.
SUBMITTING  written before the POST, on condition that nobody else wrote it: whoever writes it may POST, once.
            Whoever finds it there never POSTs; if its writer died, a poll turns it into UNKNOWN.
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
import re
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
#: Drops that a job remembers, beside the newest.
MOST_DROPS = 20

#: The forms of a job's id and of a callback token.
JOB_ID, TOKEN = re.compile(r"[a-z2-7]{26}"), re.compile(r"[A-Za-z0-9_-]{43}")

#: A submitter that has not written its result this long (seconds) after its intent is dead: no function that sends jobs
#: may run for as long; probe has five minutes.
SUBMIT_WINDOW = 330.0


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
    #: Where the job came from: `{"type": "drop", "bucket", "keys"}`, `{"type": "message", "id", "message_id"}`, or the
    #: job before it in a row, `{"type": "step", "of", "step"}`.
    source: Mapping[str, Any] = field(default_factory=dict)
    #: The steps that follow once it has a film, each `{"model", "input"}`, checked and in wire form.
    then: tuple[Mapping[str, Any], ...] = ()
    #: Fingerprints of the very objects that were dropped, space between: another drop of equal content has another.
    drop: str = ""
    #: Parameters that a WAITING job still needs.
    missing: tuple[str, ...] = ()
    #: Why it is WAITING, HELD or UNKNOWN, or since when its request is adopted, in words.
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
    #: How often the last attempt's outputs could not be fetched.
    tries: int = 0
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

    def dropped(self, drop: str) -> Job:
        """The same job, which knows of one more drop of its files; an older one may come to be known later."""
        return replace(self, drop=drop).knowing(self.drop)

    def knowing(self, drops: str) -> Job:
        """The same job, which knows of these drops as well; where it has others, they are newer."""
        known = drops.split()
        newer = [drop for drop in self.drop.split() if drop not in known]
        return replace(self, drop=" ".join([*known, *newer][-MOST_DROPS - 1 :]))

    def differs_only_in_drops(self, other: Job) -> bool:
        """Whether nothing has happened to it but that its files were dropped again."""
        return (self.status, self.attempt) == (other.status, other.attempt) and self.drop != other.drop

    @property
    def newest_drop(self) -> str:
        """The fingerprint of the last drop that it knows of; empty where it was not dropped."""
        return self.drop.split()[-1] if self.drop else ""

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def step(self) -> int:
        """Which of its row it is: 1, 2 …"""
        return int(self.source.get("step", 1))

    @property
    def next_id(self) -> str:
        """The id of the job that follows; empty where none does."""
        return identity("step", self.job_id, self.step + 1, dict(self.then[0])) if self.then else ""

    @property
    def execution_name(self) -> str:
        """The name of the last attempt's watch, which no other try at the same attempt can have.

        An execution's name is taken for good. A try that died before its intent leaves a watch that may be over when
        the attempt is made at last; so each try brings a fresh one.
        """
        return f"{self.job_id}-{self.attempt}-{self.token_hash[:12]}"

    @property
    def another_execution_name(self) -> str:
        """The name of the watch that an operator has begun: the attempt's own is taken, and this has a new deadline."""
        return f"{self.execution_name}-{self.deadline_at:.0f}"

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


def day_of(epoch: float) -> str:
    """The day in UTC on which this moment falls, as 2026-01-31: the day of a budget, and of an index."""
    return datetime.fromtimestamp(epoch, UTC).date().isoformat()


def identity(*parts: object) -> str:
    """The job id that these facts always give: 130 bits of their SHA-256, in base 32."""
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)
    digest = hashlib.sha256(canonical.encode()).digest()
    return base64.b32encode(digest)[:26].decode().lower()


def is_address(job_id: str, token: str) -> bool:
    """Whether this could be a job's id with a callback token, 256 bits as URLs take them: whose they are is another
    question, for which strangers are not to cost anything.
    """
    return bool(JOB_ID.fullmatch(job_id) and TOKEN.fullmatch(token))


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
    if not drop or drop in existing.drop.split() or existing.status is Status.SUCCEEDED:
        return Arrival.NOTHING
    return Arrival.RETRY if existing.status in RETRIABLE else Arrival.NOTE


class Look(Enum):
    """What a look at an attempt leads to."""

    STOP = "it needs no watch any more"
    WAIT = "nothing to do yet"
    ASK = "see what the gateway says"
    WAKE = "its end is known, or due: a delivery is to see to it"
    LOST = "the submitter died after its intent: nobody knows whether it sent"
    RESUBMIT = "the operator chose to risk a second payment"
    RESUME = "it is held, and whoever held it may have died before it said so"


#: Looks with which a watch is over: there is nothing to look after, or a new attempt brings its own.
LAST_LOOKS = frozenset({Look.STOP, Look.RESUBMIT, Look.RESUME})


def next_look(job: Job | None, watch: str, since: float, now: float, *, resubmit_unknown: bool) -> Look:
    """Decide what a look at this moment leads to; `watch` names the attempt, which began at `since`."""
    if job is None or job.execution_name != watch:
        # The watch begins before the intent is written. Whoever has not written it by then never will, or it is over;
        # and nobody writes it any more where somebody else's intent of the same attempt is.
        overtaken = job is not None and job.attempt >= _attempt_of(watch)
        return Look.STOP if overtaken or now >= since + SUBMIT_WINDOW else Look.WAIT
    if job.status in SETTLED:
        return Look.STOP
    if job.status is Status.HELD:
        return Look.RESUME
    if job.status is Status.EXPIRED:  # a callback may bring the request id, and die before it tells anybody
        return Look.ASK if job.request_id else Look.WAIT
    if job.status is Status.DELIVERING and now < job.lease_until:
        return Look.WAIT
    if job.status is Status.DELIVERING or now >= job.deadline_at:
        return Look.WAKE  # past the deadline the delivery asks a last time, and the job expires
    if job.request_id:
        return Look.ASK
    if job.status is Status.SUBMITTING:
        return Look.LOST if now >= job.submitting_at + SUBMIT_WINDOW else Look.WAIT
    return Look.RESUBMIT if resubmit_unknown and job.status is Status.UNKNOWN else Look.WAIT


def _attempt_of(watch: str) -> int:
    """The attempt that an execution's name tells."""
    return int(watch.split("-")[1])


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When an attempt is looked at, in seconds; what is settable of it is the contract's."""

    #: Until the first look.
    first: float
    #: Until the second; then up by half each time, to `longest`.
    step: float
    longest: float

    @classmethod
    def of(cls, *, calls_back: bool, first_poll_seconds: float, poll_seconds: float) -> Rhythm:
        """Where a callback is expected, a look is for the few that do not come; else it is how an end is found."""
        if calls_back:
            return cls(first_poll_seconds, poll_seconds, max(poll_seconds, 300.0))
        return cls(poll_seconds, poll_seconds * 1.5, max(poll_seconds, 60.0))

    def wait(self, looks: int) -> float:
        """Seconds until the next look after so many."""
        return self.first if not looks else min(self.step * 1.5 ** min(looks - 1, 30), self.longest)


#: Seconds between looks at an EXPIRED job, which has waited for long already.
LATE_WAIT = 300.0
#: Most seconds between looks at a job that should have ended, and did not: a quarter of the time that it is overdue. A
#: broken deployment may last for two weeks, and an execution's history has room for 25,000 events.
OVERDUE_WAIT = 3600.0


def next_wait(job: Job | None, watch: str, wait: float, now: float, *, late_seconds: float) -> float:
    """Seconds until the next look, where the rhythm has `wait`: there is one at the deadline, and a last late one."""
    if job is None or job.execution_name != watch:
        return min(wait, SUBMIT_WINDOW)
    if job.status is Status.EXPIRED:
        return min(max(wait, min(LATE_WAIT, late_seconds)), job.deadline_at + late_seconds - now)
    if now >= job.deadline_at:
        return max(wait, min((now - job.deadline_at) / 4, OVERDUE_WAIT))
    if job.status is Status.DELIVERING and now < job.lease_until:
        wait = min(wait, job.lease_until - now + 1)
    return min(wait, job.deadline_at - now)


def watch_is_over(job: Job | None, look: Look, now: float, *, late_seconds: float) -> bool:
    """Whether a look was its watch's last."""
    late = job is not None and job.status is Status.EXPIRED and now >= job.deadline_at + late_seconds
    return late or look in LAST_LOOKS
