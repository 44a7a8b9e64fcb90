"""Which laptop stacks run on this machine: each `dropreel up` leaves a note for the other verbs, and takes it along."""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.exits import UNREACHABLE, Trouble
from local.leash import BUILD

#: Where the notes are, one a process.
FOLDER = BUILD / "laptops"

START_ONE = "start one with `dropreel up`, or name a deployed environment, such as --env prod"


@dataclass(frozen=True, kw_only=True)
class Presence:
    """One running `dropreel up`."""

    pid: int
    #: Epoch seconds.
    started_at: float
    aws_endpoint_url: str
    region: str

    @property
    def alive(self) -> bool:
        """Whether its process is there; one that was killed leaves its note behind."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True


@contextmanager
def announced(addresses: Mapping[str, str], folder: Path = FOLDER) -> Iterator[None]:
    """Leave a note for as long as the context lasts, and clear away those of processes that are gone."""
    folder.mkdir(parents=True, exist_ok=True)
    for path, presence in _notes(folder):
        if not presence.alive:
            path.unlink(missing_ok=True)
    mine = folder / f"{os.getpid()}.json"
    names = ("aws_endpoint_url", "region")
    note = {"pid": os.getpid(), "started_at": time.time(), **{name: addresses[name] for name in names}}
    # Whoever reads it finds all of it or nothing.
    fresh = mine.with_suffix(".new")
    fresh.write_text(json.dumps(note))
    fresh.replace(mine)
    try:
        yield
    finally:
        mine.unlink(missing_ok=True)


def newest(folder: Path = FOLDER) -> Presence:
    """The laptop stack that was started last. Raises Trouble where none runs."""
    known = sorted((presence for _, presence in _notes(folder)), key=lambda presence: presence.started_at)
    running = [presence for presence in known if presence.alive]
    if running:
        return running[-1]
    if known:
        gone = f"the laptop stack at {known[-1].aws_endpoint_url} is gone (its process {known[-1].pid} was killed)"
        raise Trouble(f"{gone}: {START_ONE}", UNREACHABLE)
    raise Trouble(f"no laptop stack is running: {START_ONE}", UNREACHABLE)


def _notes(folder: Path) -> list[tuple[Path, Presence]]:
    """Every note that can be read; one may vanish while we look."""
    found = []
    for path in folder.glob("*.json"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            found.append((path, _presence(json.loads(path.read_bytes()))))
    return found


def _presence(note: Mapping[str, Any]) -> Presence:
    """What a note says. Raises ValueError, KeyError or TypeError for one that is none."""
    fields = {"pid": int, "started_at": float, "aws_endpoint_url": str, "region": str}
    found = Presence(**{name: note[name] for name in fields})
    if any(type(note[name]) is not kind for name, kind in fields.items()) or not 0 < found.pid < 2**31:
        raise ValueError
    return found
