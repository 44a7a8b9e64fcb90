"""DynamoDB refuses what is superfluous, empty or too large, changes nothing then, and has its own form of numbers.

See docs.aws.amazon.com/amazondynamodb/latest/developerguide, of which each rule names its page.
"""

import copy
import re
from collections.abc import Iterator, Mapping
from decimal import Context, Decimal, InvalidOperation
from typing import Any

from moto.dynamodb.exceptions import ItemSizeTooLarge, ItemSizeToUpdateTooLarge, MockValidationException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

from local.strict.moto import replace_in

#: bytes of an item, and of the values of its keys; Constraints.html
MOST_BYTES = 400 * 1024
MOST_KEY_BYTES = {"HASH": 2048, "RANGE": 1024}
#: digits of a number, and the tens by which it may be large or small; HowItWorks.NamingRulesDataTypes.html
MOST_DIGITS, LARGEST, SMALLEST = 38, 125, -130

_OPERATIONS = (
    *("put_item", "update_item", "delete_item", "get_item", "query", "scan"),
    *("batch_get_item", "batch_write_item", "transact_get_items", "transact_write_items"),
)
_EXPRESSIONS = ("Condition", "Update", "KeyCondition", "Filter", "Projection")
_PLACEHOLDER = re.compile(r"[#:]\w+")
_NUMBERS = Context(prec=200)


def apply() -> None:
    """Makes moto's DynamoDB refuse what AWS's does, for every client in this process."""
    for name in _OPERATIONS:
        replace_in(DynamoHandler, name, _checked(getattr(DynamoHandler, name)))
    # moto measures an item anew with each attribute, and lets 405,000 bytes pass where they are counted otherwise.
    replace_in(LimitedSizeDict, "__setitem__", dict.__setitem__)
    _keep_numbers_as_dynamodb_does()
    _write_whole_items_or_nothing()


def _checked(operation: Any) -> Any:
    def checked(handler: DynamoHandler) -> Any:
        for request in _requests(handler.body):
            check_names_and_values(request)
            _check_key(request.get("Key", {}))
        return operation(handler)

    return checked


def _requests(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A request, or those that a batch or a transaction consists of."""
    yield body
    for whole in body.get("TransactItems", ()):
        yield from whole.values()
    for table in body.get("RequestItems", {}).values():
        if isinstance(table, Mapping):
            yield table
        else:
            yield from (each for whole in table for each in whole.values())


def check_names_and_values(request: Mapping[str, Any]) -> None:
    """Placeholders are well formed, used and known, and there are some where the argument is given at all.

    See Expressions.ExpressionAttributeNames.html; the words are those of DynamoDB's own answers.
    """
    text = " ".join(str(request.get(f"{kind}Expression") or "") for kind in _EXPRESSIONS)
    used = set(_PLACEHOLDER.findall(text))
    for argument, sign in (("ExpressionAttributeNames", "#"), ("ExpressionAttributeValues", ":")):
        given = request.get(argument)
        if given is not None:
            _check_given(argument, sign, given, used if text.strip() else None)
        if missing := sorted(each for each in used - set(given or ()) if each[0] == sign):
            raise MockValidationException(f"{argument[:-1]} used in expression is not defined: {', '.join(missing)}")
    for name in (request.get("ExpressionAttributeNames") or {}).values():
        if not name:
            raise MockValidationException("ExpressionAttributeNames contains invalid value: Empty attribute name")


def _check_given(argument: str, sign: str, given: Mapping[str, Any], used: set[str] | None) -> None:
    if not given:
        raise MockValidationException(f"{argument} must not be empty")
    if used is None:
        raise MockValidationException(f"{argument} can only be specified when using expressions")
    for name in given:
        if name[:1] != sign or not _PLACEHOLDER.fullmatch(name):
            raise MockValidationException(f'{argument} contains invalid key: Syntax error; key: "{name}"')
    if unused := sorted(set(given) - used):
        raise MockValidationException(
            f"Value provided in {argument} unused in expressions: keys: {{{', '.join(unused)}}}"
        )


def _check_key(key: Mapping[str, Mapping[str, Any]]) -> None:
    for name, value in key.items():
        if "" in value.values() or b"" in value.values():
            raise MockValidationException(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
                f"empty string value. Key: {name}"
            )


def _keep_numbers_as_dynamodb_does() -> None:
    initialize = DynamoType.__init__

    def initialize_in_normal_form(self: DynamoType, given: DynamoType | dict[str, Any]) -> None:
        initialize(self, given)
        if self.type == "N":
            self.value = normal(self.value)
        elif self.type == "NS":
            self.value = [normal(value) for value in self.value]

    replace_in(DynamoType, "__init__", initialize_in_normal_form)


def normal(number: str) -> str:
    """A number as it comes back: "leading and trailing zeroes are trimmed" (HowItWorks.NamingRulesDataTypes.html)."""
    if number.isdecimal() and number[0] != "0" and len(number) <= MOST_DIGITS:
        return number
    try:
        value = Decimal(number)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise MockValidationException(f"The parameter cannot be converted to a numeric value: {number}")
    if not value:
        return "0"
    value = value.normalize(_NUMBERS)
    if len(value.as_tuple().digits) > MOST_DIGITS:
        raise MockValidationException("Attempting to store more than 38 significant digits in a Number")
    if not SMALLEST <= value.adjusted() <= LARGEST:
        flow = "overflow" if value.adjusted() > 0 else "underflow"
        size = "larger" if flow == "overflow" else "smaller"
        raise MockValidationException(
            f"Number {flow}. Attempting to store a number with magnitude {size} than supported range"
        )
    return f"{value:f}"


def _write_whole_items_or_nothing() -> None:
    """A write that fails, for whatever reason, leaves the item as it was; moto changes it attribute by attribute."""
    put: Any = Table.put_item
    update: Any = DynamoDBBackend.update_item

    def put_item(table: Table, attributes: dict[str, Any], *more: Any, **named: Any) -> Item:
        if "" in attributes:
            raise MockValidationException("One or more parameter values were invalid: Empty attribute name")
        before = _find(table, attributes)
        item: Item = put(table, attributes, *more, **named)
        try:
            _check_item(table, item, ItemSizeTooLarge)
        except MockValidationException:
            _put_back(table, attributes, before)
            raise
        return item

    def update_item(backend: DynamoDBBackend, table_name: str, key: dict[str, Any], *more: Any, **named: Any) -> Item:
        table = backend.get_table(table_name)
        before = copy.deepcopy(_find(table, key))
        try:
            item: Item = update(backend, table_name, key, *more, **named)
            _check_item(table, item, ItemSizeToUpdateTooLarge)
        except Exception:
            _put_back(table, key, before)
            raise
        return item

    replace_in(Table, "put_item", put_item)
    replace_in(DynamoDBBackend, "update_item", update_item)


def _keys(table: Table, attributes: Mapping[str, Any]) -> list[DynamoType]:
    names = [name for name in (table.hash_key_attr, table.range_key_attr) if name]
    return [DynamoType(attributes[name]) for name in names if name in attributes]


def _find(table: Table, attributes: Mapping[str, Any]) -> Item | None:
    found: Any = table.items
    for key in _keys(table, attributes):
        found = found.get(key) if found else None
    return found or None


def _put_back(table: Table, attributes: Mapping[str, Any], before: Item | None) -> None:
    items: Any = table.items
    *outer, last = _keys(table, attributes)
    for key in outer:
        items = items[key]
    if before is None:
        items.pop(last, None)
    else:
        items[last] = before


def _check_item(table: Table, item: Item, too_large: type[ItemSizeTooLarge] | type[ItemSizeToUpdateTooLarge]) -> None:
    if sum(len(name.encode()) + size(value) for name, value in item.attrs.items()) > MOST_BYTES:
        raise too_large()
    for index in (None, *table.global_indexes, *table.indexes):
        for part in index.schema if index else table.schema:
            if (value := item.attrs.get(part["AttributeName"])) is not None:
                where = f"IndexName: {index.name}, IndexKey" if index else "Key"
                _check_key_value(value, part["KeyType"], f"{where}: {part['AttributeName']}")


def _check_key_value(value: DynamoType, kind: str, where: str) -> None:
    """Keys hold something, of the table and of its indexes alike, and not too much (Constraints.html)."""
    if value.type not in ("S", "N", "B"):
        raise MockValidationException(f"One or more parameter values were invalid: Type mismatch for {where}")
    if not value.value:
        raise MockValidationException(
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
            f"empty string value. {where}"
        )
    if size(value) > MOST_KEY_BYTES[kind]:
        raise MockValidationException(
            f"One or more parameter values were invalid: Size of {kind.lower()}key has exceeded the maximum size limit "
            f"of {MOST_KEY_BYTES[kind]} bytes. {where}"
        )


def size(value: DynamoType) -> int:
    """The bytes that a value counts; CapacityUnitCalculations.html."""
    match value.type:
        case "S":
            return len(value.value.encode())
        case "N":
            return _size_of_number(value.value)
        case "NULL" | "BOOL":
            return 1
        case "L":
            return 3 + sum(1 + size(each) for each in value.value)
        case "M":
            return 3 + sum(1 + len(name.encode()) + size(each) for name, each in value.value.items())
        case "NS":
            return sum(map(_size_of_number, value.value))
        case "SS":
            return sum(len(each.encode()) for each in value.value)
        case "BS":
            return sum(map(len, value.value))
        case _:
            return len(value.value)


def _size_of_number(number: str) -> int:
    digits = len(number.replace(".", "").lstrip("-0").rstrip("0"))
    return 1 + (digits + 1) // 2
