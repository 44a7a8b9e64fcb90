"""Jobs and values in DynamoDB's form and back.

boto3 has the same, but brings its transfers and resources along, which takes longer than all of our own code.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from decimal import Clamped, Context, Decimal, Inexact, Overflow, Rounded, Underflow
from typing import Any

from dropreel.jobs import ATTENTION, Job, Status, day_of

#: A number that DynamoDB could not keep as it is raises, and is never rounded.
_EXACT = Context(prec=38, Emin=-128, Emax=126, traps=[Clamped, Overflow, Inexact, Rounded, Underflow])

#: Seconds that a rejected drop is remembered that was never sent. Every other job is remembered for ever: its record is
#: what keeps it from being paid twice.
REJECTED_KEPT = 90 * 86_400


def serialize(value: Any) -> dict[str, Any]:
    """Put a value in DynamoDB's form. Raises TypeError for what it has no form for, floats among it."""
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int() | Decimal():
            return {"N": _number(value)}
        case str():
            return {"S": value}
        case Mapping():
            return {"M": {name: serialize(inner) for name, inner in value.items()}}
        case list() | tuple():
            return {"L": [serialize(inner) for inner in value]}
        case _:
            raise TypeError(f"no form for {type(value).__name__} in DynamoDB")


def deserialize(form: Mapping[str, Any]) -> Any:
    """Read a value back; numbers come as Decimal. Raises TypeError for the forms that `serialize` never makes."""
    ((kind, value),) = form.items()
    match kind:
        case "NULL":
            return None
        case "S" | "BOOL":
            return value
        case "N":
            return _EXACT.create_decimal(value)
        case "M":
            return {name: deserialize(inner) for name, inner in value.items()}
        case "L":
            return [deserialize(inner) for inner in value]
        case _:
            raise TypeError(f"no value of form {kind} is kept in this table")


def _number(value: int | Decimal) -> str:
    number = _EXACT.create_decimal(value)
    if not number.is_finite():
        raise TypeError("DynamoDB keeps finite numbers only")
    # As DynamoDB hands it back: without trailing zeros, so that what is read compares with what was written.
    return format(number.normalize(_EXACT), "f") if number else "0"


def marshal(values: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values in DynamoDB's form; floats become exact decimals of their shortest text."""
    return {name: serialize(_storable(value)) for name, value in values.items()}


def _storable(value: Any) -> Any:
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, Mapping):
        return {name: _storable(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(inner) for inner in value]
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value


def to_item(job: Job) -> dict[str, Any]:
    """A job as an item; empty values are left out, so that `attribute_not_exists` means what it says."""
    values = {item.name: getattr(job, item.name) for item in dataclasses.fields(job)}
    item = {name: value for name, value in values.items() if value not in (None, "", (), {}, 0.0) or name == "attempt"}
    item["status"] = str(job.status)
    if job.created_at:
        item["day"] = day_of(job.created_at)
    if job.status in ATTENTION:
        item["attention"] = str(job.status)
    if job.status is Status.REJECTED and job.drop and not job.attempt:
        item["expires_at"] = int(job.completed_at) + REJECTED_KEPT
    return marshal(item)


#: What a line of a list needs; inputs and histories stay where they are. The index `days` holds just these.
LISTED = (
    *("model", "gateway", "status", "place", "progress", "reason", "error", "gate", "attempt", "price_usd", "late"),
    *("completed_at", "request_id", "missing", "outputs", "source", "then"),
)

_DECIMALS = ("price_usd", "reserved_usd")
_FLOATS = ("created_at", "submitting_at", "deadline_at", "completed_at", "lease_until")
_TUPLES = ("missing", "outputs", "history", "then")


def from_item(item: Mapping[str, Any]) -> Job:
    """An item as a job; attributes that are none of its fields are passed over."""
    known = {f.name for f in dataclasses.fields(Job)}
    values = {name: deserialize(value) for name, value in item.items() if name in known}
    plain = {name: value if name in _DECIMALS else _plain(value) for name, value in values.items()}
    plain |= {name: float(plain[name]) for name in _FLOATS if name in plain}
    plain |= {name: tuple(plain[name]) for name in _TUPLES if name in plain}
    empty = {name: "" for name in ("model", "gateway") if name not in plain}
    return Job(**{**plain, **empty, "status": Status(plain["status"])})


def same(found: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
    """Whether two items hold the same, however DynamoDB writes its numbers."""
    return unmarshal(found) == unmarshal(item)


def unmarshal(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item's plain values."""
    return {name: deserialize(form) for name, form in item.items()}
