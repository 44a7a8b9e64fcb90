"""What the functions of a laptop stack use, counted as AWS bills it."""

from __future__ import annotations

import json
import math
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.cost.prices import Unit

#: S3's operations that cost what a GET costs; deleting costs nothing.
_S3_READS = frozenset({"GetObject", "HeadObject", "HeadBucket"})
_S3_FREE = frozenset({"DeleteObject", "AbortMultipartUpload"})
#: Bytes of a message, or an event, that one request pays for.
_CHUNK = 64 * 1024


@dataclass(slots=True)
class Meter:
    """Counts from many threads."""

    #: What is paid for.
    units: Counter[Unit] = field(default_factory=Counter)
    #: Requests by service and operation, whether they cost something by themselves or not.
    requests: Counter[str] = field(default_factory=Counter)
    #: Seconds of each invocation, by function.
    seconds: dict[str, list[float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def clear(self) -> None:
        """Begin anew."""
        with self._lock:
            self.units.clear()
            self.requests.clear()
            self.seconds.clear()

    def add(self, unit: Unit, count: float, request: str = "") -> None:
        """Count some units, and the request that they are for."""
        with self._lock:
            self.units[unit] += count  # type: ignore[assignment]  # a Counter counts fractions just as well
            if request:
                self.requests[request] += 1

    def request(self, name: str) -> None:
        """Count a request that costs nothing by itself."""
        with self._lock:
            self.requests[name] += 1

    def s3(self, operation: str) -> None:
        """Count a request to S3."""
        if operation in _S3_FREE:
            self.request(f"s3 {operation}")
        else:
            self.add(Unit.S3_GETS if operation in _S3_READS else Unit.S3_PUTS, 1, f"s3 {operation}")

    def sqs(self, operation: str, size: int = 0) -> None:
        """Count a request to SQS that carries so many bytes."""
        self.add(Unit.SQS, max(1, math.ceil(size / _CHUNK)), f"sqs {operation}")

    def event(self, size: int) -> None:
        """Count an event of so many bytes."""
        self.add(Unit.EVENTS, max(1, math.ceil(size / _CHUNK)), "events PutEvents")

    def invocation(self, function: str, seconds: float, memory_mb: int) -> None:
        """Count an invocation: each begun millisecond is billed."""
        self.add(Unit.INVOCATIONS, 1, f"lambda {function}")
        self.add(Unit.GB_SECONDS, math.ceil(seconds * 1000) / 1000 * memory_mb / 1024)
        with self._lock:
            self.seconds.setdefault(function, []).append(seconds)


def item_size(item: Mapping[str, Any] | None) -> int:
    """The bytes of a DynamoDB item, as AWS's guide counts them."""
    return sum(len(name.encode()) + _value_size(value) for name, value in (item or {}).items())


def _value_size(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            digits = str(content).replace("-", "").replace(".", "").strip("0")
            return 1 + math.ceil(len(digits) / 2) + ("-" in str(content))
        case "L":
            return 3 + sum(1 + _value_size(inner) for inner in content)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _value_size(inner) for name, inner in content.items())
        case "BOOL" | "NULL":
            return 1
        case _:
            return len(json.dumps(content))


@dataclass(frozen=True, slots=True)
class Index:
    """What of an item an index holds; no names stand for all of it."""

    keys: tuple[str, ...]
    names: frozenset[str] = frozenset()

    def entry(self, item: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """What it holds of this item; nothing of one that lacks a key."""
        if not item or not all(key in item for key in self.keys):
            return {}
        return {name: value for name, value in item.items() if not self.names or name in self.names}


def write_units(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, indexes: list[Index]) -> int:
    """Units of the write that made one item of another, with those of the indexes.

    A write whose condition fails costs what a write that changes nothing does; indexes then cost nothing.
    """
    units = max(1, _kilobytes(before), _kilobytes(after))
    for index in indexes:
        was, now = index.entry(before), index.entry(after)
        if was == now:
            continue
        if all(was.get(key) == now.get(key) for key in index.keys):
            units += max(_kilobytes(was), _kilobytes(now))
        else:
            units += _kilobytes(was) + _kilobytes(now)
    return units


def _kilobytes(item: Mapping[str, Any] | None) -> int:
    return math.ceil(item_size(item) / 1024)


def read_units(size: int, *, consistent: bool) -> float:
    """Units of a read of so many bytes: 4 KB each, half of that where it may be stale."""
    return max(1, math.ceil(size / 4096)) * (1.0 if consistent else 0.5)
