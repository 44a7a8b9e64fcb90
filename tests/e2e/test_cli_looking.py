"""`dropreel show`, `jobs`, `logs` and `watch`: what happened to a job."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli.exits import FAILED, INVALID
from local.gateways import SimulatedGateways
from tests.e2e.harness import Stack
from tests.e2e.tiny import eventually
from tests.e2e.verbs import dropped, dropreel, lines, one, posts, until

pytestmark = pytest.mark.long


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
