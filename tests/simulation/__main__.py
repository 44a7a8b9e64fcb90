"""`make simulate`: many random schedules, and a table of what they exercised."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from decimal import Decimal

from tests.simulation import script
from tests.simulation.account import accounts
from tests.simulation.many import enumerate_crashes, print_table, simulate
from tests.simulation.schedules import Chance, Ran, run, run_seed, told


def replay(seed: int, plan: str) -> Ran:
    """One schedule again; a plan is given as it was printed."""
    with accounts() as aws:
        if not plan:
            return run_seed(seed, aws)
        words = {**vars(script), "Decimal": Decimal}
        given: script.Plan = eval(plan, words)  # noqa: S307 - a developer's own text
        return run(given, Chance(given, seed), aws)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--schedules", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--workers", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--seed", type=int, help="run this schedule alone, again")
    parser.add_argument("--plan", default="", help="with this plan, as it was printed")
    parser.add_argument("--crashes", action="store_true", help="the crash enumeration instead, in full")
    options = parser.parse_args()
    if options.crashes:
        return min(1, enumerate_crashes(options.workers))
    if options.seed is None:
        return min(1, simulate(options.first, options.schedules, options.workers))
    ran = replay(options.seed, options.plan)
    print_table(ran.counts, 0)
    print(told(ran, f"--seed {options.seed}") if ran.complaints else "all is well")
    return min(1, len(ran.complaints))


if __name__ == "__main__":
    sys.exit(main())
