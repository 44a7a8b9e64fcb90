"""Gathering the parts of a place: when they are complete and quiet, what they wait for until then."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from dropreel.aws.jobs_table import JobsTable
from dropreel.aws.queues import ComeAgain
from dropreel.intake import drops
from dropreel.intake.assembly import Assembly, assemble
from dropreel.intake.drops import Name, Place
from dropreel.intake.envelopes import Drop
from dropreel.intake.inbox import Inbox, Part
from dropreel.jobs import Job, Status, identity
from dropreel.redaction import redacted


class Gatherer:
    """Looks at a place whenever something was dropped there."""

    def __init__(self, *, store: JobsTable, inbox: Inbox, quiet_seconds: float, clock: Callable[[], float]) -> None:
        self._store = store
        self._inbox = inbox
        self._quiet = quiet_seconds
        self._clock = clock

    def gather(self, drop: Drop, name: Name) -> Assembly | None:
        """Everything that a place says, once it is complete (or wrong) and quiet; None while it has to wait.

        Raises ComeAgain where it is this very event that waits for the quiet.
        """
        place = name.place
        keys, written = self._inbox.newest(place) if name.extension else ([drop.key], {})
        if self._too_fresh(drop, written):
            return None
        found = self._assemble(place, keys)
        if found is not None and not found.mistakes and found.missing:
            found = self._wait(drop, found)
        # A file without an extension is no part of what waits there.
        if found is not None and name.extension and (len(found.parts) > 1 or self._store.get(waiting_id(place))):
            self._store.clear_waiting(waiting_id(place))
        return found

    def waiting_below(self, name: Name) -> Iterator[tuple[Drop, Name]]:
        """Drops whose places wait for something, at and below a folder whose defaults have changed."""
        for job in list(self._store.waiting_under(drops.shortened(f"{name.place.model.id}/{name.place.folder}"))):
            key = job.source["keys"][0]
            yield Drop(self._inbox.bucket, key), drops.parse(key)

    def source(self, found: Assembly) -> dict[str, object]:
        """Where a job of these parts comes from."""
        return {"type": "drop", "bucket": self._inbox.bucket, "keys": [part.key for part in found.parts]}

    def _too_fresh(self, drop: Drop, written: Mapping[str, float]) -> bool:
        """Whether the quiet time since the last part is not over.

        Every part has an event of its own, and the queue delays each by the quiet time: so if a later part is too
        fresh, its own event will do the job; of several in the same second, that of the last in the alphabet, which
        comes again until the time is over. So does one whose own file is gone, for the others may rely on it.
        """
        if drop.at > written.get(drop.key, drop.at) + 1:
            # An upload in parts is listed under the moment of its beginning, which may be long ago.
            written = {**written, drop.key: drop.at}
        newest = max(written.values(), default=0.0)
        last = [key for key, when in written.items() if when == newest]
        # S3 tells whole seconds: of two parts of one second, or of another's, the last may be nearly a second younger.
        early = newest + (last != [drop.key]) + self._quiet - self._clock()
        if not self._quiet or early <= 0:
            return False
        if drop.key == max(last) or drop.key not in written:
            raise ComeAgain(early + 1)
        return True

    def _assemble(self, place: Place, keys: list[str]) -> Assembly | None:
        read = [self._inbox.read(key, drops.parse(key)) for key in keys]
        parts: list[Part] = [part for part in read if part is not None]
        return assemble(self._inbox, place, parts) if parts else None

    def _wait(self, drop: Drop, found: Assembly) -> Assembly | None:
        """Record what a place waits for; what it has become, if the last part arrived while that was written.

        Two events may each see a part of the whole. The later one's look comes after all parts were there; the
        earlier one's record comes before its own second look. So one of them sees everything, and nothing waits for
        ever.
        """
        while True:
            self._store.put_waiting(self._waiting(found))
            keys, written = self._inbox.newest(found.place)
            again = self._assemble(found.place, keys)
            if again is None:
                self._store.clear_waiting(waiting_id(found.place))
                return None
            if again.mistakes or not again.missing:
                return None if self._too_fresh(drop, written) else again
            if again.job_id == found.job_id:
                return None
            found = again

    def _waiting(self, found: Assembly) -> Job:
        now = self._clock()
        return Job(
            job_id=waiting_id(found.place),
            model=found.place.model.id,
            gateway=found.place.model.gateway,
            status=Status.WAITING,
            place=found.place.path,
            input=redacted(found.values),
            source=self.source(found),
            missing=found.missing,
            reason="waits for " + ", ".join(found.missing),
            created_at=now,
        ).noted(now, "waits for " + ", ".join(found.missing))


def waiting_id(place: Place) -> str:
    """The id of the record of what a place waits for."""
    return identity("waiting", place.model.id, place.folder, place.stem)
