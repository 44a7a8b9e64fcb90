"""Things that happen later, each in a thread of a pool, until the gateways stop."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

_log = logging.getLogger(__name__)


class Timetable:
    """Runs each task at its time; tasks that are still to come are forgotten at the stop."""

    def __init__(self, workers: int = 32) -> None:
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._stopped = False
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="simulated-gateways")
        self._clock = threading.Thread(target=self._run, name="simulated-gateways-clock", daemon=True)

    def start(self) -> None:
        self._clock.start()

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._clock.join()
        self._pool.shutdown(cancel_futures=True)

    def after(self, seconds: float, task: Callable[[], None]) -> None:
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + seconds, next(self._order), task))
            self._changed.notify_all()

    def _run(self) -> None:
        while (task := self._next()) is not None:
            self._pool.submit(_run_logged, task)

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._stopped:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait)
            return None


def _run_logged(task: Callable[[], None]) -> None:
    try:
        task()
    except Exception:
        # The pool would keep it to itself, and a bug here would look like one of the pipeline.
        _log.exception("a task of the simulated gateways failed")
