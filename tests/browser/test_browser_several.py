"""Several films at once: files of several names, a folder, a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.visitor import Visitor
from tests.e2e.harness import Stack

pytestmark = pytest.mark.browser

FABRIC = '[data-model="veed-fabric-1-0-api-130"]'


def rows(visitor: Visitor) -> list[str]:
    """What the list of films to be says of each, as soon as each is judged."""
    visitor.page.locator("#batchrows tr").first.wait_for()
    visitor.until("!document.querySelector('#batchrows').textContent.includes('checking')")
    return [str(row) for row in visitor.page.locator("#batchrows tr").all_inner_texts()]


@pytest.fixture
def two_of_each(tmp_path: Path, picture: Path, sound: Path) -> list[Path]:
    """A picture and a sound, twice, of different names."""
    files = [tmp_path / name for name in ("one.png", "one.wav", "two.png", "two.wav")]
    for file in files:
        file.write_bytes((picture if file.suffix == ".png" else sound).read_bytes())
    return files


def test_two_pictures_and_two_sounds_become_two_films(visitor: Visitor, laptop: Stack, two_of_each: list[Path]) -> None:
    visitor.drag(FABRIC, *two_of_each)
    visitor.page.locator("#batch[open]").wait_for()
    assert [row.split()[0] for row in rows(visitor)] == ["one", "two"]
    assert visitor.page.inner_text("#batchtitle") == "2 films"
    assert visitor.barriers() == []
    visitor.page.click("#batchsend")
    visitor.status("one", "SUCCEEDED")
    visitor.status("two", "SUCCEEDED")
    assert len([job for job in laptop.jobs() if job["place"].rpartition("/")[2] in ("one", "two")]) == 2


def test_nothing_is_left_out_of_a_folder_without_a_word(
    visitor: Visitor, tmp_path: Path, two_of_each: list[Path]
) -> None:
    folder = tmp_path / "monday" / "veed-fabric" / "x"
    folder.mkdir(parents=True)
    for file in two_of_each[:3]:
        file.rename(folder / file.name)
    (folder / ".DS_Store").write_bytes(b"\0")
    (folder / "notes.pdf").write_bytes(b"%PDF")
    visitor.page.set_input_files("#folderpicker", tmp_path / "monday")
    visitor.page.locator("#batch[open]").wait_for()
    said = {row.split()[0]: row for row in rows(visitor)}
    assert set(said) == {"x/one", "x/two", "x/notes"}
    assert "still missing: a sound" in said["x/two"]
    assert "pdf" in said["x/notes"]
    assert ".DS_Store" in visitor.page.inner_text("#batchleft")
    assert "1 ready" in visitor.page.inner_text("#batchsum")
    visitor.page.set_viewport_size({"width": 360, "height": 740})
    assert visitor.run("document.querySelector('#batch').scrollWidth") <= 360
    visitor.page.emulate_media(color_scheme="dark")
    assert visitor.barriers() == []


def test_each_row_of_a_table_is_a_film(
    visitor: Visitor, laptop: Stack, tmp_path: Path, two_of_each: list[Path]
) -> None:
    table = tmp_path / "films.csv"
    table.write_text(
        "Name;Model;Picture;Prompt;Duration;With sound\n"
        'table/first;veo-3-1-fast;one.png;"It says ""hello""; then it leaves";4;no\n'
        "table/second;veo-3-1-fast;none.png;A cat;5;yes\n"
    )
    visitor.page.set_input_files("#tablepicker", [table, *two_of_each])
    first, second = rows(visitor)
    assert "$0.40" in first
    assert "none.png is not among the files" in second
    assert "4, 6, 8 seconds" in second
    assert "two.wav: no row names it" in visitor.page.inner_text("#batchleft")
    assert visitor.page.inner_text("#batchsend") == "Make 1 film"
    visitor.page.click("#batchsend")
    visitor.page.locator("#batchsum", has_text="1 dropped").wait_for()
    visitor.page.click("#batchclose")
    visitor.status("table/first", "SUCCEEDED")
    manifest = laptop.manifest("veo-3-1-fast/table/first")
    assert manifest["input"]["prompt"] == 'It says "hello"; then it leaves'
    assert manifest["input"]["generate_audio"] is False
