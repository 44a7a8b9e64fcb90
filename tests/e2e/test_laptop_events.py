"""Events on the laptop have the fields of the samples in events/, which are those that AWS documents."""

import json
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.tiny import Tiny, eventually

pytestmark = pytest.mark.thorough

_EVENTS = Path(__file__).parents[2] / "events"


def sample(name: str) -> Any:
    return json.loads((_EVENTS / name).read_text())


def told(name: str) -> Any:
    """What a sample of the intake queue holds in its first message."""
    return json.loads(sample(name)["Records"][0]["body"])


def fields(value: Any) -> Any:
    """The names in it, at every depth; what has none is only itself."""
    if isinstance(value, dict):
        return {name: fields(each) for name, each in value.items()}
    return [fields(each) for each in value if isinstance(each, dict)] if isinstance(value, list) else None


def queue(tiny: Tiny) -> tuple[str, str]:
    """A new queue's address and ARN."""
    sqs = tiny.client("sqs")
    url = sqs.create_queue(QueueName=f"events-{uuid.uuid4().hex}")["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def received(tiny: Tiny, url: str) -> Any:
    """The body of the next message."""
    sqs = tiny.client("sqs")
    (message,) = eventually(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []))
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return json.loads(message["Body"])


def bucket(tiny: Tiny, **notifications: Any) -> str:
    """A new bucket with versions, that tells of its objects."""
    s3, name = tiny.client("s3"), f"events-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=notifications)
    return name


def test_s3_tells_a_queue_first_that_it_can_and_then_of_objects(tiny: Tiny) -> None:
    url, arn = queue(tiny)
    name = bucket(tiny, QueueConfigurations=[{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}])
    assert fields(received(tiny, url)) == fields(told("submit/s3-test-event.json"))
    tiny.client("s3").put_object(Bucket=name, Key="a b.png", Body=b"x")
    assert fields(received(tiny, url)) == fields(told("submit/s3-created.json"))


def test_s3_tells_eventbridge_how_an_object_came_to_be(tiny: Tiny) -> None:
    events, s3, (url, arn) = tiny.client("events"), tiny.client("s3"), queue(tiny)
    name = bucket(tiny, EventBridgeConfiguration={})
    pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": [name]}}}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    version = s3.put_object(Bucket=name, Key="a b/é.png", Body=b"x")["VersionId"]
    put = received(tiny, url)
    s3.copy_object(Bucket=name, Key="c.png", CopySource={"Bucket": name, "Key": "a b/é.png"})
    copied = received(tiny, url)
    assert fields(put) == fields(copied) == fields(told("submit/s3-created-through-eventbridge.json"))
    assert (put["detail"]["object"]["key"], put["detail"]["object"]["version-id"]) == ("a b/é.png", version)
    assert (put["detail"]["reason"], copied["detail"]["reason"]) == ("PutObject", "CopyObject")
    assert put["id"] != copied["id"]
    assert put["detail"]["object"]["sequencer"] < copied["detail"]["object"]["sequencer"]


def test_services_events_come_on_no_bus_of_ones_own(tiny: Tiny) -> None:
    events, (url, arn) = tiny.client("events"), queue(tiny)
    name = bucket(tiny, EventBridgeConfiguration={})
    events.put_rule(Name=name, EventBusName=tiny["Bus"], EventPattern='{"source": ["aws.s3"]}')
    events.put_targets(Rule=name, EventBusName=tiny["Bus"], Targets=[{"Id": "queue", "Arn": arn}])
    tiny.client("s3").put_object(Bucket=name, Key="a.png", Body=b"x")
    assert "Messages" not in tiny.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=1)


def test_an_event_of_ones_own_says_whose_it_is(tiny: Tiny) -> None:
    events, (url, arn) = tiny.client("events"), queue(tiny)
    events.put_rule(Name="own", EventPattern='{"source": ["shop"]}')
    events.put_targets(Rule="own", Targets=[{"Id": "queue", "Arn": arn}])
    events.put_events(Entries=[{"Source": "shop", "DetailType": "Film Ordered", "Detail": "{}"}])
    event = received(tiny, url)
    assert {**fields(event), "detail": None} == {**fields(told("submit/message-in-eventbridge.json")), "detail": None}
    assert event["account"] == "123456789012"


def test_a_notification_of_a_topic_has_what_sns_puts_around_it(tiny: Tiny) -> None:
    sns, (url, arn) = tiny.client("sns"), queue(tiny)
    topic = sns.create_topic(Name=f"events-{uuid.uuid4().hex}")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="{}")
    assert fields(received(tiny, url)) == fields(told("submit/message-through-sns.json"))


def test_a_request_has_what_api_gateway_tells_of_it(tiny: Tiny) -> None:
    body, kind = {"status": "COMPLETED"}, {"Content-Type": "application/json"}
    event = httpx.post(f"{tiny['Api']}/things/x", json=body, headers=kind).json()
    expected = sample("callback/completed.json")
    assert expected["headers"].keys() <= event["headers"].keys()
    for each in (event, expected):
        each["headers"] = each["pathParameters"] = None
    assert fields(event) == fields(expected)


def test_a_record_of_a_queue_has_what_lambda_tells_of_it(tiny: Tiny) -> None:
    word = uuid.uuid4().hex
    tiny.client("sqs").send_message(QueueUrl=tiny["Work"], MessageBody=json.dumps({"word": word}))
    noted = eventually(lambda: tiny.notes(word))[0]["event"]
    for record in noted["Records"]:
        record["attributes"].pop("AWSTraceHeader", None)
    assert fields(noted["Records"][0]) == fields(sample("submit/message.json")["Records"][0])
