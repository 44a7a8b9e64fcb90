"""What becomes of a job that is complete, or wrong: sent, rejected, tried again, or left well alone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from dropreel import catalog
from dropreel.aws.jobs_table import JobsTable
from dropreel.catalog.model import Model
from dropreel.delivery.ending import Ending
from dropreel.errors import Mistake, Mistakes
from dropreel.jobs import Arrival, Job, Status, on_arrival
from dropreel.redaction import redact, redacted
from dropreel.submit.lending import media_of
from dropreel.submit.sending import Sender, Sent

logger = logging.getLogger(__name__)


class Outcome(StrEnum):
    """What became of something on the intake queue; a metric each."""

    SENT = "Sent"
    HELD = "Held"
    UNKNOWN = "Unknown"
    REJECTED = "Rejected"
    WAITING = "Waiting"
    REPEATED = "Repeated"
    EARLY = "Early"
    IGNORED = "Ignored"


#: Those of which nobody needs a number.
UNTOLD = frozenset({Outcome.REPEATED, Outcome.EARLY, Outcome.IGNORED})

_OUTCOMES: Mapping[Sent, Outcome] = {
    Sent.ANSWERED: Outcome.SENT,
    Sent.REFUSED: Outcome.HELD,
    Sent.LOST: Outcome.UNKNOWN,
    Sent.ELSEWHERE: Outcome.REPEATED,
}


class Admission:
    """Decides, and has it done."""

    def __init__(
        self,
        *,
        store: JobsTable,
        sender: Sender,
        ending: Ending,
        allow_loopback: bool,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._sender = sender
        self._ending = ending
        self._allow_loopback = allow_loopback
        self._clock = clock

    def decide(self, job: Job, model: type[Model] | None, mistakes: Sequence[Mistake]) -> Outcome:
        """Send a new job, try an ended one again, or leave well alone."""
        existing = self._store.get(job.job_id)
        match on_arrival(existing, job.drop), existing:
            case Arrival.SEND | Arrival.RETRY, None:
                outcome = self._admit(job, None, model, mistakes)
            case Arrival.SEND, Job() as held:
                known = held.dropped(job.drop)
                if known != held and not self._store.note_drop(held, job.drop):
                    return self.decide(job, model, mistakes)  # it has moved on meanwhile, and the drop is not noted
                outcome = self._send(known, known)
            case Arrival.RETRY, Job() as ended:
                again = job.evolve(created_at=ended.created_at, history=ended.history, claims=ended.claims)
                outcome = self._admit(again.knowing(ended.drop), ended, model, mistakes)
            case Arrival.NOTE, Job() as under_way:
                if under_way.status is Status.DELIVERING and self._ending.announced(under_way):
                    return Outcome.EARLY
                if not self._store.note_drop(under_way, job.drop):
                    return self.decide(job, model, mistakes)
                return Outcome.REPEATED
            case _:
                return Outcome.REPEATED
        if outcome is Outcome.REPEATED and job.drop:  # somebody else sends it, perhaps for another drop than this one
            return self.decide(job, model, mistakes)
        return outcome

    def resume(self, job_id: str) -> Outcome:
        """Try a held job again."""
        job = self._store.get(job_id)
        return self._send(job, job) if job is not None and job.status is Status.HELD else Outcome.REPEATED

    def send_held(self, job: Job, *, probing: str) -> Outcome:
        """Send a held job as a probe of the gate that holds it."""
        return self._send(job, job, probing=probing)

    def _admit(self, job: Job, existing: Job | None, model: type[Model] | None, mistakes: Sequence[Mistake]) -> Outcome:
        if model is None:
            mistakes = mistakes or [Mistake("model", "is not known")]
        else:
            mistakes = [*mistakes, *self._forbidden(model, job.input), *self._forbidden_later(job)]
        if mistakes or model is None:
            return self._reject(job, existing, str(Mistakes(mistakes)))
        return self._send(job.evolve(price_usd=model.model_validate(job.input).price_usd()), existing)

    def _send(self, job: Job, was: Job | None, *, probing: str = "") -> Outcome:
        try:
            sent = self._sender.send(job, was, probing=probing)
        except Mistake as mistake:  # the catalog has changed while it was held, and nothing was sent
            return self._reject(job, was, str(mistake))
        logger.info("%s: %s", job.model, sent.value, extra={"job_id": job.job_id})
        return _OUTCOMES[sent]

    def _forbidden(self, model: type[Model], values: Mapping[str, Any]) -> Iterator[Mistake]:
        """Plain http addresses, which are for laptops only."""
        for field in model.media():
            urls = media_of({field.name: values.get(field.name)})
            if not self._allow_loopback and any(url.startswith("http://") for url in urls):
                yield Mistake(field.name, "is a plain http address", "https://… or s3://bucket/key")

    def _forbidden_later(self, job: Job) -> Iterator[Mistake]:
        """The same in the steps that are to follow, which are checked before the first is paid."""
        for step in job.then:
            if model := catalog.resolve(step["model"]):
                yield from self._forbidden(model, step["input"])

    def _reject(self, job: Job, existing: Job | None, message: str) -> Outcome:
        now = self._clock()
        error = {"code": "invalid_input", "message": redact(message)}
        rejected = job.evolve(
            status=Status.REJECTED,
            error=error,
            input=redacted(job.input),
            attempt=existing.attempt if existing else 0,
            claims=existing.claims + 1 if existing else 0,
            completed_at=now,
        )
        logger.info("rejected: %s", error["message"], extra={"job_id": job.job_id})
        self._ending.reject(rejected.noted(now, error["message"].replace("\n", "; ")), existing)
        return Outcome.REJECTED
