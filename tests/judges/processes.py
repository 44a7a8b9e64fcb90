"""A judge as a process of this machine: on loopback only, and gone with everything that it started."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from local import leash
from tests.e2e.tiny import eventually

#: where `make judges` puts them, apart from what they judge
BIN = leash.BUILD / "judges" / "bin"
#: seconds in which a judge must answer
_START_SECONDS = 120


def free_ports(count: int = 1) -> list[int]:
    """Ports that nobody listens on."""
    found = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in found]
    for each in found:
        each.close()
    return ports


@contextmanager
def running(
    command: Sequence[str], *, log: Path, environment: Mapping[str, str], answers: Callable[[], bool]
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a command for as long as the context lasts, and knows nothing of our surroundings."""
    home = str(log.parent)
    surroundings = {"PATH": os.environ["PATH"], "HOME": home, "TMPDIR": home, "PYTHONPATH": str(leash.PROJECT)}
    with log.open("wb") as said:
        process = leash.start(
            "tests.judges.led",
            *command,
            environment={**surroundings, **environment},
            cwd=log.parent,
            stdout=said,
            stderr=said,
        )
    try:
        eventually(lambda: process.poll() is not None or answers(), _START_SECONDS)
        assert process.poll() is None, log.read_text()
        yield process
    finally:
        leash.end(process)
        process.communicate()
