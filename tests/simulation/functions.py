"""The five functions as the platform runs them: the real handlers, one invocation at a time in each process."""

from __future__ import annotations

import importlib
import io
import json
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType, SimpleNamespace
from typing import Any
from unittest import mock

from dropreel import catalog
from dropreel.aws.jobs_table import JobsTable
from dropreel.aws.queues import Deliveries, Queue
from dropreel.gateways import wire
from dropreel.settings import DeliverSettings, PollSettings, SubmitSettings
from dropreel.wiring import Outside, deliver_of, poll_of, probe_of, submit_of
from tests.simulation.account import BUS, GATES, INBOX, JOBS, OUTBOX, Account
from tests.simulation.cloud import Message, Sqs
from tests.simulation.gateway import Gateways
from tests.simulation.machines import StepFunctions
from tests.simulation.script import Plan

#: Seconds after which the platform kills each.
TIMEOUTS = {"submit": 300.0, "callback": 10.0, "poll": 60.0, "probe": 300.0, "deliver": 900.0}
CALLBACKS = "https://callbacks.example"
MACHINES = "arn:aws:states:us-east-1:123456789012:stateMachine"
#: Seconds until the first look where a callback is expected.
FIRST_POLL = 180
_SOURCES = Path(__file__).parents[2] / "functions"
_CONTEXT = SimpleNamespace(
    function_name="f", memory_limit_in_mb=256, invoked_function_arn="arn:aws:lambda:f", aws_request_id="r"
)


@dataclass(slots=True)
class Process:
    """A warm process of a function; what it keeps in memory lives as long as it does."""

    function: str
    handler: Callable[[Any, Any], Any]

    def take_message(self, message: Message) -> bool:
        """Whether the function dealt with a queue message."""
        answer = self.handler({"Records": [message.record()]}, _CONTEXT)
        return not answer["batchItemFailures"]

    def take_callback(self, job_id: str, token: str, body: object) -> int:
        """The HTTP status of the answer to a callback."""
        event = {"pathParameters": {"job_id": job_id, "token": token}, "body": json.dumps(body)}
        status: int = self.handler(event, _CONTEXT)["statusCode"]
        return status

    def go_round(self, state: dict[str, Any]) -> dict[str, Any]:
        """The next state of an execution."""
        answer: dict[str, Any] = self.handler(dict(state), _CONTEXT)
        return answer


class Platform:
    """Starts processes."""

    def __init__(
        self,
        plan: Plan,
        *,
        account: Account,
        sqs: Sqs,
        machines: StepFunctions,
        gateways: Gateways,
        clock: Callable[[], float],
    ) -> None:
        self._plan = plan
        self._account = account
        self._sqs = sqs
        self._clients = {**account.clients, "sqs": sqs, "stepfunctions": machines}
        self._clock = clock
        self._outside = Outside(
            aws=self._clients.__getitem__, clock=clock, http=lambda: wire.new_client(gateways), fetch=gateways.fetch
        )

    def start(self, function: str) -> Process:
        """A cold start."""
        module = ModuleType(f"simulated_{function}")
        exec(_code(function), module.__dict__)  # noqa: S102 - the handler's own source, once for each process
        made = getattr(self, f"_{function}")()
        module.__dict__["services"] = lambda: made
        return Process(function, module.__dict__["handler"])

    def _submit(self) -> Any:
        return submit_of(self._sending(), self._outside)

    def _probe(self) -> Any:
        return probe_of(self._sending(), self._outside)

    def _sending(self) -> SubmitSettings:
        plan = self._plan
        return SubmitSettings(
            **self._shared(),
            **self._outgoing(),
            inbox_bucket=INBOX,
            gate_arn=f"{MACHINES}:gate",
            callback_base_url=CALLBACKS,
            quiet_seconds=5,
            webhooks=plan.webhooks,
            progress=plan.progress,
            first_poll_seconds=FIRST_POLL,
            poll_seconds=plan.poll_seconds,
            deadline_seconds=plan.deadline_seconds,
            held_retry_seconds=plan.held_retry_seconds,
            daily_budget_usd=plan.budget,
            default_price_usd=Decimal(1),
        )

    def _poll(self) -> Any:
        settings = PollSettings(
            **self._shared(),
            poll_seconds=self._plan.poll_seconds,
            deadline_seconds=self._plan.deadline_seconds,
            max_error_retries=2,
            resubmit_unknown=self._plan.resubmit_unknown,
        )
        return poll_of(settings, self._outside)

    def _deliver(self) -> Any:
        settings = DeliverSettings(**self._shared(), **self._outgoing(), max_error_retries=2, media_hosts=())
        return deliver_of(settings, self._outside)

    def _callback(self) -> Any:
        return JobsTable(self._clients["dynamodb"], JOBS, self._clock), Deliveries(Queue(self._sqs, "deliver"))  # type: ignore[arg-type]

    def _shared(self) -> dict[str, Any]:
        return {
            "jobs_table": JOBS,
            "pixazo_url": "https://pixazo.example",
            "aimlapi_url": "https://aimlapi.example",
            "pixazo_secret": "pixazo",
            "aimlapi_secret": "aimlapi",
            "allow_loopback": False,
            "intake_queue_url": "intake",
            "deliver_queue_url": "deliver",
        }

    def _outgoing(self) -> dict[str, Any]:
        return {"gates_table": GATES, "outbox_bucket": OUTBOX, "event_bus": BUS, "watch_arn": f"{MACHINES}:watch"}


class _Catalog(dict[str, Any]):
    """A catalog that a model has left."""

    def __init__(self, models: Any, gone: str, at: float, clock: Callable[[], float]) -> None:
        super().__init__(models)
        self._gone, self._at, self._clock = gone, at, clock

    def get(self, name: str, default: Any = None) -> Any:
        """A model by its name, if it is there still."""
        return default if name == self._gone and self._clock() >= self._at else super().get(name, default)


@contextmanager
def withdrawn(plan: Plan, clock: Callable[[], float]) -> Iterator[None]:
    """The catalog of a plan, from which a model may be taken out while the world runs."""
    if plan.withdrawn is None:
        yield
        return
    name, seconds = plan.withdrawn
    changed = _Catalog(catalog._BY_NAME, name, clock() + seconds, clock)
    with mock.patch.object(catalog, "_BY_NAME", changed):
        yield


@cache
def _code(function: str) -> CodeType:
    path = _SOURCES / function / "handler.py"
    return compile(path.read_text(), str(path), "exec")


class Logs:
    """Everything that the functions write to their logs, as it would be kept."""

    def __init__(self) -> None:
        self.text = io.StringIO()

    def __enter__(self) -> Logs:
        telemetry = importlib.import_module("dropreel.telemetry")  # the very one that the handlers will import
        telemetry.metrics.provider.namespace = "Dropreel"
        telemetry.adopt_domain_logs()
        self._handlers = telemetry.logger.handlers
        for handler in self._handlers:
            handler.setStream(self.text)
        self._context = ExitStack()
        self._context.enter_context(redirect_stdout(self.text))
        self._context.enter_context(warnings.catch_warnings())
        # One process has metrics of its own; here two that run at once share them, and the second finds them gone.
        warnings.filterwarnings("ignore", "No application metrics to publish")
        return self

    def __exit__(self, *error: object) -> None:
        self._context.close()
        for handler in self._handlers:
            handler.setStream(sys.stdout)
