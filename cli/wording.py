"""How times, money, places and statuses are said, in as few characters as will do."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from dropreel.aws.gates import BUDGET, Gate
from dropreel.jobs import Job, Status

#: For what was asked for, and for everything else.
OUT: Final = Console(highlight=False)
ERR: Final = Console(stderr=True, highlight=False)

#: Each status' color, and a sign for those who see none.
LOOKS: Final = {
    Status.WAITING: ("yellow", "◌"),
    Status.HELD: ("yellow", "‖"),
    Status.SUBMITTING: ("cyan", "▸"),
    Status.UNKNOWN: ("magenta", "?"),
    Status.SUBMITTED: ("cyan", "▸"),
    Status.DELIVERING: ("cyan", "▸"),
    Status.SUCCEEDED: ("green", "✓"),
    Status.FAILED: ("red", "✗"),
    Status.REJECTED: ("red", "✗"),
    Status.EXPIRED: ("red", "✗"),
}


def age(seconds: float) -> str:
    """A length of time in one unit: 45s, 12m, 5h, 3d."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{max(0, int(seconds))}s"


def when(epoch: float, now: float) -> str:
    """A moment, absolute and relative: 2026-06-01 09:30:36 UTC, 2m ago."""
    moment = datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"{moment}, {age(now - epoch)} ago" if now >= epoch else f"{moment}, in {age(epoch - now)}"


def due(gate: Gate, now: float) -> str:
    """When a closed gate is looked at again: the next probe is in 4m."""
    what = "look whether there is room" if gate.name == BUDGET else "probe"
    wait = gate.next_probe_at - now
    return f"the next {what} is in {age(wait)}" if wait >= 1 else f"the next {what} is now"


def lasted(seconds: float) -> str:
    """How long something took: 3.4 s, 2 min 5 s, 3 h 7 min."""
    if seconds < 60:
        return f"{max(0.0, seconds):.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def money(usd: Decimal | None) -> str:
    """A price in USD, or - where none is known."""
    if usd is None:
        return "-"
    exact = usd.normalize()
    return f"{usd:.2f}" if exact == usd.quantize(Decimal("0.01")) else f"{exact:f}"


def known_usd(prices: Sequence[Decimal | None]) -> Decimal | None:
    """The sum of the prices that are known; None where none is."""
    known = [usd for usd in prices if usd is not None]
    return sum(known, Decimal(0)) if known else None


def counted_usd(prices: Sequence[Decimal | None], unknown: Decimal) -> Decimal:
    """The sum of all prices, an unknown one as it counts in the budget."""
    return sum((unknown if usd is None else usd for usd in prices), Decimal(0))


def total(prices: Sequence[Decimal | None]) -> str:
    """What several things cost together, in words: 0.80 USD, and 1 of unknown price."""
    usd, unknown = known_usd(prices), prices.count(None)
    if usd is None and prices:
        return "unknown price" if unknown == 1 else f"{unknown} unknown prices"
    return f"{money(usd or Decimal(0))} USD" + (f", and {unknown} of unknown price" if unknown else "")


def size(count: int) -> str:
    """A number of bytes, for people."""
    value = float(count)
    for unit in ("B", "KB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 10 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def place(job: Job, width: int) -> str:
    """Where a job lies, as the outbox has it; folders are left out where there is no room for them."""
    root, slash, rest = job.place.partition("/")
    if cell_len(root + slash + rest) <= width:
        return root + slash + rest
    steps = rest.split("/")
    for first in range(1, len(steps)):
        shorter = "/".join([root, "…", *steps[first:]])
        if cell_len(shorter) <= width:
            return shorter
    last = cut(steps[-1], max(8, width * 2 // 3))
    return f"{cut(root, width - 1 - cell_len(last))}/{last}" if slash else cut(root, width)


def count(number: int, noun: str, several: str = "") -> str:
    """A number of things: 1 job, 2 jobs."""
    return f"{number} {noun if number == 1 else several or noun + 's'}"


def cut(text: str, width: int) -> str:
    """A text without its end where it is too long for so many columns, of which a wide character takes two."""
    text = " ".join(text.split())
    return text if cell_len(text) <= width else f"{set_cell_size(text, width - 1).rstrip()}…"


def status(job: Job) -> Text:
    """A job's status with its sign."""
    style, sign = LOOKS[job.status]
    return Text(f"{sign} {job.status}", style=style)


def epoch(iso: str) -> float:
    """Seconds of one of our own times in ISO 8601."""
    return datetime.fromisoformat(iso).timestamp()


def said(text: str) -> None:
    """A line for people, out of the way of what a script reads."""
    print(text, file=sys.stderr)
