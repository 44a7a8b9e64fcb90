"""One generation of the simulated gateways: what was asked, how it stands, what it made."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from local.gateways.behaviour import Behaviour
from local.gateways.models import SimulatedModel

#: Part of its time that a generation is QUEUED.
_QUEUED = 0.25


@dataclass(frozen=True, slots=True)
class Output:
    """One file of a result."""

    #: Path under the gateways' URL.
    path: str
    #: The whole file.
    data: bytes = field(repr=False)
    #: What the status answer says of it, and its `Content-Type`.
    media_type: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def etag(self) -> str:
        return f'"{hashlib.md5(self.data, usedforsecurity=False).hexdigest()}"'


@dataclass(frozen=True, slots=True)
class Ending:
    """How a generation ended."""

    status: Literal["COMPLETED", "FAILED", "ERROR"]
    #: The message of a failure.
    error: str | None = None
    outputs: tuple[Output, ...] = ()
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(slots=True, eq=False)
class Generation:
    """An accepted POST."""

    id: str
    model: SimulatedModel
    body: Mapping[str, object]
    behaviour: Behaviour
    #: Whether this attempt is one that ends in ERROR.
    errs: bool
    #: Seconds that it takes.
    seconds: float
    #: Where its callbacks go.
    webhook: str | None = None
    #: Whether callbacks come in between too.
    sync: bool = False
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    #: Set once, whole, so that no reader sees half of it.
    ending: Ending | None = None
    #: Which issue of the media's links works; raised when an expired one was tried.
    link: int = 0
    #: How many times its status was told so far.
    told: int = 0
    #: How many GETs of its media came so far.
    media_gets: int = 0

    @property
    def status(self) -> str:
        if self.ending:
            return self.ending.status
        queued = datetime.now(UTC) - self.began < timedelta(seconds=self.seconds * _QUEUED)
        return "QUEUED" if queued else "PROCESSING"

    @property
    def error(self) -> object:
        """What its failure says; None where it has not failed."""
        return self.ending and (self.behaviour.error or self.ending.error)

    @property
    def left(self) -> float:
        """Seconds until it may end."""
        return max(0.0, self.seconds - (datetime.now(UTC) - self.began).total_seconds())

    def media_urls(self, base: str) -> list[str]:
        """Where the outputs are now."""
        query = f"?link={self.link}" if self.behaviour.media == "expired" else ""
        return [f"{base}{output.path}{query}" for output in (self.ending.outputs if self.ending else ())]
