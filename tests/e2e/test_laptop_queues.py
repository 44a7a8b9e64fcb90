"""Queues lead to functions as Lambda's event source mappings do."""

import hashlib
import json
import time
import uuid
from typing import Any

import pytest

from tests.e2e.tiny import Tiny, eventually

pytestmark = pytest.mark.thorough


def send(tiny: Tiny, **body: Any) -> str:
    word = uuid.uuid4().hex
    attributes = {"kind": {"DataType": "String", "StringValue": "test"}}
    tiny.client("sqs").send_message(
        QueueUrl=tiny["Work"], MessageBody=json.dumps({"word": word, **body}), MessageAttributes=attributes
    )
    return word


def left(tiny: Tiny, queue: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = tiny.client("sqs").get_queue_attributes(QueueUrl=tiny[queue], AttributeNames=names)
    return sum(int(number) for number in answer["Attributes"].values())


def dead(tiny: Tiny, word: str) -> bool:
    """Whether the message is among the dead letters."""
    sqs = tiny.client("sqs")
    found = sqs.receive_message(QueueUrl=tiny["Dead"], VisibilityTimeout=0, MaxNumberOfMessages=10).get("Messages", [])
    return any(word in message["Body"] for message in found)


def test_a_message_reaches_its_function_at_once(tiny: Tiny) -> None:
    def took() -> float:
        begin, word = time.time(), send(tiny)
        (note,) = eventually(lambda: tiny.notes(word))
        return float(note["at"]) - begin

    # A queue that is asked once a second is never this quick; a machine that has much else to do sometimes is not.
    assert any(took() < 0.3 for _ in range(30))
    assert eventually(lambda: left(tiny, "Work") == 0)


def test_a_record_has_all_that_lambda_puts_in(tiny: Tiny) -> None:
    word = send(tiny)
    (note,) = eventually(lambda: tiny.notes(word))
    (record,) = note["event"]["Records"]
    assert record["eventSource"] == "aws:sqs"
    assert record["eventSourceARN"].endswith(tiny["Work"].rpartition("/")[2])
    assert record["awsRegion"] == "us-east-1"
    assert record["md5OfBody"] == hashlib.md5(record["body"].encode(), usedforsecurity=False).hexdigest()
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert abs(int(record["attributes"]["SentTimestamp"]) / 1000 - time.time()) < 20
    assert set(record["attributes"]) == {
        "ApproximateReceiveCount",
        "SentTimestamp",
        "SenderId",
        "ApproximateFirstReceiveTimestamp",
    }
    assert record["messageAttributes"]["kind"]["stringValue"] == "test"
    assert record["receiptHandle"]
    assert record["messageId"]


def test_only_the_messages_that_are_reported_come_again(tiny: Tiny) -> None:
    words = [send(tiny, sleep=0.3), send(tiny, sleep=0.3), send(tiny, fail=True), send(tiny)]
    assert eventually(lambda: dead(tiny, words[2]))
    assert len(tiny.notes(words[2])) == 2
    assert len(tiny.notes(words[3])) == 1
    assert eventually(lambda: left(tiny, "Work") == 0)


def test_a_message_that_kills_its_function_ends_among_the_dead_letters(tiny: Tiny) -> None:
    word = send(tiny, crash=True)
    assert eventually(lambda: dead(tiny, word))
    counts = [note["event"]["Records"][0]["attributes"]["ApproximateReceiveCount"] for note in tiny.notes(word)]
    assert counts == ["1", "2"]


def test_a_message_comes_again_no_sooner_than_its_visibility_timeout(tiny: Tiny) -> None:
    sent = time.time()
    word = send(tiny, **{"raise": True})
    assert eventually(lambda: len(tiny.notes(word)) == 2)
    _, second = (note["at"] for note in tiny.notes(word))
    assert second - sent >= 1, "the timeout of this queue"


def test_no_more_batches_run_at_once_than_the_mapping_allows(tiny: Tiny) -> None:
    words = []
    for _ in range(6):
        words.append(send(tiny, sleep=0.3))
        time.sleep(0.12)
    notes = [eventually(lambda word=word: tiny.notes(word))[0] for word in words]  # type: ignore[misc]
    begun = sorted({note["at"] for note in notes})
    assert all(later - earlier >= 0.29 for earlier, later in zip(begun, begun[2:], strict=False))


def test_a_queue_counts_what_waits_what_is_delayed_and_what_somebody_has(tiny: Tiny) -> None:
    sqs = tiny.client("sqs")
    queue = sqs.create_queue(QueueName="counted")["QueueUrl"]
    for delay in (0, 0, 60):
        sqs.send_message(QueueUrl=queue, MessageBody="{}", DelaySeconds=delay)
    (first,) = sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0)["Messages"]
    (again,) = sqs.receive_message(QueueUrl=queue, VisibilityTimeout=60)["Messages"]
    names = ["", "Delayed", "NotVisible"]
    wanted = [f"ApproximateNumberOfMessages{name}" for name in names]
    found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=wanted)["Attributes"]
    assert [found[name] for name in wanted] == ["1", "1", "1"]
    for message in (first, again):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=wanted)["Attributes"]
    assert [found[name] for name in wanted[1:]] == ["1", "0"]
    sqs.delete_queue(QueueUrl=queue)
