"""A clock that leaps over waiting: the machine's own, plus all the time in which nothing would have happened."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

from moto.sqs.models import Message, sqs_backends
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.environment import Environment

from local.moto_server import ACCOUNT, REGION

#: How often, in seconds, a sleeper sees whether it is still wanted: an execution may be stopped.
_LOOK_AGAIN = 0.05


class Clock:
    """What time it is, and who sleeps until when."""

    def __init__(self, file: Path) -> None:
        #: Where the functions read how far ahead of the machine's clock they are.
        self.file = file
        self._ahead = 0.0
        self._changed = threading.Condition()
        self._sleepers: list[float] = []
        self._state_machines: list[float] = []
        file.write_text("0")

    def now(self) -> float:
        """Epoch seconds."""
        return time.time() + self._ahead

    def sleep(self, seconds: float) -> None:
        """Sleep as `time.sleep` does."""
        self._sleep(seconds, self._sleepers, lambda: True)

    def _sleep(self, seconds: float, sleepers: list[float], wanted: Callable[[], bool]) -> None:
        due = self.now() + seconds
        with self._changed:
            sleepers.append(due)
            while (left := due - self.now()) > 0 and wanted():
                self._changed.wait(min(left, _LOOK_AGAIN))
            sleepers.remove(due)

    @property
    def waiting_machines(self) -> int:
        """How many executions stand in a Wait state."""
        return len(self._state_machines)

    def next(self) -> float | None:
        """When something happens next; None if nothing ever will."""
        delayed = [self.now() + left for message in _messages() if (left := _until_visible(message)) > 0]
        return min([*self._sleepers, *self._state_machines, *delayed], default=None)

    def leap(self, moment: float) -> None:
        """Let it be that moment."""
        seconds = max(0.0, moment - self.now())
        with self._changed:
            self._ahead += seconds
            # Whole again at once: a function may be reading it.
            self.file.with_suffix(".new").write_text(repr(self._ahead))
            self.file.with_suffix(".new").replace(self.file)
            for message in _messages():
                message.delayed_until -= seconds * 1000
                message.visible_at -= seconds * 1000
            self._changed.notify_all()

    @contextmanager
    def in_state_machines(self) -> Iterator[None]:
        """Have moto's Wait states sleep by this clock."""
        original = WaitFunction._wait_interval
        clock = self

        def wait_interval(_: WaitFunction, env: Environment, wait_seconds: int) -> None:
            clock._sleep(wait_seconds, clock._state_machines, env.is_running)

        WaitFunction._wait_interval = wait_interval  # type: ignore[assignment,method-assign]
        try:
            yield
        finally:
            WaitFunction._wait_interval = original  # type: ignore[method-assign]

    @contextmanager
    def in_s3(self) -> Iterator[None]:
        """Have moto's objects written at this clock's time, with which functions compare it."""

        def utcnow() -> datetime:
            return datetime.fromtimestamp(self.now(), UTC).replace(tzinfo=None)

        with mock.patch("moto.s3.models.utcnow", utcnow):
            yield


def _messages() -> list[Message]:
    queues = sqs_backends[ACCOUNT][REGION].queues.values()
    return [message for queue in queues for message in list(queue._messages)]


def _until_visible(message: Message) -> float:
    """Seconds until somebody may receive it."""
    return max(message.delayed_until, message.visible_at) / 1000 - time.time()


def visible_messages() -> int:
    """Messages that somebody should be receiving right now."""
    return sum(_until_visible(message) <= 0 for message in _messages())
