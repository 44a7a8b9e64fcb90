"""At most one POST that could be charged, whatever the gateway answers and whatever is repeated."""

from __future__ import annotations

from decimal import Decimal

import pytest

from dropreel.jobs import SUBMIT_WINDOW
from tests.integration.world import World


def drop_prompt(world: World, prompt: str = "a cat", name: str = "cat") -> None:
    world.drop(f"veo-3-1-fast/{name}.txt", prompt)


def test_repeated_event_of_a_drop_pays_once(world: World) -> None:
    drop_prompt(world)
    world.settle_down(world.finished)
    event = {"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "the-inbox"}}}]}
    event["Records"][0]["s3"]["object"] = {"key": "veo-3-1-fast/cat.txt"}  # type: ignore[index]
    for _ in range(3):
        world.send(event)
    assert world.take() == 3
    assert world.post_count() == 1
    assert len(world.manifests()) == 1


def test_same_files_dropped_again_pay_once(world: World) -> None:
    drop_prompt(world)
    world.settle_down(world.finished)
    drop_prompt(world)
    world.take()
    assert world.post_count() == 1


def test_changed_content_and_another_take_are_new_jobs(world: World) -> None:
    drop_prompt(world)
    world.take()
    drop_prompt(world, "a dog")
    world.take()
    world.drop("veo-3-1-fast/cat.json", '{"take": 2}')
    world.take()
    assert world.post_count() == len(world.jobs()) == 3


def test_changed_folder_defaults_alone_are_no_new_job(world: World) -> None:
    drop_prompt(world)
    world.settle_down(world.finished)
    world.drop("veo-3-1-fast/_defaults.json", '{"duration": 4}')
    drop_prompt(world)
    world.take()
    assert world.post_count() == 1


@pytest.mark.parametrize("marker", ["[sim:500]", "[sim:drop]"])
def test_lost_answer_is_unknown_and_never_sent_again_and_a_callback_completes_it(world: World, marker: str) -> None:
    drop_prompt(world, f"{marker}[sim:late=0.5] a cat")
    world.take()
    job = world.job()
    assert (job.status, job.request_id) == ("UNKNOWN", "")
    drop_prompt(world, f"{marker}[sim:late=0.5] a cat")
    world.take()
    world.look(job)
    world.settle_down(world.finished)
    assert world.manifest()["status"] == "SUCCEEDED"
    assert world.post_count() == 1


def test_broken_connection_without_acceptance_is_unknown_too(world: World) -> None:
    drop_prompt(world, "[sim:drop-unaccepted] a cat")
    world.take()
    assert world.job().status == "UNKNOWN"


def test_accepted_job_is_queued_until_more_is_heard(world: World) -> None:
    drop_prompt(world, "[sim:no-callback][sim:seconds=9] a cat")
    world.take()
    assert (world.job().status, world.job().progress) == ("SUBMITTED", "QUEUED")


def test_unknown_job_expires_at_its_deadline_and_dropping_again_tries_again(world: World) -> None:
    drop_prompt(world, "[sim:drop-unaccepted] a cat")
    world.take()
    world.ahead = 3601
    world.look(world.job())
    assert world.manifest()["status"] == "EXPIRED"
    said = world.manifest()["error"]["message"]
    assert said.startswith("no outcome within 3600 s: the connection broke")
    assert said.endswith("; it may have been paid")
    world.send({"Records": [{"s3": {"bucket": {"name": "the-inbox"}, "object": {"key": "veo-3-1-fast/cat.txt"}}}]})
    world.take()
    assert world.post_count() == 1, "a repeated event is no second drop"
    drop_prompt(world, "[sim:drop-unaccepted] a cat")
    world.take()
    assert world.post_count() == 2
    assert world.job().attempt == 2


def test_submitter_that_died_after_its_intent_is_found_out_and_not_repeated(world: World) -> None:
    drop_prompt(world, "[sim:no-callback] a cat")
    world.take()
    job = world.job()
    # As if the process had died before the answer was recorded.
    world.dynamodb.update_item(
        TableName="jobs",
        Key={"job_id": {"S": job.job_id}},
        UpdateExpression="SET #s = :s REMOVE request_id",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":s": {"S": "SUBMITTING"}},
    )
    drop_prompt(world, "[sim:no-callback] a cat")
    world.take()
    assert world.look(job).status == "SUBMITTING", "the submitter may be alive still"
    world.ahead = SUBMIT_WINDOW + 1
    assert world.look(job).status == "UNKNOWN"
    assert world.post_count() == 1


def test_error_is_sent_again_with_a_new_token_and_failed_is_not(world: World) -> None:
    drop_prompt(world, "[sim:error=2] a cat")
    drop_prompt(world, "[sim:failed] a dog", "dog")
    world.settle_down(world.finished)
    urls = [post.headers["x-webhook-url"] for post in world.gateways.posts if "cat" in str(post.body)]
    assert len(set(urls)) == len(urls) == 3
    assert sum("dog" in str(post.body) for post in world.gateways.posts) == 1
    assert {m["status"] for m in world.manifests()} == {"SUCCEEDED", "FAILED"}


def test_error_once_too_often_fails_the_job(world: World) -> None:
    drop_prompt(world, "[sim:error=9] a cat")
    world.settle_down(world.finished)
    manifest = world.manifest()
    assert (manifest["status"], manifest["error"]["code"]) == ("FAILED", "error")
    assert world.post_count() == 3


def test_callback_of_an_older_attempt_changes_nothing(world: World) -> None:
    drop_prompt(world, "[sim:error=1] a cat")
    world.settle_down(lambda: world.post_count() == 2)
    old = world.gateways.posts[0].headers["x-webhook-url"].rsplit("/", 2)
    assert world.callback(old[1], old[2], b'{"request_id": "x", "status": "COMPLETED"}') == 403


def test_declined_request_fails_with_the_gateways_words(world: World) -> None:
    drop_prompt(world, "[sim:400] a cat")
    world.settle_down(world.finished)
    manifest = world.manifest()
    assert (manifest["status"], manifest["error"]["code"]) == ("FAILED", "declined")
    assert "400" in manifest["error"]["message"]


def test_resubmit_unknown_is_bounded(world: World) -> None:
    world.setting(resubmit_unknown=True)
    drop_prompt(world, "[sim:drop-unaccepted] a cat")
    for _ in range(6):
        world.take()
        world.look(world.job())
    assert world.post_count() == 3
    assert world.job().status == "UNKNOWN"


def test_message_with_an_id_is_the_same_job_for_ever(world: World) -> None:
    message = {"model": "veo-3-1-fast", "input": {"prompt": "a cat"}, "id": "order-17", "output": "campaign/7"}
    world.send(message)
    world.send({**message, "input": {"prompt": "a dog"}})
    world.settle_down(world.finished)
    assert world.post_count() == 1
    (key,) = [key for key in world.outbox() if key.endswith(".json")]
    assert key == f"veo-3-1-fast/campaign/7/order-17-{world.job().job_id}.json"


def test_budget_is_reserved_before_the_post_and_holds_what_is_over_it(world: World) -> None:
    world.setting(daily_budget_usd=Decimal("2.40"))  # 8 s with audio: 1.20 each
    for name in ("a", "b", "c"):
        drop_prompt(world, f"[sim:no-callback] {name}", name)
    world.take()
    assert sorted(str(job.status) for job in world.jobs()) == ["HELD", "SUBMITTED", "SUBMITTED"]
    assert world.post_count() == 2
