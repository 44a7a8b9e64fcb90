"""Numbers that the domain tells about itself. As with its log, whoever runs it decides where they go; by default,
nowhere.

A number's dimensions are few and have few values each: every combination of them is a metric that costs money.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

Unit = Literal["Count", "Milliseconds", "Percent", "None"]
#: Takes a number: its name, its value, its unit and its dimensions.
Sink = Callable[[str, float, Unit, Mapping[str, str]], None]

_sinks: list[Sink] = []


def report_to(*sinks: Sink) -> None:
    """Have every number from now on told to these, and to nobody else."""
    _sinks[:] = sinks


def measure(name: str, value: float = 1, unit: Unit = "Count", **dimensions: str) -> None:
    """Tell a number."""
    for sink in _sinks:
        sink(name, value, unit, dimensions)
