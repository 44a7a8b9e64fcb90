"""What brings an outcome to the outbox and tells of it."""

from __future__ import annotations

from aws_cdk import aws_events as events
from constructs import Construct

from infra.acknowledgments import acknowledge
from infra.function import Function
from infra.gateways import Gateways
from infra.queues import Queues
from infra.runtime import Runtime
from infra.storage import Storage
from infra.watch import Watch


class Delivery(Construct):
    """The deliver function at the deliver queue."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        runtime: Runtime,
        storage: Storage,
        gateways: Gateways,
        bus: events.CfnEventBus,
        queues: Queues,
        watch: Watch,
    ) -> None:
        super().__init__(scope, name)
        settings = runtime.settings
        self.function = Function(
            self,
            "deliver",
            runtime=runtime,
            layers=[runtime.core, runtime.vendor, runtime.http],
            timeout=Queues.DELIVER,
            # At its peak it takes 111 MiB, whatever an output's size, and this share of a processor copies more than
            # the network brings.
            memory=512,
            variables={
                **gateways.variables,
                **queues.variables,
                **settings.variables("max_error_retries", "media_hosts"),
                "JOBS_TABLE": storage.jobs.table_name,
                "GATES_TABLE": storage.gates.table_name,
                "OUTBOX_BUCKET": storage.outbox.bucket_name,
                "WATCH_ARN": watch.arn,
                "EVENT_BUS": bus.name,
            },
        )
        allow = self.function.allow
        allow("dynamodb:GetItem", "dynamodb:UpdateItem", on=[storage.jobs.table_arn])
        allow("dynamodb:UpdateItem", on=[storage.gates.table_arn])
        watch.allow(self.function)
        # GetObject is what reading a manifest's metadata takes.
        allow("s3:PutObject", "s3:AbortMultipartUpload", "s3:GetObject", on=[storage.outbox.arn_for_objects("*")])
        allow("events:PutEvents", on=[bus.attr_arn])
        queues.intake.allow_sending(self.function)
        gateways.allow(self.function)
        acknowledge(self, {"AwsSolutions-IAM5[Resource::<Outbox.Arn>/*]": "Outputs are named after what was dropped."})
        self.function.take_from(queues.deliver.queue, concurrency=settings.deliver_concurrency)
