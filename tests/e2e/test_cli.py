"""The verbs of `dropreel`, as a shell has them: a process, what it prints, and its exit status."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.exits import FAILED, FINE, INVALID, UNREACHABLE
from dropreel.jobs import identity
from local.gateways import SimulatedGateways
from local.gateways.samples import sample_picture, sample_sound
from tests.e2e.harness import COMMAND, PROJECT, QUICK, Stack, running_stack, started
from tests.e2e.tiny import eventually

Ran = subprocess.CompletedProcess[str]


pytestmark = pytest.mark.long


def dropreel(stack: Stack | None, *words: object, status: int = FINE) -> Ran:
    """Runs a verb against a stack, without a terminal; it must end with this status."""
    surroundings = {**os.environ, "COLUMNS": "80"}
    if stack:
        surroundings["DROPREEL_ENDPOINT_URL"] = stack.addresses["aws_endpoint_url"]
    ran = subprocess.run(
        [*COMMAND, *map(str, words)],
        cwd=PROJECT,
        env=surroundings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == status, f"{ran.returncode}: {ran.stdout}\n{ran.stderr}"
    return ran


def lines(ran: Ran) -> list[dict[str, Any]]:
    """A line of JSON each."""
    return [json.loads(line) for line in ran.stdout.splitlines()]


def one(ran: Ran) -> dict[str, Any]:
    (found,) = lines(ran)
    return found


@pytest.fixture
def name() -> str:
    """A job's name that no other test uses."""
    return f"cli-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    (tmp_path / "cat.png").write_bytes(sample_picture())
    return tmp_path / "cat.png"


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    (tmp_path / "voice.wav").write_bytes(sample_sound())
    return tmp_path / "voice.wav"


def dropped(stack: Stack, name: str, prompt: str, *more: object, status: int = FINE) -> dict[str, Any]:
    """A film of four seconds, followed to its end; what the last line of JSON says."""
    words = ("drop", "-m", "veo-3-1-fast", "-p", prompt, "--set", "duration=4", "--name", name, "--json", *more)
    return lines(dropreel(stack, *words, status=status))[-1]


def posts(gateways: SimulatedGateways, needle: str) -> list[Any]:
    return [post for post in gateways.posts if needle in json.dumps(post.body)]


def until(stack: Stack, job_id: str, status: str) -> dict[str, Any]:
    def shown() -> dict[str, Any] | None:
        found = [job for job in stack.jobs() if job["job_id"] == job_id]
        return found[0] if found and found[0]["status"] == status else None

    found = eventually(shown, 30)
    assert found, stack.jobs()
    return found


# Dropping


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


# Looking


def test_a_failed_job_explains_itself(laptop: Stack, name: str) -> None:
    ended = dropped(laptop, name, f"{name} [sim:failed]", "--watch", status=FAILED)
    assert (ended["status"], ended["error"]["code"]) == ("FAILED", "failed")
    told = dropreel(laptop, "show", ended["job_id"]).stdout
    for part in (name, "TIMELINE", "SUBMITTED", "perhaps 0.60 USD", ended["error"]["message"][:40], "→"):
        assert part in told
    assert max(map(len, told.splitlines())) <= 80
    assert ended["todo"]


def test_the_timeline_tells_callbacks_and_looks(laptop: Stack, name: str) -> None:
    called = dropped(laptop, name, name, "--watch")
    assert "CALLBACK" in [line["status"] for line in called["history"]]
    silent = dropped(laptop, f"{name}-2", f"{name} [sim:no-callback]", "--watch")
    assert [line["status"] for line in silent["history"] if line["status"] in ("CALLBACK", "POLL")] == ["POLL"]
    told = one(dropreel(laptop, "show", silent["job_id"], "--json"))["looks"]
    assert told["made"] >= 1
    assert told["over"]


def test_show_tells_the_looks_and_when_the_next_is(laptop: Stack, name: str) -> None:
    slow = dropped(laptop, name, f"{name} [sim:seconds=60][sim:no-callback]")
    until(laptop, slow["job_id"], "SUBMITTED")
    told = eventually(lambda: one(dropreel(laptop, "show", slow["job_id"], "--json"))["looks"], 30)
    assert told
    assert not told["over"]
    assert re.search(r"looks +(none yet|\d+), the (first|next) ", dropreel(laptop, "show", slow["job_id"]).stdout)


def test_a_dropped_again_job_is_followed_to_its_new_end(laptop: Stack, gateways: SimulatedGateways, name: str) -> None:
    first = dropped(laptop, name, f"{name} [sim:400=1]", "--watch", status=FAILED)
    second = dropped(laptop, name, f"{name} [sim:400=1]", "--watch")
    assert (first["error"]["code"], second["status"]) == ("declined", "SUCCEEDED")
    assert first["job_id"] == second["job_id"]


def test_jobs_are_found_by_status_model_and_age(laptop: Stack, picture: Path, name: str) -> None:
    laptop.drop(f"veed-fabric/{name}.png", picture.read_bytes())
    film = dropped(laptop, name, name, "--watch")
    assert eventually(lambda: name in dropreel(laptop, "jobs", "--status", "waiting").stdout)

    def places(*words: str) -> list[str]:
        return [job["place"] for job in lines(dropreel(laptop, "jobs", "--json", "-n", "1000", *words))]

    assert f"veed-fabric-1-0-api-130/{name}" in places("--status", "WAITING", "--model", "veed-fabric")
    assert film["place"] in places("--model", "veo-3-1-fast", "--status", "SUCCEEDED", "--newer", "10m")
    assert film["place"] not in places("--status", "WAITING")
    assert film["place"] not in places("--older", "10m")
    assert places("--model", "pixverse-c1-text-to-video", "--status", "HELD") == []


def test_the_newest_come_first_and_no_more_than_wanted(laptop: Stack, name: str) -> None:
    dropped(laptop, f"{name}-1", f"{name}-1", "--watch")
    last = dropped(laptop, f"{name}-2", f"{name}-2", "--watch")
    newest = lines(dropreel(laptop, "jobs", "--json", "-n", "2"))
    assert len(newest) == 2
    assert newest[0]["created_at"] >= newest[1]["created_at"]
    assert last["job_id"] in [job["job_id"] for job in newest]


def test_a_list_that_stopped_says_so(laptop: Stack, name: str) -> None:
    dropped(laptop, f"{name}-1", f"{name}-1", "--watch")
    dropped(laptop, f"{name}-2", f"{name}-2", "--watch")
    assert "there are older ones" in dropreel(laptop, "jobs", "-n", "1").stderr
    assert "there are older ones" not in dropreel(laptop, "jobs", "-n", "1000").stderr


def test_a_job_is_named_as_people_see_it_and_found_by_a_part_of_its_place(laptop: Stack, name: str) -> None:
    film = dropped(laptop, name, name, "--watch")
    key = f"s3://{laptop.addresses['inbox_bucket']}/veo-3-1-fast/{name}.txt"
    words = [film["job_id"][:8], f"veo-3-1-fast/{name}", key]
    assert [one(dropreel(laptop, "show", word, "--json"))["job_id"] for word in words] == [film["job_id"]] * 3
    assert [job["job_id"] for job in lines(dropreel(laptop, "jobs", "--search", name.upper(), "--json"))] == [
        film["job_id"]
    ]


def test_what_functions_say_of_a_job_is_in_cloudwatch_logs_and_told(laptop: Stack, name: str) -> None:
    film = dropped(laptop, name, name, "--watch")

    def told() -> list[tuple[str, str]] | None:
        said = lines(dropreel(laptop, "logs", film["place"], "--json"))
        found = [(line["function"], line["message"]) for line in said]
        return found if ("deliver", "SUCCEEDED") in found else None

    found = eventually(told, 30)
    assert found
    assert found[0][0] == "submit"
    assert found[0][1].startswith("attempt 1: accepted as veo-3-1-fast_")


def test_watch_prints_each_change_and_ends_in_time(laptop: Stack, name: str) -> None:
    job = dropped(laptop, name, f"{name} [sim:seconds=2]")
    seen = [line["status"] for line in lines(dropreel(laptop, "watch", job["job_id"], "--json"))]
    assert seen[-1] == "SUCCEEDED"
    assert name in dropreel(laptop, "watch", "--timeout", "1").stdout
    slow = dropped(laptop, f"{name}-2", f"{name} [sim:seconds=60]")
    until(laptop, slow["job_id"], "SUBMITTED")
    assert "not ended" in dropreel(laptop, "watch", slow["job_id"], "--timeout", "1", status=FAILED).stderr


def test_all_that_failed_are_tried_again_together(laptop: Stack, gateways: SimulatedGateways, name: str) -> None:
    model = "pixverse-c1-text-to-video"
    for number in range(2):
        words = ("drop", "-m", model, "-p", f"{name} {number} [sim:400=1]", "--name", f"{name}-{number}")
        dropreel(laptop, *words, "--watch", status=FAILED)
    chosen = ("retry", "--status", "FAILED", "--model", model)
    assert "2 FAILED, new requests, paid anew: up to 2.00 USD" in dropreel(laptop, *chosen, "--dry-run").stdout
    assert "2 jobs: up to 2.00 USD" in dropreel(laptop, *chosen, status=INVALID).stderr
    assert len(posts(gateways, name)) == 2
    done = lines(dropreel(laptop, *chosen, "--yes", "--json"))
    assert [line["done"] for line in done] == [True, True]
    for line in done:
        until(laptop, line["job_id"], "SUCCEEDED")
    assert len(posts(gateways, name)) == 4
    assert "no such jobs" in dropreel(laptop, *chosen, "--yes").stderr


def test_a_job_that_does_not_exist_is_named(laptop: Stack) -> None:
    nobody = "a" * 26
    for word in ("show", "retry", "give-up"):
        assert f"there is no job {nobody}" in dropreel(laptop, word, nobody, status=INVALID).stderr
    assert f"not ended: {nobody}" in dropreel(laptop, "watch", nobody, "--timeout", "1", status=FAILED).stderr


# Deciding


def test_an_adopted_request_brings_the_film_and_pays_nothing(
    laptop: Stack, gateways: SimulatedGateways, name: str
) -> None:
    job = dropped(laptop, name, f"{name} [sim:drop][sim:no-callback]")
    until(laptop, job["job_id"], "UNKNOWN")
    (post,) = posts(gateways, name)
    assert "did not say" in dropreel(laptop, "adopt", job["job_id"], "no-such-request", status=INVALID).stderr
    until(laptop, job["job_id"], "UNKNOWN")
    dropreel(laptop, "adopt", job["job_id"], post.request_id, "--watch")
    assert laptop.manifest(f"veo-3-1-fast/{name}")["status"] == "SUCCEEDED"
    assert len(posts(gateways, name)) == 1


@pytest.fixture(scope="module")
def hasty(gateways: SimulatedGateways) -> Iterator[Stack]:
    """A stack that waits for no film longer than some seconds, and looks for a late one as long again."""
    with running_stack({**QUICK, "deadline_seconds": "8"}, gateways_url=gateways.url) as stack:
        yield stack


def test_a_request_that_is_adopted_after_its_job_expired_is_waited_for(
    hasty: Stack, gateways: SimulatedGateways, name: str
) -> None:
    job = dropped(hasty, name, f"{name} [sim:drop][sim:no-callback][sim:seconds=14]", "--watch", status=FAILED)
    assert job["status"] == "EXPIRED"
    (post,) = posts(gateways, name)
    assert re.search(r"late film +until .* UTC, ", dropreel(hasty, "show", job["job_id"]).stdout)
    told = dropreel(hasty, "adopt", job["job_id"], post.request_id, "--yes", "--watch").stdout
    assert "adopted" in told
    manifest = hasty.manifest(f"veo-3-1-fast/{name}")
    assert (manifest["status"], manifest["late"]) == ("SUCCEEDED", True)
    assert len(posts(gateways, name)) == 1


def test_a_late_film_is_looked_for_until_a_deadline_short_as_it_is_has_passed_again(hasty: Stack, name: str) -> None:
    job = dropped(hasty, name, f"{name} [sim:no-callback][sim:seconds=12]", "--watch", status=FAILED)
    assert job["status"] == "EXPIRED"
    until(hasty, job["job_id"], "SUCCEEDED")


def test_a_refused_job_is_not_said_to_be_sent_and_doctor_sees_the_gate(
    laptop: Stack, gateways: SimulatedGateways, name: str
) -> None:
    gateways.refuse(402)
    try:
        held = dropped(laptop, name, name)
        until(laptop, held["job_id"], "HELD")
        assert (
            "nothing was sent: the gate pixazo holds it"
            in dropreel(laptop, "retry", held["job_id"], status=INVALID).stderr
        )
        found = {check["name"]: check for check in lines(dropreel(laptop, "doctor", "--json", status=FAILED))}
        assert found["pixazo gate"]["said"].startswith("closed: the gateway answered 402")
        assert "1 job held, the next probe is " in found["pixazo gate"]["said"]
        assert "lost" not in found["pixazo gate"]["said"]
    finally:
        gateways.refuse(None)
    until(laptop, held["job_id"], "SUCCEEDED")


def test_an_unknown_job_is_sent_again_only_after_a_yes(laptop: Stack, gateways: SimulatedGateways, name: str) -> None:
    job = dropped(laptop, name, f"{name} [sim:drop-unaccepted]")
    until(laptop, job["job_id"], "UNKNOWN")
    assert "a second time (0.60 USD)" in dropreel(laptop, "retry", job["job_id"], status=INVALID).stderr
    assert len(posts(gateways, name)) == 1
    dropreel(laptop, "retry", job["job_id"], "--yes")
    assert eventually(lambda: len(posts(gateways, name)) == 2)


def test_an_output_is_fetched_again_for_nothing(laptop: Stack, gateways: SimulatedGateways, name: str) -> None:
    job = dropped(laptop, name, f"{name} [sim:forbidden-media=4]", "--watch", status=FAILED)
    assert job["error"]["code"] == "output_unavailable"
    told = dropreel(laptop, "retry", job["job_id"], "--watch").stdout
    assert f"{name}-{job['job_id']}.mp4" in told
    assert len(posts(gateways, name)) == 1


def test_an_output_that_is_there_is_fetched_anew_for_nothing_after_a_yes(
    laptop: Stack, gateways: SimulatedGateways, name: str
) -> None:
    job = dropped(laptop, name, name, "--watch")
    film = f"veo-3-1-fast/{name}-{job['job_id']}.mp4"
    laptop.client("s3").delete_object(Bucket=laptop.addresses["outbox_bucket"], Key=film)
    assert "pays nothing" in dropreel(laptop, "retry", job["job_id"], status=INVALID).stderr
    assert film in dropreel(laptop, "retry", job["job_id"], "--watch", "--yes").stdout
    assert film in laptop.outbox()
    assert len(posts(gateways, name)) == 1


def test_a_waiting_place_is_forgotten_and_an_unknown_job_ends(laptop: Stack, picture: Path, name: str) -> None:
    laptop.drop(f"veed-fabric/{name}.png", picture.read_bytes())
    found = eventually(lambda: [job for job in laptop.jobs() if name in job["place"]], 30)
    dropreel(laptop, "give-up", found[0]["job_id"])
    assert [job for job in laptop.jobs() if name in job["place"]] == []
    job = dropped(laptop, f"{name}-2", f"{name} [sim:drop-unaccepted]")
    until(laptop, job["job_id"], "UNKNOWN")
    dropreel(laptop, "give-up", job["job_id"], status=INVALID)
    dropreel(laptop, "give-up", job["job_id"], "--yes")
    assert laptop.manifest(f"veo-3-1-fast/{name}-2")["error"]["code"] == "given_up"


# Many at once


def dead_letters(stack: Stack) -> str:
    resources = stack.client("cloudformation").describe_stack_resources(StackName="Dropreel-local")["StackResources"]
    (url,) = [
        resource["PhysicalResourceId"]
        for resource in resources
        if resource["ResourceType"] == "AWS::SQS::Queue" and "IntakeDeadLetters" in resource["LogicalResourceId"]
    ]
    return str(url)


def test_a_dead_letter_goes_back_as_the_message_that_it_was(
    laptop: Stack, gateways: SimulatedGateways, name: str
) -> None:
    sqs, dead = laptop.client("sqs"), dead_letters(laptop)
    body = json.dumps({"model": "veo-3-1-fast", "input": {"prompt": name, "duration": 4}})
    message_id = sqs.send_message(QueueUrl=dead, MessageBody=body)["MessageId"]
    told = dropreel(laptop, "redrive", "--dry-run").stdout
    assert "request for veo-3-1-fast" in told
    assert "up to 0.60 USD" in told
    letters = one(dropreel(laptop, "redrive", "--dry-run", "--json"))["letters"]
    assert letters == {"intake": ["request for veo-3-1-fast"], "deliver": []}
    assert "up to 0.60 USD" in dropreel(laptop, "redrive", status=INVALID).stderr
    assert posts(gateways, name) == []
    assert one(dropreel(laptop, "redrive", "--yes", "--json"))["moved"]["intake"] == 1
    until(laptop, identity("message", "itself", message_id), "SUCCEEDED")
    # The same letter, as it would lie there after a crash between its sending and its deletion.
    laptop.send(json.dumps({"Type": "Notification", "MessageId": message_id, "Message": body}))
    assert one(dropreel(laptop, "redrive", "--yes", "--json"))["moved"] == {"intake": 0, "deliver": 0}
    assert len(posts(gateways, name)) == 1


def test_a_backfill_says_its_price_and_goes_on_where_it_stopped(
    laptop: Stack, gateways: SimulatedGateways, picture: Path, name: str
) -> None:
    s3 = laptop.client("s3")
    s3.create_bucket(Bucket=name)
    for number in range(5):
        s3.put_object(Bucket=name, Key=f"old/{number}.txt", Body=f"{name} {number}")
        s3.put_object(Bucket=name, Key=f"old/{number}.json", Body='{"duration": 4}')
    s3.put_object(Bucket=name, Key="old/half.png", Body=picture.read_bytes())
    s3.put_object(Bucket=name, Key="old/wrong.json", Body='{"prompt": "x", "duration": 5}')
    words = ("backfill", f"s3://{name}/old/", "--model", "veo-3-1-fast", "--folder", name)
    planned = dropreel(laptop, *words, "--dry-run").stdout
    assert "5 jobs, copied into the inbox: 3.00 USD" in planned
    assert "1 passed over: parts are missing" in planned
    assert "1 passed over: it would be REJECTED" in planned
    dropreel(laptop, *words, status=INVALID)
    assert posts(gateways, name) == []
    first = one(dropreel(laptop, *words, "--limit", "2", "--json"))
    assert (first["sent"], first["more"]) == (2, True)
    assert eventually(lambda: len(posts(gateways, name)) == 2, 30)
    rest = one(dropreel(laptop, *words, "--json"))
    assert (rest["known"], rest["sent"]) == (2, 3)
    assert eventually(lambda: len(posts(gateways, name)) == 5, 30)
    assert one(dropreel(laptop, *words, "--json"))["sent"] == 0


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("s3://no-such-bucket-anywhere/",), "there is no bucket no-such-bucket-anywhere"),
        (("s3://a/",), "is no place in S3: say s3://BUCKET/PREFIX"),
        (("s3://UPPER_case/",), "is no place in S3"),
        (("archive/2025",), "is no place in S3"),
        (("s3://archive/2025/", "--folder", "old"), "--folder: goes with --model"),
    ],
)
def test_a_place_that_can_not_be_filled_in_from_is_named(laptop: Stack, words: tuple[str, ...], problem: str) -> None:
    said = dropreel(laptop, "backfill", *words, status=INVALID).stderr
    assert problem in said
    assert len(said.splitlines()) == 1


def test_objects_of_the_inbox_are_taken_where_they_lie(laptop: Stack, gateways: SimulatedGateways, name: str) -> None:
    s3, inbox = laptop.client("s3"), laptop.addresses["inbox_bucket"]
    configuration = s3.get_bucket_notification_configuration(Bucket=inbox)
    configuration.pop("ResponseMetadata")
    s3.put_bucket_notification_configuration(Bucket=inbox, NotificationConfiguration={})
    try:
        laptop.drop(f"veo-3-1-fast/{name}.json", {"prompt": name, "duration": 4})
    finally:
        s3.put_bucket_notification_configuration(Bucket=inbox, NotificationConfiguration=configuration)
    told = dropreel(laptop, "backfill", f"s3://{inbox}/veo-3-1-fast/{name}").stdout
    assert "1 job, taken where they lie: 0.60 USD" in told
    assert laptop.manifest(f"veo-3-1-fast/{name}")["status"] == "SUCCEEDED"
    assert len(posts(gateways, name)) == 1


# The stack


@pytest.fixture(scope="module")
def poor(gateways: SimulatedGateways) -> Iterator[Stack]:
    """A stack whose day's budget is one film."""
    with running_stack({**QUICK, "daily_budget_usd": "1.00"}, gateways_url=gateways.url) as stack:
        yield stack


def test_a_budget_that_is_used_up_holds_and_says_so(poor: Stack, name: str) -> None:
    assert dropped(poor, name, name, "--watch")["status"] == "SUCCEEDED"
    held = dropped(poor, f"{name}-2", f"{name}-2")
    until(poor, held["job_id"], "HELD")
    spent = one(dropreel(poor, "budget", "--json"))
    assert (spent["days"][0]["usd"], spent["held_jobs"]) == (0.6, 1)
    assert "0.60 of 1.00 USD" in dropreel(poor, "budget").stdout
    assert "daily_budget_usd" in dropreel(poor, "show", held["job_id"]).stdout
    told = " ".join(dropreel(poor, "doctor", status=FAILED).stdout.split())
    assert f"job {held['job_id']} of 0.60 does not fit; 1 job held, the next look whether there is room" in told
    dropreel(poor, "give-up", held["job_id"], "--yes")
    assert poor.manifest(f"veo-3-1-fast/{name}-2")["error"]["code"] == "given_up"


def test_a_missing_key_and_a_dead_letter_are_found(poor: Stack) -> None:
    for gateway in ("pixazo", "aimlapi"):
        poor.client("secretsmanager").put_secret_value(SecretId=f"dropreel/local/{gateway}", SecretString=" ")
    poor.client("sqs").send_message(QueueUrl=dead_letters(poor), MessageBody="{}")
    try:
        ran = dropreel(poor, "doctor", "--json", status=FAILED)
    finally:
        poor.client("secretsmanager").put_secret_value(SecretId="dropreel/local/pixazo", SecretString="a-key")
    found = {check["name"]: check["state"] for check in lines(ran)}
    assert (found["pixazo gateway"], found["aimlapi gateway"]) == ("fine", "fine")
    bad = {check["name"]: check["todo"] for check in lines(ran) if check["state"] == "bad"}
    assert {"pixazo key", "aimlapi key", "intake dead letters"} <= set(bad)
    assert "put-secret-value --secret-id dropreel/local/aimlapi" in bad["aimlapi key"]
    assert "dropreel redrive --queue intake" in bad["intake dead letters"]
    found = {check["name"]: check["state"] for check in lines(dropreel(poor, "doctor", "--json", status=FAILED))}
    assert (found["pixazo key"], found["aimlapi key"]) == ("fine", "look")


def test_no_budget_is_said_to_be_none(laptop: Stack) -> None:
    assert "has no daily budget" in dropreel(laptop, "budget").stdout
    assert one(dropreel(laptop, "budget", "--json"))["daily_budget_usd"] is None


def test_a_stack_that_is_not_there_has_its_own_exit_status(laptop: Stack) -> None:
    nobody = dropreel(None, "jobs", "--endpoint-url", "http://localhost:9", status=UNREACHABLE).stderr
    assert "nothing answers at http://localhost:9" in nobody
    page = dropreel(None, "jobs", "--endpoint-url", laptop.addresses["console_url"], status=UNREACHABLE).stderr
    assert "what answers there is not AWS" in page
    absent = dropreel(laptop, "jobs", "--env", "prod", status=UNREACHABLE).stderr
    assert "there is no stack Dropreel-prod" in absent
    assert "no environment nope" in dropreel(laptop, "jobs", "--env", "nope", status=INVALID).stderr


def test_a_running_stack_is_found_without_being_named(laptop: Stack) -> None:
    note = PROJECT / ".build" / "laptops" / f"{laptop.process.pid}.json"
    assert json.loads(note.read_text())["aws_endpoint_url"] == laptop.addresses["aws_endpoint_url"]
    dropreel(None, "jobs")


def test_a_stack_that_ends_takes_its_note_along(tmp_path: Path) -> None:
    with started(log=tmp_path / "log") as process:
        note = PROJECT / ".build" / "laptops" / f"{process.pid}.json"
        assert eventually(note.exists, 90), (tmp_path / "log").read_text()
        process.terminate()
        assert process.wait(15) == 0
    assert not note.exists()


def test_the_verbs_do_not_wait_for_what_they_do_not_need() -> None:
    """The help must come at once, so it must not load what only running stacks need."""
    program = "import sys, cli.app; print([name for name in ('moto', 'av', 'numpy', 'aws_cdk') if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
