"""What the submit function does with each message: make it a job, or say in the outbox why it is none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from dropreel import catalog
from dropreel.aws.jobs_table import JobsTable
from dropreel.aws.queues import ComeAgain
from dropreel.catalog.model import Model
from dropreel.catalog.requests import Said, read
from dropreel.errors import Mistake
from dropreel.intake import drops, envelopes
from dropreel.intake.assembly import Assembly, wrong_defaults
from dropreel.intake.drops import Name
from dropreel.intake.envelopes import Drop, GoOn, Message, Request, Submit
from dropreel.intake.gathering import Gatherer
from dropreel.intake.inbox import Inbox
from dropreel.intake.steps import following, steps_of
from dropreel.jobs import Job, Status, identity
from dropreel.redaction import redacted
from dropreel.submit.admission import Admission, Outcome
from dropreel.submit.lending import pinned

#: Seconds after which a drop that came upon its job's end is looked at again, at first.
AGAIN = 30.0
#: Characters of a rejected message's input that its record and manifest keep.
LONGEST_INPUT = 100_000


Thing = TypeVar("Thing")


class Intake:
    """Everything that the intake queue brings."""

    def __init__(
        self,
        *,
        store: JobsTable,
        inbox: Inbox,
        outbox: str,
        gatherer: Gatherer,
        admission: Admission,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._inbox = inbox
        self._outbox = outbox
        self._gatherer = gatherer
        self._admission = admission
        self._clock = clock

    def take(self, body: str, message_id: str) -> list[Outcome]:
        """Take one queue message.

        Whatever it raises is no fault of the sender's, and the message comes again: ComeAgain when it is too early.
        """
        return self._each(envelopes.read(body, message_id), self._take)

    def _each(self, things: Iterable[Thing], take: Callable[[Thing], list[Outcome]]) -> list[Outcome]:
        """Take each of these, whatever the others raise; what went wrong is raised before what is too early."""
        outcomes: list[Outcome] = []
        problems: list[Exception] = []
        for thing in things:
            try:
                outcomes += take(thing)
            except Exception as problem:  # whatever it was, the others of the same message are not to wait for it
                problems.append(problem)
        if problems:
            raise min(problems, key=lambda problem: isinstance(problem, ComeAgain))
        return outcomes

    def _take(self, message: Message) -> list[Outcome]:
        match message:
            case Drop():
                return self._drop(message)
            case Request():
                return [self._request(message)]
            case Submit(job_id):
                return [self._admission.resume(job_id)]
            case GoOn(job_id, drop):
                return [self._go_on(job_id, drop)]

    # Drops

    def _drop(self, drop: Drop) -> list[Outcome]:
        if drop.bucket != self._inbox.bucket:
            mistake = Mistake("bucket", f"{drop.bucket} is not the inbox", self._inbox.bucket)
            return [self._stray(drop, [mistake], identity("bucket", drop.bucket, drop.key), "")]
        if drops.ignored(drop.key):
            return [Outcome.IGNORED]
        try:
            name = drops.parse(drop.key)
        except Mistake as mistake:
            return [self._homeless(drop, [mistake])]
        if not drop.key.endswith("/" + drops.DEFAULTS):
            return [self._gathered(drop, name)]
        return self._defaults(drop, name)

    def _defaults(self, drop: Drop, name: Name) -> list[Outcome]:
        """Folder defaults may be what a waiting job below them lacks; wrong ones are answered like a job."""
        mistakes = wrong_defaults(self._inbox, drop.key, name)
        if mistakes:
            return [self._homeless(drop, mistakes, name)]
        return self._each(self._gatherer.waiting_below(name), lambda waiting: [self._gathered(*waiting)])

    def _homeless(self, drop: Drop, mistakes: Sequence[Mistake], name: Name | None = None) -> Outcome:
        """A file that belongs to no job, in no model's folder for one, is a job of its own, and a rejected one."""
        head = self._inbox.objects.head(drop.bucket, drop.key)
        if head is None:
            return Outcome.IGNORED
        version = str(head.get("VersionId") or head["LastModified"])
        return self._stray(drop, mistakes, identity("stray", drop.key, head["ETag"]), version, name)

    def _stray(
        self, drop: Drop, mistakes: Sequence[Mistake], job_id: str, version: str, name: Name | None = None
    ) -> Outcome:
        folder, slash, file = drop.key.rpartition("/")
        model = drop.key.partition("/")[0] if slash else ""
        place = name.place.path if name else f"rejected/{folder}{slash}{file.rpartition('.')[0] or file}"
        source = {"type": "drop", "bucket": drop.bucket, "keys": [drop.key]}
        return self._admission.decide(self._new(job_id, model, place, source, drop=version), None, mistakes)

    def _gathered(self, drop: Drop, name: Name) -> Outcome:
        found = self._gatherer.gather(drop, name)
        if found is None:
            return Outcome.WAITING
        outcome = self._assembled(found)
        if outcome is Outcome.EARLY:  # whoever dropped it again has read how the job ended; the record will say so soon
            raise ComeAgain(AGAIN, later=True)
        return outcome

    def _assembled(self, found: Assembly) -> Outcome:
        model = found.place.model
        job = self._new(found.job_id, model.id, found.place.path, self._gatherer.source(found), drop=found.drop)
        job = job.evolve(gateway=model.gateway, input=found.values, versions=found.versions, then=found.then)
        outcome = self._admission.decide(job, model, found.mistakes)
        # Whoever drops the files of a row again wants what it lacks.
        return self._go_on(job.job_id, job.drop) if found.then and outcome is Outcome.REPEATED else outcome

    # Steps

    def _go_on(self, job_id: str, drop: str) -> Outcome:
        """Have the first job made that follows this one in its row and has no film yet."""
        before = self._store.get(job_id)
        while before is not None and before.then and before.status is Status.SUCCEEDED:
            outcome = self._step(before, drop)
            if outcome is not Outcome.REPEATED:
                return outcome
            before = self._store.get(before.next_id)
        return Outcome.REPEATED

    def _step(self, before: Job, drop: str) -> Outcome:
        job = following(before, self._outbox).evolve(drop=drop, created_at=self._clock())
        model = catalog.resolve(job.model)
        if model is None:
            return self._admission.decide(job, None, [Mistake("model", f"{job.model!r} is not a model any more")])
        reading = read(model, [Said(job.input)])
        mistakes = [*reading.mistakes]
        versions = pinned(self._inbox.lender, reading, {}, mistakes)
        return self._admission.decide(job.evolve(versions=versions), model, mistakes)

    # Messages

    def _request(self, request: Request) -> Outcome:
        model = catalog.resolve(request.model)
        name = model.id if model else request.model[:200]
        place = _place_of(model, request) if model else f"rejected/{request.id or 'message'}"
        job = self._new(_message_identity(name, request), name, place, _source_of(request))
        job = job.evolve(input=_kept(request.input))
        mistakes = [*request.mistakes]
        if model is None:
            if request.model:
                mistakes.append(Mistake("model", f"{request.model[:100]!r} is not a model", drops.names()))
            return self._admission.decide(job, None, mistakes)
        job = job.evolve(gateway=model.gateway)
        reading = read(model, [Said(request.input)])
        mistakes += [*reading.mistakes, *reading.incomplete()]
        versions = pinned(self._inbox.lender, reading, {}, mistakes)
        then = steps_of(request.then, self._inbox.lender, mistakes)
        mistakes = mistakes or reading.broken()
        if not mistakes:
            job = job.evolve(input=reading.values, versions=versions, then=then)
        return self._admission.decide(job, model, mistakes)

    def _new(self, job_id: str, model: str, place: str, source: Mapping[str, Any], *, drop: str = "") -> Job:
        return Job(
            job_id=job_id,
            model=model,
            gateway="",
            status=Status.WAITING,
            place=drops.shortened(place),
            source=source,
            drop=drop,
            created_at=self._clock(),
        )


def _place_of(model: type[Model], message: Request) -> str:
    return "/".join(filter(None, [model.id, message.output, message.id or "job"]))


def _message_identity(model: str, message: Request) -> str:
    if message.id:
        return identity("message", model, "id", message.id)
    return identity("message", "itself", message.message_id)


def _source_of(message: Request) -> dict[str, Any]:
    return {"type": "message", "id": message.id or None, "message_id": message.message_id}


def _kept(values: Mapping[str, Any]) -> dict[str, Any]:
    """A rejected input as far as it can be kept in a record."""
    kept: dict[str, Any] = redacted(values)
    return kept if len(json.dumps(kept)) <= LONGEST_INPUT else {}
