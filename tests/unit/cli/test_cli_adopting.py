"""An adopted request has as much time as a new one, is looked at, and everybody says so."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cli.following import Follower
from cli.stack import Stack
from dropreel.aws.items import to_item
from dropreel.delivery.delivery import Delivery
from dropreel.gateways import Answer
from dropreel.jobs import Job, Status
from dropreel.operating import LATER
from dropreel.transfer.copying import Output
from tests.unit.stacks import a_stack, job

DEADLINE = 3600
EXPIRY = {"code": "expired", "message": "no outcome within 3600 s"}
FILM = Output("a-key", 1, "a-hash", "video/mp4")


@pytest.fixture(scope="module")
def there() -> Iterator[Stack]:
    with a_stack(deadline_seconds=DEADLINE) as stack:
        for bucket in ("inbox", "outbox"):
            stack.s3.create_bucket(Bucket=bucket)
        stack.client("events").create_event_bus(Name="bus")
        yield stack


def stored(there: Stack, status: Status) -> Job:
    """A job whose deadline was three days ago."""
    ended = {"error": EXPIRY, "completed_at": 1_780_003_600.0} if status is Status.EXPIRED else {}
    one = job(status, submitting_at=1_780_000_000.0, **ended)
    there.dynamodb.put_item(TableName="jobs", Item=to_item(one))
    return one


def adopted(there: Stack, status: Status = Status.EXPIRED) -> Job:
    return there.operator.adopt(stored(there, status).job_id, "a-request", deadline_seconds=DEADLINE)


@pytest.mark.parametrize(("status", "late"), [(Status.UNKNOWN, False), (Status.EXPIRED, True)])
def test_adopted_request_has_as_much_time_as_a_new_one(there: Stack, status: Status, late: bool) -> None:
    found = adopted(there, status)
    assert (found.status, found.request_id, found.error) == (Status.SUBMITTED, "a-request", None)
    assert found.deadline_at == pytest.approx(time.time() + DEADLINE, abs=5)
    assert (found.completed_at, found.late) == (0.0, late)
    assert found.reason.startswith("adopted at 20")
    assert found.reason.endswith(" UTC; its film is being waited for")


def test_adopted_request_is_looked_at_by_a_watch_of_its_own(there: Stack) -> None:
    found = adopted(there)
    arn = there.settings.watch_arn.replace(":stateMachine:", ":execution:")
    execution = there.states.describe_execution(executionArn=f"{arn}:{found.another_execution_name}")
    state = json.loads(execution["input"])
    assert (state["job_id"], state["watch"], state["calls_back"]) == (found.job_id, found.execution_name, False)
    assert state["wait"] == LATER


def test_adopted_job_is_followed_on(there: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    before = stored(there, Status.EXPIRED)
    after = there.operator.adopt(before.job_id, "a-request", deadline_seconds=DEADLINE)
    follower = Follower(there, before, json_=False)
    assert not follower.see(after)
    assert follower.seen
    assert "adopted a-request" in capsys.readouterr().out


def delivery(there: Stack, answer: Answer, ahead: float) -> Delivery:
    gateway = SimpleNamespace(status=lambda _request: answer)
    return Delivery(
        store=there.store,
        budget=there.budget,
        gateway=lambda _name: cast("Any", gateway),
        copier=cast("Any", SimpleNamespace(copy=lambda *_: FILM)),
        ending=there.operator.ending,
        intake=there.intake,
        watches=there.operator.watches,
        max_error_retries=2,
        clock=lambda: time.time() + ahead,
    )


@pytest.mark.parametrize(
    ("answer", "ahead", "status", "late"),
    [
        (Answer("COMPLETED", media_urls=("https://host/film.mp4",)), 0, Status.SUCCEEDED, True),
        (Answer("FAILED", error="no"), 0, Status.FAILED, True),
        (Answer("PROCESSING"), DEADLINE + 10, Status.EXPIRED, False),
    ],
)
def test_what_comes_after_an_expiry_is_late_however_it_was_found(
    there: Stack, answer: Answer, ahead: float, status: Status, late: bool
) -> None:
    found = adopted(there)
    delivery(there, answer, ahead).deliver(found.job_id, "a-message")
    (manifest,) = (
        json.loads(there.s3.get_object(Bucket="outbox", Key=each["Key"])["Body"].read())
        for each in there.s3.list_objects_v2(Bucket="outbox")["Contents"]
        if found.job_id in each["Key"]
    )
    assert (manifest["status"], manifest["late"]) == (status, late)
    ended = there.store.get(found.job_id)
    assert ended
    assert (ended.status, ended.late) == (status, late)
