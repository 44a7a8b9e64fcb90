"""DynamoDB's refusals, asked for as AWS documents them, of moto within this process."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from local import strict

KEY = {"id": {"S": "a"}, "part": {"S": "b"}}
ITEM = {**KEY, "count": {"N": "1"}}
Wrong = Callable[[str], Any]


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    strict.apply()
    with mock_aws():
        made = boto3.client("dynamodb", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        names = ("id", "part", "kind", "place")
        index = {
            "IndexName": "kinds",
            "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}, {"AttributeName": "place", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "ALL"},
        }
        made.create_table(
            TableName="things",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "part", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
            GlobalSecondaryIndexes=[index],  # type: ignore[list-item]
            BillingMode="PAY_PER_REQUEST",
        )
        yield made


@pytest.fixture
def things(client: Any) -> Any:
    client.put_item(TableName="things", Item=ITEM)
    return client


def refused(things: Any, operation: str, words: str, **arguments: Any) -> None:
    before = things.scan(TableName="things")["Items"]
    with pytest.raises(ClientError, match=words) as caught:
        getattr(things, operation)(**({} if "TransactItems" in arguments else {"TableName": "things"}), **arguments)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert things.scan(TableName="things")["Items"] == before


UPDATE = {"Key": KEY, "UpdateExpression": "SET a = :a", "ExpressionAttributeValues": {":a": {"S": "1"}}}
PUT = {"Item": ITEM, "ConditionExpression": "attribute_not_exists(id)"}
QUERY = {"KeyConditionExpression": "id = :id", "ExpressionAttributeValues": {":id": {"S": "a"}}}
CHECK = {"Key": KEY, "ConditionExpression": "attribute_exists(id)"}


@pytest.mark.parametrize(
    ("operation", "good"),
    [
        ("update_item", UPDATE),
        ("put_item", PUT),
        ("delete_item", CHECK),
        ("query", QUERY),
        ("scan", {"FilterExpression": "attribute_exists(id)"}),
        ("get_item", {"Key": KEY, "ProjectionExpression": "id"}),
    ],
)
def test_names_are_not_empty_not_unused_and_well_formed(things: Any, operation: str, good: dict[str, Any]) -> None:
    refused(things, operation, "ExpressionAttributeNames must not be empty", **good, ExpressionAttributeNames={})
    unused = "Value provided in ExpressionAttributeNames unused in expressions: keys: {#x}"
    refused(things, operation, unused, **good, ExpressionAttributeNames={"#x": "x"})
    refused(things, operation, "Syntax error", **good, ExpressionAttributeNames={"x": "x"})


@pytest.mark.parametrize(("operation", "good"), [("put_item", PUT), ("delete_item", CHECK)])
def test_values_are_not_empty_and_not_unused(things: Any, operation: str, good: dict[str, Any]) -> None:
    refused(things, operation, "ExpressionAttributeValues must not be empty", **good, ExpressionAttributeValues={})
    unused = "Value provided in ExpressionAttributeValues unused in expressions: keys: {:x}"
    refused(things, operation, unused, **good, ExpressionAttributeValues={":x": {"S": "x"}})


@pytest.mark.parametrize(("kind", "good"), [("Update", UPDATE), ("Put", PUT), ("ConditionCheck", CHECK)])
def test_a_transaction_is_asked_the_same(things: Any, kind: str, good: dict[str, Any]) -> None:
    wrong = {kind: {"TableName": "things", **good, "ExpressionAttributeNames": {}}}
    refused(things, "transact_write_items", "Names must not be empty", TransactItems=[wrong])
    wrong[kind]["ExpressionAttributeNames"] = {"#x": "x"}
    refused(things, "transact_write_items", "unused in expressions", TransactItems=[wrong])


def test_names_and_values_belong_to_expressions(things: Any) -> None:
    refused(things, "put_item", "only be specified when using", Item=ITEM, ExpressionAttributeNames={"#x": "x"})
    refused(things, "update_item", "not defined: #a", **{**UPDATE, "UpdateExpression": "SET #a = :a"})
    refused(things, "query", "Empty attribute name", **{
        **QUERY, "KeyConditionExpression": "#i = :id", "ExpressionAttributeNames": {"#i": ""}
    })  # fmt: skip


def test_what_is_used_is_taken(things: Any) -> None:
    names = {"ExpressionAttributeNames": {"#a": "a-b"}}
    things.update_item(TableName="things", **{**UPDATE, "UpdateExpression": "SET #a = :a"}, **names)
    assert things.get_item(TableName="things", Key=KEY)["Item"]["a-b"] == {"S": "1"}


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("0.60", "0.6"),
        ("007", "7"),
        ("-0", "0"),
        ("0.000", "0"),
        ("1E+2", "100"),
        ("1200", "1200"),
        ("-1.50e-3", "-0.0015"),
        ("1" * 38, "1" * 38),
        ("1" * 30 + ".10", "1" * 30 + ".1"),
    ],
)
def test_a_number_comes_back_in_dynamodbs_form(things: Any, written: str, kept: str) -> None:
    number = {"N": written}
    things.put_item(TableName="things", Item={**KEY, "a": number, "deep": {"L": [{"M": {"b": number}}]}})
    things.update_item(TableName="things", **{**UPDATE, "ExpressionAttributeValues": {":a": number}})
    item = things.get_item(TableName="things", Key=KEY)["Item"]
    assert (item["a"], item["deep"]) == ({"N": kept}, {"L": [{"M": {"b": {"N": kept}}}]})


def test_sums_are_in_that_form_too(things: Any) -> None:
    values = {":a": {"N": "0.40"}}
    things.update_item(TableName="things", Key=KEY, UpdateExpression="ADD a :a", ExpressionAttributeValues=values)
    things.update_item(
        TableName="things", Key=KEY, UpdateExpression="SET a = a + :a", ExpressionAttributeValues={":a": {"N": "0.6"}}
    )
    assert things.get_item(TableName="things", Key=KEY)["Item"]["a"] == {"N": "1"}


@pytest.mark.parametrize(
    ("number", "words"),
    [("1" * 39, "38 significant digits"), ("1e126", "overflow"), ("1e-131", "underflow"), ("x", "numeric value")],
)
def test_a_number_that_it_can_not_keep_is_refused(things: Any, number: str, words: str) -> None:
    refused(things, "put_item", words, Item={**KEY, "a": {"N": number}})


def test_an_item_has_400_kib_at_most_its_names_included(things: Any) -> None:
    full = {"S": "x" * (400 * 1024 - len("id" + "a" + "part" + "b" + "long"))}
    refused(things, "put_item", "Item size has exceeded", Item={**KEY, "long": {"S": full["S"] + "x"}})
    things.put_item(TableName="things", Item={**KEY, "long": full})
    refused(things, "update_item", "Item size to update has exceeded the maximum allowed size", **UPDATE)
    assert "a" not in things.get_item(TableName="things", Key=KEY)["Item"]


def test_an_update_that_fails_halfway_changes_nothing(things: Any) -> None:
    halfway = {"UpdateExpression": "SET a = :a, b.c = :a"}
    refused(things, "update_item", "document path", **{**UPDATE, **halfway})
    refused(things, "update_item", "document path", **{**UPDATE, **halfway, "Key": {**KEY, "id": {"S": "new"}}})
    refused(things, "update_item", "type", **{**UPDATE, "UpdateExpression": "SET a = :a ADD d :a"})


@pytest.mark.parametrize("name", ["id", "part"])
def test_a_key_is_never_empty(things: Any, name: str) -> None:
    empty = {**KEY, name: {"S": ""}}
    refused(things, "put_item", "empty string", Item=empty)
    for operation, arguments in (("update_item", UPDATE), ("delete_item", CHECK), ("get_item", {})):
        refused(things, operation, "cannot contain an empty string value. Key", **{**arguments, "Key": empty})


def test_keys_of_an_index_are_not_empty_and_not_too_long(things: Any) -> None:
    def placed(place: str) -> dict[str, Any]:
        values = {":k": {"S": "k"}, ":p": {"S": place}}
        return {"Key": KEY, "UpdateExpression": "SET kind = :k, place = :p", "ExpressionAttributeValues": values}

    refused(things, "put_item", "empty string", Item={**ITEM, "place": {"S": ""}})
    refused(things, "update_item", "cannot contain an empty string value", **placed(""))
    refused(things, "update_item", "limit of 1024 bytes", **placed("ü" * 513))
    things.update_item(TableName="things", **placed("ü" * 512))


def test_an_attribute_has_a_name(things: Any) -> None:
    refused(things, "put_item", "Empty attribute name", Item={**ITEM, "": {"S": "x"}})
