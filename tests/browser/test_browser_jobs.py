"""The list of jobs: what can be done to each, rows of them, what they cost."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.visitor import Visitor
from tests.e2e.harness import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Route

pytestmark = pytest.mark.browser


def test_a_page_asks_at_most_once_a_second_and_not_at_all_while_nobody_sees_it(visitor: Visitor) -> None:
    asked: list[float] = []
    visitor.page.on("request", lambda request: asked.append(time.monotonic()) if "/api/jobs?" in request.url else None)
    with visitor.page.expect_response("**/api/jobs?*"):
        pass
    with visitor.page.expect_response("**/api/jobs?*"):
        visitor.page.wait_for_timeout(2500)
    assert len(asked) <= asked[-1] - asked[0] + 1.5
    visitor.run("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    visitor.page.wait_for_timeout(2000)
    asked.clear()
    visitor.page.wait_for_timeout(3000)
    assert asked == []


def test_a_failed_job_is_sent_again_by_its_button_once_somebody_says_yes(visitor: Visitor, laptop: Stack) -> None:
    laptop.drop("veo-3-1-fast/gale.txt", "A gale [sim:failed]")
    visitor.status("gale", "FAILED")
    again = visitor.job("gale").get_by_role("button", name="Send again")
    again.press("Enter")
    asked = visitor.page.locator("#asking[open]")
    assert "1.20 USD" in asked.inner_text()
    assert visitor.barriers() == []
    visitor.page.keyboard.press("Escape")
    asked.wait_for(state="detached")
    assert visitor.run("document.activeElement.textContent") == "Send again: gale"
    again.press("Enter")
    asked.get_by_role("button", name="Send again").click()
    visitor.job("gale").get_by_text("It is sent again.").wait_for()
    visitor.job("gale").get_by_text("attempt 2").wait_for()


def test_a_row_is_made_with_the_form_and_told_as_one_story(visitor: Visitor, laptop: Stack) -> None:
    visitor.choose("veo-3-1-fast")
    visitor.page.fill("#prompt", "A portrait")
    visitor.page.fill("#name", "row/portrait")
    visitor.page.click("#steppart > summary")
    visitor.page.click("#addstep")
    visitor.page.select_option("#step-2", "pixelcut-video-background-removal")
    visitor.page.locator("#set-2-background").select_option("custom")
    visitor.verdict("Step 2, Background color")
    assert visitor.page.get_attribute("#set-2-background_color", "aria-invalid") == "true"
    assert visitor.barriers() == []
    visitor.page.locator("#set-2-background").select_option("green")
    visitor.page.locator("#set-2-output_format").select_option("mp4_h264")
    visitor.verdict("step 1: $1.20 · step 2: no price listed")
    visitor.page.click("#send")
    story = visitor.page.locator("#jobs > li", has_text="row/portrait").locator(".story > li")
    story.locator(".status", has_text="SUCCEEDED").wait_for()
    assert story.locator("h4").inner_text() == "Step 2: Pixelcut Video Background Removal"
    assert [job["status"] for job in laptop.jobs() if job["place"].endswith("row/portrait")] == ["SUCCEEDED"] * 2
    assert visitor.barriers() == []
    # The list has the second step no more; the card asks for it.
    visitor.page.select_option("#f-model", "veo-3-1-fast")
    visitor.page.reload()
    story.locator(".status", has_text="SUCCEEDED").wait_for()


def test_a_job_fills_in_the_form_again_and_becomes_another_with_a_change(
    visitor: Visitor, laptop: Stack, picture: Path, sound: Path
) -> None:
    laptop.drop("veed-fabric/again/cat.png", picture.read_bytes())
    laptop.drop("veed-fabric/again/cat.wav", sound.read_bytes())
    visitor.status("again/cat", "SUCCEEDED")
    visitor.job("again/cat").locator("summary").first.click()
    visitor.job("again/cat").get_by_role("button", name="Again with changes").click()
    visitor.until("document.querySelectorAll('#files li').length === 2")
    assert visitor.page.input_value("#name") == "again/cat"
    visitor.verdict("There is a job of this name")
    visitor.page.locator("#set-resolution").select_option("1080p")
    visitor.until("document.querySelector('#send').ariaDisabled === 'false'")
    visitor.page.click("#send")
    visitor.until("[...document.querySelectorAll('#jobs h3')].filter(n => n.textContent === 'again/cat').length === 2")


def test_what_it_cost_is_told_for_today_and_the_month_by_model(visitor: Visitor, laptop: Stack) -> None:
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    visitor.page.reload()
    visitor.until("document.querySelectorAll('#jobs > li').length > 0")
    assert "costs" not in asked  # nobody looks at them: every record that is read is paid
    visitor.page.click("#costs > summary")
    visitor.page.locator("#costbody", has_text="This month").wait_for()
    assert "the simulated ones take nothing" in visitor.page.inner_text("#costbody")


def test_whoever_wants_it_is_told_by_the_browser_when_a_film_is_done(visitor: Visitor, laptop: Stack) -> None:
    # A browser without a head shows no notes.
    visitor.run("""() => {
      window.noted = [];
      document.hasFocus = () => false;
      window.Notification = class {
        static permission = "granted";
        constructor(title, {body}) { noted.push(`${title}: ${body}`); }
      };
    }""")
    assert not visitor.page.is_checked("#notify")
    visitor.page.check("#notify")
    # What the first list shows is no news.
    visitor.until("document.querySelector('#jobs > li') !== null || !document.querySelector('#none').hidden")
    laptop.drop("pixverse-v6-text-to-video/noted.txt", "A cat")
    visitor.status("noted", "SUCCEEDED")
    assert "noted: The film is done." in visitor.run("noted")


def test_the_page_of_an_account_says_whose_it_is(visitor: Visitor) -> None:
    def answer(route: Route) -> None:
        page = route.fetch()
        assert '"env": "local"' in page.text()
        route.fulfill(response=page, body=page.text().replace('"env": "local"', '"env": "prod"'))

    visitor.page.route(visitor.url + "/", answer)
    visitor.page.reload()
    visitor.page.locator("#stack", has_text="PROD account").wait_for()
    assert visitor.page.title() == "prod: dropreel"
    assert visitor.barriers() == []
