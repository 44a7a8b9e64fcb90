"""The page's lists of jobs: page by page, as much read as is shown, and only what has changed is told."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from cli.search import DAY
from cli.stack import Stack
from dropreel.jobs import Job, Status, day_of
from tests.unit.consoles import browser, hooked, put
from tests.unit.stacks import a_stack, job

NOW = time.time() // DAY * DAY - 3600
STATUSES = (Status.SUCCEEDED, Status.FAILED)


def made(number: int) -> Job:
    """The job that is this old, in tens of minutes."""
    return job(STATUSES[number % 20 == 7], created_at=NOW - number * 600, place=f"veo-3-1/{number}")


JOBS = [made(number) for number in range(300)]


@pytest.fixture(scope="module")
def there() -> Iterator[Stack]:
    with a_stack(created_at=NOW - 6 * DAY) as stack:
        put(stack, JOBS)
        yield stack


@pytest.fixture
def page(there: Stack) -> Any:
    return browser(there)


def ids(answer: Any) -> list[str]:
    return [each["job_id"] for each in answer.json["jobs"]]


def expected(jobs: list[Job]) -> list[str]:
    return [each.job_id for each in jobs]


def test_days_without_jobs_are_looked_through_once(there: Stack, page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.jobs._LONG", 999.0)
    days: list[str] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        days.append(params["ExpressionAttributeValues"][":index"]["S"])

    with hooked(there.dynamodb, "before-parameter-build.dynamodb.Query", note):
        first = page.get("/api/jobs?text=veo-3-1/299")
        seen = len(days)
        assert page.get("/api/jobs?text=veo-3-1/299").json == first.json
    assert seen >= 8
    assert len(days) - seen <= 6
    assert day_of(time.time()) in days[seen:], "there may be jobs today"


def test_pages_follow_each_other_to_the_end(page: Any) -> None:
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        answer = page.get(f"/api/jobs?limit=99&after={after}")
        seen += ids(answer)
        after = answer.json["next"]
    assert seen == expected(JOBS)


def test_filters_hold_on_every_page(page: Any) -> None:
    failed = [each for each in JOBS if each.status is Status.FAILED]
    first = page.get("/api/jobs?limit=5&status=FAILED&status=EXPIRED&model=veo-3-1-fast")
    assert ids(first) == expected(failed[:5])
    rest = page.get(f"/api/jobs?limit=50&status=FAILED&after={first.json['next']}")
    assert (ids(rest), rest.json["next"]) == (expected(failed[5:]), None)
    assert ids(page.get("/api/jobs?model=veo-3-1")) == []


def test_a_day_begins_and_ends_at_midnight_in_utc(page: Any) -> None:
    day = day_of(NOW - DAY)
    of_it = [each for each in JOBS if day_of(each.created_at) == day]
    assert len(of_it) == 144
    assert ids(page.get(f"/api/jobs?limit=200&day={day}")) == expected(of_it)
    assert ids(page.get(f"/api/jobs?day={day}&text={of_it[-1].job_id}")) == [of_it[-1].job_id]
    assert ids(page.get("/api/jobs?day=2001-01-01")) == []


@pytest.mark.parametrize(
    ("query", "field", "allowed"),
    [
        ("limit=0", "limit", "from 1 to 200"),
        ("limit=201", "limit", "from 1 to 200"),
        ("limit=ten", "limit", "from 1 to 200"),
        ("status=BROKEN", "status", "WAITING, HELD"),
        ("model=nope", "model", "veed-fabric"),
        ("day=yesterday", "day", "2026-11-28"),
        ("day=0001-01-01", "day", "2026-11-28"),
        ("day=2026-02-30", "day", "2026-11-28"),
        ("after=x", "after", "next"),
        ("after=W05hTiwgIngiXQ", "after", "next"),
        ("after=WzFlMzA4LCAieCJd", "after", "next"),
        (f"text={'x' * 201}", "text", "200 characters"),
    ],
)
def test_a_value_that_is_not_allowed_is_named_with_what_is(page: Any, query: str, field: str, allowed: str) -> None:
    answer = page.get(f"/api/jobs?{query}")
    assert answer.status_code == 400
    assert answer.json["message"].startswith(f"{field}: ")
    assert allowed in answer.json["message"].partition("allowed: ")[2]


def test_a_list_is_told_again_only_when_a_job_has_changed(there: Stack, page: Any) -> None:
    etag = page.get("/api/jobs").headers["ETag"]
    assert page.get("/api/jobs", headers={"If-None-Match": etag}).status_code == 304
    put(there, [JOBS[0].evolve(status=Status.EXPIRED)])
    changed = page.get("/api/jobs", headers={"If-None-Match": etag})
    put(there, [JOBS[0]])
    assert (changed.status_code, changed.json["jobs"][0]["status"]) == (200, "EXPIRED")


def test_a_long_search_is_not_made_again_every_second_unless_something_was_done(
    there: Stack, page: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.jobs._LONG", 0.0)
    made_again: list[str] = []
    with hooked(there.dynamodb, "before-call.dynamodb.Query", lambda **_: made_again.append("")):
        page.get("/api/jobs?status=FAILED&limit=1")
        searched = len(made_again)
        page.get("/api/jobs?status=FAILED&limit=1")
        assert len(made_again) == searched
        page.get("/api/jobs?limit=1")
        plain = len(made_again)
        page.get("/api/jobs?limit=1")
        assert len(made_again) > plain > searched
        page.post(f"/api/jobs/{JOBS[0].job_id}/actions/go-on")
        again = len(made_again)
        page.get("/api/jobs?status=FAILED&limit=1")
        assert len(made_again) > again


def test_a_job_is_acted_on_once_it_stands_so_and_else_the_reason_is_told(there: Stack, page: Any) -> None:
    unknown = job(Status.UNKNOWN, created_at=NOW)
    put(there, [unknown])
    address = f"/api/jobs/{unknown.job_id}"
    offered = page.get(address).json["actions"]
    assert [action["name"] for action in offered] == ["retry", "give-up"]
    listed = page.get(f"/api/jobs?status=UNKNOWN&text={unknown.job_id}").json["jobs"]
    assert [each["actions"] for each in listed] == [offered]
    assert "may pay a second time" in offered[0]["asks"]
    for seen in ("status=FAILED", "attempt=2", "status=UNKNOWN&attempt=0"):
        changed = page.post(f"{address}/actions/retry?{seen}")
        assert (changed.status_code, "by now, so nothing was done" in changed.json["message"]) == (409, True)
    assert "Messages" not in there.sqs.receive_message(QueueUrl=there.settings.intake_queue_url)
    done = page.post(f"{address}/actions/retry?status=UNKNOWN&attempt=1")
    assert (done.status_code, done.json["done"], done.json["job"]["status"]) == (200, "It is sent again.", "HELD")
    assert "Messages" in there.sqs.receive_message(QueueUrl=there.settings.intake_queue_url)
    again = page.post(f"{address}/actions/fetch-again")
    assert (again.status_code, again.json["message"]) == (
        409,
        f"job {unknown.job_id}: it is HELD; only FAILED or SUCCEEDED can be delivered again",
    )
    assert page.post(f"{address}/actions/burn").status_code == 404
    assert page.post("/api/jobs/nobody/actions/retry").status_code == 404
    assert page.get(f"{address}/actions/retry").status_code == 404
    there.dynamodb.delete_item(TableName="jobs", Key={"job_id": {"S": unknown.job_id}})


def test_advice_names_the_environment_that_the_page_is_of(there: Stack) -> None:
    page = browser(replace(there, env="prod"))
    failed = page.get("/api/jobs?limit=10").json["jobs"][7]
    assert f"dropreel retry {JOBS[7].job_id} --env prod" in failed["todo"]


def test_a_page_of_two_thousand_jobs_reads_few_more_records_than_it_shows(there: Stack, page: Any) -> None:
    put(there, [made(number) for number in range(300, 2000)])
    read: Counter[str] = Counter()

    def count(parsed: dict[str, Any], **_: Any) -> None:
        read.update(requests=1, records=parsed["ScannedCount"])

    with hooked(there.dynamodb, "after-call.dynamodb.Query", count):
        first = page.get("/api/jobs?limit=50")
        assert ids(first) == expected(JOBS[:50])
        page.get(f"/api/jobs?limit=50&after={first.json['next']}")
    assert read["records"] <= 2 * 53
    # Today, which has none of them, and the day in which they begin.
    assert read["requests"] <= 4
