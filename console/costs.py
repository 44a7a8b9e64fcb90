"""What jobs have cost, or may have: today, this month, by model, beside the day's budget."""

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cli.search import AHEAD, DAY, Wanted, newest
from cli.stack import Stack
from cli.summary import unpaid
from dropreel import catalog
from dropreel.aws.gates import BUDGET
from dropreel.jobs import Job, day_of

#: Seconds that the sum of an ended day is good for, whose jobs may still be tried once more; and how many times as long
#: as it took to read, that of today.
_KEPT, _REST = 3600.0, 20
#: Held jobs that are counted at most.
_MOST_HELD = 1000


@dataclass(frozen=True, kw_only=True)
class Sum:
    """Jobs that were paid or may have been."""

    usd: Decimal = Decimal(0)
    jobs: int = 0
    #: How many of them have no known price, so that they are not in the sum.
    unpriced: int = 0

    def __add__(self, other: "Sum") -> "Sum":
        return Sum(usd=self.usd + other.usd, jobs=self.jobs + other.jobs, unpriced=self.unpriced + other.unpriced)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"usd": float(self.usd), "jobs": self.jobs, "unpriced": self.unpriced}


#: Of one day, by model.
Sums = Mapping[str, Sum]


def added(jobs: Iterable[Job]) -> Sums:
    """What jobs have cost or may have, by the estimates, by model."""
    found: dict[str, Sum] = {}
    for job in jobs:
        if not unpaid(job):
            one = Sum(usd=job.price_usd or Decimal(0), jobs=1, unpriced=int(job.price_usd is None))
            found[job.model] = found.get(job.model, Sum()) + one
    return found


class Costs:
    """The sums of the month's days, each read once in a while: every record that is read is paid."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Sums]] = {}
        self._reading = threading.Lock()

    def told(self, there: Stack, now: float) -> dict[str, Any]:
        """Everything about money, for the page."""
        with self._reading:
            days = {day: self._day(there, day, begins, now) for day, begins in _month(now)}
        limit, today = there.settings.daily_budget_usd, day_of(now)
        return {
            "today": _total(days[today].values()).as_dict(),
            "month": _total(one for sums in days.values() for one in sums.values()).as_dict(),
            "by_model": _by_model(days.values()),
            "daily_budget_usd": None if limit is None else float(limit),
            "reserved_today_usd": None if limit is None else float(there.budget.spent(today)),
            "held_jobs": len(there.gates.held(BUDGET, _MOST_HELD)),
        }

    def _day(self, there: Stack, day: str, begins: float, now: float) -> Sums:
        until, sums = self._known.get(day, (0.0, {}))
        if now < until:
            return sums
        began, ended = time.monotonic(), begins + DAY + AHEAD < now
        sums = added(newest(there, Wanted(since=begins, until=begins + DAY - 0.001)))
        self._known[day] = now + (_KEPT if ended else _REST * (time.monotonic() - began)), sums
        return sums


def _month(now: float) -> Iterator[tuple[str, float]]:
    """The days of this month in UTC so far, each with its beginning."""
    begins = now - now % DAY
    while day_of(begins)[:7] == day_of(now)[:7]:
        yield day_of(begins), begins
        begins -= DAY


def _total(sums: Iterable[Sum]) -> Sum:
    return sum(sums, Sum())


def _by_model(days: Iterable[Sums]) -> list[dict[str, Any]]:
    """The dearest first."""
    models: dict[str, Sum] = {}
    for sums in days:
        for model, one in sums.items():
            models[model] = models.get(model, Sum()) + one
    dearest = sorted(models.items(), key=lambda each: (-each[1].usd, -each[1].jobs, each[0]))
    return [{"model": model, "title": _title(model), **one.as_dict()} for model, one in dearest]


def _title(model: str) -> str:
    known = catalog.resolve(model)
    return known.title if known else model
