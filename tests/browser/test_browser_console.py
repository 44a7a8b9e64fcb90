"""The console page, as people use it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.visitor import Visitor
from tests.e2e.harness import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Route

pytestmark = pytest.mark.browser

FABRIC = '[data-model="veed-fabric-1-0-api-130"]'


def test_files_dragged_onto_a_model_become_a_film_that_plays(visitor: Visitor, picture: Path, sound: Path) -> None:
    visitor.choose("veo-3-1")
    visitor.drag(FABRIC, picture, sound)
    visitor.verdict("Ready")
    assert visitor.page.input_value("#name") == "cat"
    visitor.page.click("#send")
    visitor.status("cat", "SUCCEEDED")
    opener = visitor.job("cat").get_by_role("button", name="Play the film of cat")
    opener.locator("img").wait_for(state="attached")
    opener.press("Enter")
    film = visitor.page.locator("#player video")
    film.evaluate("film => { film.muted = true; return film.play(); }")
    visitor.until("document.querySelector('#player video').currentTime > 0.5")
    assert film.evaluate("film => [film.videoWidth > 0, film.duration > 2, film.error]") == [True, True, None]
    assert visitor.barriers() == []
    visitor.page.keyboard.press("Escape")
    film.wait_for(state="detached")
    assert visitor.run("document.activeElement.ariaLabel") == "Play the film of cat"


def test_each_state_is_seen_and_told_while_the_job_runs(visitor: Visitor) -> None:
    visitor.choose("veo-3-1-fast")
    visitor.page.fill("#prompt", "A cat by the sea")
    visitor.verdict("$1.20")
    visitor.page.click("#send")
    visitor.status("a-cat-by-the-sea", "SUCCEEDED")
    seen = visitor.run("window.seen['a-cat-by-the-sea']")
    assert [status for status in seen if status in ("DROPPED", "QUEUED", "SUCCEEDED")] == [
        "DROPPED",
        "QUEUED",
        "SUCCEEDED",
    ]
    told = visitor.page.locator("[aria-live=polite]#said").text_content() or ""
    assert told.index("a-cat-by-the-sea: queued") < told.index("a-cat-by-the-sea: succeeded")


def test_the_timeline_of_a_job_tells_what_happened_in_order(visitor: Visitor, laptop: Stack) -> None:
    laptop.drop("pixverse-v6-text-to-video/timeline.txt", "A year passes")
    visitor.status("timeline", "SUCCEEDED")
    visitor.job("timeline").locator("summary").first.click()
    lines = visitor.job("timeline").locator(".timeline li strong")
    lines.last.wait_for()
    steps = lines.all_inner_texts()
    assert (steps[0], steps[-1]) == ("SUBMITTING", "SUCCEEDED")


def test_a_refused_file_explains_itself_and_can_not_be_sent(visitor: Visitor, laptop: Stack, sound: Path) -> None:
    visitor.drag('[data-model="veo-3-1-fast"]', sound)
    said = visitor.verdict("takes no audio")
    assert "cat.wav" in said
    assert "Allowed: image" in said
    assert not visitor.may_send
    visitor.page.click("#send", force=True)
    visitor.page.wait_for_timeout(500)
    listed = laptop.client("s3").list_objects_v2(Bucket=laptop.addresses["inbox_bucket"], Prefix="veo-3-1-fast/cat")
    assert listed["KeyCount"] == 0
    visitor.page.get_by_role("button", name="Remove cat.wav").click()
    visitor.verdict("Still missing: a prompt")


def test_a_job_that_was_rejected_says_why(visitor: Visitor, laptop: Stack) -> None:
    laptop.drop("veo-3-1-fast/wrong.json", {"prompt": "A cat", "duration": 5})
    visitor.status("wrong", "REJECTED")
    assert "Allowed: 4, 6, 8 seconds" in visitor.job("wrong").inner_text()
    assert "What to do: Mend what the error names" in visitor.more("wrong")


def test_a_job_that_waits_names_what_is_missing_as_the_form_does(visitor: Visitor, laptop: Stack) -> None:
    laptop.drop("veed-fabric/half.png", b"\x89PNG")
    visitor.status("half", "WAITING")
    assert "Still missing: a sound" in visitor.job("half").inner_text()


def test_a_job_that_is_held_says_what_it_waits_for_and_what_to_do(visitor: Visitor, laptop: Stack) -> None:
    laptop.drop("pixverse-v6-text-to-video/held.txt", "A cat without money [sim:402=4]")
    visitor.status("held", "HELD")
    said = visitor.more("held")
    assert "nothing was charged" in said
    assert "What to do: Top up the account" in said
    visitor.status("held", "SUCCEEDED")
    assert "What to do" not in visitor.job("held").inner_text()


def test_the_price_follows_the_settings_and_a_wrong_one_is_marked(visitor: Visitor) -> None:
    visitor.choose("veo-3-1-fast")
    visitor.page.fill("#prompt", "A cat")
    visitor.verdict("$1.20")
    visitor.page.click("#settingspart > summary")
    visitor.page.get_by_label("duration").select_option("4")
    visitor.verdict("$0.60")
    visitor.page.get_by_label("resolution").select_option("1080p")
    visitor.verdict("1080p requires 8 seconds")
    assert visitor.page.get_by_label("duration").get_attribute("aria-invalid") == "true"
    visitor.page.get_by_label("duration").select_option("")
    visitor.verdict("$1.20")
    assert visitor.page.locator("[aria-invalid]").count() == 0


def test_what_costs_money_says_so_before_it_is_sent(visitor: Visitor) -> None:
    assert "nothing is paid" in visitor.page.inner_text("#gateways")
    simulated, real = '"paid_gateways": {}', '"paid_gateways": {"pixazo": "https://gateway.example"}'

    def answer(route: Route) -> None:
        page = route.fetch()
        assert simulated in page.text()
        route.fulfill(response=page, body=page.text().replace(simulated, real))

    visitor.page.route(visitor.url + "/", answer)
    visitor.page.reload()
    visitor.choose("veo-3-1-fast")
    visitor.page.fill("#prompt", "A cat")
    visitor.verdict("$1.20")
    assert visitor.page.inner_text("#gateways") == "Jobs go to pixazo at https://gateway.example and may cost money."
    assert visitor.page.inner_text("#send") == "Make the film for $1.20"
    visitor.choose("aimlapi-veed-fabric-1-0")
    visitor.verdict("Still missing")
    assert visitor.page.inner_text("#send") == "Make the film"


def test_missing_parts_are_named_and_what_lies_in_the_inbox_counts(
    visitor: Visitor, laptop: Stack, picture: Path, sound: Path
) -> None:
    visitor.verdict("Still missing: a picture and a sound")
    visitor.page.fill("#name", "parts")
    visitor.page.set_input_files("#picker", picture)
    visitor.verdict("Still missing: a sound")
    assert not visitor.may_send
    laptop.drop("veed-fabric/parts.wav", sound.read_bytes())
    visitor.page.fill("#name", "parts ")
    assert "parts.wav" in visitor.verdict("Already in the inbox")
    assert visitor.may_send


def test_two_pictures_become_the_first_and_the_last(visitor: Visitor, laptop: Stack, picture: Path) -> None:
    visitor.choose("veo-3-1")
    visitor.page.fill("#prompt", "A year passes")
    visitor.page.fill("#name", "monday/tree")
    visitor.drag("#zone", picture)
    visitor.drag("#zone", picture)
    visitor.until("document.querySelectorAll('#files li').length === 2")
    assert [each.input_value() for each in visitor.page.locator("#files select").all()] == ["", "last"]
    visitor.verdict("$3.60")
    visitor.page.click("#send")
    visitor.status("monday/tree", "SUCCEEDED")
    manifest = laptop.manifest("veo-3-1/monday/tree")
    assert manifest["input"]["last_frame"].endswith("/veo-3-1/monday/tree.last.png")
    assert manifest["input"]["image"].endswith("/veo-3-1/monday/tree.png")


def test_pictures_take_other_parts_in_another_model(visitor: Visitor, picture: Path) -> None:
    visitor.choose("veo-3-1")
    visitor.page.fill("#prompt", "A year passes")
    visitor.drag("#zone", picture)
    visitor.drag("#zone", picture)
    visitor.verdict("$3.60")
    visitor.choose("veo-3-1-fast-reference-to-video")
    visitor.verdict("$1.20")
    assert [each.input_value() for each in visitor.page.locator("#files select").all()] == ["1", "2"]


def test_the_same_files_again_are_said_to_be_the_same_job(visitor: Visitor, laptop: Stack) -> None:
    for again in (False, True):
        visitor.choose("pixverse-c1-text-to-video")
        visitor.page.fill("#prompt", "Twice and no more")
        visitor.until("document.querySelector('#send').ariaDisabled === 'false'")
        assert ("There is a job of this name" in visitor.page.inner_text("#verdict")) is again
        visitor.page.click("#send")
        visitor.status("twice-and-no-more", "SUCCEEDED")
    visitor.page.locator("#said", has_text="the same job, and it is not paid again").wait_for(state="attached")
    assert len([job for job in laptop.jobs() if job["place"].endswith("twice-and-no-more")]) == 1


def test_the_keyboard_alone_is_enough(visitor: Visitor) -> None:
    press = visitor.page.keyboard.press
    press("Tab")
    assert visitor.run("document.activeElement.textContent") == "Skip to the jobs"
    press("Tab")
    for _ in range(4):
        press("ArrowDown")
    assert visitor.run("document.activeElement.value") == "veo-3-1-fast"
    assert visitor.run("getComputedStyle(document.activeElement.closest('.model')).outlineStyle") == "solid"
    press("Tab")
    assert visitor.run("document.activeElement.id") == "picker"
    assert visitor.run("getComputedStyle(document.getElementById('zone')).outlineStyle") == "solid"
    press("Tab")
    visitor.page.keyboard.type("Only the keyboard")
    visitor.verdict("$1.20")
    while visitor.run("document.activeElement.id") != "send":
        press("Tab")
    press("Enter")
    visitor.status("only-the-keyboard", "SUCCEEDED")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everything_can_be_read_and_named_in_both_themes(visitor: Visitor, laptop: Stack, theme: str) -> None:
    visitor.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    laptop.drop(f"veo-3-1-fast/read-{theme}.json", {"prompt": "A cat", "duration": 5})
    laptop.drop(f"veed-fabric/read-{theme}-waiting.png", b"\x89PNG")
    laptop.drop(f"veo-3-1-fast/read-{theme}-fine.txt", "A cat")
    for name, status in {"": "REJECTED", "-waiting": "WAITING", "-fine": "SUCCEEDED"}.items():
        visitor.status(f"read-{theme}{name}", status)
    visitor.choose("veo-3-1")
    visitor.verdict("Still missing")
    visitor.page.locator("#steppart > summary").click()
    visitor.page.click("#addstep")
    visitor.page.locator("#name").fill("../x")
    visitor.verdict("older:")
    for summary in visitor.page.locator("summary:visible").all():
        if summary.evaluate("node => !node.parentElement.open"):
            summary.click()
    visitor.page.locator(".timeline li").first.wait_for()
    assert visitor.barriers() == []


def test_a_phone_has_room_for_it(visitor: Visitor, picture: Path, laptop: Stack) -> None:
    visitor.page.set_viewport_size({"width": 360, "height": 740})
    laptop.drop("veo-3-1-fast/a-very-long-name-without-any-place-to-break-it-into-two-lines.txt", "A cat")
    visitor.status("a-very-long-name-without-any-place-to-break-it-into-two-lines", "SUCCEEDED")
    visitor.choose("veo-3-1")
    visitor.drag("#zone", picture)
    visitor.page.locator("#files li").wait_for()
    for summary in visitor.page.locator("summary:visible").all():
        summary.click()
    assert visitor.run("document.documentElement.scrollWidth") == 360
    small = (
        "[...document.querySelectorAll('button, select, .model')].filter(n => n.getBoundingClientRect().height < 44)"
    )
    assert visitor.run(f"{small}.filter(node => node.checkVisibility()).map(node => node.outerHTML)") == []


def test_nothing_moves_for_those_who_want_it_so(visitor: Visitor, laptop: Stack) -> None:
    visitor.page.emulate_media(reduced_motion="reduce")
    laptop.drop("veo-3-1-fast/still.txt", "A cat")
    visitor.status("still", "QUEUED")
    assert visitor.run("document.getAnimations().length") == 0
    visitor.page.emulate_media(reduced_motion="no-preference")
    assert visitor.run("document.getAnimations().length") > 0


def test_a_stack_that_is_gone_is_said_to_be_gone(visitor: Visitor) -> None:
    visitor.page.route("**/api/jobs?*", lambda route: route.fulfill(status=500, body="{}"))
    visitor.page.get_by_role("alert").filter(has_text="does not answer").wait_for()
    visitor.page.unroute("**/api/jobs?*")
    visitor.page.locator("#lost").wait_for(state="hidden")
    visitor.complaints.clear()


def test_a_name_with_markup_in_it_is_only_a_name(visitor: Visitor, laptop: Stack) -> None:
    name = "<img src=x onerror=alert(1)>"
    laptop.drop(f"veo-3-1-fast/{name}.txt", "<script>alert(1)</script>")
    visitor.status(name, "SUCCEEDED")
    visitor.job(name).locator("summary").first.click()
    visitor.job(name).locator("pre").wait_for(state="attached")
    assert visitor.page.locator("#jobs img[src=x]").count() == 0
