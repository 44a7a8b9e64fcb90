"""The laptop stack with a meter at every door, and a clock that leaps."""

from __future__ import annotations

import io
import json
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

from moto.s3 import notifications
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from benchmarks.cost import dynamodb
from benchmarks.cost.clock import Clock, visible_messages
from benchmarks.cost.meter import Meter
from benchmarks.cost.prices import Unit
from local.assembly import Assembly
from local.functions import Function
from local.moto_server import ACCOUNT, REGION, MotoServer
from local.process import Definition, Process
from local.runtime_api import Answer, Invocation
from local.stack import Laptop
from local.up import _forget_surroundings

#: Goes before the layers of every function.
_SHIM = Path(__file__).parent / "shim"
#: Seconds without any sign of life after which everything is at rest.
_REST = 0.15
#: Services as they call themselves in X-Amz-Target.
_SERVICES = {
    "DynamoDB_20120810": "dynamodb",
    "AmazonSQS": "sqs",
    "AWSStepFunctions": "states",
    "secretsmanager": "secretsmanager",
    "AWSEvents": "events",
}


class MeteredServer(MotoServer):
    """Counts the requests of functions; whoever else asks (the benchmark, people) is not counted."""

    def __init__(self, *, meter: Meter, port: int, invoke: Any) -> None:
        self.meter = meter
        #: Requests that are being answered.
        self.busy = 0
        self._one = threading.RLock()
        super().__init__(port=port, invoke=invoke)

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if "AWS_Lambda" not in environ.get("HTTP_USER_AGENT", ""):
            return super()._answer(environ, start_response)
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        if not target:
            self.meter.s3(_s3_operation(environ))
            return super()._answer(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        service, operation = _SERVICES[target.rpartition(".")[0]], target.rpartition(".")[2]
        run = partial(super()._answer, environ, start_response)
        return self._metered(service, operation, json.loads(body), run)

    def _metered(
        self, service: str, operation: str, asked: dict[str, Any], run: Callable[[], Iterable[bytes]]
    ) -> Iterable[bytes]:
        match service:
            case "dynamodb":
                with self._one:
                    return dynamodb.metered(self.meter, operation, asked, lambda: list(run()))
            case "sqs":
                self.meter.sqs(operation, len(json.dumps(asked.get("MessageBody") or asked.get("Entries"))))
            case "events":
                for entry in asked["Entries"]:
                    self.meter.event(len(json.dumps(entry)))
            case "secretsmanager":
                self.meter.add(Unit.SECRETS, 1, f"{service} {operation}")
            case _:
                self.meter.request(f"{service} {operation}")
        return run()


def _s3_operation(environ: dict[str, Any]) -> str:
    method, query = environ["REQUEST_METHOD"], parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    if "uploads" in query:
        return "CreateMultipartUpload"
    if "uploadId" in query:
        return {"PUT": "UploadPart", "POST": "CompleteMultipartUpload", "DELETE": "AbortMultipartUpload"}[method]
    key = unquote(environ["PATH_INFO"]).strip("/").partition("/")[2]
    if not key:
        return {"GET": "ListObjectsV2", "HEAD": "HeadBucket"}[method]
    return {"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject", "DELETE": "DeleteObject"}[method]


class MeteredFunction(Function):
    """Counts its invocations, and how long each took from its taking to the process's next question for work."""

    def __init__(self, definition: Definition, *, meter: Meter, label: str, **more: Any) -> None:
        self._meter, self._label = meter, label
        self._begun: dict[Process, float] = {}
        super().__init__(definition, **more)

    @property
    def busy(self) -> bool:
        """Whether something runs or waits."""
        return bool(self._begun or self._waiting)

    def invoke(self, event: bytes) -> Answer:
        """Lambda's Invoke, with what a queue costs on the way."""
        records = _records(event)
        for record in records:
            first = record["attributes"]["ApproximateReceiveCount"] == "1"  # what comes again was sent once
            if first and _tells_of_an_object(record["body"]):
                self._meter.sqs("SendMessage (by S3)", len(record["body"]))
            self._meter.sqs("ReceiveMessage", len(record["body"]))
        answer = super().invoke(event)
        failed = answer.error is not None or b"itemIdentifier" in answer.payload
        for _ in [] if failed else records:
            self._meter.sqs("DeleteMessage")
        return answer

    def _take(self, process: Process) -> Invocation | None:
        begun = self._begun.pop(process, None)
        if begun is not None:
            self._meter.invocation(self._label, time.monotonic() - begun, self.definition.memory_mb)
        invocation = super()._take(process)
        if invocation is not None:
            self._begun[process] = time.monotonic()
        return invocation


def _records(event: bytes) -> list[dict[str, Any]]:
    found = json.loads(event)
    records = found.get("Records", []) if isinstance(found, dict) else []
    return [record for record in records if record.get("eventSource") == "aws:sqs"]


def _tells_of_an_object(body: str) -> bool:
    return '"eventSource": "aws:s3"' in body or '"eventSource":"aws:s3"' in body


class MeteredLaptop(Laptop):
    """A stack whose use is counted, and whose time leaps."""

    def __init__(self, *, name: str, meter: Meter, clock: Clock) -> None:
        self.meter = meter
        self._clock = clock
        self._labels: dict[str, str] = {}
        self.server = partial(MeteredServer, meter=meter)
        self.function = self._metered_function
        super().__init__(name=name)

    @property
    def busy(self) -> bool:
        """Whether anything goes on that does not just wait for its time."""
        running = stepfunctions_parser_backends[ACCOUNT][REGION]._get_executions(ExecutionStatus.RUNNING)
        functions = [each for each in self._functions.values() if isinstance(each, MeteredFunction)]
        return (
            any(function.busy for function in functions)
            or visible_messages() > 0
            or len(running) > self._clock.waiting_machines
        )

    def told(self) -> str:
        """The ends of the functions' logs."""
        return "\n".join(f"{path.name}: {path.read_text()[-1500:]}" for path in self.directory.glob("*.log"))

    def log_bytes(self) -> int:
        """What the functions have written to their logs."""
        return sum(path.stat().st_size for path in self.directory.glob("*.log"))

    def notify(self, bucket: str, function: str) -> None:
        """Have a function told of a bucket's new objects, by S3 itself."""
        (name,) = [name for name in self._functions if function in name]
        arn = self._functions[name].definition.arn
        told = [{"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}]
        self.client("s3").put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"LambdaFunctionConfigurations": told}
        )

    def invoke_later(self, account_id: str, event_body: Any, fn_arn: str, region_name: str) -> None:
        """S3's way of invoking a function."""
        function, event = self._functions[fn_arn.rpartition(":")[2]], event_body
        threading.Thread(target=function.invoke, args=(json.dumps(event).encode(),), daemon=True).start()

    def _metered_function(self, definition: Definition, **more: Any) -> MeteredFunction:
        label = definition.environment["POWERTOOLS_SERVICE_NAME"]
        return MeteredFunction(definition, meter=self.meter, label=label, **more)

    def _definitions(self, assembly: Assembly) -> list[Definition]:
        return [
            replace(
                definition,
                handler="leaping.handler",
                layers=(*definition.layers, _SHIM),
                environment={
                    **definition.environment,
                    "BENCHMARK_HANDLER": definition.handler,
                    "BENCHMARK_CLOCK": str(self._clock.file),
                },
            )
            for definition in super()._definitions(assembly)
        ]

    def _invoke_route(self, name: str, event: bytes) -> Answer:
        self.meter.add(Unit.HTTP_API, 1, "api gateway POST")
        return super()._invoke_route(name, event)


@contextmanager
def metered_laptop(assembly: Assembly, *, name: str, clock: Clock) -> Iterator[MeteredLaptop]:
    """Runs a stack for as long as the context lasts."""
    _forget_surroundings()
    original = notifications._invoke_awslambda
    with ExitStack() as undo:
        undo.enter_context(clock.in_state_machines())
        undo.enter_context(clock.in_s3())
        laptop = MeteredLaptop(name=name, meter=Meter(), clock=clock)
        undo.callback(laptop.stop)
        laptop.start(assembly)
        undo.callback(setattr, notifications, "_invoke_awslambda", original)
        notifications._invoke_awslambda = laptop.invoke_later
        yield laptop


def run_to_rest(
    laptop: MeteredLaptop,
    clock: Clock,
    also_busy: Callable[[], bool],
    *,
    until: float = math.inf,
    give_up: float = 60,
) -> None:
    """Let everything happen that ever will, or that does until then, leaping over the time in which nothing does.

    Raises RuntimeError if something goes on for longer than `give_up` real seconds.
    """
    while True:
        _rest(laptop, also_busy, give_up)
        moment = clock.next()
        if moment is None or moment > until:
            return
        clock.leap(moment)


def _rest(laptop: MeteredLaptop, also_busy: Callable[[], bool], give_up: float) -> None:
    end = time.monotonic() + give_up
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < _REST:
        time.sleep(0.02)
        if laptop.busy or also_busy():
            quiet_since = time.monotonic()
        if time.monotonic() > end:
            raise RuntimeError(f"it does not come to rest: {laptop.told()}")
