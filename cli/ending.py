"""How a long-running command ends: at the first SIGINT or SIGTERM, in order, and for certain."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

#: seconds that putting things away may take
_PATIENCE = 10


class Ended(BaseException):
    """Somebody asked the command to end; like KeyboardInterrupt, not to be caught on the way."""


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Raises Ended in the main thread at the first SIGINT or SIGTERM, and ends the context with it; further ones do
    nothing.

    A shell script's background jobs are started with SIGINT ignored, so that the handler has to be set.
    """

    def end(_signal: int, _frame: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        # Whatever hangs, the process ends; and the leashes of its children with it.
        threading.Timer(_PATIENCE, leave).start()
        raise Ended

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, end)
    with suppress(Ended):
        yield


def leave(status: int = 0) -> None:
    """Ends the process at once: moto's threads sleep in their waits, and an interpreter that took itself apart under
    them could crash."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status)
