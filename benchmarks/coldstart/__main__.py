"""The cold starts beside what else one would write: `python -m benchmarks.coldstart [--runs 7] [--write]`.

Every contender in turn, round after round, so that whatever else the machine does befalls all alike. Needs Linux.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import page
from benchmarks.coldstart import plot
from benchmarks.coldstart.contenders import contenders
from benchmarks.coldstart.start import Contender, Start, modules, runtime, start

PLOT = Path("docs/coldstart.svg")
HEAD = """| | CPU s | of the first | peak MiB | modules | MB uploaded | MB unpacked |
|---|---|---|---|---|---|---|"""


@dataclass(frozen=True, slots=True)
class Row:
    """What the runs say of a contender."""

    name: str
    #: Seconds of the processor, the median.
    cpu: float
    #: The least and the most of all runs.
    between: tuple[float, float]
    #: MiB, the median.
    memory: float
    modules: int
    #: MB that are uploaded, and that they unpack to; the layers among it.
    sizes: tuple[float, float]


def measure(contender: Contender, starts: Sequence[Start], client: Path) -> Row:
    """Everything about a contender."""
    cpu = [one.cpu for one in starts]
    memory = statistics.median(one.memory for one in starts)
    between = min(cpu), max(cpu)
    sizes = _sizes([contender.code, *contender.layers])
    return Row(contender.name, statistics.median(cpu), between, memory, modules(contender, client), sizes)


def _sizes(folders: Sequence[Path]) -> tuple[float, float]:
    """MB of the files, each compressed by itself as a zip file has them, and as they are."""
    files = [path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()]
    return sum(len(zlib.compress(file)) for file in files) / 1e6, sum(map(len, files)) / 1e6


def table(rows: Sequence[Row]) -> str:
    """Medians, and what they are of the first one's."""
    lines = [HEAD]
    for row in rows:
        cpu = f"{row.cpu:.3f} ({row.between[0]:.3f}-{row.between[1]:.3f})"
        rest = f"{row.memory:.0f} | {row.modules} | {row.sizes[0]:.1f} | {row.sizes[1]:.1f}"
        lines.append(f"| {row.name} | {cpu} | {row.cpu / rows[0].cpu:.2f} | {rest} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="The cold starts beside what else one would write.")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--write", action="store_true", help=f"renew {page.PAGE} and {PLOT}")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-coldstart-") as folder:
        scratch = Path(folder)
        everyone, client = contenders(scratch), runtime(scratch / "runtime")
        about = page.machine()
        starts: dict[str, list[Start]] = {contender.name: [] for contender in everyone}
        for turn in range(arguments.runs + 1):
            for contender in everyone:
                one = start(contender, client)
                print(f"{turn}/{arguments.runs}, {contender.name}: {one}", file=sys.stderr, flush=True)
                if turn:  # the first round is for the disk
                    starts[contender.name].append(one)
        rows = [measure(contender, starts[contender.name], client) for contender in everyone]
    tables = f"Medians of {arguments.runs} runs (least and most); {about}.\n\n{table(rows)}"
    print(tables)
    if arguments.write:
        (page.ROOT / PLOT).write_text(plot.svg({row.name: row.cpu for row in rows}))
        page.write("coldstart", tables)


if __name__ == "__main__":
    main()
