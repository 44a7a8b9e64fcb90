"""Where moto differs from AWS in ways that a job would notice, put right before the first request.

Each repair names what AWS does. They replace moto's internals, so a new version of moto may make one needless or wrong:
tests/e2e/test_laptop_moto.py asks for the behaviour itself.
"""

import base64
import copy
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import cache
from typing import Any

import jsonpath_ng.ext
from moto.core.serialize import JSONSerializer
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing.ast_nodes import Node  # type: ignore[attr-defined]
from moto.dynamodb.parsing.expressions import UpdateExpressionParser  # type: ignore[attr-defined]
from moto.events.models import EventBus
from moto.s3 import notifications
from moto.s3.models import FakeBucket
from moto.sqs.models import DEFAULT_SENDER_ID, Message, Queue, SQSBackend
from moto.stepfunctions import models as stepfunctions
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
from moto.stepfunctions.parser.asl.utils import json_path
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from local import moto_events, quick_queues

#: how often a long ReceiveMessage looks again
_LOOK_AGAIN_SECONDS = 0.05

_queues = threading.RLock()
_done: set[str] = set()


def apply(endpoint_url: str) -> None:
    """Repairs moto in this process; safe to call again with another endpoint."""
    _replace(Queue, "physical_resource_id", property(lambda queue: f"{endpoint_url}/{queue.account_id}/{queue.name}"))
    if not _done:
        _done.add("repaired")
        _run_the_state_machines_of_templates()
        _read_each_definition_alone()
        _know_more_references()
        _make_buckets_as_described()
        _leave_messages_to_the_pollers()
        _do_one_thing_at_a_time()
        _describe_objects_fully()
        _copy_no_whole_tables()
        be_quick()
        moto_events.apply()
        quick_queues.apply()


def _replace(owner: Any, name: str, value: object) -> None:
    setattr(owner, name, value)


def _run_the_state_machines_of_templates() -> None:
    """CloudFormation must make state machines in the backend that runs them, not in the one that only stores them."""
    _replace(stepfunctions, "stepfunctions_backends", stepfunctions_parser_backends)


def _read_each_definition_alone() -> None:
    """Executions that start at once read their definitions with one shared list, of which now and then one died."""

    def __init__(preprocessor: Preprocessor) -> None:  # noqa: N807
        _replace(preprocessor, "_query_language_per_scope", [])

    _replace(Preprocessor, "__init__", __init__)


def _know_more_references() -> None:
    """Templates may name an event bus by Ref, and a state machine by its attribute Arn, also in their outputs."""
    _replace(EventBus, "physical_resource_id", property(lambda bus: bus.name))
    attribute, has = stepfunctions.StateMachine.get_cfn_attribute, stepfunctions.StateMachine.has_cfn_attr

    def get_cfn_attribute(machine: stepfunctions.StateMachine, name: str) -> Any:
        return machine.arn if name == "Arn" else attribute(machine, name)

    _replace(stepfunctions.StateMachine, "get_cfn_attribute", get_cfn_attribute)
    _replace(stepfunctions.StateMachine, "has_cfn_attr", staticmethod(lambda name: name == "Arn" or has(name)))


def _make_buckets_as_described() -> None:
    """CloudFormation gives a bucket its versions, and tells its queues of new objects."""
    create = FakeBucket.create_from_cloudformation_json

    def create_from_cloudformation_json(name: str, described: Any, account: str, region: str, **more: Any) -> Any:
        bucket = create(name, described, account, region, **more)
        properties = described["Properties"]
        bucket.versioning_status = properties.get("VersioningConfiguration", {}).get("Status")
        queues = properties.get("NotificationConfiguration", {}).get("QueueConfigurations", [])
        wanted = [{"Queue": each["Queue"], "Event": [each["Event"]]} for each in queues]
        bucket.set_notification_configuration({"QueueConfiguration": wanted})
        return bucket

    _replace(FakeBucket, "create_from_cloudformation_json", staticmethod(create_from_cloudformation_json))


def _leave_messages_to_the_pollers() -> None:
    """A mapping of a queue must not run moto's own function at once: that wants Docker, and deletes the message."""
    _replace(Queue, "lambda_event_source_mappings", property(lambda _: {}, lambda *_: None))


def _do_one_thing_at_a_time() -> None:
    """A message is in one hand at a time, and none is lost, whatever else the queue is asked for at the same moment."""
    receive = SQSBackend.receive_message
    for name in ("send_message", "delete_message", "change_message_visibility", "purge_queue"):
        _replace(SQSBackend, name, _one_at_a_time(getattr(SQSBackend, name)))

    def receive_message(
        backend: SQSBackend,
        queue_name: str,
        count: int,
        wait_seconds_timeout: int,
        visibility_timeout: int,
        message_attribute_names: list[str] | None = None,
    ) -> list[Message]:
        end = time.monotonic() + wait_seconds_timeout
        while True:
            with _queues:
                found = receive(backend, queue_name, count, 0, visibility_timeout, message_attribute_names)
            if found or time.monotonic() >= end:
                return found
            time.sleep(_LOOK_AGAIN_SECONDS)

    _replace(SQSBackend, "receive_message", receive_message)


def _one_at_a_time(method: Callable[..., Any]) -> Callable[..., Any]:
    def alone(*args: Any, **kwargs: Any) -> Any:
        with _queues:
            return method(*args, **kwargs)

    return alone


def _describe_objects_fully() -> None:
    """S3's events tell who did what and from where, the version and the order, and leave the slashes of a key alone.

    See docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html.
    """
    describe = notifications._get_s3_event

    def event(event_name: str, bucket: Any, key: Any, notification_id: str) -> dict[str, list[dict[str, Any]]]:
        described = describe(event_name, bucket, key, notification_id)
        for record in described["Records"]:
            record |= {
                "eventVersion": "2.5",
                "userIdentity": {"principalId": f"AWS:{DEFAULT_SENDER_ID}"},
                "requestParameters": {"sourceIPAddress": "127.0.0.1"},
                "responseElements": {"x-amz-request-id": secrets.token_hex(8).upper(), "x-amz-id-2": "local"},
            }
            record["s3"]["bucket"]["ownerIdentity"] = {"principalId": bucket.account_id}
            thing = record["s3"]["object"]
            thing["key"] = thing["key"].replace("%2F", "/")
            thing["sequencer"] = f"{time.time_ns():016X}"
            if bucket.is_versioned:
                thing["versionId"] = key.version_id
        return described

    _replace(notifications, "_get_s3_event", event)


def _copy_no_whole_tables() -> None:
    """A transaction keeps what it touches, to undo it: moto keeps whole tables, which takes a second for 2,000 jobs."""
    write = DynamoDBBackend.transact_write_items
    touched: dict[str, list[DynamoType]] = {}

    def transact_write_items(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
        touched.clear()
        for operation in (each for item in transact_items for each in item.values()):
            table = backend.get_table(operation["TableName"])
            key = operation.get("Key") or operation["Item"]
            touched.setdefault(table.name, []).append(DynamoType(key[table.hash_key_attr]))
        write(backend, transact_items)

    def twin(table: Table, memo: dict[int, Any]) -> Table:
        other = copy.copy(table)
        other.items = table.items.copy()
        for key in touched.get(table.name, ()):
            if key in other.items:
                other.items[key] = copy.deepcopy(other.items[key], memo)
        return other

    _replace(Table, "__deepcopy__", twin)
    _replace(DynamoDBBackend, "transact_write_items", transact_write_items)


@cache
def be_quick() -> None:
    """Spares moto what takes most of its time and changes no answer."""
    _write_items_quickly()
    _look_through_many_quickly()
    _read_expressions_once()


def _read_expressions_once() -> None:
    """The same few expressions come with each write and each event, and to read one takes longer than to carry it out.

    What was read is never changed: whoever works on a tree of nodes has a copy of it.
    """
    take_apart = ConditionExpressionParser._lex_condition_expression

    @cache
    def parts_of(expression: str | None) -> tuple[Any, ...]:
        return tuple(take_apart(ConditionExpressionParser(expression, {}, {})))

    def lex(parser: ConditionExpressionParser) -> deque[Any]:
        return deque(parts_of(parser.condition_expression))

    def twin(node: Node, memo: dict[int, Any]) -> Node:
        other = object.__new__(type(node))
        other.__dict__ |= node.__dict__
        Node.__init__(
            other,
            node.children and [twin(child, memo) if isinstance(child, Node) else child for child in node.children],
        )
        return other

    _replace(UpdateExpressionParser, "make", cache(UpdateExpressionParser.make))
    _replace(ConditionExpressionParser, "_lex_condition_expression", lex)
    _replace(Node, "__deepcopy__", twin)
    read_path = cache(jsonpath_ng.ext.parser.parse)
    for reads_paths in (jsonpath_ng.ext, json_path):
        _replace(reads_paths, "parse", read_path)


def _write_items_quickly() -> None:
    """Taking each attribute of an item apart by its shape makes a scan of 200 jobs last a second.

    Nor need a value be copied deeply, part by part and each part again, to be handed out.
    """
    structure = JSONSerializer._serialize_type_structure

    def serialize(serializer: JSONSerializer, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue" and value is not None:
            serialized[key] = _as_json(value)
        else:
            structure(serializer, serialized, value, shape, key)

    _replace(JSONSerializer, "_serialize_type_structure", serialize)
    _replace(DynamoType, "to_regular_json", _handed_out)


def _look_through_many_quickly() -> None:
    """An index of 10,000 jobs is put in order for each query: a text or a number is asked six questions for that, and
    whoever wants twenty attributes of an item has the whole of it copied twenty times.
    """
    whole: Any = vars(DynamoType)["cast_value"]
    project, all_of = Item.project, Table.all_items

    def cast_value(value: DynamoType) -> Any:
        if value.type == "S":
            return value.value
        return Decimal(value.value) if value.type == "N" else whole.fget(value)

    def sorted_items(table: Table, hashes: list[str], ranges: list[str | None], items: list[Item]) -> list[Item]:
        names = table._generate_attr_to_sort_by(hashes, ranges)
        items.sort(key=lambda item: [item.attrs[name].cast_value for name in names])
        return items

    def all_items(table: Table) -> list[Item]:
        if table.range_key_attr:
            return all_of(table)
        items: Iterable[Any] = table.items.values()
        return sorted(items, key=lambda item: item.hash_key.cast_value)

    def some_of(item: Item, paths: list[list[str]]) -> Item:
        if any(len(path) > 1 for path in paths):
            return project(item, paths)
        some = Item(item.hash_key, item.range_key, {})
        names = {path[0] for path in paths}
        some.attrs |= {name: value for name, value in item.attrs.items() if name in names}
        return some

    _replace(Item, "project", some_of)
    _replace(DynamoType, "cast_value", property(cast_value))
    _replace(Table, "all_items", all_items)
    _replace(Table, "sorted_items", sorted_items)


def _handed_out(value: DynamoType) -> dict[str, Any]:
    inner = value.value
    match inner:
        case dict():
            return {value.type: {name: _part(each) for name, each in inner.items()}}
        case list():
            return {value.type: [_part(each) for each in inner]}
        case str() if value.is_binary():
            return {value.type: base64.b64decode(inner)}
    return {value.type: inner}


def _part(value: Any) -> Any:
    return _handed_out(value) if isinstance(value, DynamoType) else value


def _as_json(value: Any) -> Any:
    if isinstance(value, DynamoType):
        return {value.type: _as_json(value.value)}
    if isinstance(value, dict):
        return {name: _as_json(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_as_json(each) for each in value]
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
