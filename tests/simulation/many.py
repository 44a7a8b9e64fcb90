"""Many schedules in several processes, and a table of what they exercised."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.pool import Pool
from multiprocessing.queues import SimpleQueue

from dropreel.jobs import Status
from tests.simulation.account import accounts
from tests.simulation.crashes import SAD_STORIES, STORIES, mishaps, problems
from tests.simulation.schedules import run_seed, told

#: Schedules that a worker runs before it reports.
BATCH = 50
#: Failures after which enough is known.
MOST_FAILURES = 10

Batch = tuple[Counter[str], list[str]]


def run_batch(seeds: range) -> Batch:
    """Run some schedules: what they exercised, and what was wrong."""
    counts: Counter[str] = Counter()
    failures = []
    with accounts() as aws:
        for seed in seeds:
            ran = run_seed(seed, aws)
            counts.update(ran.counts)
            if ran.complaints:
                failures.append(f"seed {seed}: {told(ran, f'--seed {seed}')}")
    return counts, failures


def batches(first: int, schedules: int) -> Iterator[range]:
    """The seeds, a batch at a time."""
    for start in range(first, first + schedules, BATCH):
        yield range(start, min(start + BATCH, first + schedules))


def pool_of(workers: int) -> Pool:
    """So many processes, each of which stays on one processor: its threads take turns, and never run at once."""
    spawn = multiprocessing.get_context("spawn")
    places: SimpleQueue[int] = spawn.SimpleQueue()
    for number in range(workers):
        places.put(number)
    return spawn.Pool(workers, _take_a_place, (places,))


def _take_a_place(places: SimpleQueue[int]) -> None:
    if sys.platform == "linux":
        processors = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {processors[places.get() % len(processors)]})


def simulate(first: int, schedules: int, workers: int) -> int:
    """Run schedules in several processes, until the end or Ctrl-C; the number of failures, 1 if some were not run."""
    counts: Counter[str] = Counter()
    failures: list[str] = []
    began = time.monotonic()
    with pool_of(workers) as pool, suppress(KeyboardInterrupt):
        for found, wrong in pool.imap_unordered(run_batch, batches(first, schedules)):
            counts.update(found)
            failures += wrong
            for failure in wrong:
                print(f"\n{failure}", flush=True)
            print(f"\r{counts['schedules']} of {schedules} schedules", end="", file=sys.stderr, flush=True)
            if len(failures) >= MOST_FAILURES:
                break
    print(file=sys.stderr)
    print_table(counts, time.monotonic() - began)
    return len(failures) if counts["schedules"] == schedules else max(1, len(failures))


def enumerate_story(name: str) -> Batch:
    """Every mishap of one story, none passed over."""
    plan, expected = SAD_STORIES[name] if name in SAD_STORIES else (STORIES[name], Status.SUCCEEDED)
    counts: Counter[str] = Counter()
    failures = []
    with accounts() as aws:
        for mishap, ran in mishaps(plan, aws):
            counts.update(ran.counts)
            failures += [f"{name}: {problem}" for problem in problems(mishap, ran, expected)]
    return counts, failures


def enumerate_crashes(workers: int) -> int:
    """Run every story's mishaps in several processes; the number of failures."""
    counts: Counter[str] = Counter()
    failures: list[str] = []
    began = time.monotonic()
    with pool_of(workers) as pool:
        for found, wrong in pool.imap_unordered(enumerate_story, [*STORIES, *SAD_STORIES]):
            counts.update(found)
            failures += wrong
    print_table(counts, time.monotonic() - began)
    for failure in failures[:MOST_FAILURES]:
        print(failure)
    return len(failures)


def print_table(counts: Counter[str], seconds: float) -> None:
    """What was exercised, and how often."""
    width = max(map(len, counts), default=0)
    for name, count in sorted(counts.items()):
        print(f"{name:<{width}} {count:>10,}")
    print(f"{'seconds':<{width}} {seconds:>10,.0f}")
