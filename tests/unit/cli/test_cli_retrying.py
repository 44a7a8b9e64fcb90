"""`dropreel retry --status`: many at once, each by the rules of one, and nobody pays for what they did not agree to."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import typer

from cli import retrying, stack
from cli.exits import FAILED, INVALID, Trouble
from cli.retrial import carry_out, decide
from cli.retrying import retry
from cli.search import Wanted, search
from cli.stack import Stack
from dropreel.aws.gates import Gate
from dropreel.aws.items import to_item
from dropreel.errors import Mistake
from dropreel.jobs import Job, Status
from tests.unit.stacks import a_stack, forget_jobs, job

CENTS = Decimal("0.60")
FAILURE = {"code": "failed", "message": "no"}
UNFETCHED = {"code": "output_unavailable", "message": "gone"}


@pytest.fixture(scope="module")
def account() -> Iterator[Stack]:
    with a_stack(created_at=time.time() - 1000) as one:
        yield one


@pytest.fixture
def there(account: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """With nothing in it."""
    monkeypatch.setattr(stack, "find", lambda *_: account)
    yield account
    forget_jobs(account)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a person was asked, who says yes to everything."""
    questions: list[str] = []
    monkeypatch.setattr(retrying, "ask", lambda question, **_: questions.append(question))
    return questions


def stored(there: Stack, status: Status, ago: float = 60, **more: Any) -> Job:
    values = {"price_usd": CENTS, "created_at": round(time.time() - ago, 3), "request_id": "a-request", **more}
    one = job(status, **values)
    there.dynamodb.put_item(TableName="jobs", Item=to_item(one))
    return one


def failed(there: Stack, **more: Any) -> Job:
    return stored(there, Status.FAILED, error=FAILURE, completed_at=time.time(), **more)


def sent(there: Stack, *jobs: Job) -> set[str]:
    """Those of these jobs that the intake queue speaks of."""
    found = set()
    url = there.settings.intake_queue_url
    while messages := there.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found |= {json.loads(message["Body"])["dropreel"]["submit"] for message in messages}
    return found & {each.job_id for each in jobs}


def states(there: Stack, *jobs: Job) -> list[Status]:
    return [there.job(each.job_id).status for each in jobs]


def test_all_that_stand_so_are_sent_again_after_one_question_with_the_sum(
    there: Stack, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    lost, expired = stored(there, Status.UNKNOWN), stored(there, Status.EXPIRED, price_usd=None)
    ended = [failed(there), failed(there)]
    other = stored(there, Status.SUCCEEDED)
    retry(statuses=["FAILED", "unknown", "EXPIRED"])
    assert asked == ["4 jobs: up to 2.80 USD, 1 of unknown price at 1.00."]
    told = capsys.readouterr().out
    assert "1 UNKNOWN, answers lost, so they may have been paid and may be paid a second time: up to 0.60 USD" in told
    assert "2 FAILED, new requests, paid anew: up to 1.20 USD" in told
    assert "1 EXPIRED, new requests, paid anew; the gateway may still deliver the old ones: up to 1.00 USD" in told
    assert all(f"{each.job_id}: it is sent again" in told for each in (lost, expired, *ended))
    assert sent(there, lost, expired, *ended, other) == {each.job_id for each in (lost, expired, *ended)}
    assert states(there, lost, *ended) == [Status.HELD] * 3
    assert states(there, other) == [Status.SUCCEEDED]


def test_without_a_yes_nothing_is_done(there: Stack) -> None:
    one = failed(there)
    with pytest.raises(Trouble, match=r"^1 job: up to 0\.60 USD\. Nobody is there to ask: say --yes") as refused:
        retry(statuses=["FAILED"])
    assert refused.value.status == INVALID
    assert (states(there, one), sent(there, one)) == ([Status.FAILED], set())


def test_a_dry_run_tells_and_does_nothing(there: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    one = failed(there)
    retry(statuses=["FAILED"], dry_run=True)
    assert f"{one.job_id}: it would be sent again. Sending it again is a new request" in capsys.readouterr().out
    retry(one.job_id, dry_run=True)
    assert "it would be sent again" in capsys.readouterr().out
    assert (states(there, one), sent(there, one)) == ([Status.FAILED], set())


def test_an_output_is_fetched_again_and_counts_nothing(there: Stack, asked: list[str]) -> None:
    unfetched = stored(there, Status.FAILED, error=UNFETCHED, completed_at=time.time())
    retry(statuses=["FAILED"])
    assert asked == ["1 job: nothing is paid."]
    assert states(there, unfetched) == [Status.SUBMITTED]
    assert sent(there, unfetched) == set()


def test_model_age_and_limit_choose(there: Stack, asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    old, first, second = failed(there, ago=900), failed(there, ago=60), failed(there, ago=30)
    retry(statuses=["FAILED"], model="veo-3-1", yes=True)
    assert "no such jobs in Dropreel-local" in capsys.readouterr().err
    retry(statuses=["FAILED"], newer="10m", limit=1, yes=True)
    assert "these were the newest 1; there are older ones" in capsys.readouterr().err
    assert states(there, old, first, second) == [Status.FAILED, Status.FAILED, Status.HELD]
    retry(statuses=["FAILED"], older="10m", model="veo-3-1-fast", yes=True)
    assert states(there, old, first) == [Status.HELD, Status.FAILED]


def test_a_job_behind_a_closed_gate_is_named_and_left_and_the_others_are_tried(
    there: Stack, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert there.gates.put(Gate("pixazo", True, "no money", "an-execution", time.time() + 200, 1), Gate("pixazo"))
    behind, free = stored(there, Status.HELD, gate="pixazo"), stored(there, Status.HELD)
    with pytest.raises(typer.Exit) as ended:
        retry(statuses=["HELD"], json_=True)
    assert ended.value.exit_code == FAILED
    told = {line["job_id"]: line for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert told[behind.job_id]["problem"].startswith("nothing was sent: the gate pixazo holds it")
    assert (told[behind.job_id]["done"], told[behind.job_id]["does"]) == (False, None)
    assert (told[free.job_id]["done"], told[free.job_id]["may_cost_usd"]) == (True, 0.6)
    assert sent(there, free, behind) == {free.job_id}


def test_a_job_that_stands_otherwise_than_was_agreed_to_is_left(
    there: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """While somebody thinks, what was held goes out, and its answer is lost: sending it now may pay twice."""
    held = stored(there, Status.HELD)

    def meanwhile(*_: object, **__: object) -> None:
        there.dynamodb.put_item(TableName="jobs", Item=to_item(held.evolve(status=Status.UNKNOWN, attempt=2)))

    monkeypatch.setattr(retrying, "ask", meanwhile)
    with pytest.raises(typer.Exit):
        retry(statuses=["HELD"])
    assert f"{held.job_id}: it was HELD and is UNKNOWN by now, so nothing was done" in capsys.readouterr().out
    assert (states(there, held), sent(there, held)) == ([Status.UNKNOWN], set())


def test_one_job_is_left_as_well_where_it_changed_while_somebody_thought(there: Stack) -> None:
    plan = decide(there, failed(there))
    there.operator.resend(plan.job.job_id)
    with pytest.raises(Mistake, match="it was FAILED and is HELD by now"):
        carry_out(there, plan)


def test_what_was_just_now_retried_by_somebody_else_is_not_retried(
    there: Stack, asked: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The list is read from an index, which may be a moment behind."""
    one = failed(there)
    listed = search(there, Wanted(), limit=9)
    there.operator.resend(one.job_id)
    sent(there, one)
    monkeypatch.setattr(retrying, "search", lambda *_, **__: listed)
    with pytest.raises(typer.Exit):
        retry(statuses=["FAILED"])
    assert "it is HELD by now" in capsys.readouterr().out
    assert (asked, sent(there, one)) == ([], set())


@pytest.mark.parametrize("status", [Status.SUBMITTED, Status.WAITING, Status.REJECTED, Status.DELIVERING])
def test_what_can_not_be_tried_again_is_told_without_a_question(there: Stack, asked: list[str], status: Status) -> None:
    one = stored(there, status)
    for dry_run in (True, False):
        with pytest.raises(Trouble, match=f"it is {status}; what can be tried again is UNKNOWN, FAILED"):
            retry(one.job_id, dry_run=dry_run)
    assert asked == []


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ({}, "name a JOB, or say by --status which jobs"),
        ({"model": "veo-3-1"}, "name a JOB, or say by --status which jobs"),
        ({"statuses": ["SUCCEEDED"]}, "--status: SUCCEEDED can not be tried again together; allowed: UNKNOWN, FAILED"),
        ({"statuses": ["FAILED"], "watch": True}, "--watch: goes with one job"),
        ({"statuses": ["FAILED"], "and_then": True}, "--and-then: goes with one job"),
        ({"named": "a" * 26, "statuses": ["FAILED"]}, "go with none that is named"),
        ({"named": "a" * 26, "older": "7d"}, "go with none that is named"),
        ({"named": "a" * 26, "and_then": True, "dry_run": True}, "--dry-run: does not go with --and-then"),
    ],
)
def test_what_does_not_go_together_is_refused_at_once(words: dict[str, Any], problem: str) -> None:
    with pytest.raises((Mistake, Trouble), match=problem):
        retry(**words)
