"""The laptop ends a loop of invocations where Lambda ends it, and follows it as far as Lambda does."""

import json
import uuid
from typing import Any

import httpx
import pytest

from local.strict import recursion
from local.strict.recursion import Chain, RecursiveInvocation
from tests.e2e.tiny import Tiny, eventually

pytestmark = pytest.mark.thorough

#: a call of the relay function: service, method, arguments
Call = list[Any]


def send_to(tiny: Tiny, name: str) -> Call:
    return ["sqs", "send_message", {"QueueUrl": tiny[f"{name}Queue"], "MessageBody": "SAME"}]


def begin(tiny: Tiny, *calls: Call, queue: str = "Relay", word: str = "", **more: Any) -> str:
    word = word or uuid.uuid4().hex
    body = {"word": word, "calls": calls, **more}
    tiny.client("sqs").send_message(QueueUrl=tiny[f"{queue}Queue"], MessageBody=json.dumps(body))
    return word


def dead(tiny: Tiny, word: str, name: str = "Relay") -> Any:
    """The message among the dead letters."""
    asked = {"MaxNumberOfMessages": 10, "VisibilityTimeout": 0, "AttributeNames": ["All"]}
    found = tiny.client("sqs").receive_message(QueueUrl=tiny[f"{name}Dead"], **asked).get("Messages", [])
    return next((message for message in found if word in message["Body"]), None)


def test_a_function_that_feeds_itself_runs_sixteen_times_and_its_message_is_then_dead(
    tiny: Tiny, caplog: pytest.LogCaptureFixture
) -> None:
    word = begin(tiny, send_to(tiny, "Relay"))
    assert eventually(lambda: dead(tiny, word))
    assert len(tiny.notes(word)) == 16
    assert f"{tiny['Relay']}: {recursion.WORDS}" in caplog.text


def test_two_functions_that_feed_each_other_run_sixteen_times_each(tiny: Tiny) -> None:
    word = begin(tiny, send_to(tiny, "Other"), send_to(tiny, "Relay"))
    assert eventually(lambda: dead(tiny, word))
    assert len(tiny.notes(word)) == 32
    assert not dead(tiny, word, "Other")


def test_a_message_that_comes_again_is_no_step_of_its_chain(tiny: Tiny) -> None:
    come_again = {"QueueUrl": tiny["RelayQueue"], "ReceiptHandle": "RECEIPT", "VisibilityTimeout": 0}
    word = begin(tiny, ["sqs", "change_message_visibility", come_again], fail=20)
    assert eventually(lambda: len(tiny.notes(word)) == 20)
    counts = [note["event"]["Records"][0]["attributes"]["ApproximateReceiveCount"] for note in tiny.notes(word)]
    assert counts == [str(number) for number in range(1, 21)]
    assert not dead(tiny, word)


def test_objects_and_topics_hand_the_count_on(tiny: Tiny) -> None:
    sns = tiny.client("sns")
    topic = sns.create_topic(Name="loop")["TopicArn"]
    asked = {"QueueUrl": tiny["RelayQueue"], "AttributeNames": ["QueueArn"]}
    queue = tiny.client("sqs").get_queue_attributes(**asked)["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
    word = uuid.uuid4().hex
    put = ["s3", "put_object", {"Bucket": tiny["Loop"], "Key": word, "Body": "SAME"}]
    begin(tiny, put, ["sns", "publish", {"TopicArn": topic, "Message": "SAME"}], word=word)
    assert eventually(lambda: dead(tiny, word))
    assert len(tiny.notes(word)) == 16


def test_a_function_that_invokes_itself_is_stopped_and_nobody_hears_of_it_but_the_log(
    tiny: Tiny, caplog: pytest.LogCaptureFixture
) -> None:
    invoke = {"FunctionName": tiny["Other"], "InvocationType": "Event", "Payload": "EVENT"}
    word = begin(tiny, ["lambda", "invoke", invoke], queue="Other")
    assert eventually(lambda: "The event is dropped." in caplog.text)
    assert len(tiny.notes(word)) == 16


def test_who_invokes_a_function_for_the_seventeenth_time_is_told_so(tiny: Tiny) -> None:
    address = f"{tiny.laptop.aws.url}/2015-03-31/functions/{tiny['Relay']}/invocations"
    answers = [
        httpx.post(address, json={"Records": []}, headers={"X-Amzn-Trace-Id": f"Root=1;Lineage={tiny['Relay']}:{runs}"})
        for runs in (15, 16)
    ]
    assert [answer.status_code for answer in answers] == [200, 400]
    assert answers[1].headers["X-Amzn-ErrorType"] == "RecursiveInvocationException"
    assert recursion.WORDS in answers[1].json()["Message"]


def test_eventbridge_begins_a_new_chain(tiny: Tiny) -> None:
    events = tiny.client("events")
    asked = {"QueueUrl": tiny["RelayQueue"], "AttributeNames": ["QueueArn"]}
    queue = tiny.client("sqs").get_queue_attributes(**asked)["Attributes"]["QueueArn"]
    events.put_rule(Name="loop", EventBusName=tiny["Bus"], EventPattern='{"source": ["loop"]}')
    events.put_targets(Rule="loop", EventBusName=tiny["Bus"], Targets=[{"Id": "queue", "Arn": queue}])
    entry = {"Source": "loop", "DetailType": "Loop", "EventBusName": tiny["Bus"], "Detail": "SAME"}
    word = begin(tiny, ["events", "put_events", {"Entries": [entry]}])
    assert eventually(lambda: len(tiny.notes(word)) > 20)
    events.remove_targets(Rule="loop", EventBusName=tiny["Bus"], Ids=["queue"])


def test_a_batch_has_of_each_function_the_most_runs_of_its_messages() -> None:
    joined = Chain.joined([Chain.of("Root=1;Lineage=a:3,b:1"), Chain.of("Root=2;Lineage=a:1,c:16"), Chain.of("")])
    assert joined == Chain("Root=1", {"a": 3, "b": 1, "c": 16})
    assert joined.then("a").header.partition(";Lineage=")[2] == "a:4,b:1,c:16"
    with pytest.raises(RecursiveInvocation, match="c: Lambda has detected"):
        joined.then("c")
