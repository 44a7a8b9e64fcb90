"""The laptop refuses what AWS refuses, in the services that carry messages, events and invocations."""

import json
import time
import uuid
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from local.strict import executions
from tests.e2e.tiny import Tiny, eventually

pytestmark = pytest.mark.thorough

MIB = 1024 * 1024


def refused(call: Callable[..., Any], code: str, words: str | None = None, **arguments: Any) -> None:
    with pytest.raises(ClientError, match=words) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"].endswith(code)


@pytest.fixture
def queue(tiny: Tiny) -> str:
    url: str = tiny.client("sqs").create_queue(QueueName=uuid.uuid4().hex)["QueueUrl"]
    return url


@pytest.mark.parametrize("seconds", [-1, 901])
def test_a_message_is_delayed_by_a_quarter_of_an_hour_at_most(tiny: Tiny, queue: str, seconds: int) -> None:
    sqs = tiny.client("sqs")
    words = "DelaySeconds must be >= 0 and <= 900"
    refused(sqs.send_message, "InvalidParameterValue", words, QueueUrl=queue, MessageBody="x", DelaySeconds=seconds)
    entry = {"Id": "a", "MessageBody": "x", "DelaySeconds": seconds}
    (failed,) = sqs.send_message_batch(QueueUrl=queue, Entries=[entry])["Failed"]
    assert words in failed["Message"]


def test_a_message_has_a_mebibyte_at_most_and_bytes_count_not_letters(tiny: Tiny, queue: str) -> None:
    sqs = tiny.client("sqs")
    attributes = {"kind": {"DataType": "String", "StringValue": "test"}}
    size = MIB - len("kind" + "String" + "test")
    sqs.send_message(QueueUrl=queue, MessageBody="x" * size, MessageAttributes=attributes)
    for body in ("x" * (size + 1), "ü" * (size // 2 + 1)):
        wrong = {"QueueUrl": queue, "MessageBody": body, "MessageAttributes": attributes}
        refused(sqs.send_message, "InvalidParameterValue", "shorter than 1048576 bytes", **wrong)


def test_a_batch_has_ten_messages_and_a_mebibyte_at_most(tiny: Tiny, queue: str) -> None:
    send = tiny.client("sqs").send_message_batch
    half = [{"Id": str(number), "MessageBody": "ü" * (MIB // 4)} for number in range(2)]
    send(QueueUrl=queue, Entries=half)
    half[1]["MessageBody"] += "x"
    refused(send, "BatchRequestTooLong", "have sent 1048577 bytes", QueueUrl=queue, Entries=half)
    eleven = [{"Id": str(number), "MessageBody": "x"} for number in range(11)]
    refused(send, "TooManyEntriesInBatchRequest", QueueUrl=queue, Entries=eleven)


@pytest.mark.parametrize(("body", "code"), [("", "MissingParameter"), ("a\x00b", "InvalidMessageContents")])
def test_a_message_is_text_and_not_empty(tiny: Tiny, queue: str, body: str, code: str) -> None:
    refused(tiny.client("sqs").send_message, code, QueueUrl=queue, MessageBody=body)


def test_only_a_message_in_flight_has_a_visibility_to_change_and_twelve_hours_are_its_end(
    tiny: Tiny, queue: str
) -> None:
    sqs = tiny.client("sqs")
    sqs.send_message(QueueUrl=queue, MessageBody="x")

    def receive(seconds: int) -> dict[str, Any]:
        (message,) = sqs.receive_message(QueueUrl=queue, VisibilityTimeout=seconds)["Messages"]
        return {"QueueUrl": queue, "ReceiptHandle": message["ReceiptHandle"]}

    first = receive(30)
    refused(sqs.change_message_visibility, "InvalidParameterValue", **first, VisibilityTimeout=43_201)
    refused(sqs.change_message_visibility, "InvalidParameterValue", **first, VisibilityTimeout=-1)
    time.sleep(1)
    refused(sqs.change_message_visibility, "InvalidParameterValue", "beyond", **first, VisibilityTimeout=43_200)
    sqs.change_message_visibility(**first, VisibilityTimeout=0)
    again = {**first, "VisibilityTimeout": 5}
    refused(sqs.change_message_visibility, "InvalidParameterValue", "not available for visibility", **again)
    second = receive(30)
    sqs.delete_message(**first)
    sqs.change_message_visibility(**second, VisibilityTimeout=0)
    third = receive(30)
    sqs.delete_message(**third)
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)


def test_a_message_that_its_function_puts_off_comes_when_it_was_told_to(tiny: Tiny) -> None:
    put_off = {"QueueUrl": tiny["RelayQueue"], "ReceiptHandle": "RECEIPT", "VisibilityTimeout": 2}
    word = uuid.uuid4().hex
    body = {"word": word, "fail": 3, "calls": [["sqs", "change_message_visibility", put_off]]}
    tiny.client("sqs").send_message(QueueUrl=tiny["RelayQueue"], MessageBody=json.dumps(body))
    assert eventually(lambda: len(tiny.notes(word)) == 3)
    notes = tiny.notes(word)
    assert [note["event"]["Records"][0]["attributes"]["ApproximateReceiveCount"] for note in notes] == ["1", "2", "3"]
    waits = [later["at"] - earlier["at"] for earlier, later in pairwise(notes)]
    assert min(waits) >= 2
    assert max(waits) < 15, "no more than asked for, whereas the queue's own timeout is 20 s"


def test_events_have_less_than_a_megabyte_together(tiny: Tiny) -> None:
    put = tiny.client("events").put_events

    def entry(size: int) -> dict[str, str]:
        return {
            "Source": "a",
            "DetailType": "b",
            "Detail": json.dumps({"x": "ü" * ((size - 11) // 2)}, ensure_ascii=False),
        }

    assert put(Entries=[entry(MIB // 2), entry(MIB // 2 - 4)])["FailedEntryCount"] == 0
    refused(put, "ValidationException", "over the limit", Entries=[entry(MIB // 2), entry(MIB // 2 + 4)])
    refused(put, "ValidationException", Entries=[entry(20)] * 11)


@pytest.mark.parametrize("name", ["x" * 81, "a b", "a/b", "a:b", "a*b", "a#b", "ä\x85"])
def test_an_execution_has_a_name_of_eighty_allowed_characters(tiny: Tiny, name: str) -> None:
    start = tiny.client("stepfunctions").start_execution
    refused(start, "InvalidName", stateMachineArn=tiny["Machine"], name=name, input="{}")


def test_an_executions_name_is_taken_while_it_runs_and_afterwards(tiny: Tiny) -> None:
    machines = tiny.client("stepfunctions")
    named = {"stateMachineArn": tiny["Machine"], "name": "ü_" + uuid.uuid4().hex}
    given = json.dumps({"left": 1, "wait": 600})
    first = machines.start_execution(**named, input=given)["executionArn"]
    assert machines.start_execution(**named, input=given)["executionArn"] == first
    refused(machines.start_execution, "ExecutionAlreadyExists", **named, input="{}")
    machines.stop_execution(executionArn=first)
    assert eventually(lambda: machines.describe_execution(executionArn=first)["status"] == "ABORTED")
    refused(machines.start_execution, "ExecutionAlreadyExists", **named, input=given)


def test_an_executions_input_has_256_kib_at_most(tiny: Tiny) -> None:
    start, arn = tiny.client("stepfunctions").start_execution, tiny["Machine"]
    words = "ü" * (128 * 1024)
    refused(start, "InvalidExecutionInput", stateMachineArn=arn, name=uuid.uuid4().hex, input=json.dumps(words))
    refused(start, "InvalidExecutionInput", stateMachineArn=arn, name=uuid.uuid4().hex, input=f'"{words}"')


def test_an_execution_with_too_long_a_history_fails_whatever_it_catches(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executions, "MOST_EVENTS", 60)
    machines = tiny.client("stepfunctions")
    given = json.dumps({"left": -1, "wait": 0})
    arn = machines.start_execution(stateMachineArn=tiny["Machine"], name=uuid.uuid4().hex, input=given)["executionArn"]
    ended = eventually(lambda: (d := machines.describe_execution(executionArn=arn))["status"] != "RUNNING" and d)
    assert (ended["status"], ended["cause"][:33]) == ("FAILED", "The execution reached the maximum")
    assert len(machines.get_execution_history(executionArn=arn, maxResults=1000)["events"]) <= 62


def test_a_payload_has_six_megabytes_or_one_where_nobody_waits_for_the_answer(tiny: Tiny) -> None:
    address = f"{tiny.laptop.aws.url}/2015-03-31/functions/{tiny['Step']}/invocations"

    def invoke(kind: str, size: int) -> httpx.Response:
        event = json.dumps({"left": 1, "x": ""}).encode()
        return httpx.post(
            address,
            content=event[:-2] + b"x" * (size - len(event)) + event[-2:],
            headers={"X-Amz-Invocation-Type": kind},
        )

    assert invoke("Event", MIB).status_code == 202
    for kind, size in (("Event", MIB + 1), ("RequestResponse", 6 * MIB + 1)):
        answer = invoke(kind, size)
        assert (answer.status_code, answer.headers["X-Amzn-ErrorType"]) == (413, "RequestTooLargeException")
    answer = invoke("RequestResponse", 6 * MIB)
    assert answer.status_code == 200
