"""One job after the other through either system, on the laptop stack, with all that it used."""

from __future__ import annotations

import json
import sysconfig
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.cost.clock import Clock
from benchmarks.cost.laptop import MeteredLaptop, metered_laptop, run_to_rest
from benchmarks.cost.prices import Unit, usd
from benchmarks.cost.usual import stack as usual
from benchmarks.gateway import Gateway
from local.assembly import STACK, synthesize
from local.gateways.samples import sample_picture, sample_sound

#: What a generation takes, in seconds.
GENERATIONS = (30, 120, 1800)


@dataclass(frozen=True, slots=True)
class Case:
    """A kind of gateway."""

    title: str
    gateway: str
    model: str
    callbacks: bool


CASES = (
    Case("pixazo, with callbacks", "pixazo", "veed-fabric", callbacks=True),
    Case("pixazo, `webhooks=false`", "pixazo", "veed-fabric", callbacks=False),
    Case("aimlapi, which has no callbacks", "aimlapi", "aimlapi-veed-fabric", callbacks=False),
)


@dataclass(frozen=True, slots=True)
class Bill:
    """What one job used."""

    units: Mapping[Unit, float]
    requests: Mapping[str, int]
    seconds: Mapping[str, list[float]]
    #: What the dearest of several like it cost, in USD.
    dearest: float = 0.0

    @property
    def usd(self) -> float:
        """Its price."""
        return usd(self.units)


@dataclass(frozen=True, slots=True)
class System:
    """A stack that is up, and how it is used."""

    laptop: MeteredLaptop
    clock: Clock
    gateway: Gateway
    inbox: str
    outbox: str
    folder: str

    def job(self, number: int, seconds: float, begin: Callable[[int, str], None] | None = None) -> Bill:
        """Drop a picture and a sound (or begin otherwise), wait for the film and for all that comes after it."""
        self.gateway.seconds = seconds
        # A job that comes alone: whatever functions keep for a while is out of date.
        self.clock.leap(self.clock.now() + 3600)
        run_to_rest(self.laptop, self.clock, self.busy)
        meter, logged, executions = self.laptop.meter, self.laptop.log_bytes(), self.executions()
        meter.clear()
        # S3 tells times by the second: both parts in one, so that each run is the same.
        time.sleep(1.05 - self.clock.now() % 1)
        (begin or self.drop)(number, f"job-{number}")
        run_to_rest(self.laptop, self.clock, self.busy)
        endings = sorted(key.rpartition(".")[2] for key in self.outputs(f"job-{number}-"))
        assert endings == ["json", "mp4"], f"job {number} left {endings} in the outbox: {self.laptop.told()}"
        for arn in self.executions() - executions:
            meter.add(Unit.TRANSITIONS, self.transitions(arn))
        meter.add(Unit.LOGS, (self.laptop.log_bytes() - logged) / 1e9)
        return Bill(Counter(meter.units), Counter(meter.requests), {k: list(v) for k, v in meter.seconds.items()})

    def drop(self, content: int, name: str) -> None:
        """Put a picture and a sound into the inbox."""
        s3 = self.laptop.client("s3")
        for extension, body in (("png", sample_picture()), ("wav", sample_sound())):
            s3.put_object(Bucket=self.inbox, Key=f"{self.folder}/{name}.{extension}", Body=body + bytes([content]))

    def drop_prompt(self, name: str) -> None:
        """Put a prompt into the inbox, which is a whole job by itself."""
        self.laptop.client("s3").put_object(Bucket=self.inbox, Key=f"veo-3-1-fast/{name}.txt", Body=name.encode())

    def send(self, content: int, name: str) -> None:
        """Put a message on dropreel's queue instead."""
        given = {kind: f"https://example.com/{content}.{kind[:5]}" for kind in ("image_url", "audio_url")}
        body = json.dumps({"model": self.folder, "id": name, "input": given})
        self.laptop.client("sqs").send_message(QueueUrl=self.laptop.outputs["QueueUrl"], MessageBody=body)

    def outputs(self, beginning: str, folder: str = "") -> list[str]:
        """The keys in the outbox, in this folder or where the jobs' films go, whose names begin with this."""
        pages = self.laptop.client("s3").get_paginator("list_objects_v2")
        found = pages.paginate(Bucket=self.outbox, Prefix=f"{folder or self.folder}/{beginning}")
        return [item["Key"] for page in found for item in page.get("Contents", [])]

    def busy(self) -> bool:
        """Whether a callback is on its way."""
        return self.gateway.calling > 0

    def executions(self) -> set[str]:
        """Every execution that there ever was."""
        states = self.laptop.client("stepfunctions")
        machines = [each["stateMachineArn"] for each in states.list_state_machines()["stateMachines"]]
        pages = [
            page for arn in machines for page in states.get_paginator("list_executions").paginate(stateMachineArn=arn)
        ]
        return {each["executionArn"] for page in pages for each in page["executions"]}

    def transitions(self, execution: str) -> int:
        """The states that an execution entered, and its start."""
        history = self.laptop.client("stepfunctions").get_execution_history(executionArn=execution)["events"]
        return 1 + len([event for event in history if event["type"].endswith("StateEntered")])


@contextmanager
def dropreel(case: Case) -> Iterator[System]:
    """dropreel, with its default settings."""
    with _surroundings() as (clock, gateway):
        assembly = synthesize({} if case.callbacks or case.gateway != "pixazo" else {"webhooks": "false"})
        assembly = assembly.with_gateways({"pixazo": gateway.url, "aimlapi": gateway.url})
        with metered_laptop(assembly, name=STACK, clock=clock) as laptop:
            outputs = laptop.outputs
            yield System(laptop, clock, gateway, outputs["InboxBucket"], outputs["OutboxBucket"], folder(case))


def folder(case: Case) -> str:
    """Where dropreel leaves the outputs of what was dropped there."""
    return {"veed-fabric": "veed-fabric-1-0-api-130", "aimlapi-veed-fabric": "aimlapi-veed-fabric-1-0"}[case.model]


@contextmanager
def usual_pattern(case: Case) -> Iterator[System]:
    """The usual pattern."""
    with _surroundings() as (clock, gateway), tempfile.TemporaryDirectory() as layer:
        # The third parties as pip leaves them; no job's cost depends on what else lies there.
        Path(layer, "python").symlink_to(sysconfig.get_path("purelib"), target_is_directory=True)
        assembly = usual.assembly(
            layer=Path(layer), gateway=case.gateway, gateway_url=gateway.url, callbacks=case.callbacks
        )
        with metered_laptop(assembly, name="usual", clock=clock) as laptop:
            laptop.notify(laptop.outputs["Inbox"], "Start")
            yield System(laptop, clock, gateway, laptop.outputs["Inbox"], laptop.outputs["Outbox"], "films")


@contextmanager
def _surroundings() -> Iterator[tuple[Clock, Gateway]]:
    with tempfile.TemporaryDirectory() as folder:
        clock = Clock(Path(folder, "clock"))
        with Gateway(seconds=1, clock=clock.now, sleep=clock.sleep) as gateway:
            yield clock, gateway


#: Either system, by the name that the tables give it.
SYSTEMS: Mapping[str, Callable[[Case], Any]] = {"dropreel": dropreel, "usual": usual_pattern}
