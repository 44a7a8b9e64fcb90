"""How `dropreel show` tells the looks of a job, from its watch's history."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from botocore.stub import Stubber

from cli.looks import Looks, failed, is_over, looks
from cli.showing import looked
from cli.stack import Stack
from dropreel.jobs import Job, Status
from tests.unit.stacks import LOOKING, a_stack, begin, job, machine


@pytest.fixture(scope="module")
def there() -> Iterator[Stack]:
    with a_stack() as stack:
        yield stack


@pytest.fixture
def sent() -> Job:
    return job()


def test_a_watch_that_waits_tells_its_looks_and_when_the_next_is(there: Stack, sent: Job) -> None:
    begin(there, there.settings.watch_arn, sent.execution_name, looks=4, wait=100)
    found = looks(there, sent)
    assert found
    assert (found.made, found.over) == (4, False)
    assert found.next_at == pytest.approx(time.time() + 100, abs=5)


def test_a_watch_that_has_ended_tells_that_no_more_come(there: Stack, sent: Job) -> None:
    begin(there, there.settings.watch_arn, sent.execution_name, looks=40, wait=0, done=True)
    assert looks(there, sent.evolve(status=Status.SUCCEEDED)) == Looks(made=40, next_at=0.0, over=True)


def test_a_watch_that_was_stopped_is_over(there: Stack, sent: Job) -> None:
    begin(there, there.settings.watch_arn, sent.execution_name)
    there.operator.watches.stop(sent.execution_name)
    for _ in range(100):  # moto's machine takes a moment to notice
        if (found := looks(there, sent)) and found.over:
            break
        time.sleep(0.05)
    assert found == Looks(made=0, next_at=0.0, over=True)


def test_after_a_look_that_failed_the_next_comes_in_a_quarter_of_an_hour(there: Stack, sent: Job) -> None:
    pausing = replace(there.settings, watch_arn=machine(there.access, "pausing", "Pause", LOOKING))
    begin(there, pausing.watch_arn, sent.execution_name, looks=2)
    found = looks(replace(there, settings=pausing), sent)
    assert found
    assert found.next_at == pytest.approx(time.time() + 900, abs=5)


def test_the_watch_that_an_operator_has_begun_speaks_first(there: Stack, sent: Job) -> None:
    begin(there, there.settings.watch_arn, sent.execution_name, looks=9, wait=0, done=True)
    begin(there, there.settings.watch_arn, sent.another_execution_name, looks=1)
    found = looks(there, sent)
    assert found
    assert (found.made, found.over) == (1, False)


@pytest.mark.parametrize("status", [Status.WAITING, Status.HELD, Status.REJECTED])
def test_what_was_not_sent_has_no_looks(there: Stack, status: Status) -> None:
    assert looks(there, job(status, attempt=0)) is None
    assert looks(there, job(Status.HELD)) is None


@pytest.mark.parametrize("code", ["AccessDeniedException", "ExecutionDoesNotExist"])
def test_who_may_not_read_a_history_is_told_all_the_rest(there: Stack, code: str) -> None:
    with Stubber(there.states) as stub:
        for _ in range(2):
            stub.add_client_error("get_execution_history", code)
        assert looks(there, job()) is None


def test_an_execution_is_over_once_it_does_not_run(there: Stack) -> None:
    arn = there.settings.gate_arn
    begin(there, arn, "pixazo-1")
    assert not is_over(there, arn, "pixazo-1")
    there.operator.watches.stop("pixazo-1")
    assert is_over(there, arn, "never-started")
    with Stubber(there.states) as stub:
        stub.add_client_error("describe_execution", "AccessDeniedException")
        assert not is_over(there, arn, "pixazo-1")


def test_executions_that_failed_are_found_for_as_long_as_was_asked(there: Stack) -> None:
    arn = machine(there.access, "failing", "Fail", {"Fail": {"Type": "Fail", "Error": "no", "Cause": "no"}})
    begin(there, arn, "bad")
    assert [found.rpartition(":")[2] for found in failed(there, arn, time.time() - 60)] == ["bad"]
    assert failed(there, arn, time.time() + 60) == []
    assert failed(there, there.settings.watch_arn, 0.0) == []


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Looks(made=0, next_at=1150.0, over=False), "none yet, the first in 2m"),
        (Looks(made=4, next_at=1040.0, over=False), "4, the next in 40s"),
        (Looks(made=4, next_at=0.0, over=False), "4, the next is being made"),
        (Looks(made=0, next_at=0.0, over=False), "none yet, the first is being made"),
        (Looks(made=40, next_at=0.0, over=True), "40, and no more"),
    ],
)
def test_looks_are_told_in_one_line(found: Looks, words: str) -> None:
    assert looked(found, 1000.0) == words
