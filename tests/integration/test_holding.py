"""Refusals and the budget hold jobs without losing them, and without asking too often."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ParamValidationError

from dropreel.aws.budget import tomorrow
from dropreel.aws.executions import Executions
from dropreel.aws.gates import LOST, Gates
from dropreel.aws.queues import woken
from dropreel.gateways import wire
from dropreel.submit import holding
from dropreel.submit.probe import MOST_ROUNDS
from tests.integration.world import INBOX, World

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef


def drop(world: World, *names: str) -> None:
    for name in names:
        world.drop(f"veo-3-1-fast/{name}.txt", f"a {name}")


def gates(world: World) -> Gates:
    return Gates(world.dynamodb, "gates")


@pytest.mark.parametrize("status", [401, 402, 403, 429])
def test_refusal_holds_every_job_and_all_go_on_by_themselves(world: World, status: int) -> None:
    world.setting(held_retry_seconds=5)
    world.gateways.refuse(status)
    drop(world, *"abcd")
    world.take()
    assert {job.status for job in world.jobs()} == {"HELD"}
    assert all("refused" in job.reason or str(status) in job.reason for job in world.jobs())
    assert world.post_count() == 1, "the others met a closed gate"
    world.ahead = 6
    assert (world.turn_gates(), world.take(), world.post_count()) == (1, 0, 2), "one probe in five seconds"
    world.gateways.refuse(None)
    world.ahead = 12
    world.settle_down(lambda: len(world.jobs()) == 4 and world.finished())
    assert {m["status"] for m in world.manifests()} == {"SUCCEEDED"}
    accepted = [post for post in world.gateways.posts if post.request_id]
    assert len(accepted) == 4


def test_refusal_that_lasts_costs_one_probe_and_no_message(world: World) -> None:
    world.setting(held_retry_seconds=60)
    world.gateways.refuse(402)
    drop(world, *"abcdefghij")
    world.take()
    posts = world.post_count()
    for _ in range(3):
        world.ahead += 61
        assert world.turn_gates() == 1
        assert world.take() == 0
    assert world.post_count() - posts == 3
    assert len(world.executions(world.gate_arn)) == 1


def test_execution_that_got_lost_is_replaced_by_the_next_job_that_meets_the_gate(world: World) -> None:
    world.gateways.refuse(402)
    drop(world, "a")
    world.take()
    world.gateways.refuse(None)
    world.ahead = 300 + LOST + 1
    drop(world, "b")
    world.take()
    executions = world.executions(world.gate_arn)
    found = gates(world).get("pixazo").execution
    (lost,) = set(executions) - {found}
    assert world.probe.round(executions[lost])["done"] is True, "one execution is enough"
    world.ahead += 2
    world.settle_down(lambda: world.finished() and len(world.manifests()) == 2)


def test_long_refusal_is_handed_on_to_another_execution(world: World) -> None:
    world.gateways.refuse(402)
    drop(world, "a")
    world.take()
    ((name, state),) = world.executions(world.gate_arn).items()
    world.ahead = 301
    assert world.probe.round(state | {"rounds": MOST_ROUNDS})["done"] is True
    (successor,) = set(world.executions(world.gate_arn)) - {name}
    world.gateways.refuse(None)
    world.settle_down(world.finished)
    assert world.manifest()["status"] == "SUCCEEDED"
    assert successor


def test_everybody_is_let_go_batch_by_batch(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "BATCH", 2)
    world.gateways.refuse(402)
    drop(world, *"abcdefg")
    world.take()
    world.gateways.refuse(None)
    world.ahead = 301
    assert world.turn_gates() == 1 + 4, "a probe, and four batches"
    world.settle_down(lambda: world.finished() and len(world.manifests()) == 7)


def test_release_ends_where_the_gate_has_closed_again(world: World) -> None:
    world.gateways.refuse(402)
    drop(world, "a", "b")
    world.take()
    ((_, state),) = world.executions(world.gate_arn).items()
    closed = gates(world).get("pixazo")
    assert gates(world).put(replace(closed, execution="another"), closed)
    assert world.probe.round(state | {"open": True})["done"] is True
    assert len(gates(world).held("pixazo", 10)) == 2


def test_retry_after_is_honoured(world: World) -> None:
    world.setting(held_retry_seconds=60)
    drop(world, "[sim:429=2] cat")
    world.drop("veo-3-1-fast/x.txt", "[sim:429=2] x")
    world.take()
    first = world.gateways.posts[0].at
    world.settle_down(world.finished)
    later = [post.at - first for post in world.gateways.posts if post.answered == 202]
    assert min(later) >= 1.9


def test_no_connection_holds(world: World) -> None:
    world.setting(held_retry_seconds=1, pixazo_url="http://127.0.0.1:9")
    drop(world, "cat")
    world.take()
    job = world.job()
    assert (job.status, job.gate) == ("HELD", "pixazo")
    world.setting(pixazo_url=world.gateways.url)
    world.settle_down(world.finished)
    assert world.post_count() == 1


def test_missing_key_holds_and_says_so(world: World) -> None:
    world.setting(pixazo_secret="nowhere", held_retry_seconds=1)
    drop(world, "cat")
    world.take()
    assert "key" in world.job().reason
    world.setting(pixazo_secret="pixazo")
    world.settle_down(world.finished)
    assert world.manifest()["status"] == "SUCCEEDED"


def test_one_gateways_refusal_does_not_hold_the_other(world: World) -> None:
    world.gateways.refuse(402, gateway="pixazo")
    drop(world, "cat")
    world.send(
        {
            "model": "aimlapi-veed-fabric",
            "input": {"image_url": "https://example.com/a.png", "audio_url": "https://example.com/a.mp3"},
        }
    )
    world.take()
    assert {(job.gateway, str(job.status)) for job in world.jobs()} == {("pixazo", "HELD"), ("aimlapi", "SUBMITTED")}


def test_raised_budget_lets_held_jobs_go_on(world: World) -> None:
    world.ahead = tomorrow(time.time()) - time.time()  # so that all of it is in one day
    world.setting(daily_budget_usd=Decimal("1.20"))
    drop(world, "a", "b", "c")
    world.take()
    assert world.post_count() == 1
    world.ahead += 3601
    assert world.turn_gates() == 1
    assert world.post_count() == 1
    world.setting(daily_budget_usd=Decimal("3.60"))
    world.ahead += 3601
    world.settle_down(lambda: world.finished() and len(world.manifests()) == 3)
    assert world.post_count() == 3


def test_cheaper_held_job_that_still_fits_goes_first(world: World) -> None:
    world.setting(daily_budget_usd=Decimal("1.00"))
    drop(world, *"abcdefghijkl")
    world.take()
    assert world.post_count() == 0
    world.drop("veo-3-1-fast/small.json", '{"prompt": "a mouse", "duration": 4, "generate_audio": false}')
    world.setting(daily_budget_usd=Decimal("0.30"))
    world.take()
    assert (len(world.jobs()), world.post_count()) == (13, 0)
    world.setting(daily_budget_usd=Decimal("1.00"))
    world.ahead += 3601
    world.turn_gates()
    assert [post.body["prompt"] for post in world.gateways.posts if isinstance(post.body, dict)] == ["a mouse"]


def test_next_day_lets_held_jobs_go_on(world: World) -> None:
    world.setting(daily_budget_usd=Decimal("1.20"))
    drop(world, "a", "b")
    world.take()
    world.ahead = 86_400
    world.settle_down(lambda: world.post_count() == 2)


def test_error_gives_its_reservation_back_and_failed_keeps_it(world: World) -> None:
    world.setting(daily_budget_usd=Decimal("2.40"), max_error_retries=0)
    world.drop("veo-3-1-fast/a.txt", "[sim:error=9] a")
    world.settle_down(world.finished)
    world.drop("veo-3-1-fast/b.txt", "[sim:failed] b")
    world.take()
    world.settle_down(world.finished)
    spent = world.dynamodb.query(
        TableName="gates",
        KeyConditionExpression="#n = :n AND begins_with(#i, :s)",
        ExpressionAttributeNames={"#n": "name", "#i": "item"},
        ExpressionAttributeValues={":n": {"S": "budget"}, ":s": {"S": "spent#"}},
    )["Items"]
    assert Decimal(spent[0]["usd"]["N"]) == Decimal("1.20")


def test_unpriced_model_counts_at_the_default_price(world: World) -> None:
    world.setting(daily_budget_usd=Decimal("0.50"), default_price_usd=Decimal("0.51"))
    world.drop("pixverse-c1-text-to-video/a.txt", "a cat")
    world.take()
    job = world.job()
    assert (job.status, job.gate, job.price_usd) == ("HELD", "budget", None)


def test_expired_drop_that_is_held_again_keeps_its_place(world: World) -> None:
    drop(world, "[sim:drop-unaccepted] cat")
    world.take()
    world.ahead = 3601
    world.look(world.job())
    world.gateways.refuse(402)
    drop(world, "[sim:drop-unaccepted] cat")
    world.take()
    assert (world.job().status, world.job().attempt) == ("HELD", 2)


def test_held_job_whose_model_is_gone_is_rejected_and_the_others_go_on(world: World) -> None:
    world.setting(held_retry_seconds=1)
    world.gateways.refuse(402)
    drop(world, *"abcd")
    world.take()
    first = min(job.job_id for job in world.jobs())
    change = {"UpdateExpression": "SET #m = :gone", "ExpressionAttributeNames": {"#m": "model"}}
    world.dynamodb.update_item(
        TableName="jobs", Key={"job_id": {"S": first}}, ExpressionAttributeValues={":gone": {"S": "veo-2"}}, **change
    )
    world.gateways.refuse(None)
    world.settle_down(lambda: world.finished() and len(world.manifests()) == 4)
    assert sorted(manifest["status"] for manifest in world.manifests()) == ["REJECTED", *["SUCCEEDED"] * 3]


def test_held_job_that_fails_to_be_sent_does_not_hold_up_the_others(world: World) -> None:
    world.setting(held_retry_seconds=1)
    world.gateways.refuse(402)
    for name in "abcd":
        world.drop(f"veo-3-1-fast/{name}.png", b"\x89PNG\r\n\x1a\n" + name.encode())
        world.drop(f"veo-3-1-fast/{name}.txt", f"a {name}")
    world.take()
    first, *others = sorted(world.jobs(), key=lambda job: job.job_id)
    broken = {":broken": {"M": {uri: {"N": "5"} for uri in first.versions}}}
    world.dynamodb.update_item(
        TableName="jobs",
        Key={"job_id": {"S": first.job_id}},
        UpdateExpression="SET versions = :broken",
        ExpressionAttributeValues=broken,
    )
    world.gateways.refuse(None)
    world.ahead = 2
    taken: dict[str, Callable[[MessageTypeDef], object]] = {
        world.intake_url: lambda message: world.intake.take(message["Body"], message["MessageId"]),
        world.deliver_url: lambda message: world.delivery.deliver(woken(message["Body"]), message["MessageId"]),
    }
    end = time.monotonic() + 20
    while not all((found := world.store.get(job.job_id)) and found.ended for job in others):
        world.turn_gates()
        for url in (world.intake_url, world.deliver_url):
            for message in world.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
                with suppress(ParamValidationError):
                    taken[url](message)
                    world.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        assert time.monotonic() < end
    left = world.store.get(first.job_id)
    assert left is not None
    assert left.status == "HELD"


def test_second_drop_of_a_held_job_is_remembered(world: World) -> None:
    world.setting(held_retry_seconds=1)
    world.gateways.refuse(402)
    for _ in range(2):
        world.drop("veo-3-1-fast/cat.txt", "[sim:failed] a cat")
        world.take()
    assert world.job().status == "HELD"
    world.gateways.refuse(None)
    world.settle_down(world.finished)
    assert world.manifest()["status"] == "FAILED"
    paid = world.post_count()
    world.send({"dropreel": {"bucket": INBOX, "key": "veo-3-1-fast/cat.txt"}})
    world.take()
    assert world.post_count() == paid, "a repeated event is not another drop"


def drop_again_within(world: World, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, text: str) -> None:
    """Have the cat dropped again, and that taken, while the next call of this is at work."""
    work = getattr(owner, name)

    def dropped_meanwhile(*given: Any) -> Any:
        monkeypatch.setattr(owner, name, work)
        world.drop("veo-3-1-fast/cat.txt", text)
        world.take()
        return work(*given)

    monkeypatch.setattr(owner, name, dropped_meanwhile)


@pytest.mark.parametrize("budget", [None, Decimal(10)])
def test_drop_that_is_noted_while_a_probe_is_at_work_is_not_forgotten(
    world: World, monkeypatch: pytest.MonkeyPatch, budget: Decimal | None
) -> None:
    world.setting(held_retry_seconds=300, daily_budget_usd=budget)
    world.gateways.refuse(402)
    world.drop("veo-3-1-fast/cat.txt", "[sim:failed] a cat")
    world.take()
    drop_again_within(world, monkeypatch, Executions, "start", "[sim:failed] a cat")
    world.gateways.refuse(None)
    world.ahead = 301
    world.settle_down(world.finished)
    assert world.manifest()["status"] == "FAILED"
    assert len(world.job().drop.split()) == 2
    world.send({"dropreel": {"bucket": INBOX, "key": "veo-3-1-fast/cat.txt"}})
    world.take()
    assert world.post_count() == 2, "the refused one, and the probe"


def test_job_that_is_dropped_again_while_its_refusal_comes_is_held(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.gateways.refuse(402)
    world.drop("veo-3-1-fast/cat.txt", "a cat")
    drop_again_within(world, monkeypatch, wire, "post", "a cat")
    world.take()
    assert (world.job().status, len(world.job().drop.split())) == ("HELD", 2)
    world.gateways.refuse(None)
    world.ahead = 301
    world.settle_down(world.finished)
    assert world.manifest()["status"] == "SUCCEEDED"


def test_drop_that_comes_second_to_another_is_noted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.drop("veo-3-1-fast/cat.txt", "[sim:failed] a cat")
    drop_again_within(world, monkeypatch, Executions, "start", "[sim:failed] a cat")
    world.take()
    assert (world.post_count(), len(world.job().drop.split())) == (1, 2)
