"""What a job costs, beside the usual pattern: `python -m benchmarks.cost [--runs 5] [--write]`.

Both run on the laptop stack, in which every request of every function is counted, and the time in which nothing happens
is leapt over. Counts are those of most runs (they differ where two functions meet, or do not), and the invocations'
milliseconds are medians.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections import Counter
from collections.abc import Mapping, Sequence

from benchmarks import page
from benchmarks.cost import plot
from benchmarks.cost.prices import AS_OF, USD, Unit, usd
from benchmarks.cost.scenarios import CASES, GENERATIONS, SYSTEMS, Bill, Case

PLOT = "docs/cost.svg"
#: Units that are measured and not counted.
MEASURED = (Unit.GB_SECONDS, Unit.LOGS)
#: The generation whose cost is taken apart.
USUAL_SECONDS = 120
#: A job's bills, by system and generation.
Found = Mapping[tuple[str, int], Bill]


def measure(case: Case, runs: int) -> Found:
    """Each system, each generation, run after run."""
    bills: dict[tuple[str, int], list[Bill]] = {}
    for name, system in SYSTEMS.items():
        with system(case) as running:
            running.job(0, 30)  # imports what a first event imports
            number = 0
            for _ in range(runs):
                for seconds in GENERATIONS:
                    number += 1
                    bill = running.job(number, seconds)
                    bills.setdefault((name, seconds), []).append(bill)
                    print(f"{case.title}, {name}, {seconds} s: {1000 * bill.usd:.4f}", file=sys.stderr, flush=True)
    return {key: typical(several) for key, several in bills.items()}


def typical(bills: Sequence[Bill]) -> Bill:
    """The counts of most runs, with the medians of what was measured, and the price of the dearest run."""
    counts = Counter(tuple(sorted(bill.requests.items())) for bill in bills)
    ((usual, _),) = counts.most_common(1)
    same = [bill for bill in bills if tuple(sorted(bill.requests.items())) == usual]
    units = dict(same[0].units)
    units |= {unit: statistics.median(bill.units[unit] for bill in same) for unit in MEASURED}
    return Bill(units, same[0].requests, same[0].seconds, dearest=max(bill.usd for bill in bills))


def totals(found: Mapping[Case, Found]) -> str:
    """USD for 1,000 jobs, and what part of the usual pattern's that is."""
    head = " | ".join(f"{_spell(seconds)} | usual | of it" for seconds in GENERATIONS)
    lines = [f"| USD for 1,000 jobs, generation of | {head} |", "|---|" + "---:|---:|---:|" * len(GENERATIONS)]
    for case, bills in found.items():
        cells = []
        for seconds in GENERATIONS:
            ours, theirs = (1000 * bills[name, seconds].usd for name in SYSTEMS)
            most = 1000 * bills["dropreel", seconds].dearest
            cells += [f"**{ours:.3f}** ({most:.3f})", f"{theirs:.3f}", f"{ours / theirs:.2f}"]
        lines.append(f"| {case.title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def parts(found: Mapping[Case, Found]) -> str:
    """What a job of a usual generation is made of."""
    columns = [(case, name) for case in found for name in SYSTEMS]
    lines = ["| | USD | " + " | ".join(f"{name}, {case.title}" for case, name in columns) + " |"]
    lines.append("|---|---:|" + "---:|" * len(columns))
    bills = [found[case][name, USUAL_SECONDS] for case, name in columns]
    for unit in Unit:
        counts = [bill.units.get(unit, 0.0) for bill in bills]
        lines.append(f"| {unit} | {_price(unit)} | {' | '.join(map(_count, counts))} |")
    sums = " | ".join(f"**{1000 * usd(bill.units):.3f}**" for bill in bills)
    return "\n".join([*lines, f"| **USD for 1,000 jobs** | | {sums} |"])


def requests(found: Mapping[Case, Found]) -> str:
    """Every request of the same jobs, by service and operation."""
    bills = [found[case][name, USUAL_SECONDS] for case in found for name in SYSTEMS]
    names = sorted({name for bill in bills for name in bill.requests})
    lines = ["| | " + " | ".join(f"{name}, {case.title}" for case in found for name in SYSTEMS) + " |"]
    lines.append("|---|" + "---:|" * len(bills))
    return "\n".join([*lines, *(f"| {n} | {' | '.join(_count(b.requests.get(n, 0)) for b in bills)} |" for n in names)])


def _spell(seconds: int) -> str:
    return f"{seconds} s" if seconds < 60 else f"{seconds // 60} min"


def _count(count: float) -> str:
    if not count:
        return ""
    return (
        str(round(count))
        if float(count).is_integer()
        else f"{count:.6f}".rstrip("0")
        if count < 0.01
        else f"{count:.2f}"
    )


def _price(unit: Unit) -> str:
    return f"{USD[unit]:.10f}".rstrip("0")


def bars(found: Found) -> Mapping[str, Mapping[Unit, float]]:
    """What the plot shows of a kind of gateway."""
    return {f"{name}, {_spell(s)}": found[name, s].units for s in GENERATIONS for name in SYSTEMS}


def main() -> None:
    parser = argparse.ArgumentParser(description="What a job costs, beside the usual pattern.")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--write", action="store_true", help=f"renew {page.PAGE} and {PLOT}")
    arguments = parser.parse_args()
    found = {case: measure(case, arguments.runs) for case in CASES}
    about = (
        f"List prices of us-east-1, {AS_OF}; {arguments.runs} runs each, the dearest in brackets; {page.machine()}. "
        "Where a job has four transitions, its two files were submitted at the same instant: each began a watch, and "
        "one was stopped."
    )
    details = f"<details><summary>Every request of one job of 2 minutes</summary>\n\n{requests(found)}\n\n</details>"
    text = "\n\n".join([about, totals(found), "What one job of 2 minutes uses:", parts(found), details])
    print(text)
    if arguments.write:
        page.write("cost", text)
        page.ROOT.joinpath(PLOT).write_text(
            plot.svg({case.title.replace("`", ""): bars(b) for case, b in found.items()})
        )


if __name__ == "__main__":
    main()
