"""What DynamoDB bills for a request, found by looking at the items before and after it in moto's tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from benchmarks.cost.meter import Meter, item_size, read_units, write_units
from benchmarks.cost.prices import Unit
from local.moto_server import ACCOUNT, REGION

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Write:
    table: str
    key: Item


def metered(meter: Meter, operation: str, asked: Mapping[str, Any], run: Callable[[], list[bytes]]) -> list[bytes]:
    """Run a request and count its units; only one may run at a time."""
    name = f"dynamodb {operation}"
    writes = list(_writes(operation, asked))
    before = [_item(write) for write in writes]
    answer = run()
    after = [_item(write) for write in writes]
    if writes:
        twice = 2 if operation.startswith("Transact") else 1
        each = [write_units(was, now, _indexes(w.table)) for w, was, now in zip(writes, before, after, strict=True)]
        meter.add(Unit.WRITES, twice * sum(each), name)
    elif operation in ("GetItem", "Query", "Scan"):
        consistent = bool(asked.get("ConsistentRead"))
        meter.add(Unit.READS, read_units(_read_bytes(answer), consistent=consistent), name)
    else:
        meter.request(name)
    return answer


def _writes(operation: str, asked: Mapping[str, Any]) -> Iterator[_Write]:
    match operation:
        case "PutItem":
            yield _Write(asked["TableName"], _key_of(asked["TableName"], asked["Item"]))
        case "UpdateItem" | "DeleteItem":
            yield _Write(asked["TableName"], asked["Key"])
        case "TransactWriteItems":
            for each in asked["TransactItems"]:
                ((kind, inner),) = each.items()
                yield from _writes({"Put": "PutItem"}.get(kind, "UpdateItem"), inner)


def _read_bytes(answer: Iterable[bytes]) -> int:
    """The size of what was found; nothing here filters."""
    found = json.loads(b"".join(answer))
    return sum(map(item_size, found.get("Items", [found.get("Item")])))


def _table(name: str) -> Any:
    return dynamodb_backends[ACCOUNT][REGION].tables[name]


def _key_of(table: str, item: Item) -> Item:
    found = _table(table)
    return {name: item[name] for name in (found.hash_key_attr, found.range_key_attr) if name}


def _item(write: _Write) -> Item | None:
    found = dynamodb_backends[ACCOUNT][REGION].get_item(write.table, dict(write.key))
    return found.to_json()["Attributes"] if found else None


def _indexes(table: str) -> list[list[str]]:
    return [[key["AttributeName"] for key in index.schema] for index in _table(table).global_indexes]
