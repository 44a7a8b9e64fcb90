"""What is in the outbox is what the gateway served, or nothing; and a job ends once."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import pytest

from dropreel.aws.jobs_table import JobsTable
from dropreel.aws.queues import ComeAgain
from dropreel.delivery import delivery
from dropreel.delivery.delivery import LONGEST_COPY, LeaseLost
from dropreel.jobs import Job
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
    pauses = []
    for _ in range(most - 1):
        with pytest.raises(ComeAgain) as early:
            world.delivery.deliver(job_id, "a message")
        pauses.append(early.value.seconds)
    world.delivery.deliver(job_id, "a message")
    assert pauses == [1, 2, 4, 8, 16, 32][: most - 1]
    assert world.manifest()["error"]["code"] == "output_unavailable"


def test_tries_are_counted_whichever_message_makes_them(world: World) -> None:
    job_id = made(world, "[sim:forbidden-media] a cat")
    for number in range(3):
        with pytest.raises(ComeAgain):
            world.delivery.deliver(job_id, f"message-{number}")
        world.ahead += 100  # the lease of the one before has run out
    world.delivery.deliver(job_id, "message-4")
    assert world.manifest()["error"]["code"] == "output_unavailable"


@pytest.mark.parametrize(("tries", "status"), [(0, "DELIVERING"), (6, "FAILED")])
def test_a_copy_without_an_end_is_a_try_that_failed(world: World, tries: int, status: str) -> None:
    job_id = made(world, "[sim:slow-media=3] a cat")
    world.dynamodb.update_item(
        TableName="jobs",
        Key={"job_id": {"S": job_id}},
        UpdateExpression="SET tries = :tries",
        ExpressionAttributeValues={":tries": {"N": str(tries)}},
    )

    def leap() -> None:
        assert world.gateways.wait_for(lambda: bool(world.gateways.media_gets))
        world.ahead = LONGEST_COPY + 1

    with ThreadPoolExecutor() as clock:
        leapt = clock.submit(leap)
        with nullcontext() if status == "FAILED" else pytest.raises(ComeAgain):
            world.delivery.deliver(job_id, "a message")
        leapt.result()
    assert world.job().status == status
    assert not [key for key in world.outbox() if key.endswith(".mp4")]


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


def test_message_waits_for_the_lease_of_another(world: World) -> None:
    job_id = made(world, " a cat")
    assert world.store.claim(world.job(), "message-1", world.clock() + 60)
    with pytest.raises(ComeAgain) as early:
        world.delivery.deliver(job_id, "message-2")
    assert 59 < early.value.seconds <= 60
    assert world.job().status == "DELIVERING"


def test_delivery_that_died_is_taken_over_by_its_own_message(world: World) -> None:
    job_id = made(world, " a cat")
    assert world.store.claim(world.job(), "message-1", world.clock() + 60)
    world.delivery.deliver(job_id, "message-1")
    assert world.job().status == "SUCCEEDED"


@pytest.mark.parametrize("within", ["renew", "postpone"])
def test_message_of_a_delivery_that_was_taken_over_stays_until_the_job_has_ended(
    world: World, monkeypatch: pytest.MonkeyPatch, within: str
) -> None:
    """The one that took over may be the same message's, and die: nobody else looks after a job that is late."""
    job_id = made(world, "[sim:vanished-media] a cat" if within == "postpone" else " a cat")
    change = getattr(JobsTable, within)

    def is_taken_over(self: JobsTable, job: Job, *given: Any) -> bool:
        monkeypatch.setattr(JobsTable, within, change)
        assert self.claim(job, "message-1", world.clock() + 60)
        return bool(change(self, job, *given))

    monkeypatch.setattr(JobsTable, within, is_taken_over)
    monkeypatch.setattr(delivery, "LEASE", 0.0)  # it is renewed at once
    with pytest.raises(LeaseLost) as later:
        world.delivery.deliver(job_id, "message-1")
    assert later.value.seconds == LONGEST_COPY
    assert world.job().status == "DELIVERING"


def test_watch_has_a_delivery_taken_over_whose_lease_ran_out(world: World) -> None:
    made(world, " a cat")
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


def test_watch_looks_as_long_as_the_gateway_is_at_it_and_no_longer(world: World) -> None:
    world.drop("veo-3-1-fast/film.txt", "[sim:seconds=600] a cat")
    world.take()
    job = world.job()
    (began,) = world.executions(world.watch_arn).values()
    assert began == json.loads(json.dumps(world.watch_of(job)))
    state = world.poll.look(began)
    assert (state["looks"], state["wait"], state["done"]) == (1, 10, False)
    world.ahead = 3600
    state = world.poll.look(state)
    world.deliver()
    assert (world.job().status, state["done"]) == ("EXPIRED", False), "it may still be late"
    world.ahead = 7200
    assert world.poll.look(state)["done"] is True


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
