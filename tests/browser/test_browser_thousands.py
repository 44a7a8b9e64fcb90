"""The list of jobs where there are thousands of them. It comes last: what looks through all of them takes a while."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest

from dropreel.aws.items import to_item
from dropreel.jobs import Job, Status, identity
from tests.browser.visitor import Visitor
from tests.e2e.harness import Stack

pytestmark = pytest.mark.browser

MANY = 2_000
#: seconds that they are old; no list goes further back than a day before its stack was made
AGE = 10 * 3600


def put_many(stack: Stack) -> None:
    """Thousands of ended jobs, straight into the table."""
    table, begin = stack.addresses["jobs_table"], time.time() - AGE
    jobs = [
        Job(
            job_id=identity("many", number),
            model="veo-3-1-fast",
            gateway="pixazo",
            status=Status.FAILED if number % 10 == 0 else Status.SUCCEEDED,
            place=f"veo-3-1-fast/many/clip-{number:04}",
            error={"code": "failed", "message": "refused"} if number % 10 == 0 else None,
            attempt=1,
            price_usd=Decimal("1.20"),
            created_at=begin + number,
            completed_at=begin + number + 60,
        )
        for number in range(MANY)
    ]
    for start in range(0, MANY, 25):
        puts = [{"PutRequest": {"Item": to_item(job)}} for job in jobs[start : start + 25]]
        stack.client("dynamodb").batch_write_item(RequestItems={table: puts})


def names(visitor: Visitor) -> list[str]:
    """The headings of the jobs that are shown."""
    return [str(name) for name in visitor.run("[...document.querySelectorAll('#jobs h3')].map(n => n.textContent)")]


def test_thousands_of_jobs_are_shown_page_by_page_and_found_by_name_status_and_day(
    visitor: Visitor, laptop: Stack
) -> None:
    put_many(laptop)
    visitor.page.reload()
    visitor.until("document.querySelectorAll('#jobs > li').length > 1")
    for page in (2, 3):
        visitor.page.click("#older")
        visitor.page.locator("#pageno", has_text=f"Page {page}").wait_for()
    shown = names(visitor)
    assert len(shown) == 50
    assert shown == sorted(shown, reverse=True)
    assert {name.partition("-")[0] for name in shown} == {"many/clip"}
    assert visitor.barriers() == []
    visitor.page.click("#newer")
    visitor.page.locator("#pageno", has_text="Page 2").wait_for()
    assert names(visitor)[-1] > shown[0]
    visitor.page.select_option("#f-status", "FAILED")
    visitor.page.fill("#f-text", "MANY/CLIP-001")
    visitor.until("document.querySelectorAll('#jobs > li').length === 1")
    visitor.page.reload()
    visitor.until("document.querySelectorAll('#jobs > li').length === 1")
    assert names(visitor) == ["many/clip-0010"]
    assert visitor.page.input_value("#f-text") == "MANY/CLIP-001"
    visitor.page.fill("#f-day", "2001-01-01")
    visitor.page.get_by_text("No job is like that").wait_for()
    assert visitor.barriers() == []
    visitor.page.click("#clearfilters")
    visitor.until("document.querySelectorAll('#jobs > li').length > 1")
