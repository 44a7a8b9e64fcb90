"""Each action that a role is granted is needed: taken away, something that happens to drops would be denied."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from local.assembly import STACK, synthesize
from local.gateways import SimulatedGateways
from local.gateways.samples import sample_picture
from local.moto_server import MotoServer
from local.stack import Laptop
from local.strict import permissions
from local.strict.permissions import Call
from tests.e2e.harness import QUICK
from tests.e2e.tiny import eventually

pytestmark = pytest.mark.thorough

#: Calls of each role, by the function's name in its own logs.
Calls = dict[str, set[Call]]

MODEL, FILM_OF = "veo-3-1-fast", "pixverse-c1-image-to-video"
CUTTER = "pixelcut-video-background-removal"
SETTINGS = {**QUICK, "daily_budget_usd": "1000", "max_error_retries": "1"}
#: Prompts of drops of their own, whose films end as the markers say.
DROPS = {
    "plain": "a cat",
    "no-callback": "[sim:no-callback] a cat",
    "error": "[sim:error=1] a cat",
    "error-unheard": "[sim:error=1][sim:no-callback] a cat",
    "declined": "[sim:400=9] a cat",
    "broken": "[sim:vanished-media=1] a cat",
}
_LOGS, _TRACES, _FED = "Lambda writes the log", "Lambda's daemon sends the traces", "Lambda takes a queue's messages"
_RACE = "whoever was slower than another stops what it has started"
_AS_SUBMIT = "a held job that is sent may end in every way that one may that submit sends"
#: What this run makes not sure of, and why it is needed even so: by function (or all), action and service.
REASONS: Mapping[tuple[str, str, str], str] = {
    ("", "logs:CreateLogStream", "logs"): _LOGS,
    ("", "logs:PutLogEvents", "logs"): _LOGS,
    ("", "xray:PutTraceSegments", "*"): _TRACES,
    ("", "xray:PutTelemetryRecords", "*"): _TRACES,
    ("", "sqs:ReceiveMessage", "sqs"): _FED,
    ("", "sqs:DeleteMessage", "sqs"): _FED,
    ("", "sqs:GetQueueAttributes", "sqs"): _FED,
    ("submit", "sqs:ChangeMessageVisibility", "sqs"): "a drop whose quiet time is not over comes again when it is",
    ("submit", "states:StopExecution", "states"): _RACE,
    ("poll", "sqs:SendMessage", "sqs"): "a look finds a held job that nobody was told of, where its submitter has died",
    ("probe", "states:StopExecution", "states"): _RACE,
    ("probe", "states:StartExecution", "states"): "an execution hands over to another after 300 probes",
    ("probe", "secretsmanager:GetSecretValue", "secretsmanager"): "either gateway may refuse",
    ("probe", "sqs:SendMessage", "sqs"): _AS_SUBMIT,
    ("probe", "events:PutEvents", "events"): _AS_SUBMIT,
    ("probe", "s3:PutObject", "s3"): _AS_SUBMIT,
    ("probe", "s3:GetObject", "s3"): _AS_SUBMIT,
    ("probe", "s3:GetObjectVersion", "s3"): _AS_SUBMIT,
    ("probe", "s3:ListBucket", "s3"): "whether a held job's picture is missing is not told without it",
    ("deliver", "s3:AbortMultipartUpload", "s3"): "an upload in parts that breaks off is taken back",
}


class Recorder(MotoServer):
    """Writes down what roles ask for and get."""

    def __init__(self, *, calls: set[tuple[str, Call]], **more: Any) -> None:
        self._calls = calls
        super().__init__(**more)

    def _refusal(self, environ: dict[str, Any]) -> Response | None:
        refusal = super()._refusal(environ)
        if refusal is None and (asked := permissions.asked(Request(environ))):
            self._calls.update((asked.session.role_arn, call) for call in asked.calls)
        return refusal


class RecordedLaptop(Laptop):
    """A stack whose roles are watched."""

    def __init__(self, *args: Any, **more: Any) -> None:
        self.calls: set[tuple[str, Call]] = set()
        self.server = partial(Recorder, calls=self.calls)
        super().__init__(*args, **more)

    def roles(self) -> dict[str, str]:
        """The ARN of each function's role, by the function's own name."""
        definitions = [function.definition for function in self._functions.values()]
        return {each.environment["POWERTOOLS_SERVICE_NAME"]: each.role for each in definitions}


@pytest.fixture(scope="module")
def recorded() -> Iterator[RecordedLaptop]:
    with SimulatedGateways(seconds=0.3, scale=0.1) as gateways:
        urls = {"pixazo": gateways.url, "aimlapi": gateways.url}
        laptop = RecordedLaptop(name=STACK)
        try:
            laptop.start(synthesize(SETTINGS).with_gateways(urls))
            everything_that_happens_to_drops(laptop, gateways)
            yield laptop
        finally:
            laptop.stop()


def everything_that_happens_to_drops(laptop: RecordedLaptop, gateways: SimulatedGateways) -> None:
    s3, inbox = laptop.client("s3"), laptop.outputs["InboxBucket"]

    def put(key: str, body: bytes | str, **metadata: str) -> None:
        s3.put_object(Bucket=inbox, Key=key, Body=body, Metadata=metadata)

    def ended(*names: str) -> bool:
        listed = s3.list_objects_v2(Bucket=laptop.outputs["OutboxBucket"]).get("Contents", [])
        keys = [item["Key"] for item in listed if item["Key"].endswith(".json")]
        return all(any(f"/{name}-" in key or key.startswith(f"rejected/{name}") for key in keys) for name in names)

    for name, prompt in DROPS.items():
        put(f"{MODEL}/{name}.txt", prompt)
    put(f"{MODEL}/row.json", json.dumps({"prompt": "a cat", "then": [{"model": CUTTER}]}))
    put(f"{FILM_OF}/pair.txt", "a cat")  # waits for its picture
    for _ in range(2):  # a film that failed is tried again, and its manifest replaced
        put(f"{MODEL}/failed.txt", "[sim:failed] a cat")
        put(f"{MODEL}/wrong.json", "no JSON")
        assert eventually(lambda: ended("failed", "wrong"), 120)
    put(f"{FILM_OF}/pair.png", sample_picture())
    put(f"{FILM_OF}/waits/x.png", sample_picture())
    put(f"{FILM_OF}/waits/_defaults.json", '{"prompt": "a cat"}')  # is looked for by what waits
    elsewhere = SETTINGS["media_buckets"]
    s3.create_bucket(Bucket=elsewhere)
    s3.put_bucket_versioning(Bucket=elsewhere, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=elsewhere, Key="a.png", Body=sample_picture())
    for name, picture in {
        "polled": "https://a.example/a.png",
        "named": f"s3://{elsewhere}/a.png",
        "missing": f"s3://{elsewhere}/b.png",
    }.items():
        media = {"image_url": picture, "audio_url": "https://a.example/a.mp3"}
        message = {"model": "aimlapi-veed-fabric", "id": name, "input": media}
        laptop.client("sqs").send_message(QueueUrl=laptop.outputs["QueueUrl"], MessageBody=json.dumps(message))
    met = (*DROPS, "wrong", "pair", "polled", "named", "missing", "x")
    assert eventually(lambda: ended(*met), 240), laptop.outputs
    steps = partial(s3.list_objects_v2, Bucket=laptop.outputs["OutboxBucket"], Prefix=f"{CUTTER}/row-")
    assert eventually(lambda: any(".json" in item["Key"] for item in steps().get("Contents", [])), 60)

    # A gateway refuses; some that wait behind it can't be sent any more when it takes them again.
    gateways.refuse(402)
    names = [f"held-{number}" for number in range(8)]
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(lambda name: put(f"{FILM_OF}/{name}.png", sample_picture(), prompt="a cat"), names))
    jobs = laptop.outputs["JobsTable"]

    def held() -> int:
        found = laptop.client("dynamodb").scan(TableName=jobs)["Items"]
        return sum(item["status"]["S"] == "HELD" for item in found)

    assert eventually(lambda: held() == len(names), 120)
    versions = s3.list_object_versions(Bucket=inbox, Prefix=f"{FILM_OF}/held-")["Versions"]
    before = len(gateways.posts)
    assert eventually(lambda: len(gateways.posts) > before, 60), "a probe is refused too"
    gone = [version for version in versions if version["Key"].endswith(("0.png", "1.png", "2.png", "3.png"))]
    for version in gone:
        s3.delete_object(Bucket=inbox, Key=version["Key"], VersionId=version["VersionId"])
    gateways.refuse(None)
    assert eventually(lambda: ended(*names), 120)


def granted(laptop: RecordedLaptop, role: str) -> list[tuple[str, str]]:
    """Each action on each resource that a role may do."""
    listed = permissions._listed
    return [
        (action, resource)
        for statement in permissions.statements(laptop.roles()[role])
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    ]


def has_reason(role: str, action: str, resource: str) -> bool:
    service = resource.split(":")[2] if ":" in resource else resource
    return ("", action, service) in REASONS or (role, action, service) in REASONS


@pytest.mark.parametrize("role", ["submit", "callback", "poll", "probe", "deliver"])
def test_each_granted_action_is_missed_when_it_is_taken_away(recorded: RecordedLaptop, role: str) -> None:
    grants = granted(recorded, role)
    calls = [call for arn, call in recorded.calls if arn == recorded.roles()[role]]
    idle = []
    for grant in grants:
        rest = [{"Effect": "Allow", "Action": a, "Resource": r} for a, r in grants if (a, r) != grant]
        if all(permissions.allows(rest, call) for call in calls) and not has_reason(role, *grant):
            idle.append("{} on {}".format(*grant))
    assert "\n".join(idle) == ""
