"""The four handlers as AWS runs them, fed from events/, over moto and the simulated gateways."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dropreel import measures
from dropreel.jobs import Job, Status
from dropreel.settings import BadSetting
from dropreel.wiring import aws
from local.gateways.behaviour import Behaviour
from local.gateways.journal import Post
from local.gateways.samples import sample_picture, sample_sound
from tests.integration.world import INBOX, OUTBOX, World

ROOT = Path(__file__).parents[2]
EVENTS = ROOT / "events"
#: What the samples call the inbox, the request and the token.
SAMPLE_INBOX = "dropreel-dev-inbox-example"
SAMPLE_REQUEST = "veo-3-1-fast_019d42ce-ae71-7999-24c9-5d76447ecafb4"
SAMPLE_TOKEN = "EXAMPLE-token-which-opens-nothing-012345678"
#: The picture of the s3-created samples.
PICTURE = "veed-fabric/campaign 7+/café.png"
NOBODY = Job("a" * 26, "veo-3-1-fast", "pixazo", Status.SUBMITTED, "veo-3-1-fast/cat")
KEY = "the-key-that-nobody-may-see"

GATEWAYS = ("PIXAZO_URL", "PIXAZO_SECRET", "AIMLAPI_URL", "AIMLAPI_SECRET", "ALLOW_LOOPBACK")
QUEUES = ("INTAKE_QUEUE_URL", "DELIVER_QUEUE_URL")
OUTCOMES = ("GATES_TABLE", "OUTBOX_BUCKET", "EVENT_BUS")
TIMES = ("QUIET_SECONDS", "FIRST_POLL_SECONDS", "POLL_SECONDS", "DEADLINE_SECONDS", "HELD_RETRY_SECONDS")
CHOICES = ("INBOX_BUCKET", "WATCH_ARN", "CALLBACK_BASE_URL", "WEBHOOKS", "PROGRESS")
MONEY = ("DAILY_BUDGET_USD", "DEFAULT_PRICE_USD")
#: The environment variables of each function, as infra gives them, besides those of Powertools.
VARIABLES = {
    "submit": ("JOBS_TABLE", *GATEWAYS, *QUEUES, *OUTCOMES, *TIMES, *CHOICES, *MONEY),
    "callback": ("JOBS_TABLE", "DELIVER_QUEUE_URL"),
    "poll": ("JOBS_TABLE", *QUEUES),
    "deliver": (
        *("JOBS_TABLE", *GATEWAYS, *QUEUES, *OUTCOMES, "WATCH_ARN"),
        *("POLL_SECONDS", "DEADLINE_SECONDS", "MAX_ERROR_RETRIES", "RESUBMIT_UNKNOWN", "MEDIA_HOSTS"),
    ),
}
#: A sample for each function that it takes without any other event before it.
FIRST_EVENT = {
    "submit": "submit/message.json",
    "callback": "callback/completed.json",
    "poll": "poll/round.json",
    "deliver": "deliver/wake.json",
}
QUEUE_SAMPLES = sorted(
    str(path.relative_to(EVENTS)) for path in EVENTS.glob("*/*.json") if "Records" in path.read_text()
)


@dataclass(frozen=True)
class Context:
    """What the handlers may ask of a LambdaContext."""

    function_name: str
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:dropreel"
    aws_request_id: str = "8f507cfc-xmpl-4697-b07a-ac58fc914c95"


class Functions:
    """The functions of one world, each loaded from its folder when it is first run, as a cold start does."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._world = world
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self._handlers: dict[str, Callable[[Any, Any], Any]] = {}

    def run(self, name: str, event: object) -> Any:
        """Run a function on a copy of an event; the answer, as JSON takes it."""
        if name not in self._handlers:
            self.environment(name)
        return self.run_as_it_is(name, event)

    def run_as_it_is(self, name: str, event: object) -> Any:
        """The same in the environment that the process has already."""
        if name not in self._handlers:
            self._handlers[name] = _load(name)
        return json.loads(json.dumps(self._handlers[name](deepcopy(event), Context(name))))

    def environment(self, name: str) -> None:
        """Give the process a function's environment, and nothing of another's."""
        for variable in {variable for names in VARIABLES.values() for variable in names}:
            self._monkeypatch.delenv(variable, raising=False)
        settings = getattr(self._world, f"{name if name != 'callback' else 'submit'}_settings")
        for variable in VARIABLES[name]:
            self._monkeypatch.setenv(variable, _text(getattr(settings, variable.lower())))
        self._monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", name)
        self._monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Dropreel")
        self._monkeypatch.setenv("POWERTOOLS_LOG_LEVEL", "INFO")
        self._monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")

    def output(self) -> str:
        """Everything that was printed since the last call, on both channels: all of it becomes log."""
        out, err = self._capsys.readouterr()
        return out + err

    def lines(self) -> list[dict[str, Any]]:
        """The lines printed since the last call, which are JSON without exception."""
        return [json.loads(line) for line in self.output().splitlines()]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else ",".join(value) if isinstance(value, tuple) else str(value)


def _load(name: str) -> Callable[[Any, Any], Any]:
    """Load a handler by its path, with a telemetry of its own: every function is another process."""
    sys.modules.pop("dropreel.telemetry", None)
    spec = importlib.util.spec_from_file_location(f"handler_of_{name}", ROOT / "functions" / name / "handler.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    handler: Callable[[Any, Any], Any] = module.handler
    return handler


@pytest.fixture
def functions(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Functions]:
    """The functions of this world; the gateways' own callbacks stay away, so that the tests send them."""
    world.gateways.behave(Behaviour(callbacks=0))
    for secret in ("pixazo", "aimlapi"):
        aws("secretsmanager").put_secret_value(SecretId=secret, SecretString=KEY)
    domain = logging.getLogger("dropreel")
    before = (domain.handlers, domain.level, domain.propagate)
    yield Functions(world, monkeypatch, capsys)
    domain.handlers, domain.level, domain.propagate = before
    measures.report_to()
    # Powertools keeps the first stdout that it saw with the logger of a name.
    for name in VARIABLES:
        logging.Logger.manager.loggerDict.pop(name, None)
    sys.modules.pop("dropreel.telemetry", None)


def sample(path: str) -> Any:
    """A sample as it lies in events/, but of this world's inbox (and with hashes that are right again)."""
    event = json.loads((EVENTS / path).read_text())
    for record in event.get("Records", []):
        record["body"] = record["body"].replace(SAMPLE_INBOX, INBOX)
        record["md5OfBody"] = hashlib.md5(record["body"].encode(), usedforsecurity=False).hexdigest()
    return event


def called_back(path: str, post: Post) -> Any:
    """A sample callback as the gateway would send it for this POST: to its address, of its request."""
    event = json.loads((EVENTS / path).read_text())
    job_id, token = post.headers["x-webhook-url"].split("/")[-2:]
    event["pathParameters"] = {"job_id": job_id, "token": token}
    event["rawPath"] = event["requestContext"]["http"]["path"] = f"/callbacks/{job_id}/{token}"
    body = _body(event).replace(SAMPLE_REQUEST, str(post.request_id))
    return with_body(event, body)


def with_body(event: Any, body: str) -> Any:
    """A callback with another body, encoded as it was."""
    encoded = base64.b64encode(body.encode()).decode() if event["isBase64Encoded"] else body
    return {**event, "body": encoded}


def _body(event: Any) -> str:
    body: str = event["body"]
    return base64.b64decode(body).decode() if event["isBase64Encoded"] else body


def queued(body: str, message_id: str = "059f36b4-87a3-44ab-83d2-661975830a7d") -> Any:
    """One queue message as a function's event."""
    event = sample("submit/message.json")
    event["Records"][0] |= {"body": body, "messageId": message_id}
    return event


def for_job(event: Any, job: Job) -> Any:
    """A sample of deliver/ or poll/ about this very attempt."""
    known = sample("poll/round.json")
    text = json.dumps(event).replace(known["watch"], job.execution_name)
    return json.loads(text.replace(known["job_id"], job.job_id))


def logs(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [line for line in lines if "_aws" not in line]


def metrics(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [line for line in lines if "_aws" in line]


def submitted(world: World, functions: Functions) -> Post:
    """The POST of the job of submit/message.json, which the samples of the other functions speak of."""
    assert functions.run("submit", sample("submit/message.json")) == {"batchItemFailures": []}
    (post,) = world.gateways.posts
    return post


def made(world: World, post: Post) -> None:
    """Wait until the gateway has made the film."""
    assert world.gateways.wait_for(lambda: bool(world.gateways.media_sha256(str(post.request_id))))


def statuses(world: World) -> list[str]:
    """The statuses of all records, by their text."""
    return sorted(item["status"]["S"] for item in world.dynamodb.scan(TableName="jobs")["Items"])


def lacking_table(world: World) -> None:
    world.dynamodb.delete_table(TableName="jobs")


# The samples themselves


@pytest.mark.parametrize("path", QUEUE_SAMPLES)
def test_queue_sample_has_the_documented_fields_and_true_hashes(path: str) -> None:
    for record in json.loads((EVENTS / path).read_text())["Records"]:
        assert set(record) == {
            "messageId",
            "receiptHandle",
            "body",
            "attributes",
            "messageAttributes",
            "md5OfBody",
            "eventSource",
            "eventSourceARN",
            "awsRegion",
        }
        assert record["md5OfBody"] == hashlib.md5(record["body"].encode(), usedforsecurity=False).hexdigest()


def test_every_sample_has_its_line_in_the_readme() -> None:
    told = (EVENTS / "README.md").read_text()
    found = [str(path.relative_to(EVENTS)) for path in EVENTS.glob("*/*.json")]
    assert len(found) >= 17
    assert [path for path in found if f"({path})" not in told] == []


# Submit


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
    assert world.job().job_id == sample("poll/round.json")["job_id"], "the other samples speak of this job"


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
    (line,) = logs(functions.lines())
    assert line["level"] == "ERROR"
    assert fails["Records"][0]["messageId"] in line["message"]
    assert "ResourceNotFoundException" in line["exception"]


# Callback


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


def test_callback_that_is_not_the_documented_json_is_400(world: World, functions: Functions) -> None:
    post = submitted(world, functions)
    assert functions.run("callback", called_back("callback/malformed.json", post)) == {"statusCode": 400}
    event = called_back("callback/completed.json", post)
    told = json.loads(_body(event))
    bodies = [
        "",
        "null",
        "[]",
        "[" * 100_000,
        "1" * 5000,
        json.dumps({**told, "status": "DONE"}),
        json.dumps({**told, "status": ["COMPLETED"]}),
        json.dumps({**told, "request_id": None}),
        json.dumps({**told, "request_id": "x" * 257}),
        json.dumps({**told, "request_id": "\ud800"}),
        json.dumps({**told, "output": "https://example.com/output.mp4"}),
        json.dumps({**told, "error": {"message": "x"}}),
    ]
    answers = [functions.run("callback", with_body(event, body))["statusCode"] for body in bodies]
    assert answers == [400] * len(bodies)
    without = {name: value for name, value in event.items() if name != "body"}
    assert functions.run("callback", without) == {"statusCode": 400}
    assert functions.run(
        "callback", {**called_back("callback/base64.json", post), "body": base64.b64encode(b"\xff").decode()}
    ) == {"statusCode": 400}


@pytest.mark.parametrize("name", ["completed", "base64"])
def test_callback_over_256_kb_is_413_and_one_of_256_kb_is_not(world: World, functions: Functions, name: str) -> None:
    event = called_back(f"callback/{name}.json", submitted(world, functions))
    full = _body(event).ljust(256 * 1024)
    assert functions.run("callback", with_body(event, full + " ")) == {"statusCode": 413}
    assert functions.run("callback", with_body(event, full)) == {"statusCode": 202}


# Poll and deliver


def test_watch_goes_its_rounds_until_the_job_has_ended(world: World, functions: Functions) -> None:
    made(world, submitted(world, functions))
    first = for_job(sample("poll/round.json"), world.job())
    again = functions.run("poll", first)
    assert again == {**first, "wait": 60, "done": False}
    assert world.deliver() == 1, "it has woken the delivery"
    assert functions.run("poll", again)["done"] is True


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


# Logs and metrics


def test_every_line_about_a_job_names_it(world: World, functions: Functions) -> None:
    post = submitted(world, functions)
    made(world, post)
    functions.run("callback", called_back("callback/completed.json", post))
    functions.run("poll", sample("poll/round.json"))
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


@pytest.mark.parametrize(
    ("name", "metric"), [("submit", "Message"), ("callback", "Callback403"), ("poll", "Round"), ("deliver", "Delivery")]
)
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
    functions.run("poll", for_job(sample("poll/round.json"), job))
    functions.run("deliver", for_job(sample("deliver/wake.json"), job))
    assert world.job().status == "SUCCEEDED"
    assert_nothing_secret(functions.output(), world.gateways.posts)


@pytest.mark.filterwarnings("ignore:No application metrics")
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


@pytest.mark.parametrize("name", ["wake", "look"])
def test_status_error_that_repeats_a_presigned_address_is_not_logged_with_it(
    world: World, functions: Functions, name: str
) -> None:
    submitted(world, functions)
    with indiscreet_gateway(500) as (url, secrets):
        world.setting(pixazo_url=url)
        functions.run("deliver", for_job(sample(f"deliver/{name}.json"), world.job()))
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


# Environment


@pytest.mark.parametrize("name", ["submit", "deliver"])
def test_missing_variable_of_a_queue_function_is_named_in_the_log(
    functions: Functions, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    event = sample(FIRST_EVENT[name])
    for variable in VARIABLES[name]:
        functions.environment(name)
        monkeypatch.delenv(variable)
        assert len(functions.run_as_it_is(name, event)["batchItemFailures"]) == 1
        (line,) = logs(functions.lines())
        assert f"the environment variable {variable} is missing" in line["exception"]


@pytest.mark.filterwarnings("ignore:No application metrics")
@pytest.mark.parametrize("name", ["callback", "poll"])
def test_missing_variable_of_a_called_function_is_named_by_its_error(
    functions: Functions, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for variable in VARIABLES[name]:
        functions.environment(name)
        monkeypatch.delenv(variable)
        with pytest.raises(BadSetting, match=f"the environment variable {variable} is missing"):
            functions.run_as_it_is(name, sample(FIRST_EVENT[name]))
