"""moto does what dropreel needs of AWS, with the repairs that it takes."""

import json
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.e2e.tiny import Tiny, eventually

pytestmark = pytest.mark.thorough


def at_once(work: Callable[[int], Any], count: int) -> list[Any]:
    """Runs the work in that many threads that begin together."""
    begin = threading.Barrier(count)

    def one(number: int) -> Any:
        begin.wait()
        return work(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


def receive(tiny: Tiny, queue: str, word: str) -> list[Any]:
    """The bodies of the messages with that word, which are then deleted."""
    sqs, bodies = tiny.client("sqs"), []
    answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=2)
    for message in answer.get("Messages", []):
        if word in message["Body"]:
            bodies.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return bodies


def test_an_object_is_told_with_its_version_and_key_once_the_delay_is_over(tiny: Tiny) -> None:
    word = uuid.uuid4().hex
    key = f"{word}/ü + b.png"
    begin = time.monotonic()
    version = tiny.client("s3").put_object(Bucket=tiny["Bucket"], Key=key, Body=b"x", Metadata={"prompt": "p"})[
        "VersionId"
    ]
    (body,) = eventually(lambda: receive(tiny, tiny["Told"], word))
    assert time.monotonic() - begin > 0.9
    (record,) = body["Records"]
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["s3"]["bucket"]["name"] == tiny["Bucket"]
    assert record["s3"]["object"]["key"] == f"{word}/%C3%BC+%2B+b.png"
    assert record["s3"]["object"]["versionId"] == version
    assert record["s3"]["object"]["sequencer"]
    assert record["eventVersion"].startswith("2.")
    assert record["userIdentity"]["principalId"]
    assert record["requestParameters"]["sourceIPAddress"] == "127.0.0.1"
    assert set(record["responseElements"]) == {"x-amz-request-id", "x-amz-id-2"}
    assert record["s3"]["bucket"]["ownerIdentity"]["principalId"]


def test_a_presigned_address_gives_the_version_that_it_names_and_nothing_without_its_signature(tiny: Tiny) -> None:
    s3, key = tiny.client("s3"), f"{uuid.uuid4().hex}/a b.png"
    first = s3.put_object(Bucket=tiny["Bucket"], Key=key, Body=b"first")["VersionId"]
    s3.put_object(Bucket=tiny["Bucket"], Key=key, Body=b"second")
    asked = {"Bucket": tiny["Bucket"], "Key": key, "VersionId": first}
    url = s3.generate_presigned_url("get_object", Params=asked)
    assert httpx.get(url).content == b"first"
    assert httpx.get(url.partition("?")[0]).status_code == 403
    assert s3.head_object(**asked)["VersionId"] == first


def test_of_concurrent_conditional_writes_exactly_one_wins(tiny: Tiny) -> None:
    table, word = tiny.client("dynamodb"), uuid.uuid4().hex
    # A long condition takes time between the look at the item and its change.
    condition = " AND ".join(f"attribute_not_exists({name})" for name in ("id", *(f"a{n}" for n in range(250))))

    def write(_: int) -> bool:
        try:
            table.put_item(TableName=tiny["Table"], Item={"id": {"S": word}}, ConditionExpression=condition)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ConditionalCheckFailedException"  # noqa: PT017
            return False
        return True

    assert sum(at_once(write, 8)) == 1


def test_an_item_comes_back_as_it_was_written(tiny: Tiny) -> None:
    table, word = tiny.client("dynamodb"), uuid.uuid4().hex
    inner = {
        "text": {"S": "ü"},
        "none": {"NULL": True},
        "bytes": {"B": b"\xff"},
        "list": {"L": [{"M": {"n": {"N": "1.5"}}}]},
    }
    item = {
        "id": {"S": word},
        "set": {"SS": ["a", "b"]},
        "flag": {"BOOL": False},
        "bytes": {"B": b"\xfe"},
        "map": {"M": inner},
    }
    table.put_item(TableName=tiny["Table"], Item=item)
    assert table.get_item(TableName=tiny["Table"], Key={"id": {"S": word}})["Item"] == item
    found = [each for each in table.scan(TableName=tiny["Table"])["Items"] if each["id"]["S"] == word]
    assert found == [item]
    gone = table.delete_item(TableName=tiny["Table"], Key={"id": {"S": word}}, ReturnValues="ALL_OLD")
    assert gone["Attributes"] == item


def test_a_transaction_is_done_wholly_or_not_at_all(tiny: Tiny) -> None:
    table, words = tiny.client("dynamodb"), [uuid.uuid4().hex for _ in range(3)]
    where = {"TableName": tiny["Table"]}
    table.put_item(**where, Item={"id": {"S": words[0]}, "count": {"N": "1"}})
    add = {"Key": {"id": {"S": words[0]}}, "UpdateExpression": "SET #c = #c + :one", **where}
    named = {"ExpressionAttributeNames": {"#c": "count"}, "ExpressionAttributeValues": {":one": {"N": "1"}}}
    put = {"Item": {"id": {"S": words[1]}}, **where}
    check = {"Key": {"id": {"S": words[2]}}, "ConditionExpression": "attribute_exists(id)", **where}
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        table.transact_write_items(TransactItems=[{"Update": add | named}, {"Put": put}, {"ConditionCheck": check}])
    assert table.get_item(**where, Key={"id": {"S": words[0]}})["Item"]["count"] == {"N": "1"}
    assert "Item" not in table.get_item(**where, Key={"id": {"S": words[1]}})
    table.transact_write_items(TransactItems=[{"Update": add | named}, {"Put": put}])
    assert table.get_item(**where, Key={"id": {"S": words[0]}})["Item"]["count"] == {"N": "2"}
    assert "Item" in table.get_item(**where, Key={"id": {"S": words[1]}})


def test_a_long_receive_gets_at_once_what_is_sent_meanwhile(tiny: Tiny) -> None:
    sqs, word = tiny.client("sqs"), uuid.uuid4().hex
    queue = sqs.create_queue(QueueName=word)["QueueUrl"]
    with ThreadPoolExecutor(1) as threads:
        begin = time.monotonic()
        waiting = threads.submit(sqs.receive_message, QueueUrl=queue, WaitTimeSeconds=20)
        time.sleep(0.5)
        sqs.send_message(QueueUrl=queue, MessageBody=word)
        (message,) = waiting.result()["Messages"]
    assert message["Body"] == word
    assert time.monotonic() - begin < 20


def test_a_rule_on_the_bus_leads_events_to_a_queue(tiny: Tiny) -> None:
    sqs, events, word = tiny.client("sqs"), tiny.client("events"), uuid.uuid4().hex
    queue = sqs.create_queue(QueueName="listener")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="all", EventBusName=tiny["Bus"], EventPattern='{"source": ["tiny"]}')
    events.put_targets(Rule="all", EventBusName=tiny["Bus"], Targets=[{"Id": "queue", "Arn": arn}])
    entry = {"Source": "tiny", "DetailType": "Said", "Detail": json.dumps({"word": word}), "EventBusName": tiny["Bus"]}
    assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0
    (event,) = eventually(lambda: receive(tiny, queue, word))
    assert (event["detail-type"], event["detail"]) == ("Said", {"word": word})


def test_a_topic_leads_messages_to_a_queue(tiny: Tiny) -> None:
    sqs, sns, word = tiny.client("sqs"), tiny.client("sns"), uuid.uuid4().hex
    queue = sqs.create_queue(QueueName="reader")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name="topic")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sns.publish(TopicArn=topic, Message=json.dumps({"word": word}))
    (body,) = eventually(lambda: receive(tiny, queue, word))
    assert (body["Type"], json.loads(body["Message"])) == ("Notification", {"word": word})


def test_secrets_hold_a_key(tiny: Tiny) -> None:
    assert tiny["Secret"].startswith("arn:aws:secretsmanager:")
    for name in (tiny["Secret"], "tiny/secret"):
        assert tiny.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"] == "local-key"


def test_a_function_can_be_invoked_by_name_and_by_arn(tiny: Tiny) -> None:
    functions = tiny.client("lambda")
    names = {f["Handler"]: f for f in functions.list_functions()["Functions"]}
    for name in (names["handler.step"]["FunctionName"], names["handler.step"]["FunctionArn"]):
        answer = functions.invoke(FunctionName=name, Payload=b'{"left": 1}')
        assert json.load(answer["Payload"])["done"]
    failed = functions.invoke(FunctionName=names["handler.step"]["FunctionName"], Payload=b"{}")
    assert failed["FunctionError"] == "Unhandled"
    with pytest.raises(ClientError, match="Function not found"):
        functions.invoke(FunctionName="nobody")


def test_a_state_machine_waits_loops_retries_and_ends(tiny: Tiny) -> None:
    machines, word = tiny.client("stepfunctions"), uuid.uuid4().hex
    begin = time.time()
    given = {"word": word, "left": 2, "wait": 1, "fails_at": None}
    name = machines.start_execution(stateMachineArn=tiny["Machine"], name=word, input=json.dumps(given))["executionArn"]
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        machines.start_execution(stateMachineArn=tiny["Machine"], name=word, input="{}")
    ended = eventually(lambda: (d := machines.describe_execution(executionArn=name))["status"] != "RUNNING" and d)
    assert ended["status"] == "SUCCEEDED"
    assert json.loads(ended["output"])["done"]
    first, second = (note["at"] - begin for note in tiny.notes(word))
    assert (first >= 1, second >= 2) == (True, True)


def test_a_broken_step_does_not_end_its_execution(tiny: Tiny) -> None:
    machines, word = tiny.client("stepfunctions"), uuid.uuid4().hex
    given = {"word": word, "left": "no number", "wait": 1}
    name = machines.start_execution(stateMachineArn=tiny["Machine"], name=word, input=json.dumps(given))["executionArn"]
    assert eventually(lambda: len(tiny.notes(word)) >= 3)
    assert machines.describe_execution(executionArn=name)["status"] == "RUNNING"
    machines.stop_execution(executionArn=name)
    assert eventually(lambda: machines.describe_execution(executionArn=name)["status"] == "ABORTED")


def test_two_hundred_executions_run_side_by_side(tiny: Tiny) -> None:
    machines, word = tiny.client("stepfunctions"), uuid.uuid4().hex

    def start(number: int) -> None:
        for each in range(number, 200, 8):
            given = {"word": f"{word}-{each}", "left": 1, "wait": 3}
            machines.start_execution(stateMachineArn=tiny["Machine"], name=given["word"], input=json.dumps(given))

    at_once(start, 8)
    # A step that a busy machine cuts off after two seconds is tried once more, and then has left two notes.
    assert eventually(lambda: len({note["event"]["word"] for note in tiny.notes(word)}) == 200)
