"""The submit handler, fed from events/submit, over moto and the simulated gateways."""

from __future__ import annotations

import json

import pytest

from dropreel.catalog import find
from local.gateways.samples import sample_picture, sample_sound
from tests.integration.functions import (
    Functions,
    lacking_table,
    logs,
)
from tests.integration.samples import PICTURE, queued, sample
from tests.integration.world import INBOX, World


def statuses(world: World) -> list[str]:
    """The statuses of all records, by their text."""
    return sorted(item["status"]["S"] for item in world.dynamodb.scan(TableName="jobs")["Items"])


@pytest.mark.parametrize("way", ["s3-created", "s3-created-through-sns", "s3-created-through-eventbridge"])
def test_dropped_picture_is_understood_by_every_way(world: World, functions: Functions, way: str) -> None:
    world.drop(PICTURE, sample_picture())
    world.drop(PICTURE.replace(".png", ".wav"), sample_sound())
    assert functions.run("submit", sample(f"submit/{way}.json")) == {"batchItemFailures": []}
    job = world.job()
    assert (job.model, job.status) == ("veed-fabric-1-0-api-130", "SUBMITTED")
    assert job.input["image_url"] == f"s3://{INBOX}/{PICTURE}"
    assert len(world.gateways.posts) == 1


def test_s3_test_event_is_passed_over(world: World, functions: Functions) -> None:
    assert functions.run("submit", sample("submit/s3-test-event.json")) == {"batchItemFailures": []}
    assert (world.jobs(), world.outbox()) == ([], {})


def test_message_is_the_same_job_in_every_envelope(world: World, functions: Functions) -> None:
    for way in ("message", "message-through-sns", "message-in-eventbridge"):
        assert functions.run("submit", sample(f"submit/{way}.json")) == {"batchItemFailures": []}
    (post,) = world.gateways.posts
    assert isinstance(post.body, dict)
    assert post.body["prompt"] == "A serene lake with mountains in the background at sunset"
    assert world.job().place == "veo-3-1-fast/campaign/7/order-17"
    assert world.job().job_id == sample("poll/look.json")["job_id"], "the other samples speak of this job"


def test_bad_message_is_rejected_alone(world: World, functions: Functions) -> None:
    assert functions.run("submit", sample("submit/batch-with-one-bad.json")) == {"batchItemFailures": []}
    assert sorted(str(post.body["prompt"]) for post in world.gateways.posts if isinstance(post.body, dict)) == [
        "A lighthouse in a storm",
        "A paper boat on a rainy street",
    ]
    (key,) = world.outbox()
    manifest = world.manifest()
    assert key == f"rejected/message-{manifest['job_id']}.json"
    assert (manifest["status"], manifest["error"]["code"]) == ("REJECTED", "invalid_input")
    assert statuses(world) == ["REJECTED", "SUBMITTED", "SUBMITTED"]


@pytest.mark.parametrize("wrong", [{"input": 5}, {"id": "a b"}, {"extra": 1}, {"input": {"promt": "x"}}])
def test_rejected_message_is_answered_in_the_folder_that_it_names(
    world: World, functions: Functions, wrong: dict[str, object]
) -> None:
    message = {"model": "veo-3-1-fast", "input": {"prompt": "x"}, "output": "campaign/7"} | wrong
    functions.run("submit", queued(json.dumps(message)))
    assert list(world.outbox()) == [f"veo-3-1-fast/campaign/7/job-{world.job().job_id}.json"]


def test_everything_that_is_wrong_with_a_message_is_told_and_what_is_missing_too(
    world: World, functions: Functions
) -> None:
    fast = find("veo-3-1-fast")
    wrong = {"duration": 5, "fps": 24, "image": f"s3://{INBOX}/no.png", "last-frame": "http://example.com/?sig=secret"}
    functions.run("submit", queued(json.dumps({"model": "veo-3-1-fast", "input": wrong, "seed": 1, "id": "a b"})))
    message = world.manifest()["error"]["message"]
    assert message.splitlines() == [
        "seed: is not a field of a message; allowed: model, input, id, output, then",
        "id: is too long or holds other characters; allowed: 1 to 128 of A-Z a-z 0-9 . _ -",
        "duration: 5 is not allowed; allowed: 4, 6, 8 seconds",
        f"fps: is not a parameter of veo-3-1-fast; allowed: {', '.join(fast.model_fields)}",
        f"last_frame: is not a place that media can be read from; allowed: {fast.allowed('last_frame')}",
        "prompt: is missing; allowed: every required field: prompt",
        f"image: s3://{INBOX}/no.png does not exist; allowed: an object that exists",
    ]
    assert world.gateways.posts == ()


def test_a_plain_http_address_is_told_with_what_else_is_wrong(world: World) -> None:
    world.setting(allow_loopback=False)
    world.send({"model": "veo-3-1-fast", "input": {"duration": 5, "prompt": "x", "image": "http://127.0.0.1/a.png"}})
    world.take()
    assert world.manifest()["error"]["message"].splitlines() == [
        "duration: 5 is not allowed; allowed: 4, 6, 8 seconds",
        "image: is a plain http address; allowed: https://… or s3://bucket/key",
    ]


def test_unreadable_message_leaves_a_record_that_can_be_read(world: World, functions: Functions) -> None:
    functions.run("submit", queued("no JSON"))
    assert world.job().status == "REJECTED"


def _nested(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("", id="empty"),
        pytest.param("[1]", id="list"),
        pytest.param('{"model": "no-such", "input": {"prompt": "x"}}', id="unknown model"),
        pytest.param('{"model": "veo-3-1-fast", "input": {"prompt": "x"}, "id": "a b"}', id="bad id"),
        pytest.param('{"Records": [{"s3": {"bucket": 1, "object": []}}]}', id="S3 event without sense"),
        pytest.param('{"dropreel": {"dance": true}}', id="no message of ours"),
        pytest.param('{"model": "veo-3-1-fast", "input": {"prompt": NaN}}', id="not a number"),
        pytest.param('{"model": "no-such", "input": {"x": 1e400}}', id="infinity"),
        pytest.param("[" * 100_000, id="deep brackets"),
        pytest.param(_nested(600), id="deep message"),
        pytest.param('{"model": "no-such", "input": ' + _nested(600) + "}", id="deep input"),
        pytest.param('{"model": "veo-3-1-fast", "input": {"prompt": "x", "seed": 1e300}}', id="large seed"),
        pytest.param('{"model": "no-such", "input": {"x": 1e300}}', id="large float"),
        pytest.param('{"model": "no-such", "input": {"x": ' + "7" * 60 + "}}", id="long integer"),
        pytest.param('{"model": "no-such", "input": {"": 1}}', id="field without a name"),
        pytest.param(r'{"model": "\ud800", "input": {}}', id="half a character as model"),
        pytest.param(r'{"model": "no\nsuch", "input": {}}', id="line break in the model"),
        pytest.param(r'{"model": "\u0001 \u007f\r", "input": {}}', id="control characters as model"),
        pytest.param(r'{"model": "no-such", "input": {"x": "\ud800"}}', id="half a character in the input"),
        pytest.param(r'{"model": "veo-3-1-fast", "input": {"prompt": "\ud800"}}', id="half a character as prompt"),
        pytest.param(
            r'{"Type": "Notification", "MessageId": "\ud800", "Message": "x"}',
            id="half a character in an envelope",
        ),
    ],
)
def test_whatever_a_sender_writes_ends_in_a_rejection_however_often_it_comes(
    world: World, functions: Functions, body: str
) -> None:
    for _ in range(2):
        assert functions.run("submit", queued(body)) == {"batchItemFailures": []}
    assert world.manifest()["status"] == "REJECTED"
    assert statuses(world) == ["REJECTED"]
    assert world.gateways.posts == ()


def test_record_that_fails_comes_back_and_the_others_do_not(world: World, functions: Functions) -> None:
    lacking_table(world)
    fine, fails = sample("submit/s3-test-event.json"), sample("submit/message.json")
    batch = {"Records": [*fine["Records"], *fails["Records"]]}
    failed = {"batchItemFailures": [{"itemIdentifier": fails["Records"][0]["messageId"]}]}
    assert functions.run("submit", batch) == failed
    (line,) = (line for line in logs(functions.lines()) if line["level"] == "ERROR")
    assert fails["Records"][0]["messageId"] in line["message"]
    assert "ResourceNotFoundException" in line["exception"]


def test_message_with_steps_is_understood(world: World, functions: Functions) -> None:
    assert functions.run("submit", sample("submit/message-with-steps.json")) == {"batchItemFailures": []}
    (step,) = world.job().then
    assert step["model"] == "pixelcut-video-background-removal"
    assert world.post_count() == 1
