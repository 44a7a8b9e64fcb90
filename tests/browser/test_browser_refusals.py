"""What the page does with files and names that can not be used: it says so until they are gone."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.browser.visitor import Visitor
from tests.e2e.harness import Stack

pytestmark = pytest.mark.browser


@pytest.fixture
def ready(visitor: Visitor) -> Visitor:
    """Somebody whose drop could be sent as it is."""
    visitor.choose("veo-3-1-fast")
    visitor.page.fill("#prompt", "A cat")
    visitor.verdict("$1.20")
    return visitor


def checked_again(visitor: Visitor) -> str:
    """The verdict after another look of the server's at the drop."""
    with visitor.page.expect_response("**/api/check"):
        visitor.page.locator("#prompt").press_sequentially("!")
    visitor.page.wait_for_timeout(200)
    return str(visitor.page.inner_text("#verdict"))


@pytest.mark.parametrize("content", [b"{not json", b"[1, 2]", b'{"duration": "\xff"}'])
def test_a_settings_file_that_can_not_be_read_stays_in_the_way_until_it_is_removed(
    ready: Visitor, tmp_path: Path, content: bytes
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_bytes(content)
    ready.drag("#zone", bad)
    ready.verdict("bad.json")
    assert "bad.json" in checked_again(ready)
    assert not ready.may_send
    ready.page.get_by_role("button", name="Remove bad.json").click()
    ready.verdict("$1.20")
    assert ready.may_send


def test_a_settings_file_takes_the_place_of_the_one_before(ready: Visitor, tmp_path: Path) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_text("[]")
    second.write_text('{"duration": 4}')
    ready.drag("#zone", first)
    ready.verdict("first.json")
    ready.drag("#zone", second)
    ready.verdict("$0.60")
    assert ready.may_send
    ready.page.get_by_role("button", name="Remove second.json").click()
    ready.verdict("$1.20")


def test_a_settings_file_with_a_parameter_that_is_none_can_be_removed(ready: Visitor, tmp_path: Path) -> None:
    odd = tmp_path / "odd.json"
    odd.write_text('{"mood": "calm"}')
    ready.drag("#zone", odd)
    ready.verdict("mood")
    assert not ready.may_send
    ready.page.get_by_role("button", name="Remove odd.json").click()
    ready.verdict("$1.20")


def test_what_a_settings_file_says_counts_for_the_next_model_too(ready: Visitor, tmp_path: Path) -> None:
    settings = tmp_path / "any.json"
    settings.write_text('{"duration": 4}')
    ready.drag("#zone", settings)
    ready.verdict("$0.60")
    ready.choose("veo-3-1")
    ready.verdict("$1.80")


@pytest.fixture
def promptless(visitor: Visitor, tmp_path: Path) -> Visitor:
    """Somebody who has dropped a prompt before there was a model that takes one."""
    words = tmp_path / "words.txt"
    words.write_text("A cat")
    visitor.drag("#zone", words)
    visitor.verdict("words.txt")
    return visitor


def test_a_prompt_file_for_a_model_without_a_prompt_is_not_thrown_away_in_silence(
    promptless: Visitor,
) -> None:
    assert not promptless.may_send


def test_a_prompt_file_waits_for_a_model_that_takes_it(promptless: Visitor) -> None:
    promptless.choose("veo-3-1-fast")
    promptless.verdict("$1.20")
    assert promptless.page.input_value("#prompt") == "A cat"
    assert promptless.page.locator("#files li").count() == 0


def test_an_empty_picture_has_no_price(ready: Visitor, tmp_path: Path) -> None:
    empty = tmp_path / "empty.png"
    empty.touch()
    ready.drag("#zone", empty)
    ready.verdict("empty.png")
    assert "is empty" in checked_again(ready)
    assert not ready.may_send


@pytest.mark.parametrize(
    ("content", "words"), [(b"Only words", "is text"), (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "save it as JPG")]
)
def test_what_is_only_called_a_picture_has_no_price(ready: Visitor, tmp_path: Path, content: bytes, words: str) -> None:
    fake = tmp_path / "fake.jpg"
    fake.write_bytes(content)
    ready.drag("#zone", fake)
    ready.verdict(words)
    assert not ready.may_send


def test_a_folder_that_leads_elsewhere_has_no_price(ready: Visitor) -> None:
    ready.page.fill("#name", "../x")
    ready.verdict("folder:")
    assert not ready.may_send
    assert ready.page.get_attribute("#name", "aria-invalid") == "true"


@pytest.mark.parametrize("name", ["a.b/..c/50% what?#é", "Screen\u202fshot 🐈"])
def test_what_is_dropped_lands_under_the_very_name_that_was_typed(ready: Visitor, laptop: Stack, name: str) -> None:
    ready.page.fill("#name", name)
    ready.until("document.querySelector('#send').ariaDisabled === 'false'")
    with ready.page.expect_request(lambda request: request.method == "PUT") as asked:
        ready.page.click("#send")
    # One step of the path: a browser folds steps that are .. even where they are encoded.
    step = urlsplit(asked.value.url).path.removeprefix("/api/inbox/")
    assert "/" not in step
    assert unquote(step) == f"veo-3-1-fast/{name}.txt"
    ready.status(name, "SUCCEEDED")
    listed = laptop.client("s3").list_objects_v2(Bucket=laptop.addresses["inbox_bucket"], Prefix=f"veo-3-1-fast/{name}")
    assert listed["KeyCount"] == 1
