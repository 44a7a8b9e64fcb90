"""Who can be asked: each gateway a file, all behind one small protocol.

In: a request in wire form, or the id of one. Out: its id, or how it stands; every way it can go wrong is an error that
says what it means for the money. Read `pixazo.py` first; `wire.py` is HTTP as the gateways speak it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from dropreel.jobs import ENDED_RANK, RANK

if TYPE_CHECKING:
    from dropreel.catalog.model import Model


@dataclass(frozen=True, slots=True)
class Callback:
    """Where a gateway is asked to report."""

    #: Holds the attempt's token: never to be logged.
    url: str
    #: Whether progress is wanted, too.
    progress: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """How a request stands, in the words of gateway "pixazo", which all are translated to."""

    #: QUEUED, PROCESSING, COMPLETED, FAILED or ERROR (not charged).
    status: str
    media_urls: tuple[str, ...] = ()
    #: The gateway's own message, redacted and cut; of COMPLETED, what it said instead of where its output lies.
    error: str = ""

    @property
    def ended(self) -> bool:
        return RANK[self.status] == ENDED_RANK


class Gateway(Protocol):
    """A provider's HTTP API."""

    #: Whether it takes an X-Webhook-URL.
    calls_back: bool

    def submit(self, model: type[Model], values: Mapping[str, Any], callback: Callback | None) -> str:
        """POST one generation, once, and return its request id.

        Raises NotSent, Refused, Declined or AnswerLost: which of them says whether it may have been charged.
        """

    def status(self, request_id: str) -> Answer:
        """Ask how a request stands. Raises StatusUnavailable."""
