"""docs/performance.md, into which each benchmark writes its own tables between its own markers."""

from __future__ import annotations

import os
import platform
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = Path("docs/performance.md")


def write(name: str, text: str) -> None:
    """Put a benchmark's tables where the page has them. Raises ValueError if it has no place for them."""
    page = (ROOT / PAGE).read_text()
    begin, end = f"<!-- {name}: measured -->", f"<!-- {name}: end -->"
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{PAGE} has no {begin} … {end}")
    (ROOT / PAGE).write_text(f"{before}{begin}\n{text}\n{end}{after}")


def machine() -> str:
    """What it was measured on."""
    load = os.getloadavg()[1]
    return f"{os.cpu_count()} CPUs ({platform.machine()}), Python {platform.python_version()}, load before {load:.1f}"
