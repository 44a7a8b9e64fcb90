"""What is in the outbox is what the gateway served, or nothing; and a job ends once."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from dropreel.delivery import LONGEST_COPY
from dropreel.queues import Ticket
from local.gateways.samples import sample_picture
from tests.integration.world import OUTBOX, World


def run(world: World, prompt: str) -> None:
    world.drop("veo-3-1-fast/film.txt", prompt)
    world.settle_down(world.finished, seconds=30)


def test_several_outputs_are_numbered(world: World) -> None:
    run(world, "[sim:many=3] a cat")
    job = world.job()
    keys = [output["key"] for output in world.manifest()["outputs"]]
    stem = f"veo-3-1-fast/film-{job.job_id}"
    assert keys == [f"{stem}.mp4", f"{stem}-2.mp4", f"{stem}-3.mp4"]
    assert world.gateways.media_sha256(job.request_id) == [o["sha256"] for o in world.manifest()["outputs"]]


@pytest.mark.parametrize("marker", ["expired-media", "redirect-media", "truncated-media=2", "vanished-media=2"])
def test_trouble_with_media_that_passes_is_overcome(world: World, marker: str) -> None:
    run(world, f"[sim:{marker}] a cat")
    assert world.manifest()["status"] == "SUCCEEDED"
    assert world.post_count() == 1


@pytest.mark.parametrize("marker", ["vanished-media", "truncated-media", "forbidden-media"])
def test_media_that_can_not_be_had_fail_the_job_and_leave_nothing(world: World, marker: str) -> None:
    world.setting(deadline_seconds=8)  # so that there is no more patience than that
    run(world, f"[sim:{marker}] a cat")
    manifest = world.manifest()
    assert (manifest["status"], manifest["error"]["code"], manifest["outputs"]) == ("FAILED", "output_unavailable", [])
    assert list(world.outbox()) == [f"veo-3-1-fast/film-{manifest['job_id']}.json"]
    assert world.post_count() == 1


def made(world: World, prompt: str) -> str:
    """The id of a job whose film is there, and which nobody has delivered yet."""
    world.drop("veo-3-1-fast/film.txt", f"[sim:no-callback]{prompt}")
    world.take()
    job = world.job()
    assert world.gateways.wait_for(lambda: bool(world.gateways.media_sha256(job.request_id)))
    return job.job_id


@pytest.mark.parametrize(("marker", "most"), [("vanished-media", 7), ("truncated-media", 7), ("forbidden-media", 4)])
def test_media_are_asked_for_for_a_minute_unless_that_is_no_use(world: World, marker: str, most: int) -> None:
    job_id = made(world, f"[sim:{marker}] a cat")
    for tries in range(most):
        assert not world.job().ended
        world.looking.take(Ticket(job_id, tries=tries, owner="a row of tries"))
    assert world.manifest()["error"]["code"] == "output_unavailable"


@pytest.mark.parametrize(("tries", "status"), [(0, "DELIVERING"), (6, "FAILED")])
def test_a_copy_without_an_end_is_a_try_that_failed(world: World, tries: int, status: str) -> None:
    job_id = made(world, "[sim:slow-media=3] a cat")

    def leap() -> None:
        assert world.gateways.wait_for(lambda: bool(world.gateways.media_gets))
        world.ahead = LONGEST_COPY + 1

    with ThreadPoolExecutor() as clock:
        leapt = clock.submit(leap)
        world.looking.take(Ticket(job_id, tries=tries, owner="a row of tries"))
        leapt.result()
    assert world.job().status == status
    assert not [key for key in world.outbox() if key.endswith(".mp4")]
    world.settle_down(world.finished)
    assert world.job().status == {"DELIVERING": "SUCCEEDED"}.get(status, status)


def test_output_has_its_real_type_and_its_labels(world: World) -> None:
    world.send({"model": "veo-3-1", "input": {"prompt": "a cat"}})  # served as octet-stream and output.ext
    world.settle_down(world.finished)
    (output,) = world.manifest()["outputs"]
    head = world.s3.head_object(Bucket=OUTBOX, Key=output["key"])
    assert (head["ContentType"], output["content_type"]) == ("video/mp4", "video/mp4")
    assert output["key"].endswith(".mp4")
    job = world.job()
    assert head["Metadata"] == {
        "dropreel-job": job.job_id,
        "dropreel-model": "veo-3-1",
        "dropreel-request": job.request_id,
    }


def test_five_duplicate_messages_deliver_once(world: World) -> None:
    run(world, "[sim:duplicate=5] a cat")
    assert sorted(c.answered or 0 for c in world.gateways.callbacks) == [200, 200, 200, 200, 202]
    assert len(world.events()) == 1
    assert len(world.s3.list_object_versions(Bucket=OUTBOX)["Versions"]) == 2


def test_delivery_that_died_is_taken_over_by_its_own_message(world: World) -> None:
    world.drop("veo-3-1-fast/film.txt", "[sim:no-callback] a cat")
    world.take()
    job = world.job()
    assert world.gateways.wait_for(lambda: bool(world.gateways.media_sha256(job.request_id)))
    assert world.store.claim(job, "message-1", world.clock() + 60)
    world.looking.take(Ticket(job.job_id, owner="message-2"))
    assert world.job().status == "DELIVERING", "another message waits for the lease"
    world.looking.take(Ticket(job.job_id, owner="message-1"))
    assert world.job().status == "SUCCEEDED"


def test_look_takes_over_a_delivery_whose_lease_ran_out(world: World) -> None:
    world.drop("veo-3-1-fast/film.txt", "[sim:no-callback] a cat")
    world.take()
    job = world.job()
    assert world.store.claim(job, "dead", world.clock() + 60)
    assert world.look(job).lease_owner == "dead"
    world.ahead = 61
    world.settle_down(lambda: world.look(job).ended)
    assert world.manifest()["status"] == "SUCCEEDED"


def test_late_success_replaces_the_expired_manifest(world: World) -> None:
    world.drop("veo-3-1-fast/film.txt", "[sim:no-callback][sim:seconds=2] a cat")
    world.take()
    world.ahead = 3600
    world.look(world.job())
    assert (world.manifest()["status"], world.manifest()["late"]) == ("EXPIRED", False)
    world.settle_down(lambda: world.look(world.job()).status == "SUCCEEDED")
    assert (world.manifest()["status"], world.manifest()["late"]) == ("SUCCEEDED", True)
    assert [event["detail-type"] for event in world.events()] == ["Job Failed", "Job Succeeded"]


def test_manifest_has_the_contracts_form_and_no_secret(world: World) -> None:
    world.s3.create_bucket(Bucket="media")
    world.s3.put_object(Bucket="media", Key="a b.png", Body=sample_picture())
    secret = f"{world.gateways.url}/nothing.png?X-Amz-Signature=abc"
    world.send({"model": "veo-3-1", "input": {"prompt": "a", "image": secret, "last_frame": "s3://media/a b.png"}})
    world.settle_down(world.finished)
    manifest = world.manifest()
    assert list(manifest) == [
        "job_id", "model", "status", "request_id", "outputs", "error", "input", "source", "price_usd", "late",
        "created_at", "completed_at",
    ]  # fmt: skip
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", manifest["created_at"])
    text = json.dumps(manifest)
    assert manifest["input"]["last_frame"] == "s3://media/a b.png"
    assert "Signature" not in text
    (post,) = world.gateways.posts
    assert isinstance(post.body, dict)
    assert post.body["image"] == secret
    assert "X-Amz-Signature" in post.body["last_frame"]


def delayed(world: World) -> int:
    """Messages on the deliver queue that are not visible yet."""
    name = "ApproximateNumberOfMessagesDelayed"
    attributes = world.sqs.get_queue_attributes(QueueUrl=world.deliver_url, AttributeNames=[name])["Attributes"]
    return int(attributes[name])


def test_looks_come_back_as_long_as_the_gateway_is_at_it_and_no_longer(world: World) -> None:
    world.drop("veo-3-1-fast/film.txt", "[sim:seconds=600] a cat")
    world.take()
    assert delayed(world) == 1, "the submitter has sent the first look"
    assert world.look(world.job()).status == "SUBMITTED"
    assert delayed(world) == 2
    world.ahead = 3600
    assert world.look(world.job()).status == "EXPIRED"
    assert delayed(world) == 3, "it may still be late"
    world.ahead = 7200
    world.look(world.job())
    assert delayed(world) == 3


def test_gateway_that_never_calls_back_is_polled(world: World) -> None:
    world.drop("veo-3-1-fast/film.txt", "[sim:no-callback] a cat")
    world.take()
    job = world.job()
    world.settle_down(lambda: world.look(job).ended)
    assert world.manifest()["status"] == "SUCCEEDED"


def test_progress_is_recorded(world: World) -> None:
    world.setting(progress=True)
    world.drop("veo-3-1-fast/film.txt", "[sim:seconds=2] a cat")
    world.take()
    world.settle_down(lambda: world.job().progress == "PROCESSING")
    assert world.gateways.posts[0].headers["x-webhook-mode"] == "sync"
    world.settle_down(world.finished)


@pytest.mark.parametrize("marker", ["early", "out-of-order", "late=0.3"])
def test_callback_out_of_time_ends_well(world: World, marker: str) -> None:
    run(world, f"[sim:{marker}] a cat")
    assert world.manifest()["status"] == "SUCCEEDED"
    assert world.post_count() == len(world.manifests()) == 1
