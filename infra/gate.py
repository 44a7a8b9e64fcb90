"""A closed gate: it waits, and has probe send one held job, until one is answered; then all the others go."""

from __future__ import annotations

from aws_cdk import Duration
from constructs import Construct

from infra.function import Function
from infra.machine import PAUSE_SECONDS, Machine, choice, machine_arn, task, waiting
from infra.runtime import Runtime
from infra.sending import GATE, Sending


class Gate(Construct):
    """One execution a closing: Wait, Probe, and again; then Release, batch by batch."""

    def __init__(self, scope: Construct, name: str, *, runtime: Runtime, sending: Sending) -> None:
        super().__init__(scope, name)
        self.probe = Function(
            self,
            "probe",
            runtime=runtime,
            layers=[runtime.core, runtime.vendor, runtime.http, runtime.catalog],
            timeout=Duration.minutes(5),
            memory=512,
            variables=sending.variables,
        )
        sending.allow(self.probe)
        sending.queues.intake.allow_sending(self.probe)
        self.probe.allow("dynamodb:Query", on=[sending.storage.gates.table_arn])
        self.arn = machine_arn(self, GATE)
        self.machine = Machine(self, GATE, function=self.probe, definition=_definition(self.probe))


def _definition(probe: Function) -> dict[str, object]:
    return {
        "StartAt": "Wait",
        "States": {
            "Wait": waiting("Probe"),
            "Probe": task(probe, timeout_seconds=310, then="Answered?"),
            "Answered?": choice("Wait", done="Done", open="Release"),
            "Release": task(probe, timeout_seconds=310, then="Released?", pause="Pause release"),
            "Released?": choice("Release", done="Done"),
            "Pause": waiting("Probe", seconds=PAUSE_SECONDS),
            "Pause release": waiting("Release", seconds=PAUSE_SECONDS),
            "Done": {"Type": "Succeed"},
        },
    }
