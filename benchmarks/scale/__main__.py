"""Many drops at once on the laptop stack: `python -m benchmarks.scale [--drops 250 1000 10000] [--write]`.

The gateway answers and ends at once, so everything that takes time is ours and the laptop's. Each number of drops has a
stack of its own, in a process of its own, whose memory and processor time are read at the end.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import page
from benchmarks.surroundings import gateway_process, stack
from local.stack import Laptop

FILM_BYTES = 20_000
#: Seconds after which a stack that brings nothing new is given up.
PATIENCE = 120
ADDRESS = "https://example.com/a.png"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """So many drops."""

    drops: int
    #: From the first drop until all have been dropped, and until the last manifest.
    dropped: float
    ended: float
    #: CPU seconds of the whole stack, moto's and the functions'.
    cpu: float
    #: MiB of the process that plays AWS before the drops and at its peak, and of the largest function.
    before: float
    peak: float
    function: float

    @property
    def each(self) -> float:
        """Milliseconds a job."""
        return 1000 * self.ended / self.drops


def run(drops: int) -> Run:
    """Drop so many prompts, and wait for as many manifests."""
    with gateway_process(seconds=0, film_bytes=FILM_BYTES) as url, stack({}, url) as laptop:
        before = _peak()
        began = time.monotonic()
        s3, inbox = laptop.client("s3"), laptop.outputs["InboxBucket"]
        for number in range(drops):
            key = f"veo-3-1-fast/{number % 100}/{number}.txt"
            s3.put_object(Bucket=inbox, Key=key, Body=f"a wave, the {number}th".encode())
        dropped = time.monotonic() - began
        _wait(laptop, drops)
        ended = time.monotonic() - began
        function = max((_memory(pid) for pid in _children()), default=0.0)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(each.ru_utime + each.ru_stime for each in used)
    return Run(drops=drops, dropped=dropped, ended=ended, cpu=cpu, before=before, peak=_peak(), function=function)


def _wait(laptop: Laptop, drops: int) -> None:
    """Return when there are as many manifests as drops, seen in moto's own memory, which takes no time."""
    from moto.s3.models import s3_backends

    from local.moto_server import ACCOUNT

    keys = s3_backends[ACCOUNT]["aws"].buckets[laptop.outputs["OutboxBucket"]].keys
    count, since = 0, time.monotonic()
    while count < drops:
        time.sleep(0.25)
        found = sum(key.endswith(".json") for key in list(keys))
        if found > count:
            count, since = found, time.monotonic()
        if time.monotonic() - since > PATIENCE:
            raise RuntimeError(f"{drops - count} of {drops} jobs never ended")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _children() -> list[int]:
    return [int(pid) for told in Path("/proc/self/task").glob("*/children") for pid in told.read_text().split()]


def _memory(pid: int) -> float:
    """MiB at the peak of a process that runs the functions."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(found[0]) / 1024 if found else 0.0


def table(runs: Sequence[Run]) -> str:
    """A line for each number of drops; what grows faster than the number shows in the columns that should be flat."""
    lines = [
        "| drops | jobs a second | ms a job | CPU ms a job | AWS MiB before | at its peak | KiB a job | λ MiB |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for found in runs:
        each = 1024 * (found.peak - found.before) / found.drops
        cells = [f"{found.drops:,}", f"{found.drops / found.ended:.1f}", f"{found.each:.0f}"]
        cells += [f"{1000 * found.cpu / found.drops:.0f}", f"{found.before:.0f}", f"{found.peak:.0f}"]
        lines.append("| " + " | ".join([*cells, f"{each:.0f}", f"{found.function:.0f}"]) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Many drops at once on the laptop stack.")
    parser.add_argument("--drops", type=int, nargs="+", default=[250, 1000, 10000])
    parser.add_argument("--one", type=int, default=0, help="run just this many, and print the figures as JSON")
    parser.add_argument("--write", action="store_true", help=f"renew {page.PAGE}")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(asdict(run(arguments.one))))
        return
    about = f"{page.machine()}."
    runs = []
    for drops in arguments.drops:
        command = [sys.executable, "-m", "benchmarks.scale", f"--one={drops}"]
        runs.append(Run(**json.loads(subprocess.check_output(command, text=True))))  # noqa: S603
        print(runs[-1], file=sys.stderr, flush=True)
    text = f"{about}\n\n{table(runs)}"
    print(text)
    if arguments.write:
        page.write("scale", text)


if __name__ == "__main__":
    main()
