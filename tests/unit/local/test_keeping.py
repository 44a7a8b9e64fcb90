"""`dropreel up --keep`: what comes into the outbox is in a folder soon, and stays there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local.keeping import Keeper, keeping


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "any")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="outbox")
        yield client


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def keeper(s3: Any, tmp_path: Path, told: list[str]) -> Keeper:
    return Keeper(s3, "outbox", tmp_path / "films", told.append)


def put(s3: Any, key: str, body: bytes) -> None:
    s3.put_object(Bucket="outbox", Key=key, Body=body)


def kept(tmp_path: Path) -> dict[str, bytes]:
    folder = tmp_path / "films"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_comes_while_it_runs_and_at_its_very_end_is_kept(s3: Any, tmp_path: Path, told: list[str]) -> None:
    with keeping(s3, "outbox", tmp_path / "films", tell=told.append):
        put(s3, "veo-3-1/a/cat-1.mp4", b"film")
        put(s3, "veo-3-1/a/cat-1.json", b"{}")
    assert kept(tmp_path) == {"veo-3-1/a/cat-1.mp4": b"film", "veo-3-1/a/cat-1.json": b"{}"}
    assert told == []


def test_a_film_is_kept_before_its_manifest(s3: Any, keeper: Keeper) -> None:
    for key in ("cat-1.json", "cat-1.mp4", "a.json", "b.webm"):
        put(s3, key, b"any")
    assert [key for key, _ in keeper._new()] == ["b.webm", "cat-1.mp4", "a.json", "cat-1.json"]


def test_what_changes_is_kept_anew_and_what_does_not_is_left_alone(s3: Any, keeper: Keeper, tmp_path: Path) -> None:
    put(s3, "cat-1.json", b"EXPIRED")
    keeper.look()
    before = (tmp_path / "films" / "cat-1.json").stat().st_mtime_ns
    keeper.look()
    assert (tmp_path / "films" / "cat-1.json").stat().st_mtime_ns == before
    put(s3, "cat-1.json", b"SUCCEEDED")
    keeper.look()
    assert kept(tmp_path) == {"cat-1.json": b"SUCCEEDED"}


def test_an_earlier_stacks_film_of_the_same_name_is_not_replaced(s3: Any, keeper: Keeper, tmp_path: Path) -> None:
    earlier = tmp_path / "films" / "cat-1.mp4"
    earlier.parent.mkdir()
    earlier.write_bytes(b"paid")
    os.utime(earlier, (1_780_000_000, 1_780_000_000))
    put(s3, "cat-1.mp4", b"new")
    keeper.look()
    assert kept(tmp_path) == {"cat-1.mp4": b"new", "cat-1.2026-05-28T202640.mp4": b"paid"}


@pytest.mark.parametrize("key", ["rejected/../../cat.json", "../cat.json", "/../../cat.json"])
def test_no_name_leads_out_of_the_folder(s3: Any, keeper: Keeper, tmp_path: Path, told: list[str], key: str) -> None:
    put(s3, key, b"any")
    keeper.look()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert told == [f"{key} is not kept: its name leads out of the folder"]


def test_what_can_not_be_kept_is_said_once_and_does_not_stop_the_rest(
    s3: Any, keeper: Keeper, tmp_path: Path, told: list[str]
) -> None:
    put(s3, "cat", b"a file")
    put(s3, "cat/dog.mp4", b"below it")
    put(s3, "z.mp4", b"film")
    for _ in range(2):
        keeper.look()
    assert kept(tmp_path) == {"cat": b"a file", "z.mp4": b"film"}
    assert told == ["cat/dog.mp4 is not kept: File exists"]
