"""What a person may do to a job: what is offered can be done, what is not can't, and the words say what it may cost."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from cli.actions import ACTIONS, act, offered
from cli.exits import Trouble
from cli.stack import Stack
from dropreel.aws.gates import Gate
from dropreel.aws.items import to_item
from dropreel.errors import Mistake
from dropreel.jobs import Job, Status
from tests.unit.stacks import a_stack, job

NO_OUTPUT = {"code": "output_unavailable", "message": "gone"}
STEP = ({"model": "veed-fabric-1-0-api-130", "input": {}},)
JOBS = [
    *(job(status, request_id="r") for status in Status),
    job(Status.FAILED, request_id="r", error=NO_OUTPUT),
    job(Status.FAILED, error=NO_OUTPUT),
    job(Status.SUCCEEDED, request_id="r", then=STEP),
]


@pytest.fixture(scope="module")
def there() -> Iterator[Stack]:
    with a_stack() as stack:
        stack.s3.create_bucket(Bucket="outbox")
        stack.client("events").create_event_bus(Name="bus")
        yield stack


def kept(there: Stack, **more: Any) -> Job:
    one = job(**more)
    there.dynamodb.put_item(TableName="jobs", Item=to_item(one))
    return one


def names(one: Job) -> list[str]:
    return [action.name for action in offered(one)]


@pytest.mark.parametrize("name", ACTIONS)
@pytest.mark.parametrize("one", JOBS, ids=lambda one: f"{one.status}{'-' + one.error['code'] if one.error else ''}")
def test_what_is_offered_can_be_done_and_what_is_not_can_not(there: Stack, one: Job, name: str) -> None:
    there.dynamodb.put_item(TableName="jobs", Item=to_item(one))
    possible = True
    try:
        act(there, one, ACTIONS[name](one))
    except (Mistake, Trouble):
        possible = False
    # An output that is there is fetched again: that pays nothing, where sending it again would.
    hidden = name == "retry" and (one.error or {}) == NO_OUTPUT
    assert (name in names(one)) == (possible and not hidden)


def test_a_job_behind_a_gate_is_not_offered_to_be_sent_and_is_not_sent(there: Stack) -> None:
    held = kept(there, status=Status.HELD, gate="pixazo")
    there.gates.put(Gate("pixazo", closed=True, reason="402", execution="e"), there.gates.get("pixazo"))
    assert names(held) == ["give-up"]
    with pytest.raises(Trouble, match="nothing was sent: the gate pixazo holds it"):
        act(there, held, ACTIONS["retry"](held))
    assert names(held.evolve(gate="")) == ["retry", "give-up"]


@pytest.mark.parametrize(
    ("one", "name", "words"),
    [
        (job(Status.FAILED, price_usd=Decimal("0.6")), "retry", "paid anew (0.60 USD)."),
        (job(Status.UNKNOWN), "retry", "may pay a second time (price unknown)."),
        (job(Status.HELD), "retry", ""),
        (job(Status.SUCCEEDED), "fetch-again", "pays nothing, but fails the job"),
        (job(Status.FAILED, error=NO_OUTPUT), "fetch-again", ""),
        (job(Status.UNKNOWN), "give-up", "may have been paid"),
        (job(Status.WAITING), "give-up", ""),
        (job(Status.SUCCEEDED, then=STEP), "go-on", "are sent, and paid"),
    ],
)
def test_whatever_may_cost_or_lose_something_says_so(one: Job, name: str, words: str) -> None:
    asks = ACTIONS[name](one).asks
    assert words in asks
    assert bool(asks) == bool(words)
