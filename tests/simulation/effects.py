"""Effects: whatever a function does to the world beyond itself, each with a boundary before and after it.

At a boundary a function can be made to wait (so that others come between) or to die. A death is a BaseException, which
no `except Exception` takes for a mistake; and whatever the dying function still tries to do, in a `finally` or while it
cleans up, has no effect any more, because a killed process does no cleaning. A call to AWS may also just fail: then its
client raises what it raises in earnest, and the function goes on from there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from tests.simulation.failures import failure, service_of

T = TypeVar("T")


class Death(BaseException):
    """The process is killed here and now."""


@dataclass(slots=True, eq=False)
class Life:
    """One invocation of a function."""

    #: submit, callback, poll, probe or deliver.
    function: str
    #: Epoch seconds of virtual time at which it began, and at which the platform kills it.
    began_at: float
    ends_at: float
    #: How many drops had been dropped again when it began.
    drops: int = 0
    #: How often each function was invoked in the chain of invocations that led here, this one included.
    lineage: Mapping[str, int] = field(default_factory=dict)
    dead: bool = False
    #: What it answered, if it came to its end; of a queue message, whether it was dealt with.
    answer: object = None
    #: Whether it told of a failure: of a message that is to come again for it, or of a probe.
    troubled: bool = False
    #: The gates that it has read: whether each was closed, and how often the gates had been written by then.
    gates: dict[str, tuple[bool, int]] = field(default_factory=dict)
    #: The gate that it is reading.
    reads_gate: str = ""
    #: The effect that it is about to have, or has just had.
    at: str = "start"
    #: What it was called with: a message, or a callback's job.
    about: str = ""
    #: Every effect that it has had.
    effects: list[str] = field(default_factory=list)
    #: AWS calls that failed: the effect, and how.
    failures: list[tuple[str, str]] = field(default_factory=list)
    #: The failure that shows only after the effect.
    fails_after: str = ""
    #: Seconds for which it waits at its next boundary, because somebody else is slow.
    slow: float = 0.0


class Fate(Protocol):
    """What befalls a function at its boundaries; each method may block, or raise Death."""

    def before(self, life: Life, effect: str) -> None:
        """The effect has not happened."""

    def after(self, life: Life, effect: str) -> None:
        """The effect has happened; its result is lost if the function dies now."""

    def answer_lost(self, life: Life, effect: str) -> bool:
        """Whether an AWS call's answer gets lost on the way, so that the AWS client makes the call again."""

    def failure(self, life: Life, effect: str) -> str:
        """How an AWS call fails, if it does; empty if not."""


class Effects:
    """The boundaries of every function that runs."""

    def __init__(self, fate: Fate) -> None:
        self._fate = fate
        self._mine = threading.local()
        #: Told about every effect that happened, before anything else can happen; and of a life's "end", if it had one.
        self.observers: list[Callable[[Life, str], None]] = []

    @property
    def life(self) -> Life | None:
        """The invocation that runs in this thread; None for people and the world itself."""
        life: Life | None = getattr(self._mine, "life", None)
        return life

    def live(self, life: Life, run: Callable[[], T]) -> T:
        """Run a function's invocation in this thread. Raises Death."""
        self._mine.life = life
        try:
            result = run()
            self._unless_dead(life)
            life.answer = result
            for observe in self.observers:
                observe(life, "end")
            return result
        finally:
            self._mine.life = None

    def before(self, effect: str) -> None:
        """The boundary before an effect."""
        if (life := self.life) is not None:
            self._unless_dead(life)
            life.at = f"before {effect}"
            self._at(life, self._fate.before, effect)
            self._fail(life, effect)

    def after(self, effect: str) -> None:
        """The boundary after an effect."""
        if (life := self.life) is not None:
            life.effects.append(effect)
            for observe in self.observers:
                observe(life, effect)
            life.at = f"after {effect}"
            self._at(life, self._fate.after, effect)
            way, life.fails_after = life.fails_after, ""
            if way:
                raise failure(effect, way)

    def answer_lost(self, effect: str) -> bool:
        """Whether the AWS client has to make this call again."""
        life = self.life
        return life is not None and self._fate.answer_lost(life, effect)

    def around(self, effect: str, do: Callable[[], T]) -> T:
        """Have an effect of our own model of a service, with its boundaries, repeated where its answer is lost."""
        self.before(effect)
        result = do()
        if self.answer_lost(effect):
            result = do()
        self.after(effect)
        return result

    def _at(self, life: Life, boundary: Callable[[Life, str], None], effect: str) -> None:
        try:
            boundary(life, effect)
        except Death:
            life.dead = True
        self._unless_dead(life)

    def _fail(self, life: Life, effect: str) -> None:
        """Raise what the AWS client does, if this call fails; one that times out has its effect all the same."""
        way = self._fate.failure(life, effect) if service_of(effect) else ""
        if not way:
            return
        life.failures.append((effect, way))
        if way != "timed out":
            raise failure(effect, way)
        life.fails_after = way

    def _unless_dead(self, life: Life) -> None:
        if life.dead:
            raise Death
