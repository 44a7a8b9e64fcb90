"""What existing objects would become: each place looked at by the domain's own code, before anything is sent.

S3 lists keys in order, so the parts of a place are neighbours: a listing of any length is gone through with no more
than a few places in memory.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import Enum
from itertools import islice

from cli.stack import Stack
from dropreel.errors import Mistake
from dropreel.intake import drops
from dropreel.intake.assembly import Assembly, assemble
from dropreel.intake.drops import Name, Place
from dropreel.intake.inbox import Inbox, Part

#: Places that are looked at at the same time.
AT_ONCE = 8


class Verdict(Enum):
    """What becomes of a place."""

    READY = "ready"
    KNOWN = "already a job"
    INCOMPLETE = "parts are missing"
    WRONG = "it would be REJECTED"


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where the objects are, and under which keys they belong into the inbox."""

    bucket: str
    prefix: str
    #: Put before a key in place of `cut`; both are empty where the objects lie in the inbox.
    root: str = ""
    cut: str = ""
    copies: bool = False

    def target(self, key: str) -> str:
        """The key in the inbox."""
        return self.root + key.removeprefix(self.cut)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """The parts of one place, as the listing has them: source key, name in the inbox, bytes."""

    place: Place
    parts: Sequence[tuple[str, Name, int]]


@dataclass(frozen=True, kw_only=True)
class Look:
    """What one place turned out to be."""

    candidate: Candidate
    verdict: Verdict
    job_id: str
    #: Of the job and of each step after it; None where it is not known.
    prices: Sequence[Decimal | None] = ()
    #: Why it is not ready.
    why: str = ""


@dataclass(kw_only=True)
class Survey:
    """Everything that was looked at."""

    ready: list[Look] = field(default_factory=list)
    counts: dict[Verdict, int] = field(default_factory=lambda: dict.fromkeys(Verdict, 0))
    #: The first few reasons, for people.
    reasons: list[str] = field(default_factory=list)
    #: Whether the limit was reached before the end.
    more: bool = False

    def add(self, look: Look) -> None:
        self.counts[look.verdict] += 1
        if look.verdict is Verdict.READY:
            self.ready.append(look)
        elif look.why and len(self.reasons) < 5:
            self.reasons.append(look.why)

    @property
    def prices(self) -> list[Decimal | None]:
        """Those of all jobs that are ready, and of all their steps."""
        return [price for look in self.ready for price in look.prices]


def survey(there: Stack, origin: Origin, *, limit: int) -> Iterator[Survey]:
    """Look at everything behind a prefix until `limit` jobs are ready; yields the same survey after every few."""
    found = Survey()
    seen: set[str] = set()
    candidates = _candidates(there, origin, found)
    # Made here, since making clients is nothing for several threads at once.
    assert there.store
    assert there.inbox
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while batch := list(islice(candidates, min(AT_ONCE, limit - len(found.ready)))):
            for look in pool.map(lambda candidate: _look(there, origin, candidate), batch):
                # A place that lies under the model's id and under its alias comes twice.
                if look.job_id not in seen:
                    seen.add(look.job_id)
                    found.add(look)
            yield found
            if len(found.ready) >= limit:
                found.more = next(candidates, None) is not None
                break
    yield found


def _candidates(there: Stack, origin: Origin, found: Survey) -> Iterator[Candidate]:
    """The places of a listing, each as soon as its last part has been listed."""
    open_: dict[str, list[tuple[str, Name, int]]] = {}
    pages = there.s3.get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=origin.bucket, Prefix=origin.prefix):
        for item in page.get("Contents", []):
            target = origin.target(item["Key"])
            for path in [path for path, parts in open_.items() if not target.startswith(_stem(parts[0][1], target))]:
                parts = open_.pop(path)
                yield Candidate(place=parts[0][1].place, parts=parts)
            if drops.ignored(target) or target.endswith("/" + drops.DEFAULTS):
                continue
            try:
                name = drops.parse(target)
            except Mistake as mistake:
                found.counts[Verdict.WRONG] += 1
                found.reasons += [f"{item['Key']}: {mistake.problem}"] if len(found.reasons) < 5 else []
                continue
            open_.setdefault(name.place.path, []).append((item["Key"], name, int(item["Size"])))
    for parts in open_.values():
        yield Candidate(place=parts[0][1].place, parts=parts)


def _stem(name: Name, key: str) -> str:
    """What every part of a place begins with, under the root (id or alias) that this key has."""
    return f"{key.partition('/')[0]}/{name.place.folder}{name.place.stem}."


def _look(there: Stack, origin: Origin, candidate: Candidate) -> Look:
    place = candidate.place
    assembly = assemble(there.inbox, place, _parts(there, origin, candidate))
    if assembly.mistakes or assembly.missing:
        return _not_ready(candidate, assembly)
    if there.store.get(assembly.job_id) is not None:
        return Look(candidate=candidate, verdict=Verdict.KNOWN, job_id=assembly.job_id)
    return Look(candidate=candidate, verdict=Verdict.READY, job_id=assembly.job_id, prices=assembly.prices())


def _parts(there: Stack, origin: Origin, candidate: Candidate) -> list[Part]:
    """The parts as the inbox will have them: what is to be copied, and what lies there."""
    coming = {origin.target(key): (key, name) for key, name, _ in candidate.parts} if origin.copies else {}
    source = Inbox(there.s3, origin.bucket, lend_seconds=0)
    read = [(target, source.read(key, name)) for target, (key, name) in coming.items()]
    parts = [replace(part, key=target) for target, part in read if part is not None]
    there_already = [key for key in there.inbox.newest(candidate.place)[0] if key not in coming]
    parts += [part for key in there_already if (part := there.inbox.read(key, drops.parse(key))) is not None]
    return sorted(parts, key=lambda part: (part.name.role or "", part.key))


def _not_ready(candidate: Candidate, assembly: Assembly) -> Look:
    if assembly.mistakes:
        why = f"{candidate.parts[0][0]}: {'; '.join(map(str, assembly.mistakes))}"
        return Look(candidate=candidate, verdict=Verdict.WRONG, job_id=assembly.job_id, why=why)
    why = f"{candidate.parts[0][0]}: waits for {', '.join(assembly.missing)}"
    return Look(candidate=candidate, verdict=Verdict.INCOMPLETE, job_id=assembly.job_id, why=why)
