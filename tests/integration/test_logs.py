"""What the handlers log and measure, and what they never do."""

from __future__ import annotations

import json
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.gateways.journal import Post
from local.gateways.samples import sample_picture, sample_sound
from tests.integration.functions import (
    FIRST_EVENT,
    KEY,
    Functions,
    lacking_table,
    logs,
    made,
    metrics,
    submitted,
)
from tests.integration.samples import PICTURE, called_back, for_job, queued, sample
from tests.integration.world import World


def test_every_line_about_a_job_names_it(world: World, functions: Functions) -> None:
    post = submitted(world, functions)
    made(world, post)
    functions.run("callback", called_back("callback/completed.json", post))
    functions.run("poll", sample("poll/look.json"))
    functions.run("deliver", sample("deliver/wake.json"))
    lines = functions.lines()
    assert {line["job_id"] for line in logs(lines)} == {world.job().job_id}
    assert {line["service"] for line in logs(lines)} == {"submit", "callback", "deliver"}


def test_rejected_message_is_logged_with_its_job(world: World, functions: Functions) -> None:
    functions.run("submit", queued("no JSON"))
    assert [line["job_id"] for line in logs(functions.lines())] == [world.manifest()["job_id"]]


def test_line_of_one_job_does_not_carry_the_id_of_another(functions: Functions) -> None:
    event = sample("callback/malformed.json")
    for job_id in ("one", "two"):
        functions.run("callback", {**event, "pathParameters": {"job_id": job_id, "token": "x"}})
    functions.run("callback", {**event, "pathParameters": {}})
    assert [line["job_id"] for line in logs(functions.lines())] == ["one", "two", ""]


@pytest.mark.parametrize(("name", "metric"), [("submit", "Sent"), ("callback", "Callback403")])
def test_metrics_are_embedded_in_the_log(functions: Functions, name: str, metric: str) -> None:
    functions.run(name, sample(FIRST_EVENT[name]))
    (line,) = (line for line in metrics(functions.lines()) if metric in line)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Dropreel"
    assert directive["Dimensions"] == [["service"]]
    assert {"Name": metric, "Unit": "Count"} in directive["Metrics"]
    assert (line["service"], line[metric]) == (name, [1.0])


def test_what_a_gateway_did_is_measured_by_gateway_and_money_by_model(world: World, functions: Functions) -> None:
    submitted(world, functions)
    found: dict[str, Any] = {
        name: line for line in metrics(functions.lines()) for name in ("GatewayLatency", "MoneyUsd") if name in line
    }
    assert found["GatewayLatency"]["gateway"] == "pixazo"
    assert found["MoneyUsd"]["model"] == "veo-3-1-fast"
    for name, dimension in (("GatewayLatency", "gateway"), ("MoneyUsd", "model")):
        (directive,) = found[name]["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "Dropreel"
        assert [sorted(dimensions) for dimensions in directive["Dimensions"]] == [sorted(["service", dimension])]
        assert found[name]["service"] == "submit"


def assert_nothing_secret(output: str, posts: tuple[Post, ...]) -> None:
    tokens = [post.headers["x-webhook-url"].rpartition("/")[2] for post in posts]
    assert [word for word in (*tokens, KEY, "X-Amz-Signature", "X-Amz-Credential") if word in output] == []


def test_nothing_secret_is_logged_on_the_way_to_a_film(world: World, functions: Functions) -> None:
    world.drop(PICTURE, sample_picture())
    world.drop(PICTURE.replace(".png", ".wav"), sample_sound())
    functions.run("submit", sample("submit/s3-created.json"))
    (post,) = world.gateways.posts
    assert "X-Amz-Signature" in str(post.body), "there is something to keep secret"
    made(world, post)
    job = world.job()
    functions.run("callback", called_back("callback/processing.json", post))
    functions.run("callback", called_back("callback/malformed.json", post))
    functions.run("callback", called_back("callback/completed.json", post))
    functions.run("poll", for_job(sample("poll/look.json"), job))
    functions.run("deliver", for_job(sample("deliver/wake.json"), job))
    assert world.job().status == "SUCCEEDED"
    assert_nothing_secret(functions.output(), world.gateways.posts)


def test_nothing_secret_is_logged_when_all_goes_wrong(world: World, functions: Functions) -> None:
    post = submitted(world, functions)
    event = called_back("callback/completed.json", post)
    made(world, post)
    lacking_table(world)
    for name, broken in (("submit", sample("submit/message.json")), ("deliver", sample("deliver/wake.json"))):
        assert len(functions.run(name, broken)["batchItemFailures"]) == 1
    with pytest.raises(ClientError) as raised:
        functions.run("callback", event)
    assert_nothing_secret(functions.output() + repr(raised.value), world.gateways.posts)


@contextmanager
def indiscreet_gateway(status: int) -> Iterator[tuple[str, list[str]]]:
    """A gateway that answers every request with an error which repeats all that it was told: its URL, and the
    secrets that it was told."""
    secrets: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told = self.rfile.read(int(self.headers["Content-Length"])).decode()
            callback = self.headers["X-Webhook-URL"]
            secrets.extend(["X-Amz-Signature", "X-Amz-Credential", callback.rpartition("/")[2]])
            key = self.headers["Ocp-Apim-Subscription-Key"]
            self._refuse(f"the key {key} may not call {callback}, nor read {told}")

        def do_GET(self) -> None:
            secrets.append("X-Amz-Signature")
            self._refuse("ask https://media.example.com/v1/output.mp4?X-Amz-Signature=abc")

        def _refuse(self, words: str) -> None:
            body = json.dumps({"error": "Refused", "message": words}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", secrets
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("status", [400, 401, 402, 403, 429, 500])
def test_gateway_that_repeats_our_secrets_does_not_bring_them_into_the_log(
    world: World, functions: Functions, status: int
) -> None:
    world.drop(PICTURE, sample_picture())
    world.drop(PICTURE.replace(".png", ".wav"), sample_sound())
    with indiscreet_gateway(status) as (url, secrets):
        world.setting(pixazo_url=url)
        functions.run("submit", sample("submit/s3-created.json"))
    assert len(secrets) == 3, "it was asked once"
    output = functions.output()
    assert [secret for secret in secrets if secret in output] == []


def test_gateway_that_repeats_our_key_does_not_bring_it_into_the_log(world: World, functions: Functions) -> None:
    with indiscreet_gateway(401) as (url, secrets):
        world.setting(pixazo_url=url)
        functions.run("submit", sample("submit/message.json"))
    assert len(secrets) == 3, "it was asked once"
    assert KEY not in functions.output()
    assert KEY not in world.job().reason


@pytest.mark.parametrize("event", ["deliver/wake", "poll/look"])
def test_status_error_that_repeats_a_presigned_address_is_not_logged_with_it(
    world: World, functions: Functions, event: str
) -> None:
    submitted(world, functions)
    with indiscreet_gateway(500) as (url, secrets):
        world.setting(pixazo_url=url)
        functions.run(event.partition("/")[0], for_job(sample(f"{event}.json"), world.job()))
    assert len(secrets) == 1, "it was asked once"
    output = functions.output()
    assert [secret for secret in secrets if secret in output] == []


@pytest.mark.parametrize("name", ["poll", "callback"])
def test_failure_leaves_nothing_but_json_in_the_log(world: World, functions: Functions, name: str) -> None:
    lacking_table(world)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with pytest.raises(ClientError, match="ResourceNotFound"):
            functions.run(name, sample(FIRST_EVENT[name]))
    functions.lines()
    assert [str(warning.message) for warning in warned] == []
