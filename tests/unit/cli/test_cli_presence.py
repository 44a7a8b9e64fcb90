"""How verbs find the laptop stack: the newest that runs, and a clear word where none does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.exits import UNREACHABLE, Trouble
from cli.presence import announced, newest

ADDRESSES = {"aws_endpoint_url": "http://localhost:4599", "region": "us-east-1", "jobs_table": "jobs"}


def note(folder: Path, pid: int, started_at: float, port: int) -> None:
    told = {"pid": pid, "started_at": started_at, "aws_endpoint_url": f"http://localhost:{port}", "region": "us-east-1"}
    (folder / f"{port}.json").write_text(json.dumps(told))


@pytest.fixture(scope="module")
def gone() -> int:
    """The id of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


def test_a_running_stack_is_found_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with announced(ADDRESSES, tmp_path):
        found = newest(tmp_path)
        assert (found.aws_endpoint_url, found.region, found.pid) == ("http://localhost:4599", "us-east-1", os.getpid())
    assert list(tmp_path.iterdir()) == []


def test_of_several_the_newest_is_meant(tmp_path: Path) -> None:
    for started_at, port in ((3.0, 3), (9.0, 9), (5.0, 5)):
        note(tmp_path, os.getpid(), started_at, port)
    assert newest(tmp_path).aws_endpoint_url == "http://localhost:9"


def test_one_that_was_killed_is_passed_over_for_one_that_runs(tmp_path: Path, gone: int) -> None:
    note(tmp_path, os.getpid(), 3.0, 3)
    note(tmp_path, gone, 9.0, 9)
    assert newest(tmp_path).aws_endpoint_url == "http://localhost:3"


def test_one_that_was_killed_is_said_to_be_gone(tmp_path: Path, gone: int) -> None:
    note(tmp_path, gone, 9.0, 9)
    with pytest.raises(Trouble, match=rf"http://localhost:9 is gone \(its process {gone} was killed\)") as told:
        newest(tmp_path)
    assert told.value.status == UNREACHABLE


def test_where_none_runs_it_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="`dropreel up`") as told:
        newest(tmp_path / "never-made")
    assert told.value.status == UNREACHABLE


def test_the_next_stack_clears_away_what_killed_ones_left(tmp_path: Path, gone: int) -> None:
    note(tmp_path, gone, 9.0, 9)
    with announced(ADDRESSES, tmp_path):
        assert [path.name for path in tmp_path.iterdir()] == [f"{os.getpid()}.json"]


@pytest.mark.parametrize(
    "content",
    [
        *("{", "[]", "7", '{"pid": 1}', "\\x00"),
        *(
            json.dumps({"pid": 1, "started_at": 9.0, "aws_endpoint_url": "http://localhost:1", "region": "x"} | wrong)
            for wrong in (
                *({"pid": "1"}, {"pid": True}, {"pid": 0}, {"pid": -1}, {"pid": 10**30}, {"pid": None}),
                *({"started_at": "1"}, {"aws_endpoint_url": 1}, {"region": None}),
            )
        ),
    ],
)
def test_a_note_that_can_not_be_read_is_none(content: str, tmp_path: Path) -> None:
    (tmp_path / "1.json").write_text(content)
    note(tmp_path, os.getpid(), 3.0, 3)
    assert newest(tmp_path).aws_endpoint_url == "http://localhost:3"
