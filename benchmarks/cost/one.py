"""What one job uses, as JSON: `python -m benchmarks.cost.one [--system usual] [--case 2] [--seconds 120]`."""

from __future__ import annotations

import argparse
import json

from benchmarks.cost.scenarios import CASES, SYSTEMS


def main() -> None:
    parser = argparse.ArgumentParser(description="What one job uses, as JSON.")
    parser.add_argument("--system", choices=SYSTEMS, default="dropreel")
    parser.add_argument(
        "--case", type=int, choices=range(len(CASES)), default=0, help="; ".join(c.title for c in CASES)
    )
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--message", action="store_true", help="a message instead of a drop")
    asked = parser.parse_args()
    with SYSTEMS[asked.system](CASES[asked.case]) as system:
        bill = system.job(1, asked.seconds, system.send if asked.message else None)
    units = {unit.name: count for unit, count in bill.units.items()}
    print(json.dumps({"usd": bill.usd, "units": units, "requests": bill.requests, "seconds": bill.seconds}, indent=2))


if __name__ == "__main__":
    main()
