"""What it costs that a gateway refuses for hours: `python -m benchmarks.cost.refusal [--write]`.

A burst of prompts finds the gateway refusing with 402, and some hours later it accepts. Beside it the same burst finds
it open, so the difference is what the refusal costs. From bursts of two sizes follows what each drop of any burst adds,
and from refusals of two lengths what each hour adds.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass

from benchmarks import page
from benchmarks.cost.laptop import run_to_rest
from benchmarks.cost.prices import AS_OF, Unit, usd
from benchmarks.cost.scenarios import CASES, System, dropreel

#: Drops of the two bursts, and hours of the two refusals.
FEW, MANY = 20, 100
SHORT, LONG = 1, 3
#: The burst and the refusal that the price is told for.
TOLD_DROPS, TOLD_HOURS = 10_000, 24
PAYMENT_REQUIRED = 402


@dataclass(frozen=True, slots=True)
class Spent:
    """What a burst used."""

    usd: float
    posts: int


def burst(drops: int, hours: int) -> Spent:
    """Drop so many prompts, of which each becomes a film in the end."""
    with dropreel(CASES[0]) as system:
        system.job(0, 30)
        meter, executions, posts = system.laptop.meter, system.executions(), system.gateway.posts
        meter.clear()
        if hours:
            system.gateway.refusal = PAYMENT_REQUIRED
        began = system.clock.now()
        for number in range(drops):
            system.drop_prompt(f"burst-{number}")
        if hours:
            run_to_rest(system.laptop, system.clock, system.busy, until=began + 3600 * hours)
            system.gateway.refusal = None
        run_to_rest(system.laptop, system.clock, system.busy, give_up=600)
        units = Counter(meter.units)
        units[Unit.TRANSITIONS] += sum(map(system.transitions, system.executions() - executions))
        _check(system, drops)
        print(f"{drops} drops, {hours} h: {dict(units)} {dict(meter.requests)}", file=sys.stderr, flush=True)
        return Spent(usd(units), system.gateway.posts - posts)


def _check(system: System, drops: int) -> None:
    done = [key for key in system.outputs("burst-", "veo-3-1-fast") if key.endswith(".mp4")]
    assert len(done) == drops, f"{len(done)} of {drops} drops became films"


def main() -> None:
    parser = argparse.ArgumentParser(description="What it costs that a gateway refuses for hours.")
    parser.add_argument("--write", action="store_true", help=f"renew {page.PAGE}")
    arguments = parser.parse_args()
    free = {drops: burst(drops, 0).usd for drops in (FEW, MANY)}
    spent = {(drops, hours): burst(drops, hours) for drops, hours in ((FEW, SHORT), (MANY, SHORT), (FEW, LONG))}
    extra = {(drops, hours): found.usd - free[drops] for (drops, hours), found in spent.items()}
    each = (extra[MANY, SHORT] - extra[FEW, SHORT]) / (MANY - FEW)
    hour = (extra[FEW, LONG] - extra[FEW, SHORT]) / (LONG - SHORT)
    whole = extra[FEW, SHORT] + each * (TOLD_DROPS - FEW) + hour * (TOLD_HOURS - SHORT)
    rows = [
        f"| {drops} drops, {hours} h | {usd_more:.5f} | {spent[drops, hours].posts - drops} |"
        for (drops, hours), usd_more in extra.items()
    ]
    lines = ["| refused with 402 | USD more than without | POSTs that were refused |", "|---|---:|---:|", *rows]
    lines.append(f"| **{TOLD_DROPS:,} drops, {TOLD_HOURS} h**, from these | **{whole:.2f}** | |")
    about = (
        f"List prices of us-east-1, {AS_OF}. Each drop is held once and let go once, {1000 * each:.3f} USD for 1,000. "
        f"Each hour costs {hour:.5f} USD for its probes, however many jobs wait."
    )
    text = "\n".join([*lines, "", about])
    print(text)
    if arguments.write:
        page.write("refusal", text)


if __name__ == "__main__":
    began = time.monotonic()
    main()
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
