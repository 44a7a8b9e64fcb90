"""A row of jobs: each made from the film of the one before, each paid once."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from dropreel.aws.queues import go_on
from local.gateways.behaviour import Behaviour
from tests.integration.world import OUTBOX, World

CUT = {"model": "pixelcut-background-removal", "input": {"background": "green", "output_format": "mp4_h264"}}
CUTTER, REMOVER = "pixelcut-video-background-removal", "veed-video-background-remover-541"


def drop(world: World, *steps: object) -> None:
    world.drop("veo-3-1-fast/spots/film.json", json.dumps({"prompt": "a cat", "then": list(steps)}))


def run(world: World, *steps: object, jobs: int) -> None:
    drop(world, *steps)
    world.take()
    world.settle_down(lambda: len(world.jobs()) == jobs and world.finished(), seconds=30)


def by_model(world: World) -> dict[str, dict[str, Any]]:
    return {manifest["model"]: manifest for manifest in world.manifests()}


def test_a_row_is_made_step_by_step(world: World) -> None:
    run(world, CUT, {"model": "veed-background-remover"}, jobs=3)
    made = by_model(world)
    first, second, third = made["veo-3-1-fast"], made[CUTTER], made[REMOVER]
    assert {manifest["status"] for manifest in made.values()} == {"SUCCEEDED"}
    assert [first["then"], second["then"], third["then"]] == [second["job_id"], third["job_id"], None]
    assert second["source"] == {"type": "step", "of": first["job_id"], "step": 2}
    assert third["source"] == {"type": "step", "of": second["job_id"], "step": 3}
    assert second["outputs"][0]["key"].startswith(f"{CUTTER}/spots/film-{second['job_id']}.")
    assert second["input"]["video_url"] == f"s3://{OUTBOX}/{first['outputs'][0]['key']}"
    assert world.post_count() == 3


def test_the_film_of_the_step_before_can_be_fetched_by_the_gateway(world: World) -> None:
    run(world, CUT, jobs=2)
    film = by_model(world)["veo-3-1-fast"]["outputs"][0]
    answer = httpx.get(str(world.gateways.posts[1].body["video_url"]))  # type: ignore[index]
    assert (len(answer.content), answer.headers["content-type"]) == (film["bytes"], film["content_type"])


def test_a_job_of_no_row_tells_of_none(world: World) -> None:
    world.drop("veo-3-1-fast/film.txt", "a cat")
    world.settle_down(world.finished, seconds=30)
    assert "then" not in world.manifest()


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ("pixelcut", "then: is not such a list"),
        ([], "then: is not such a list"),
        ([CUT] * 5, "then: is not such a list"),
        (["pixelcut"], "step 2, then: is no step"),
        ([{"model": "pixelcat"}], "step 2, model: 'pixelcat' is not a model"),
        ([CUT, {"model": "veo-3-1"}], "step 3, model: veo-3-1 takes no video"),
        ([{**CUT, "takes": 2}], "step 2, takes: is no part of a step; allowed: model, input"),
        ([{"model": CUTTER, "input": {"background": "pink"}}], "step 2, background: 'pink' is not allowed"),
        ([{"model": CUTTER, "input": {"background": "custom"}}], "step 2, background_color: is required"),
        ([{"model": CUTTER, "input": {"video_url": "https://a.example/b.mp4"}}], "step 2, video_url: is the film of"),
    ],
)
def test_a_mistake_of_a_step_is_told_before_anything_is_paid(world: World, steps: object, said: str) -> None:
    world.drop("veo-3-1-fast/film.json", json.dumps({"prompt": "a cat", "then": steps}))
    world.settle_down(world.finished)
    assert (world.manifest()["status"], world.post_count()) == ("REJECTED", 0)
    assert said in world.manifest()["error"]["message"]


def test_mistakes_of_all_steps_are_told_at_once(world: World) -> None:
    wrong = {"model": CUTTER, "input": {"background": "pink", "output_format": "avi"}}
    world.drop("veo-3-1-fast/film.json", json.dumps({"prompt": "", "then": [wrong, {"model": "veo-3-1"}]}))
    world.settle_down(world.finished)
    told = world.manifest()["error"]["message"]
    for words in ("prompt: is blank", "step 2, background:", "step 2, output_format:", "step 3, model:"):
        assert words in told


def test_a_step_that_fails_ends_the_row_and_the_same_files_send_only_what_failed(world: World) -> None:
    world.gateways.behave(Behaviour(failed=True), match=CUTTER, times=1)
    run(world, CUT, {"model": "veed-background-remover"}, jobs=2)
    assert {model: manifest["status"] for model, manifest in by_model(world).items()} == {
        "veo-3-1-fast": "SUCCEEDED",
        CUTTER: "FAILED",
    }
    assert world.post_count() == 2
    run(world, CUT, {"model": "veed-background-remover"}, jobs=3)
    assert {manifest["status"] for manifest in world.manifests()} == {"SUCCEEDED"}
    assert [post.model for post in world.gateways.posts] == ["veo-3-1-fast", CUTTER, CUTTER, REMOVER]


def test_a_wish_for_a_step_that_comes_again_after_a_newer_one_has_failed_pays_nothing(world: World) -> None:
    world.gateways.behave(Behaviour(failed=True), match=CUTTER)
    run(world, CUT, jobs=2)
    first, step = sorted(world.jobs(), key=lambda job: job.step)
    older = go_on(first.job_id, step.newest_drop)
    run(world, CUT, jobs=2)
    assert world.post_count() == 3, "the film, and its step twice"
    world.send(older)
    world.take()
    assert world.post_count() == 3


def test_a_row_that_is_dropped_again_when_it_is_made_pays_nothing(world: World) -> None:
    run(world, CUT, jobs=2)
    run(world, CUT, jobs=2)
    assert world.post_count() == 2


def first_delivered(world: World) -> str:
    """The id of a job whose film is in the outbox, and whose step has not been taken up yet."""
    drop(world, CUT)
    world.take()
    job = world.job()
    assert world.gateways.wait_for(lambda: bool(world.gateways.media_sha256(job.request_id)))
    world.delivery.deliver(job.job_id, "a message")
    return job.job_id


def test_a_delivery_that_dies_before_it_tells_of_the_next_step_is_made_good_by_its_message(world: World) -> None:
    job_id = first_delivered(world)
    world.sqs.purge_queue(QueueUrl=world.intake_url)  # what it sent is lost
    world.delivery.deliver(job_id, "a message")
    world.delivery.deliver(job_id, "another")
    world.settle_down(lambda: len(world.jobs()) == 2 and world.finished(), seconds=30)
    assert world.post_count() == 2


def test_a_film_that_is_gone_ends_the_row_with_a_manifest(world: World) -> None:
    first_delivered(world)
    found = world.s3.list_object_versions(Bucket=OUTBOX)["Versions"]
    for version in found:
        world.s3.delete_object(Bucket=OUTBOX, Key=version["Key"], VersionId=version["VersionId"])
    world.settle_down(lambda: len(world.jobs()) == 2 and world.finished(), seconds=30)
    assert by_model(world)[CUTTER]["status"] == "REJECTED"
    assert world.post_count() == 1


def test_a_message_and_folder_defaults_name_steps_as_well(world: World) -> None:
    request = {"model": "veo-3-1-fast", "input": {"prompt": "a dog"}, "id": "order-17", "output": "spots"}
    world.send({**request, "then": [CUT]})
    world.drop("veo-3-1-fast/_defaults.json", json.dumps({"then": [CUT]}))
    world.drop("veo-3-1-fast/film.txt", "a cat")
    world.drop("veo-3-1-fast/other.json", json.dumps({"prompt": "a bird", "then": [{"model": REMOVER}]}))
    world.settle_down(lambda: len(world.jobs()) == 6 and world.finished(), seconds=30)
    places = sorted(job.place for job in world.jobs())
    assert places == sorted(
        [
            *("veo-3-1-fast/spots/order-17", f"{CUTTER}/spots/order-17"),
            *("veo-3-1-fast/film", f"{CUTTER}/film", "veo-3-1-fast/other", f"{REMOVER}/other"),
        ]
    )
