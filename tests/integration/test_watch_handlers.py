"""The poll and deliver handlers, fed from events/, over moto and the simulated gateways."""

from __future__ import annotations

import json

import pytest

from dropreel.delivery import COMES_BACK
from dropreel.jobs import Job, Status
from tests.integration.functions import Functions, logs, made, metrics, submitted
from tests.integration.samples import for_job, sample
from tests.integration.world import OUTBOX, World

NOBODY = Job("a" * 26, "veo-3-1-fast", "pixazo", Status.SUBMITTED, "veo-3-1-fast/cat")


def test_watch_goes_its_rounds_until_the_job_has_ended(world: World, functions: Functions) -> None:
    made(world, submitted(world, functions))
    first = for_job(sample("poll/round.json"), world.job())
    again = functions.run("poll", first)
    assert again == {**first, "wait": 60, "done": False}
    assert world.deliver() == 1, "it has woken the delivery"
    assert functions.run("poll", again)["done"] is True


def test_watch_over_a_job_that_is_long_overdue_goes_its_rounds_at_longer_intervals(
    world: World, functions: Functions
) -> None:
    overdue = NOBODY.evolve(attempt=1, token_hash="0" * 64, deadline_at=world.clock() - 2000)
    assert world.store.put(overdue, None)
    state = {"job_id": overdue.job_id, "watch": overdue.execution_name, "wait": 60, "done": False}
    again = functions.run("poll", state)
    assert again == {**state, "wait": again["wait"]}
    assert 500 <= again["wait"] < 600


def test_look_that_finds_the_end_delivers_it(world: World, functions: Functions) -> None:
    made(world, submitted(world, functions))
    functions.run("deliver", for_job(sample("deliver/look.json"), world.job()))
    assert world.job().status == "SUCCEEDED"
    assert [line["status"] for line in world.job().history][-3:] == ["POLL", "DELIVERING", "SUCCEEDED"]


def test_look_that_comes_early_is_put_back(world: World, functions: Functions) -> None:
    submitted(world, functions)
    early = for_job(sample("deliver/look.json"), world.job())
    ticket = json.loads(early["Records"][0]["body"])
    early["Records"][0]["body"] = json.dumps(ticket | {"due": world.clock() + 2})
    functions.run("deliver", early)
    assert world.deliver() == 0, "it is not visible for two seconds"
    world.settle_down(lambda: world.deliver() == 1)


def test_look_that_fails_leaves_one_look_behind_and_is_counted(world: World, functions: Functions) -> None:
    made(world, submitted(world, functions))
    world.sqs.purge_queue(QueueUrl=world.deliver_url)
    world.s3.delete_bucket(Bucket=OUTBOX)
    functions.output()
    look = for_job(sample("deliver/look.json"), world.job())
    assert functions.run("deliver", look) == {"batchItemFailures": []}, "come again, it would send another next look"
    waiting = world.sqs.get_queue_attributes(QueueUrl=world.deliver_url, AttributeNames=["All"])["Attributes"]
    assert int(waiting["ApproximateNumberOfMessagesDelayed"]) == 1
    lines = functions.lines()
    assert [line["exception"].count("NoSuchBucket") > 0 for line in logs(lines) if line["level"] == "ERROR"] == [True]
    assert [line["Failure"] for line in metrics(lines) if "Failure" in line] == [[1.0]]


def test_news_that_find_another_delivery_come_again_a_few_times_only(world: World, functions: Functions) -> None:
    made(world, submitted(world, functions))
    world.sqs.purge_queue(QueueUrl=world.deliver_url)
    assert world.store.claim(world.job(), "somebody", world.clock() + 60)
    news = for_job(sample("deliver/wake.json"), world.job())
    ticket = json.loads(news["Records"][0]["body"])
    left = []
    for looks in range(COMES_BACK + 1):
        news["Records"][0]["body"] = json.dumps(ticket | {"looks": looks})
        functions.run("deliver", news)
        queue = world.sqs.get_queue_attributes(QueueUrl=world.deliver_url, AttributeNames=["All"])["Attributes"]
        left.append(int(queue["ApproximateNumberOfMessagesDelayed"]))
    assert left == [*range(1, COMES_BACK + 1), COMES_BACK]


@pytest.mark.parametrize("name", ["wake", "retry"])
def test_delivery_brings_the_film(world: World, functions: Functions, name: str) -> None:
    post = submitted(world, functions)
    made(world, post)
    assert functions.run("deliver", sample(f"deliver/{name}.json")) == {"batchItemFailures": []}
    manifest = world.manifest()
    assert (manifest["status"], manifest["request_id"]) == ("SUCCEEDED", post.request_id)
    assert [output["sha256"] for output in manifest["outputs"]] == world.gateways.media_sha256(str(post.request_id))


def test_retry_goes_on_under_its_own_lease(world: World, functions: Functions) -> None:
    made(world, submitted(world, functions))
    owner = sample("deliver/wake.json")["Records"][0]["messageId"]
    assert world.store.claim(world.job(), owner, world.clock() + 60)
    other = sample("deliver/wake.json")
    other["Records"][0]["messageId"] = "somebody-else"
    functions.run("deliver", other)
    assert world.job().status == "DELIVERING", "another delivery keeps away"
    functions.run("deliver", sample("deliver/retry.json"))
    assert world.job().status == "SUCCEEDED"


def test_delivery_that_fails_comes_back_and_the_others_do_not(world: World, functions: Functions) -> None:
    post = submitted(world, functions)
    made(world, post)
    world.s3.delete_bucket(Bucket=OUTBOX)
    fails, fine = sample("deliver/wake.json"), for_job(sample("deliver/retry.json"), NOBODY)
    functions.output()
    answer = functions.run("deliver", {"Records": [*fails["Records"], *fine["Records"]]})
    assert answer == {"batchItemFailures": [{"itemIdentifier": fails["Records"][0]["messageId"]}]}
    (line,) = logs(functions.lines())
    assert (line["level"], line["job_id"]) == ("ERROR", world.job().job_id)
    assert "NoSuchBucket" in line["exception"]


def test_unreadable_delivery_comes_back_and_is_logged(functions: Functions) -> None:
    event = sample("deliver/wake.json")
    event["Records"][0]["body"] = "{}"
    assert functions.run("deliver", event) == {
        "batchItemFailures": [{"itemIdentifier": event["Records"][0]["messageId"]}]
    }
    assert [line["level"] for line in logs(functions.lines())] == ["ERROR"]


def test_unreadable_delivery_is_not_logged_as_another_jobs(functions: Functions) -> None:
    fine, unreadable = sample("deliver/wake.json"), sample("deliver/retry.json")
    unreadable["Records"][0]["body"] = "{}"
    functions.run("deliver", {"Records": [*fine["Records"], *unreadable["Records"]]})
    assert [line.get("job_id") for line in logs(functions.lines())] == [None]
