"""CloudWatch Logs on this machine: what functions write into their files is in their log groups soon, a line an event.

So `dropreel logs`, and any other client of AWS's, finds it where it is in an account.
"""

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from moto.logs.models import LogsBackend

#: seconds between two looks into the files
_GLANCE = 0.2
#: all processes of a function write into one file
_STREAM = "local"


class FunctionLogs:
    """Follows files, each for a log group, from `start` to `stop`."""

    def __init__(self, groups: Mapping[Path, str], backend: LogsBackend) -> None:
        self._groups = groups
        self._backend = backend
        self._read = dict.fromkeys(groups, 0)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="function-logs", daemon=True)
        for group in groups.values():
            backend.ensure_log_group(group)
            backend.ensure_log_stream(group, _STREAM)

    def start(self) -> Self:
        """Begins to follow."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Follows no more."""
        self._ended.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._ended.wait(_GLANCE):
            self.look()

    def look(self) -> None:
        """Puts every whole line that is new into its group."""
        for path, group in self._groups.items():
            with path.open("rb") as file:
                file.seek(self._read[path])
                whole, end, _ = file.read().rpartition(b"\n")
            self._read[path] += len(whole + end)
            now = int(time.time() * 1000)
            lines = [line for line in whole.decode(errors="replace").splitlines() if line.strip()]
            if lines:
                self._backend.put_log_events(group, _STREAM, [{"timestamp": now, "message": line} for line in lines])
