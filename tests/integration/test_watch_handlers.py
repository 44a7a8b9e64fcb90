"""The poll, probe and deliver handlers, fed from events/, over moto and the simulated gateways."""

from __future__ import annotations

import time
from typing import Any

import pytest

from dropreel.jobs import Job, Status
from tests.integration.functions import Functions, logs, made, metrics, submitted
from tests.integration.samples import for_job, sample
from tests.integration.world import OUTBOX, World

NOBODY = Job("a" * 26, "veo-3-1-fast", "pixazo", Status.SUBMITTED, "veo-3-1-fast/cat")


def visible_in(world: World, event: Any) -> Any:
    """An event of the deliver queue whose message really lies there, received."""
    body = event["Records"][0]["body"]
    world.sqs.send_message(QueueUrl=world.deliver_url, MessageBody=body)
    (message,) = world.sqs.receive_message(QueueUrl=world.deliver_url, VisibilityTimeout=5400)["Messages"]
    event["Records"][0] |= {"messageId": message["MessageId"], "receiptHandle": message["ReceiptHandle"]}
    return event


def test_watch_that_finds_the_end_has_it_delivered_and_is_over(world: World, functions: Functions) -> None:
    made(world, submitted(world, functions))
    first = for_job(sample("poll/look.json"), world.job())
    again = functions.run("poll", first)
    assert again == {**first, "looks": 1, "wait": 10, "done": False}
    assert world.deliver() == 1, "it has woken the delivery"
    assert [line["status"] for line in world.job().history][-3:] == ["POLL", "DELIVERING", "SUCCEEDED"]
    assert functions.run("poll", again)["done"] is True


def test_watch_waits_longer_and_longer_while_the_gateway_is_at_it(world: World, functions: Functions) -> None:
    submitted(world, functions)
    state, waits = for_job(sample("poll/look.json"), world.job()), []
    for _ in range(9):
        state = functions.run("poll", state)
        waits.append(state["wait"])
    assert waits == [10, 15, 23, 34, 51, 76, 114, 171, 257]


def test_watch_over_a_job_that_is_long_overdue_waits_a_quarter_of_that(world: World, functions: Functions) -> None:
    overdue = NOBODY.evolve(attempt=1, token_hash="0" * 64, deadline_at=world.clock() - 2000)
    assert world.store.put(overdue, None)
    state = for_job(sample("poll/look.json"), overdue)
    again = functions.run("poll", state)
    assert again == {**state, "looks": 1, "wait": again["wait"]}
    assert 500 <= again["wait"] < 600


def test_gate_of_another_execution_is_none_of_its_business(world: World, functions: Functions) -> None:
    world.gateways.refuse(402)
    functions.run("submit", sample("submit/message.json"))
    assert functions.run("probe", sample("probe/round.json"))["done"] is True
    assert world.job().status == "HELD"


def test_probe_that_is_answered_lets_the_others_go(world: World, functions: Functions) -> None:
    world.setting(held_retry_seconds=1)
    world.gateways.refuse(402)
    functions.run("submit", sample("submit/message.json"))
    world.gateways.refuse(None)
    ((name, state),) = world.executions(world.gate_arn).items()
    assert state == {**sample("probe/round.json"), "execution": name, "wait": 1}
    time.sleep(1)
    answered = functions.run("probe", state)
    assert answered == {**state, "rounds": 1, "open": True}
    assert functions.run("probe", answered) == {**answered, "open": False, "done": True}
    assert world.job().status == "SUBMITTED"


def test_delivery_brings_the_film(world: World, functions: Functions) -> None:
    post = submitted(world, functions)
    made(world, post)
    assert functions.run("deliver", sample("deliver/wake.json")) == {"batchItemFailures": []}
    manifest = world.manifest()
    assert (manifest["status"], manifest["request_id"]) == ("SUCCEEDED", post.request_id)
    assert [output["sha256"] for output in manifest["outputs"]] == world.gateways.media_sha256(str(post.request_id))


def test_message_that_waits_for_a_lease_is_the_same_one_and_no_failure(world: World, functions: Functions) -> None:
    made(world, submitted(world, functions))
    assert world.store.claim(world.job(), "somebody", world.clock() + 1.5)
    event = visible_in(world, sample("deliver/wake.json"))
    functions.output()
    answer = functions.run("deliver", event)
    assert answer == {"batchItemFailures": [{"itemIdentifier": event["Records"][0]["messageId"]}]}
    assert [line for line in metrics(functions.lines()) if "Failure" in line] == []
    assert world.deliver() == 0, "it is not visible until the lease is over"
    world.settle_down(world.finished)
    assert world.manifest()["status"] == "SUCCEEDED"


def test_message_goes_on_under_its_own_lease(world: World, functions: Functions) -> None:
    made(world, submitted(world, functions))
    owner = sample("deliver/wake.json")["Records"][0]["messageId"]
    assert world.store.claim(world.job(), owner, world.clock() + 60)
    assert functions.run("deliver", sample("deliver/again.json")) == {"batchItemFailures": []}
    assert world.job().status == "SUCCEEDED"


def test_delivery_that_fails_comes_back_soon_and_the_others_do_not(world: World, functions: Functions) -> None:
    made(world, submitted(world, functions))
    world.s3.delete_bucket(Bucket=OUTBOX)
    fails, fine = visible_in(world, sample("deliver/wake.json")), for_job(sample("deliver/again.json"), NOBODY)
    functions.output()
    answer = functions.run("deliver", {"Records": [*fails["Records"], *fine["Records"]]})
    assert answer == {"batchItemFailures": [{"itemIdentifier": fails["Records"][0]["messageId"]}]}
    lines = functions.lines()
    (line,) = logs(lines)
    assert (line["level"], line["job_id"]) == ("ERROR", world.job().job_id)
    assert "NoSuchBucket" in line["exception"]
    assert [line["Failure"] for line in metrics(lines) if "Failure" in line] == [[1.0]]


def test_unreadable_delivery_comes_back_and_is_logged_as_nobodys(functions: Functions) -> None:
    fine, unreadable = sample("deliver/wake.json"), sample("deliver/again.json")
    unreadable["Records"][0] |= {"body": "{}", "messageId": "unreadable"}
    answer = functions.run("deliver", {"Records": [*fine["Records"], *unreadable["Records"]]})
    assert answer == {"batchItemFailures": [{"itemIdentifier": "unreadable"}]}
    errors = [line for line in logs(functions.lines()) if line["level"] == "ERROR"]
    assert [line.get("job_id") for line in errors] == [None]


@pytest.mark.parametrize("receives", [1, 3, 9])
def test_what_fails_comes_back_later_each_time(world: World, functions: Functions, receives: int) -> None:
    event = visible_in(world, sample("deliver/wake.json"))
    event["Records"][0] |= {"body": "{}"}
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = str(receives)
    functions.run("deliver", event)
    attributes = world.sqs.get_queue_attributes(QueueUrl=world.deliver_url, AttributeNames=["All"])["Attributes"]
    assert int(attributes["ApproximateNumberOfMessagesNotVisible"]) == 1
