"""The numbers in the documents are those of the code, or of what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from dropreel.gateways.access import KEY_KEPT
from dropreel.jobs import SUBMIT_WINDOW
from tests.simulation.crashes import SAD_STORIES, STORIES
from tests.simulation.mutants import MUTANTS

DOCS = Path(__file__).parents[2] / "docs"
#: The names that the page of measurements has for the rows of the page about scale.
MEASURED_AS = {
    "invocations of submit": ["lambda submit"],
    "invocations of callback": ["lambda callback"],
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
    first, *rest = rows("performance")[name]
    return float((rest[0] if first.startswith("0.0") else first) or 0)


@pytest.mark.parametrize("name", MEASURED_AS)
def test_the_page_about_scale_reckons_with_no_less_than_was_measured(name: str) -> None:
    most = max(map(int, rows("scale")[name]))
    assert sum(map(measured, MEASURED_AS[name])) <= most


def test_the_page_about_scale_adds_the_times_up() -> None:
    page = text("scale")
    assert "delivery takes 1.5 s, three looks that ask the gateway 0.4 s each, and two that find nothing" in page
    assert round(1.5 + 3 * 0.4 + 2 * 0.05, 2) == 2.8
    assert rows("scale")["invocations of deliver"][0] == str(1 + 3 + 2)


@pytest.mark.parametrize("page", ["guide", "operations", "architecture", "adding-a-gateway"])
def test_every_page_that_says_how_long_a_key_is_kept_says_the_same(page: str) -> None:
    assert KEY_KEPT == 15 * 60
    assert "a quarter of an hour" in text(page)
    assert "for a minute" not in text(page)


def test_a_submitter_is_given_up_when_the_page_says() -> None:
    assert SUBMIT_WINDOW == 3 * 60
    assert "makes it UNKNOWN after 180 seconds" in text("architecture")


def test_the_guarantees_say_how_many_lives_and_wrong_variants_are_tried() -> None:
    assert f"| {len(STORIES) + len(SAD_STORIES)} lives of a job;" in text("guarantees")
    assert f"| {len(MUTANTS)} wrong variants of the code" in text("guarantees")
