"""The callback handler, fed from events/callback, over moto and the simulated gateways."""

from __future__ import annotations

import base64
import json

import pytest

from tests.integration.functions import Functions, lacking_table, submitted
from tests.integration.samples import SAMPLE_TOKEN, body_of, called_back, sample, with_body
from tests.integration.world import World


@pytest.mark.parametrize("name", ["completed", "failed", "error", "base64"])
def test_end_is_taken_once_and_wakes_the_delivery(world: World, functions: Functions, name: str) -> None:
    event = called_back(f"callback/{name}.json", submitted(world, functions))
    assert [functions.run("callback", event)["statusCode"] for _ in range(3)] == [202, 200, 200]
    (message,) = world.sqs.receive_message(QueueUrl=world.deliver_url, MaxNumberOfMessages=10)["Messages"]
    assert json.loads(message["Body"]) == json.loads(sample("deliver/wake.json")["Records"][0]["body"])


def test_progress_is_taken_but_not_after_the_end(world: World, functions: Functions) -> None:
    post = submitted(world, functions)
    progress = called_back("callback/processing.json", post)
    assert functions.run("callback", progress) == {"statusCode": 202}
    assert world.job().progress == "PROCESSING"
    assert functions.run("callback", progress) == {"statusCode": 200}
    assert functions.run("callback", called_back("callback/completed.json", post)) == {"statusCode": 202}
    assert functions.run("callback", progress) == {"statusCode": 200}


def test_unknown_job_and_wrong_token_look_the_same(world: World, functions: Functions) -> None:
    event = called_back("callback/completed.json", submitted(world, functions))
    right = event["pathParameters"]
    wrong = [
        {**right, "token": SAMPLE_TOKEN},
        {**right, "job_id": "a" * 26},
        {**right, "job_id": ""},
        {**right, "job_id": "ü" * 5000},
        {**right, "token": ""},
        {**right, "token": "x" * 5000},
        {},
    ]
    answers = [functions.run("callback", {**event, "pathParameters": parameters}) for parameters in wrong]
    assert answers == [{"statusCode": 403}] * len(wrong)
    assert functions.run("callback", event) == {"statusCode": 202}, "and the right one is still news"


@pytest.mark.parametrize("wrong", [{"token": "x"}, {"token": "x" * 44}, {"job_id": "A" * 26}, {"job_id": "a" * 25}])
def test_address_that_can_not_be_one_costs_no_request(
    world: World, functions: Functions, wrong: dict[str, str]
) -> None:
    event = called_back("callback/completed.json", submitted(world, functions))
    lacking_table(world)
    event["pathParameters"] |= wrong
    assert functions.run("callback", event) == {"statusCode": 403}


def test_callback_that_is_not_the_documented_json_is_400(world: World, functions: Functions) -> None:
    post = submitted(world, functions)
    assert functions.run("callback", called_back("callback/malformed.json", post)) == {"statusCode": 400}
    event = called_back("callback/completed.json", post)
    told = json.loads(body_of(event))
    bodies = [
        "",
        "null",
        "[]",
        "[" * 100_000,
        "1" * 5000,
        json.dumps({**told, "status": "BANANA"}),
        json.dumps({**told, "status": "completed"}),
        json.dumps({**told, "status": "DONE"}),
        json.dumps({**told, "status": ["COMPLETED"]}),
        json.dumps({name: value for name, value in told.items() if name != "status"}),
        json.dumps({**told, "request_id": None}),
        json.dumps({**told, "request_id": "x" * 257}),
        json.dumps({**told, "request_id": "\ud800"}),
    ]
    answers = [functions.run("callback", with_body(event, body))["statusCode"] for body in bodies]
    assert answers == [400] * len(bodies)
    without = {name: value for name, value in event.items() if name != "body"}
    assert functions.run("callback", without) == {"statusCode": 400}
    assert functions.run(
        "callback", {**called_back("callback/base64.json", post), "body": base64.b64encode(b"\xff").decode()}
    ) == {"statusCode": 400}


CHANGES: list[dict[str, object]] = [
    {"error": {"message": "flagged"}, "status": "FAILED"},
    {"error": ["flagged"]},
    {"output": "https://example.com/output.mp4"},
    {"output": [{"url": "https://example.com/output.mp4"}]},
]


@pytest.mark.parametrize("changes", CHANGES, ids=str)
def test_callback_is_a_hint_in_whatever_form_it_tells_the_rest(
    world: World, functions: Functions, changes: dict[str, object]
) -> None:
    event = called_back("callback/completed.json", submitted(world, functions))
    body = json.dumps(json.loads(body_of(event)) | changes)
    assert functions.run("callback", with_body(event, "\ufeff" + body)) == {"statusCode": 202}
    assert functions.run("callback", with_body(event, body)) == {"statusCode": 200}


@pytest.mark.parametrize("name", ["completed", "base64"])
def test_callback_over_256_kb_is_413_and_one_of_256_kb_is_not(world: World, functions: Functions, name: str) -> None:
    event = called_back(f"callback/{name}.json", submitted(world, functions))
    full = body_of(event).ljust(256 * 1024)
    assert functions.run("callback", with_body(event, full + " ")) == {"statusCode": 413}
    assert functions.run("callback", with_body(event, full)) == {"statusCode": 202}
