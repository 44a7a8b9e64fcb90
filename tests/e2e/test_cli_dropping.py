"""`dropreel drop`: what is dropped, what is refused before, and what it costs."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest

from cli.exits import FINE, INVALID
from local.gateways import SimulatedGateways
from tests.e2e.harness import COMMAND, PROJECT, Stack
from tests.e2e.tiny import eventually
from tests.e2e.verbs import dropped, dropreel, one, posts

pytestmark = pytest.mark.long


def test_a_picture_and_a_sound_become_a_film_once(
    laptop: Stack, gateways: SimulatedGateways, picture: Path, sound: Path, name: str
) -> None:
    words = ("drop", picture, sound, "--model", "veed-fabric", "--folder", "a/b", "--name", name)
    planned = one(dropreel(laptop, *words, "--dry-run", "--json"))
    assert planned["dropped"] is False
    assert (
        laptop.client("s3").list_objects_v2(
            Bucket=laptop.addresses["inbox_bucket"], Prefix=f"veed-fabric-1-0-api-130/a/b/{name}"
        )["KeyCount"]
        == 0
    )
    told = dropreel(laptop, *words, "--watch").stdout
    assert "unknown price" in told
    assert f"{name}-{planned['job_id']}.mp4" in told
    assert laptop.manifest(f"veed-fabric-1-0-api-130/a/b/{name}")["job_id"] == planned["job_id"]
    again = dropreel(laptop, *words, "--watch")
    assert "nothing is paid again" in again.stderr
    assert len(posts(gateways, f"{name}.png")) == 1


def test_another_take_is_another_film(laptop: Stack, gateways: SimulatedGateways, name: str) -> None:
    first = dropped(laptop, name, name, "--watch")
    second = dropped(laptop, name, name, "--set", "take=2", "--watch")
    assert first["job_id"] != second["job_id"]
    assert (first["status"], second["status"]) == ("SUCCEEDED", "SUCCEEDED")
    assert len(posts(gateways, name)) == 2


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("-m", "veo-3-1-fast", "-p", "x", "--set", "duration=5"), "4, 6, 8 seconds"),
        (("-m", "veo-3-1-fast", "-p", "x", "--set", "resolution=1080p", "--set", "duration=4"), "1080p requires"),
        (
            (
                "-m",
                "veo-3-1-fast",
            ),
            "nothing to drop",
        ),
        (("-m", "veo-3-1-fast", "--set", "duration=4"), "prompt: is missing; allowed: text of"),
        (("-m", "veo-3-1-fast", "-p", "x", "--set", "colour=red"), "is not a parameter"),
        (("-m", "no-such-model", "-p", "x"), "is not a model"),
        (("-m", "veo-3-1-fast", "-p", "x", "--name", "_hidden"), "begins with no . and no _"),
        (("-m", "veo-3-1-fast", "-p", "x", "--folder", "../up"), "folder: '../up' can not be dropped into"),
        (("-m", "veo-3-1-fast", "-p", "x", "--name", "a/b"), "a name without /; folders go to folder"),
        (("cat.png", "-m", "veo-3-1", "-p", "x", "--name", "v1.2"), "ends like a role"),
        (("-m", "veo-3-1-fast", "-p", "x", "--set", "seed"), "NAME=VALUE"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_dropped(
    laptop: Stack, picture: Path, words: tuple[str, ...], problem: str
) -> None:
    before = len(laptop.jobs())
    ran = dropreel(laptop, "drop", *(picture if word == "cat.png" else word for word in words), status=INVALID)
    assert problem in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert len(laptop.jobs()) == before


def test_everything_that_is_wrong_or_missing_is_said_a_line_each(laptop: Stack) -> None:
    ran = dropreel(laptop, "drop", "-m", "veed-fabric", "--set", "resolution=720p", status=INVALID)
    assert [line.split()[:4] for line in ran.stderr.splitlines()] == [
        ["dropreel:", f"{name}:", "is", "missing;"] for name in ("image_url", "audio_url")
    ]
    wrong = ("--set", "duration=5", "--set", "fps=24", "--set", "seed=x")
    ran = dropreel(laptop, "drop", "-m", "veo-3-1-fast", *wrong, status=INVALID)
    assert [line.split()[1] for line in ran.stderr.splitlines()] == ["duration:", "fps:", "seed:"]


def test_an_empty_file_and_a_web_page_are_refused_before_they_are_paid(laptop: Stack, tmp_path: Path) -> None:
    empty = tmp_path / "cat.png"
    empty.touch()
    said = dropreel(laptop, "drop", empty, "-m", "veo-3-1-fast", "-p", "x", "--dry-run", status=INVALID).stderr
    assert "cat.png is empty" in said
    empty.write_text("<!DOCTYPE html><title>busy</title>")
    said = dropreel(laptop, "drop", empty, "-m", "veo-3-1-fast", "-p", "x", "--dry-run", status=INVALID).stderr
    assert "cat.png is a web page" in said


def test_a_file_that_the_model_does_not_take_is_refused(laptop: Stack, picture: Path, sound: Path) -> None:
    assert "takes no audio" in dropreel(laptop, "drop", picture, sound, "-m", "veo-3-1-fast", status=INVALID).stderr


def test_several_pictures_are_numbered_in_the_order_given(laptop: Stack, picture: Path, name: str) -> None:
    other = picture.with_name("a-dog.png")
    other.write_bytes(picture.read_bytes())
    words = ("drop", picture, other, "-m", "veo-3-1-fast-reference", "-p", "x", "--name", name)
    found = one(dropreel(laptop, *words, "--dry-run", "--json"))
    assert [uri.rpartition("/")[2] for uri in found["input"]["image_urls"]] == [f"{name}.1.png", f"{name}.2.png"]
    assert found["price_usd"] == 1.2


def test_names_keep_their_roles_and_settings_files_are_merged(laptop: Stack, picture: Path, name: str) -> None:
    last = picture.with_name("whatever.last.png")
    last.write_bytes(picture.read_bytes())
    settings = picture.with_name("any.json")
    settings.write_text('{"duration": 8, "seed": 3}')
    words = ("drop", picture, last, settings, "-m", "veo-3-1", "-p", "x", "--set", "duration=4", "--name", name)
    found = one(dropreel(laptop, *words, "--dry-run", "--json"))
    assert found["input"]["last_frame"].endswith(f"{name}.last.png")
    assert (found["input"]["duration"], found["input"]["seed"]) == (4, 3)


def test_two_files_for_one_place_are_refused(laptop: Stack, picture: Path) -> None:
    other = picture.with_name("dog.png")
    other.write_bytes(b"another")
    words = ("drop", picture, other, "-m", "veo-3-1-fast", "-p", "x", "--name", "two")
    assert "two files" in dropreel(laptop, *words, status=INVALID).stderr


def test_what_lies_at_the_place_already_counts(laptop: Stack, name: str) -> None:
    laptop.drop(f"veo-3-1-fast/{name}.json", {"duration": 6})
    ran = dropreel(laptop, "drop", "-m", "veo-3-1-fast", "-p", "x", "--name", name, "--dry-run")
    assert "0.90 USD" in ran.stdout
    assert f"{name}.json" in ran.stderr


def test_a_dear_film_is_not_dropped_without_a_yes(laptop: Stack, gateways: SimulatedGateways, name: str) -> None:
    words = ("drop", "-m", "veo-3-1", "-p", name, "--set", "duration=4", "--name", name)
    assert "say --yes" in dropreel(laptop, *words, "--ask-above", "1.79", status=INVALID).stderr
    assert posts(gateways, name) == []
    dropreel(laptop, *words, "--ask-above", "1.79", "--yes", "--watch")
    dropreel(laptop, *words, "--set", "take=2", "--ask-above", "1.80")
    assert eventually(lambda: len(posts(gateways, name)) == 2)


@pytest.mark.parametrize(("answer", "status"), [("y", FINE), ("n", INVALID)])
def test_a_person_is_asked(laptop: Stack, name: str, answer: str, status: int) -> None:
    theirs, ours = pty.openpty()
    words = (
        "drop",
        "-m",
        "veo-3-1",
        "-p",
        name,
        "--name",
        name,
        "--endpoint-url",
        laptop.addresses["aws_endpoint_url"],
    )
    with subprocess.Popen(
        [*COMMAND, *words], cwd=PROJECT, stdin=ours, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        os.write(theirs, f"{answer}\n".encode())
        told, asked = process.communicate(timeout=60)
    os.close(theirs)
    os.close(ours)
    assert "This may cost 3.60 USD" in asked
    assert ("\njob " in told) == (answer == "y")
    assert process.returncode == status
