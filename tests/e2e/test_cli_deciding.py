"""`dropreel adopt`, `retry` and `give-up`: what only a person can decide."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.exits import FAILED, INVALID
from local.gateways import SimulatedGateways
from tests.e2e.harness import QUICK, Stack, running_stack
from tests.e2e.tiny import eventually
from tests.e2e.verbs import dropped, dropreel, lines, posts, until

pytestmark = pytest.mark.long


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
