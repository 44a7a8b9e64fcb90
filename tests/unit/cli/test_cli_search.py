"""Lists of jobs: the newest first, page by page, from an index by the day."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from cli.search import DAY, LOOK_BACK, Wanted, cursor, search
from cli.stack import Stack
from dropreel.aws.items import to_item
from dropreel.jobs import Job, Status
from tests.unit.stacks import a_stack, forget_jobs, job


@pytest.fixture(scope="module")
def there() -> Iterator[Stack]:
    with a_stack(created_at=time.time() - 200 * DAY) as stack:
        yield stack


@pytest.fixture(autouse=True)
def nothing_left(there: Stack) -> Iterator[None]:
    yield
    forget_jobs(there)


def made(there: Stack, ago: float, status: Status = Status.SUCCEEDED, **more: Any) -> Job:
    one = job(status, **{"created_at": round(time.time() - ago, 3), **more})
    there.dynamodb.put_item(TableName="jobs", Item=to_item(one))
    return one


def ids(jobs: Any) -> list[str]:
    return [each.job_id for each in jobs]


def test_pages_follow_each_other_over_days_and_within_one_moment_without_a_gap_or_a_repeat(there: Stack) -> None:
    moment = time.time()
    jobs = [made(there, 0.5 * DAY * number) for number in range(5)]
    jobs += [made(there, 0, created_at=round(moment - 1, 3)) for _ in range(3)]
    seen: list[str] = []
    after = None
    for _ in range(8):
        found = search(there, Wanted(), limit=1, after=after)
        seen += ids(found.jobs)
        after = cursor(found.jobs[-1])
    assert not found.more
    assert sorted(seen) == sorted(ids(jobs))
    assert seen[0] == jobs[0].job_id
    assert seen[4:] == ids(jobs[1:5])


def test_only_as_much_is_read_as_is_shown(there: Stack) -> None:
    for number in range(3):
        made(there, number * DAY)
    days: list[str] = []
    there.dynamodb.meta.events.register(
        "before-parameter-build.dynamodb.Query",
        lambda params, **_: days.append(params["ExpressionAttributeValues"][":index"]["S"]),
    )
    assert search(there, Wanted(), limit=1).more
    assert len(days) <= 3


def test_what_waits_is_found_however_old_and_everything_else_as_far_back_as_is_said(there: Stack) -> None:
    held = made(there, 300 * DAY, Status.HELD)
    old = made(there, (LOOK_BACK + 20) * DAY)
    assert ids(search(there, Wanted(statuses=frozenset({Status.HELD})), limit=9).jobs) == [held.job_id]
    assert ids(search(there, Wanted(), limit=9).jobs) == []
    assert ids(search(there, Wanted(since=time.time() - 150 * DAY), limit=9).jobs) == [old.job_id]
    assert ids(search(there, Wanted(until=time.time() - 100 * DAY), limit=9).jobs) == [old.job_id]


def test_jobs_are_found_by_a_part_of_their_place_or_id_in_any_letters(there: Stack) -> None:
    one, other = made(there, 1, place="veo-3-1-fast/Monday/Cat"), made(there, 2, place="veo-3-1-fast/dog")
    assert ids(search(there, Wanted(text="monday/CAT"), limit=9).jobs) == [one.job_id]
    assert ids(search(there, Wanted(text=other.job_id[:7]), limit=9).jobs) == [other.job_id]


def test_a_list_knows_of_a_job_what_it_shows_and_no_input(there: Stack) -> None:
    whole = made(there, 1, input={"prompt": "p"}, price_usd=None, reason="so", outputs=({"key": "k", "bytes": 1},))
    (listed,) = search(there, Wanted(), limit=9).jobs
    assert listed == whole.evolve(input={}, token_hash="", deadline_at=0.0)
