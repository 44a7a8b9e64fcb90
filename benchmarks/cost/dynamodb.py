"""What DynamoDB bills for a request, found by looking at the items before and after it in moto's tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from benchmarks.cost.meter import Index, Meter, item_size, read_units, write_units
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


def _indexes(table: str) -> list[Index]:
    found = _table(table)
    return [_index(index, (found.hash_key_attr, found.range_key_attr)) for index in found.global_indexes]


def _index(index: Any, keys_of_the_table: tuple[str | None, ...]) -> Index:
    keys = tuple(key["AttributeName"] for key in index.schema)
    if index.projection["ProjectionType"] == "ALL":
        return Index(keys)
    names = {*index.projection.get("NonKeyAttributes", ()), *keys, *filter(None, keys_of_the_table)}
    return Index(keys, frozenset(names))
