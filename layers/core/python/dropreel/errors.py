"""What can go wrong, and what is to be done about it.

DropreelError
├── Mistake            the input is wrong: REJECTED, nothing is sent, nothing is paid
├── Mistakes           the same, for everything that is wrong with it
├── NotSent            the gateway never took the request: HELD, safe to send again later
│   └── Refused        it answered 401, 402, 403 or 429
├── Declined           it answered that the request itself is bad: FAILED, never sent again by itself
├── AnswerLost         the request went out and its answer was lost: UNKNOWN, never sent again by itself
├── StatusUnavailable  a status could not be read just now: ask again later
└── MediaUnavailable   an output could not be fetched whole: ask again later, or give up when `final`
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

#: How many mistakes of one input are told: more would not fit into a record, and nobody would read them.
MOST_MISTAKES = 20
#: Characters that are kept of what gateways and hosts say: people read so much, and every store holds it.
LONGEST_WORDS = 400


class DropreelError(Exception):
    """Anything that dropreel itself raises."""


class Mistake(DropreelError):
    """The input names something that is not allowed; `field` is where, `allowed` is what would be."""

    def __init__(self, field: str, problem: str, allowed: str = "") -> None:
        self.field = field
        self.problem = problem
        self.allowed = allowed
        super().__init__(f"{field}: {problem}" + (f"; allowed: {allowed}" if allowed else ""))

    def at(self, place: str) -> Mistake:
        """The same mistake, with where people find it; "" where they know."""
        return Mistake(self.field, f"{self.problem} (in {place})", self.allowed) if place else self


class Mistakes(DropreelError):
    """Everything that is wrong with an input, a line each."""

    def __init__(self, each: Sequence[Mistake]) -> None:
        more = len(each) - MOST_MISTAKES
        lines = [*map(str, each[:MOST_MISTAKES]), *([f"and {more} more"] if more > 0 else [])]
        super().__init__("\n".join(lines))


@contextmanager
def noted(mistakes: list[Mistake]) -> Iterator[None]:
    """Go on after a mistake, as there may be others, and remember it."""
    try:
        yield
    except Mistake as mistake:
        mistakes.append(mistake)


class NotSent(DropreelError):
    """The gateway certainly did not take the request; `retry_after` is its own wish in seconds, if it had one."""

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        self.reason = reason
        self.retry_after = retry_after
        super().__init__(reason)


class Refused(NotSent):
    """The gateway answered 401, 402, 403 or 429, so nothing was charged; `status` is that number."""

    def __init__(self, status: int, reason: str, *, retry_after: float | None = None) -> None:
        self.status = status
        super().__init__(reason, retry_after=retry_after)


class Declined(DropreelError):
    """The gateway answered that the request itself is bad (400, 404, 422, …)."""


class AnswerLost(DropreelError):
    """The request went out, but whether the gateway took it is not known (timeout, broken connection, 5xx)."""


class StatusUnavailable(DropreelError):
    """The gateway did not say how a request stands; `status` is that of its answer, None where none came."""

    def __init__(self, reason: str, *, status: int | None = 200) -> None:
        self.status = status
        super().__init__(reason)


class MediaUnavailable(DropreelError):
    """An output could not be fetched whole; `final` when asking again soon is unlikely to help."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        self.final = final
        super().__init__(reason[:LONGEST_WORDS])
