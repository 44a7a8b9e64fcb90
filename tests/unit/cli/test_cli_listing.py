"""`dropreel jobs`: how many there are, and how they stand in their columns."""

from __future__ import annotations

import json
import time

import pytest
from rich.cells import cell_len

from cli import listing, stack
from cli.budget import bar
from cli.table import table
from dropreel.aws.items import to_item
from dropreel.jobs import Status, iso
from tests.unit.stacks import a_stack, job


@pytest.mark.parametrize("name", ["海の猫" * 12, "🎬 film " * 9, "e\u0301te\u0301" * 20])
def test_wide_characters_do_not_break_the_columns(name: str) -> None:
    lines = table([job(Status.SUCCEEDED, reason="").evolve(place=f"veo-3-1-fast/{name}")], 0.0, 80).plain.splitlines()
    assert {cell_len(line) for line in lines} == {cell_len(lines[0])}
    assert cell_len(lines[0]) <= 80


def test_a_list_says_that_it_leaves_some_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with a_stack() as there:
        monkeypatch.setattr(stack, "find", lambda *_: there)
        began = float(int(time.time())) - 7
        for number in range(7):
            made = job(Status.SUCCEEDED, created_at=began + number)
            there.dynamodb.put_item(TableName="jobs", Item=to_item(made))
        listing.jobs(limit=5, json_=True)
        said = capsys.readouterr()
        assert [json.loads(line)["created_at"] for line in said.out.splitlines()] == [
            iso(began + number) for number in (6, 5, 4, 3, 2)
        ]
        assert said.err == "the newest 5; there are older ones: --limit 25 shows more\n"
        listing.jobs(limit=7, json_=True)
        assert capsys.readouterr().err == ""


def test_bars_differ_without_colours() -> None:
    shown = {bar(usd, limit).plain for usd, limit in ((0, 10), (5, 10), (10, 10))}  # type: ignore[arg-type]
    assert len(shown) == 3
