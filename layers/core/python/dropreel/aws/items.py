"""Values in DynamoDB's form and back: strings, numbers, booleans, None, lists and maps.

boto3 has the same, but brings its transfers and resources along, which takes longer than all of our own code.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Clamped, Context, Decimal, Inexact, Overflow, Rounded, Underflow
from typing import Any

#: A number that DynamoDB could not keep as it is raises, and is never rounded.
_EXACT = Context(prec=38, Emin=-128, Emax=126, traps=[Clamped, Overflow, Inexact, Rounded, Underflow])


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
