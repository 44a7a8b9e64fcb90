"""The numbers in the documents are those of the code, or of what was measured."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import pytest

from dropreel.gateways.access import KEY_KEPT
from dropreel.jobs import SUBMIT_WINDOW, Rhythm
from infra.environments import Settings, environment
from tests.simulation.crashes import SAD_STORIES, STORIES
from tests.simulation.mutants import MUTANTS

DOCS = Path(__file__).parents[3] / "docs"
#: The names that the page of measurements has for the rows of the page about scale.
MEASURED_AS = {
    "invocations of submit": ["lambda submit"],
    "invocations of callback": ["lambda callback"],
    "invocations of poll": ["lambda poll"],
    "invocations of deliver": ["lambda deliver"],
    "DynamoDB write units": ["DynamoDB write units (on demand)"],
    "DynamoDB read units": ["DynamoDB read units (on demand)"],
    "messages on the two queues": ["sqs SendMessage", "sqs SendMessage (by S3)"],
    "calls of StartExecution": ["states StartExecution"],
    "calls of StopExecution": ["states StopExecution"],
    "state transitions": ["Step Functions state transitions"],
}


def text(page: str) -> str:
    return " ".join((DOCS / f"{page}.md").read_text().split())


def rows(page: str) -> Mapping[str, list[str]]:
    """The lines of all tables of a page, by their first cell; of those of one name, the last."""
    lines = [line for line in (DOCS / f"{page}.md").read_text().splitlines() if line.startswith("| ")]
    cells = [[cell.strip(" *") for cell in line.strip("|").split("|")] for line in lines]
    return {first: rest for first, *rest in cells}


def measured(name: str) -> float:
    """What a pair with callbacks uses of it, by the tables of units (which have a price) and of requests."""
    first, *rest = rows("performance").get(name, [""])
    return float((rest[0] if first.startswith("0.0") else first) or 0)


@pytest.mark.parametrize("name", MEASURED_AS)
def test_the_page_about_scale_reckons_with_no_less_than_was_measured(name: str) -> None:
    most = max(map(int, rows("scale")[name]))
    assert sum(map(measured, MEASURED_AS[name])) <= most


def test_the_page_about_scale_adds_the_times_up() -> None:
    page = text("scale")
    assert "invocation of submit takes 0.5 s, a delivery 1.5 s, a callback 0.05 s" in page
    submit, callback, deliver = (
        int(rows("scale")[f"invocations of {name}"][0]) for name in ("submit", "callback", "deliver")
    )
    assert f"{submit * 0.5} + {deliver * 1.5} + {callback * 0.05} s" in page
    assert f"10 / {deliver * 1.5} s" in page


def test_the_page_about_scale_knows_how_often_a_job_of_two_minutes_is_looked_at() -> None:
    settings = environment("prod").settings
    rhythm = Rhythm.of(
        calls_back=False, first_poll_seconds=settings.first_poll_seconds, poll_seconds=settings.poll_seconds
    )
    looks = next(n for n in range(1, 20) if sum(rhythm.wait(looks) for looks in range(n)) >= 120)
    assert f"a job of 2 minutes is looked at {looks} times: {looks} invocations of poll" in text("scale")
    assert f"{3 * looks} state transitions more" in text("scale")
    assert settings.first_poll_seconds > 120


@pytest.mark.parametrize("calls_back", [True, False])
def test_the_page_of_measurements_knows_how_often_half_an_hour_is_looked_at(calls_back: bool) -> None:
    rhythm = Rhythm.of(
        calls_back=calls_back, first_poll_seconds=environment("prod").settings.first_poll_seconds, poll_seconds=10
    )
    looks = sum(sum(math.ceil(rhythm.wait(earlier)) for earlier in range(n)) < 1800 for n in range(1, 100))
    looks += not calls_back  # it takes one more to find the end
    words = "takes {} where a callback is expected" if calls_back else "they grow to a minute apart, and are {}."
    assert words.format(looks) in text("performance")


@pytest.mark.parametrize("page", ["guide", "operations", "architecture", "adding-a-gateway"])
def test_every_page_that_says_how_long_a_key_is_kept_says_the_same(page: str) -> None:
    assert KEY_KEPT == 15 * 60
    assert "a quarter of an hour" in text(page)
    assert "for a minute" not in text(page)


def test_the_worst_case_of_one_job_is_that_of_the_most_retries_and_less_than_lambda_allows() -> None:
    (most,) = (limit.le for limit in Settings.model_fields["max_error_retries"].metadata if hasattr(limit, "le"))
    assert f"`max_error_retries` at its most, {most}" in text("architecture")
    rows_ = rows("architecture")
    worst = {name: [int(count) for count in rows_[name]] for name in ("submit", "poll", "deliver", "callback")}
    assert [worst[name][1] for name in ("submit", "poll", "deliver")] == [most + 1] * 3
    assert max(max(counts) for counts in worst.values()) < 16


def test_a_submitter_is_given_up_when_the_page_says() -> None:
    assert SUBMIT_WINDOW == 330
    assert "makes it UNKNOWN after 330 seconds" in text("architecture")


def test_the_guarantees_say_how_many_lives_and_wrong_variants_are_tried() -> None:
    assert f"| {len(STORIES) + len(SAD_STORIES)} lives of a job;" in text("guarantees")
    assert f"| {len(MUTANTS)} wrong variants of the code" in text("guarantees")
