"""What it takes to send jobs, which two functions do: submit for what arrives, probe for what was held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_s3 as s3

from infra.acknowledgments import acknowledge
from infra.environments import Settings
from infra.function import Function
from infra.gateways import Gateways
from infra.machine import allow_executions, machine_arn
from infra.queues import Queues
from infra.storage import Storage
from infra.watch import Watch

#: The name of the gates' state machine.
GATE = "Gate"
_ANY_NAME = "People name what they drop, and outputs are named after it."
_WRITING = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")


@dataclass(frozen=True, kw_only=True)
class Sending:
    """What both are told, and what both may do."""

    settings: Settings
    storage: Storage
    gateways: Gateways
    queues: Queues
    bus: events.CfnEventBus
    watch: Watch
    callback_base_url: str

    @property
    def variables(self) -> dict[str, str]:
        """The functions' variables."""
        settings = self.settings
        return {
            **self.gateways.variables,
            **self.queues.variables,
            **settings.variables("quiet_seconds", "webhooks", "progress", "first_poll_seconds", "poll_seconds"),
            **settings.variables("deadline_seconds", "held_retry_seconds", "daily_budget_usd", "default_price_usd"),
            "JOBS_TABLE": self.storage.jobs.table_name,
            "GATES_TABLE": self.storage.gates.table_name,
            "INBOX_BUCKET": self.storage.inbox.bucket_name,
            "OUTBOX_BUCKET": self.storage.outbox.bucket_name,
            "EVENT_BUS": self.bus.name,
            "WATCH_ARN": self.watch.arn,
            "GATE_ARN": machine_arn(self.watch, GATE),
            "CALLBACK_BASE_URL": self.callback_base_url,
        }

    def allow(self, function: Function) -> None:
        """Let a function send jobs, and say of those that it can't send why."""
        self.gateways.allow(function)
        self.watch.allow(function, start=True)
        allow_executions(function, GATE, start=True)
        self.queues.deliver.allow_sending(function)
        function.allow("events:PutEvents", on=[self.bus.attr_arn])
        function.allow(*_WRITING, on=[self.storage.jobs.table_arn, self.storage.gates.table_arn])
        function.allow("dynamodb:DeleteItem", on=[self.storage.gates.table_arn])
        self._allow_files(function, [self.storage.inbox.bucket_arn, *_arns(function, self.settings.media_buckets)])

    def _allow_files(self, function: Function, readable: Sequence[str]) -> None:
        outbox: s3.Bucket = self.storage.outbox
        function.allow("s3:ListBucket", on=readable)
        function.allow("s3:GetObject", "s3:GetObjectVersion", on=[f"{bucket}/*" for bucket in readable])
        # To read a manifest's metadata, and to lend a film to the step that follows.
        function.allow("s3:PutObject", "s3:GetObject", "s3:GetObjectVersion", on=[outbox.arn_for_objects("*")])
        others = [f"arn:<AWS::Partition>:s3:::{bucket}" for bucket in self.settings.media_buckets]
        shown = ["<Inbox.Arn>", "<Outbox.Arn>", *others]
        acknowledge(function, {f"AwsSolutions-IAM5[Resource::{bucket}/*]": _ANY_NAME for bucket in shown})


def _arns(function: Function, buckets: Sequence[str]) -> list[str]:
    arn = Stack.of(function).format_arn
    return [arn(service="s3", region="", account="", resource=bucket) for bucket in buckets]
