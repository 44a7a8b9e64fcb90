"""An operator's verbs: each does what it says, pays only where it says so, and refuses what it is not for."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from dropreel.aws.clients import client
from dropreel.aws.executions import Executions
from dropreel.aws.gates import Gates
from dropreel.aws.queues import Deliveries, Queue
from dropreel.delivery.delivery import LEASE
from dropreel.delivery.ending import Ending
from dropreel.errors import Mistake
from dropreel.operating import Operator
from local.gateways.behaviour import Behaviour
from tests.integration.world import OUTBOX, World


@pytest.fixture
def operator(world: World) -> Operator:
    return Operator(
        store=world.store,
        gates=Gates(world.dynamodb, "gates"),
        deliveries=Deliveries(Queue(world.sqs, world.deliver_url)),
        intake=Queue(world.sqs, world.intake_url),
        watches=Executions(world.states, world.watch_arn),
        ending=Ending(world.store, world.s3, OUTBOX, client("events"), "bus"),
        clock=world.clock,
    )


def drop(world: World, prompt: str) -> str:
    world.drop("veo-3-1-fast/cat.txt", prompt)
    world.take()
    return world.job().job_id


def made(world: World) -> str:
    """The request that the gateway took, once it has its film: adopting asks for it once, and then its watch does."""
    (post,) = world.gateways.posts
    request_id = str(post.request_id)
    world.settle_down(lambda: bool(world.gateways.media_sha256(request_id)))
    return request_id


def test_adopted_request_is_delivered_without_another_payment(world: World, operator: Operator) -> None:
    job_id = drop(world, "[sim:drop][sim:no-callback] a cat")
    assert operator.adopt(job_id, made(world), deadline_seconds=60).status == "SUBMITTED"
    first, second = world.executions(world.watch_arn).values()
    assert {first["watch"], second["watch"]} == {world.job().execution_name}, "it is watched, its own watch over or not"
    world.settle_down(world.finished)
    assert world.manifest()["status"] == "SUCCEEDED"
    assert world.post_count() == 1


def expired(world: World, markers: str = "") -> str:
    """A job whose POST was taken, which nobody knows, and whose deadline is over."""
    job_id = drop(world, f"[sim:drop][sim:no-callback]{markers} a cat")
    world.ahead = 3601
    world.look(world.job())
    assert world.manifest()["status"] == "EXPIRED"
    return job_id


@pytest.mark.parametrize("days", [0, 3])
def test_request_adopted_after_expiry_is_delivered_late_however_late(
    world: World, operator: Operator, days: int
) -> None:
    job_id = expired(world)
    world.ahead += days * 86_400
    operator.adopt(job_id, made(world), deadline_seconds=60)
    world.settle_down(lambda: world.job().status == "SUCCEEDED")
    assert world.manifest()["late"] is True


def test_late_outcome_without_its_output_is_late_too(world: World, operator: Operator) -> None:
    job_id = expired(world, "[sim:forbidden-media]")
    operator.adopt(job_id, made(world), deadline_seconds=60)
    world.settle_down(lambda: world.job().status == "FAILED")
    assert (world.manifest()["error"]["code"], world.manifest()["late"]) == ("output_unavailable", True)


def test_resent_unknown_job_is_a_new_attempt(world: World, operator: Operator) -> None:
    job_id = drop(world, "[sim:drop-unaccepted] a cat")
    operator.resend(job_id)
    world.take()
    assert (world.job().attempt, world.post_count()) == (2, 2)


def test_resent_failed_job_can_still_succeed(world: World, operator: Operator) -> None:
    job_id = drop(world, "[sim:400=1] a cat")
    world.settle_down(world.finished)
    operator.resend(job_id)
    world.settle_down(lambda: world.job().status == "SUCCEEDED")
    assert world.manifest()["status"] == "SUCCEEDED"


def test_resent_job_has_no_end_and_no_error_until_it_ends_again(world: World, operator: Operator) -> None:
    job_id = drop(world, "[sim:400=1] a cat")
    world.settle_down(world.finished)
    assert world.job().error is not None
    operator.resend(job_id)
    assert (world.job().error, world.job().completed_at) == (None, 0.0)


def test_redelivery_fetches_again_and_pays_nothing(world: World, operator: Operator) -> None:
    job_id = drop(world, "[sim:forbidden-media=4] a cat")
    world.settle_down(world.finished)
    assert world.manifest()["error"]["code"] == "output_unavailable"
    operator.redeliver(job_id, deadline_seconds=60)
    world.settle_down(lambda: world.job().status == "SUCCEEDED")
    assert world.manifest()["status"] == "SUCCEEDED"
    assert world.post_count() == 1


def test_output_of_a_job_that_succeeded_can_be_fetched_anew_for_nothing(world: World, operator: Operator) -> None:
    job_id = drop(world, "a cat")
    world.settle_down(world.finished)
    (output,) = world.manifest()["outputs"]
    world.s3.put_object(Bucket=OUTBOX, Key=output["key"], Body=b"spoilt")
    operator.redeliver(job_id, deadline_seconds=60)
    world.settle_down(world.finished)
    assert world.manifest()["status"] == "SUCCEEDED"
    assert hashlib.sha256(world.outbox()[output["key"]]).hexdigest() == output["sha256"]
    assert world.post_count() == 1


@pytest.mark.parametrize("marker", ["[sim:402]", "[sim:drop-unaccepted]"])
def test_given_up_job_ends_with_a_manifest_and_is_not_sent_again(world: World, operator: Operator, marker: str) -> None:
    job_id = drop(world, f"{marker} a cat")
    posts = world.post_count()
    operator.give_up(job_id)
    manifest = world.manifest()
    assert (manifest["status"], manifest["error"]["code"]) == ("FAILED", "given_up")
    world.take()
    assert world.post_count() == posts


@pytest.mark.parametrize("marker", ["[sim:402]", "[sim:drop-unaccepted]"])
def test_giving_up_that_dies_midway_is_finished_by_a_delivery(world: World, operator: Operator, marker: str) -> None:
    job_id = drop(world, f"{marker} a cat")
    nowhere = replace(operator, ending=Ending(world.store, world.s3, "no-such-bucket", client("events"), "bus"))
    with pytest.raises(ClientError):
        nowhere.give_up(job_id)
    world.ahead = LEASE + 1
    world.delivery.deliver(job_id, "what it sent before")
    assert world.manifest()["error"] == {"code": "given_up", "message": "an operator gave it up"}
    assert world.job().status == "FAILED"


def test_job_dropped_again_and_then_held_can_be_given_up(world: World, operator: Operator) -> None:
    job_id = drop(world, "[sim:400=1] a cat")
    assert world.store.claim(world.job(), "a delivery that died", world.clock() - 1)
    world.settle_down(world.finished)
    world.gateways.refuse(402)
    world.drop("veo-3-1-fast/dog.txt", "a dog, which closes the gate")
    world.take()
    world.drop("veo-3-1-fast/cat.txt", "[sim:400=1] a cat")
    world.take()
    assert {job.status for job in world.jobs()} == {"HELD"}
    assert operator.give_up(job_id).status == "FAILED"
    assert world.manifest()["error"]["code"] == "given_up"


def test_given_up_waiting_place_is_forgotten(world: World, operator: Operator) -> None:
    world.drop("veed-fabric/cat.png", b"\x89PNG\r\n\x1a\n")
    world.take()
    operator.give_up(world.job().job_id)
    assert world.jobs() == []


def test_verbs_refuse_jobs_that_they_are_not_for(world: World, operator: Operator) -> None:
    job_id = drop(world, "a cat")
    world.settle_down(world.finished)
    with pytest.raises(Mistake, match=f"^job {job_id}: it is SUCCEEDED; only UNKNOWN or EXPIRED can be adopted$"):
        operator.adopt(job_id, "x", deadline_seconds=60)
    with pytest.raises(Mistake, match="is SUCCEEDED"):
        operator.resend(job_id)
    with pytest.raises(Mistake, match="is SUCCEEDED"):
        operator.give_up(job_id)
    with pytest.raises(Mistake, match="does not exist"):
        operator.resend("nobody")
    with pytest.raises(Mistake, match="printable"):
        operator.adopt(job_id, "", deadline_seconds=60)


def test_a_row_goes_on_where_it_ended_when_an_operator_says_so(world: World, operator: Operator) -> None:
    cutter, remover = "pixelcut-video-background-removal", "veed-video-background-remover-541"
    world.gateways.behave(Behaviour(failed=True), match=remover, times=1)
    then = [{"model": cutter}, {"model": remover}]
    world.send({"model": "veo-3-1-fast", "input": {"prompt": "a cat"}, "id": "row", "then": then})
    world.settle_down(lambda: len(world.jobs()) == 3 and world.finished(), seconds=30)
    (first,) = (job for job in world.jobs() if job.model == "veo-3-1-fast")
    operator.go_on(first.job_id)
    world.take()
    world.settle_down(world.finished, seconds=30)
    assert {job.status for job in world.jobs()} == {"SUCCEEDED"}
    assert [post.model for post in world.gateways.posts] == ["veo-3-1-fast", cutter, remover, remover]


def test_a_job_that_nothing_follows_does_not_go_on(world: World, operator: Operator) -> None:
    job_id = drop(world, "a cat")
    world.settle_down(world.finished)
    with pytest.raises(Mistake, match="is followed by none"):
        operator.go_on(job_id)
