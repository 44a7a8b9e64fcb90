"""The five handlers as AWS runs them, each with the environment that the stack gives it."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest

from dropreel.gateways import access
from local.gateways.journal import Post
from tests.integration.samples import ROOT, sample
from tests.integration.world import World, gateway_client

#: The gateways' key in these worlds.
KEY = "the-key-that-nobody-may-see"
GATEWAYS = ("PIXAZO_URL", "PIXAZO_SECRET", "AIMLAPI_URL", "AIMLAPI_SECRET", "ALLOW_LOOPBACK")
QUEUES = ("INTAKE_QUEUE_URL", "DELIVER_QUEUE_URL")
OUTCOMES = ("GATES_TABLE", "OUTBOX_BUCKET", "EVENT_BUS")
TIMES = ("QUIET_SECONDS", "FIRST_POLL_SECONDS", "POLL_SECONDS", "DEADLINE_SECONDS", "HELD_RETRY_SECONDS")
CHOICES = ("INBOX_BUCKET", "WATCH_ARN", "GATE_ARN", "CALLBACK_BASE_URL", "WEBHOOKS", "PROGRESS")
MONEY = ("DAILY_BUDGET_USD", "DEFAULT_PRICE_USD")
SENDING = ("JOBS_TABLE", *GATEWAYS, *QUEUES, *OUTCOMES, *TIMES, *CHOICES, *MONEY)
#: The environment variables of each function, as infra gives them, besides those of Powertools.
VARIABLES = {
    "submit": SENDING,
    "probe": SENDING,
    "callback": ("JOBS_TABLE", "DELIVER_QUEUE_URL"),
    "poll": (
        *("JOBS_TABLE", *GATEWAYS, *QUEUES),
        *("POLL_SECONDS", "DEADLINE_SECONDS", "MAX_ERROR_RETRIES", "RESUBMIT_UNKNOWN"),
    ),
    "deliver": ("JOBS_TABLE", *GATEWAYS, *QUEUES, *OUTCOMES, "WATCH_ARN", "MAX_ERROR_RETRIES", "MEDIA_HOSTS"),
}
#: A sample for each function that it takes without any other event before it.
FIRST_EVENT = {
    "submit": "submit/message.json",
    "callback": "callback/completed.json",
    "probe": "probe/round.json",
    "poll": "poll/look.json",
    "deliver": "deliver/wake.json",
}


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
        # To load certificates takes longer than most events.
        monkeypatch.setattr(access, "new_client", gateway_client)

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
        settings = getattr(self._world, f"{name if name in ('poll', 'deliver') else 'submit'}_settings")
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


def lacking_table(world: World) -> None:
    world.dynamodb.delete_table(TableName="jobs")
