"""Everything that the simulated gateways saw and did, for assertions."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TypeVar


@dataclass(frozen=True, slots=True)
class Post:
    """A POST that wanted a generation."""

    #: pixazo or aimlapi.
    gateway: str
    #: The model's id; None where there is no such model.
    model: str | None
    #: The path that was asked.
    path: str
    #: The headers that matter, names in lower case, never a key.
    headers: Mapping[str, str]
    #: The JSON body, or the text that was none.
    body: object
    #: Unix time.
    at: float
    #: The id of the generation, where one was begun.
    request_id: str | None
    #: The status that was answered; None for a broken connection.
    answered: int | None


@dataclass(frozen=True, slots=True)
class Callback:
    """One attempt at a callback."""

    #: The generation that it tells of.
    request_id: str
    #: Where it was sent.
    url: str
    #: What was sent.
    body: Mapping[str, object]
    #: Unix time at which the attempt ended.
    at: float
    #: The status that came back; None where nothing did.
    answered: int | None


@dataclass(frozen=True, slots=True)
class Read:
    """A question how a generation stands."""

    #: pixazo or aimlapi.
    gateway: str
    #: The id that was asked for.
    request_id: str
    #: Unix time.
    at: float
    #: The status that was answered.
    answered: int
    #: The generation's own status, where it was told.
    status: str | None


@dataclass(frozen=True, slots=True)
class Fetch:
    """An input that a generation fetched."""

    #: The generation that wanted it.
    request_id: str
    #: The field of the body.
    field: str
    #: Its URL, as given.
    url: str
    #: Unix time at which the fetch ended.
    at: float
    #: The status that came back; None where nothing did.
    answered: int | None
    #: Hash of its bytes, where they came.
    sha256: str | None


@dataclass(frozen=True, slots=True)
class MediaGet:
    """A GET of a result."""

    #: The generation that made it.
    request_id: str
    #: The path and query that were asked.
    path: str
    #: The `Range` that was asked for.
    range: str | None
    #: Unix time.
    at: float
    #: The status that was answered.
    answered: int


Entry = Post | Callback | Read | Fetch | MediaGet
E = TypeVar("E", Post, Callback, Read, Fetch, MediaGet)


@dataclass(slots=True)
class Journal:
    """The entries in the order in which they happened."""

    _entries: list[Entry] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def add(self, entry: Entry) -> None:
        with self._changed:
            self._entries.append(entry)
            self._changed.notify_all()

    def of(self, kind: type[E]) -> tuple[E, ...]:
        with self._changed:
            return tuple(entry for entry in self._entries if isinstance(entry, kind))

    def wait_for(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Wait until the condition holds after some entry; False after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while not condition():
            with self._changed:
                # Short waits besides the notice, as a condition may look at more than this journal.
                self._changed.wait(min(0.02, max(0.0, deadline - time.monotonic())))
            if time.monotonic() >= deadline:
                return condition()
        return True

    def as_json(self) -> dict[str, object]:
        kinds = {Post: "posts", Callback: "callbacks", Read: "reads", Fetch: "fetches", MediaGet: "media_gets"}
        told: dict[str, list[object]] = {name: [] for name in kinds.values()}
        with self._changed:
            for entry in self._entries:
                told[kinds[type(entry)]].append(asdict(entry))
        return dict(told)
