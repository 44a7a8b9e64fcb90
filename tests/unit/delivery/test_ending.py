"""How a job ends: the manifest, what never appears in it, and the order in which the world is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import boto3
import pytest

from dropreel.aws.jobs_table import JobsTable
from dropreel.delivery.ending import LARGEST_EVENT, TURN, Ending, labels, manifest
from dropreel.jobs import Job, Status
from tests.quick_moto import in_process

PRESIGNED = "https://inbox.s3.amazonaws.com/a/cat.png?X-Amz-Algorithm=AWS4&X-Amz-Signature=secret"
OUTPUT = {"key": "veo-3-1/cat-abc.mp4", "bytes": 5, "sha256": "00", "content_type": "video/mp4"}


def a_job(**changes: Any) -> Job:
    job = Job("abc", "veo-3-1", "pixazo", Status.SUCCEEDED, "veo-3-1/cat", request_id="r", outputs=(OUTPUT,))
    source = {"type": "drop", "bucket": "inbox", "keys": ["veo-3-1/cat.png"]}
    return job.evolve(source=source, created_at=1_800_000_000.25, completed_at=1_800_000_060.0).evolve(**changes)


# The manifest

KEYS = """job_id model status request_id outputs error input source price_usd late created_at completed_at"""


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.FAILED, Status.REJECTED, Status.EXPIRED])
def test_a_manifest_has_exactly_the_keys_of_the_contract(status: Status) -> None:
    job = a_job(status=status, token_hash="a", lease_owner="b", history=({"at": "c"},), versions={"d": "e"})
    assert list(manifest(job)) == KEYS.split()
    assert manifest(job)["status"] == str(status)


def test_a_manifest_says_what_the_job_is() -> None:
    job = a_job(input={"prompt": "a cat", "image": "s3://inbox/veo-3-1/cat.png"}, price_usd=Decimal("3.60"), late=True)
    assert json.loads(json.dumps(manifest(job))) == {
        "job_id": "abc",
        "model": "veo-3-1",
        "status": "SUCCEEDED",
        "request_id": "r",
        "outputs": [OUTPUT],
        "error": None,
        "input": {"prompt": "a cat", "image": "s3://inbox/veo-3-1/cat.png"},
        "source": {"type": "drop", "bucket": "inbox", "keys": ["veo-3-1/cat.png"]},
        "price_usd": 3.6,
        "late": True,
        "created_at": "2027-01-15T08:00:00.250Z",
        "completed_at": "2027-01-15T08:01:00.000Z",
    }


def test_what_is_not_known_is_null() -> None:
    found = manifest(a_job(request_id="", outputs=(), price_usd=None, error=None))
    assert (found["request_id"], found["outputs"], found["price_usd"], found["error"]) == (None, [], None, None)


def test_an_error_has_a_code_and_a_message() -> None:
    error = {"code": "failed", "message": f"no {PRESIGNED}", "more": "x"}
    message = "no https://inbox.s3.amazonaws.com/a/cat.png"
    assert manifest(a_job(error=error))["error"] == {"code": "failed", "message": message}


def test_a_price_of_nothing_is_a_price() -> None:
    assert manifest(a_job(price_usd=Decimal(0)))["price_usd"] == 0.0


def test_half_a_character_in_a_bad_input_does_not_keep_a_manifest_away() -> None:
    job = a_job(input={"prompt": "\ud83d"}, source={"\ud83d": ["\ud83d"]}, error={"code": "c", "message": "\ud83d"})
    assert json.dumps(manifest(job), ensure_ascii=False).encode()


def test_labels_are_ascii_and_leave_out_what_is_not_known() -> None:
    assert labels(a_job(request_id="é" * 600)) == {
        "dropreel-job": "abc",
        "dropreel-model": "veo-3-1",
        "dropreel-request": "?" * 500,
    }
    assert "dropreel-request" not in labels(a_job(request_id=""))


# Telling the world


class Account:
    """An outbox, a bus that somebody listens to, and a table."""

    def __init__(self, url: str) -> None:
        session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
        self.s3 = session.client("s3", endpoint_url=url)
        self.events = session.client("events", endpoint_url=url)
        self.sqs = session.client("sqs", endpoint_url=url)
        self.dynamodb = session.client("dynamodb", endpoint_url=url)
        self.s3.create_bucket(Bucket="outbox")
        self.events.create_event_bus(Name="bus")
        self.queue = self.sqs.create_queue(QueueName="listener")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.events.put_rule(Name="all", EventBusName="bus", EventPattern='{"source": ["dropreel"]}')
        self.events.put_targets(Rule="all", EventBusName="bus", Targets=[{"Id": "1", "Arn": arn}])
        self.dynamodb.create_table(
            TableName="jobs",
            KeySchema=[{"AttributeName": "job_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "job_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.store = JobsTable(self.dynamodb, "jobs", lambda: 1_800_000_000.0)

    def ending(self, outbox: str = "outbox", bus: str = "bus") -> Ending:
        return Ending(self.store, self.s3, outbox, self.events, bus)

    def heard(self) -> list[dict[str, Any]]:
        """Every event since the last call."""
        found = []
        while messages := self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return found


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with in_process() as address:
        yield Account(address)


def rejected(job_id: str, **changes: Any) -> Job:
    error = {"code": "invalid_input", "message": "model: is not a model"}
    return a_job(job_id=job_id, status=Status.REJECTED, outputs=(), request_id="", error=error, **changes)


@pytest.mark.parametrize(
    ("job", "kind"), [(a_job(job_id="one"), "Job Succeeded"), (rejected("two", input={"prompt": "été"}), "Job Failed")]
)
def test_an_end_is_a_manifest_and_an_event_of_the_same_words_and_a_record(
    account: Account, job: Job, kind: str
) -> None:
    assert account.ending().reject(job, None)
    stored = account.s3.get_object(Bucket="outbox", Key=f"veo-3-1/cat-{job.job_id}.json")
    assert json.loads(stored["Body"].read()) == manifest(job)
    assert (stored["ContentType"], stored["Metadata"]) == ("application/json", labels(job) | {TURN: "0.0"})
    (event,) = account.heard()
    assert (event["source"], event["detail-type"], event["detail"]) == ("dropreel", kind, manifest(job))
    assert account.store.get(job.job_id) == job


def test_a_job_under_way_is_ended_once(account: Account) -> None:
    was = a_job(job_id="seven", status=Status.DELIVERING, outputs=(), completed_at=0.0, lease_owner="me")
    assert account.store.put(was, None)
    assert account.ending().end(was.evolve(status=Status.SUCCEEDED, outputs=(OUTPUT,)), was)
    found = account.store.get("seven")
    assert found is not None
    assert (found.status, found.outputs) == (Status.SUCCEEDED, (OUTPUT,))
    assert [event["detail"]["job_id"] for event in account.heard()] == ["seven"]


def test_a_job_that_somebody_else_ended_is_not_ended_again(account: Account) -> None:
    was = rejected("three")
    assert account.store.put(was, None)
    ended = was.evolve(status=Status.SUCCEEDED)
    assert not account.ending().end(ended, was.evolve(status=Status.DELIVERING))
    assert account.store.get("three") == was
    account.heard()


def test_an_input_too_large_for_an_event_is_left_to_the_manifest(account: Account) -> None:
    job = rejected("four", input={"prompt": "é" * (LARGEST_EVENT // 2)})
    account.ending().reject(job, None)
    stored = account.s3.get_object(Bucket="outbox", Key="veo-3-1/cat-four.json")["Body"].read()
    assert json.loads(stored)["input"] == job.input
    (event,) = account.heard()
    assert event["detail"] == {**manifest(job), "input": {}}


def test_without_a_manifest_there_is_neither_event_nor_record(account: Account) -> None:
    with pytest.raises(account.s3.exceptions.NoSuchBucket):
        account.ending(outbox="no-such-bucket").reject(rejected("five"), None)
    assert account.heard() == []
    assert account.store.get("five") is None


class Throttled(BaseHTTPRequestHandler):
    """An event bus that takes the call and refuses the event, as EventBridge does when it is throttled."""

    def do_POST(self) -> None:
        body = json.dumps({"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def test_an_event_that_the_bus_refused_is_tried_again_before_there_is_a_record(account: Account) -> None:
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
    with HTTPServer(("127.0.0.1", 0), Throttled) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        events = session.client("events", endpoint_url=f"http://127.0.0.1:{server.server_port}")
        ending = Ending(account.store, account.s3, "outbox", events, "bus")
        with pytest.raises(RuntimeError, match="ThrottlingException"):
            ending.reject(rejected("six"), None)
        thread.join()
    assert account.store.get("six") is None
