"""Runs a module in a process that never outlives the one that started it.

The process has a session of its own, and its standard input is a pipe whose other end the starter holds. The end of
that pipe is the one sign of a starter's death that works after a SIGKILL, from any thread, on Linux and macOS.
"""

import os
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

#: the folder of the whole project
PROJECT = Path(__file__).parents[1]
#: what is built or cached on this machine, and never committed
BUILD = PROJECT / ".build"


def start(
    module: str,
    *arguments: str,
    environment: Mapping[str, str],
    cwd: Path = PROJECT,
    flags: Sequence[str] = ("-P",),
    stdout: int | IO[bytes] | None = None,
    stderr: int | IO[bytes] | None = None,
) -> "subprocess.Popen[bytes]":
    """Starts `python -m module`; keep the process's stdin open for as long as it is to live."""
    return subprocess.Popen(  # noqa: S603 (nothing in it comes from outside)
        [sys.executable, *flags, __file__, module, *arguments],
        cwd=cwd,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=stderr,
        # Ctrl-C in a terminal is for the main process, which then ends the others in its own order.
        start_new_session=True,
    )


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ends a process that was started here, and whatever it started itself."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _end_with_starter() -> None:
    while os.read(0, 1024):
        pass
    os.killpg(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Runs the module named on the command line as `python -m` would."""
    threading.Thread(target=_end_with_starter, daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
