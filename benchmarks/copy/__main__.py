"""The copy beside what else one would use: `python -m benchmarks.copy [--runs 5] [--write]`.

An HTTP server and an S3 server (rclone's) of their own processes on this machine; every contender in turn, round after
round, so that whatever else the machine does befalls all alike. Every object is compared with what was served.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import page
from benchmarks.copy import plot
from benchmarks.copy.contenders import KEY, SECRET, Cost, Place, contenders

GIB = 1 << 30
PLOT = Path("docs/copy.svg")
#: Where `make bench-copy` installs rclone and aws.
TOOLS = Path(".build/bench/bin")


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is to be copied."""

    title: str
    size: int
    count: int
    #: MB/s a connection; 0: as fast as it goes.
    rate: int = 0
    options: str = ""

    def urls(self, host: str) -> list[str]:
        """The files' addresses."""
        return [f"{host}/{self.size}/{n}.mp4?rate={self.rate}{self.options}" for n in range(self.count)]


SCENARIOS = (
    Scenario("1 GiB", GIB, 1),
    Scenario("1 GiB from a host without ranges", GIB, 1, options="&ranges=no"),
    Scenario("20 files of 20 MB", 20_000_000, 20),
    Scenario("256 MiB at 20 MB/s a connection", GIB // 4, 1, rate=20),
)


@contextlib.contextmanager
def started(command: Sequence[str | Path], ready: Callable[[str], str | None]) -> Iterator[str]:
    """A server, until the end; `ready` finds its address in what it says, line by line."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # noqa: S603
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if address := ready(line.strip()):
                yield address
                return
        raise RuntimeError(f"{command[0]} did not start")
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def s3_server(tools: Path, folder: Path) -> Iterator[str]:
    """rclone's S3 server over a folder."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    options = ["--config=", f"--addr={address}", f"--auth-key={KEY},{SECRET}"]
    command: list[str | Path] = [tools / "rclone", "serve", "s3", *options, folder]
    with started(command, lambda line: f"http://{address}" if "Starting s3 server" in line else None) as url:
        yield url


def measure(scenario: Scenario, host: str, place: Place, outbox: Path, runs: int) -> dict[str, list[Cost]]:
    """Every contender's costs, a round at a time."""
    # By another process: the system counts a program's peak from that of whoever starts it, so this one stays small.
    command = [sys.executable, "-m", "benchmarks.copy.web", f"--sha256={scenario.size}"]
    digest = subprocess.check_output(command, text=True).strip()  # noqa: S603
    costs: dict[str, list[Cost]] = {}
    for turn in range(runs):
        for name, contender in contenders(place.tools).items():
            cost = contender(place, scenario.urls(host))
            costs.setdefault(name, []).append(cost)
            print(f"{scenario.title}, {turn + 1}/{runs}, {name}: {cost}", file=sys.stderr, flush=True)
            check(outbox, digest, scenario.count)
    return costs


def check(outbox: Path, digest: str, count: int) -> None:
    """Fail unless what was copied is what was served; and make room."""
    files = sorted(path for path in outbox.iterdir() if path.suffix == ".mp4")
    assert len(files) == count, f"{len(files)} objects instead of {count}"
    for path in files:
        with path.open("rb") as file:
            assert hashlib.file_digest(file, "sha256").hexdigest() == digest, f"{path.name} is another file"
        path.unlink()


def median(costs: Sequence[Cost]) -> Cost:
    """The median of each number by itself."""
    warm = [cost.warm_cpu for cost in costs if cost.warm_cpu is not None]
    return Cost(
        statistics.median(cost.wall for cost in costs),
        statistics.median(cost.cpu for cost in costs),
        statistics.median(cost.memory for cost in costs),
        statistics.median(warm) if warm else None,
    )


def table(scenario: Scenario, costs: dict[str, list[Cost]]) -> str:
    """Medians, and what they are of rclone's."""
    lines = [
        f"**{scenario.title}**",
        "",
        "| | wall s | MB/s | of rclone's MB/s | CPU s | of rclone's CPU s | peak MiB (most of all runs) |",
        "|---|---|---|---|---|---|---|",
    ]
    total = scenario.size * scenario.count / 1e6
    first = median(costs["rclone copyurl"])
    for name, several in costs.items():
        cost = median(several)
        row = [f"{cost.wall:.2f}", f"{total / cost.wall:.0f}", f"{first.wall / cost.wall:.2f}"]
        memory = f"{cost.memory:.0f} ({max(one.memory for one in several):.0f})"
        lines.append(f"| {name} | {' | '.join(row)} | {cost.cpu:.2f} | {cost.cpu / first.cpu:.2f} | {memory} |")
        if cost.warm_cpu is not None:
            share = f"{cost.warm_cpu:.2f} | {cost.warm_cpu / first.cpu:.2f}"
            lines.append(f"| {name}, without starting Python and loading boto3 | | | | {share} | |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="The copy beside what else one would use.")
    parser.add_argument("--tools", type=Path, default=TOOLS, help="the folder with rclone and aws")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="", help="scenarios whose title holds this")
    parser.add_argument("--write", action="store_true", help=f"renew {page.PAGE} and {PLOT}")
    arguments = parser.parse_args()
    tools = arguments.tools.absolute()
    # In memory where there is such a folder, so that no disk is measured.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
    scratch = Path(tempfile.mkdtemp(prefix="benchmark-copy-", dir=memory))
    try:
        about = page.machine()
        (scratch / "outbox").mkdir()
        server = [sys.executable, "-m", "benchmarks.copy.web"]
        with started(server, lambda line: line) as host, s3_server(tools, scratch) as s3:
            time.sleep(0.5)
            place = Place(tools, s3, scratch)
            measured = {
                scenario: measure(scenario, host, place, scratch / "outbox", arguments.runs)
                for scenario in SCENARIOS
                if arguments.only in scenario.title
            }
    finally:
        shutil.rmtree(scratch)
    tables = "\n\n".join(table(scenario, costs) for scenario, costs in measured.items())
    tables = f"Medians of {arguments.runs} runs; {about}.\n\n{tables}"
    print(tables)
    if arguments.write:
        medians = {s.title: {name: median(several) for name, several in costs.items()} for s, costs in measured.items()}
        PLOT.write_text(plot.svg(medians))
        page.write("copy", tables)


if __name__ == "__main__":
    main()
