"""What turns a drop or a message into one paid request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.acknowledgments import acknowledge
from infra.function import Function
from infra.gateways import Gateways
from infra.queues import Queues
from infra.runtime import Runtime
from infra.storage import Storage
from infra.watch import Watch

_ANY_NAME = "People name what they drop, and outputs are named after it."
_WRITING = (
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
    "dynamodb:ConditionCheckItem",
)


class Intake(Construct):
    """The submit function at the intake queue, into which the inbox and others put what they have."""

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
        callback_base_url: str,
    ) -> None:
        super().__init__(scope, name)
        settings = runtime.settings
        self.function = Function(
            self,
            "submit",
            runtime=runtime,
            layers=[runtime.core, runtime.vendor, runtime.http],
            timeout=Duration.minutes(2),
            memory=512,
            variables={
                **gateways.variables,
                **queues.variables,
                **settings.variables("quiet_seconds", "webhooks", "progress", "first_poll_seconds", "poll_seconds"),
                **settings.variables("deadline_seconds", "held_retry_seconds", "daily_budget_usd", "default_price_usd"),
                "JOBS_TABLE": storage.jobs.table_name,
                "GATES_TABLE": storage.gates.table_name,
                "INBOX_BUCKET": storage.inbox.bucket_name,
                "OUTBOX_BUCKET": storage.outbox.bucket_name,
                "EVENT_BUS": bus.name,
                "WATCH_ARN": watch.arn,
                "CALLBACK_BASE_URL": callback_base_url,
            },
        )
        queues.allow_sending(self.function)
        gateways.allow(self.function)
        watch.allow(self.function, start=True)
        self.function.allow("events:PutEvents", on=[bus.attr_arn])
        self._allow_storage(storage, settings.media_buckets)
        self.function.take_from(queues.intake.queue, concurrency=settings.submit_concurrency)
        self._open(queues.intake.queue, inbox=storage.inbox)

    def _allow_storage(self, storage: Storage, media_buckets: Sequence[str]) -> None:
        arn = Stack.of(self).format_arn
        media = [arn(service="s3", region="", account="", resource=bucket) for bucket in media_buckets]
        readable = [storage.inbox.bucket_arn, *media]
        allow = self.function.allow
        allow("s3:ListBucket", on=readable)
        allow("s3:GetObject", "s3:GetObjectVersion", on=[f"{bucket}/*" for bucket in readable])
        # GetObject is what reading a manifest's metadata takes.
        allow("s3:PutObject", "s3:GetObject", on=[storage.outbox.arn_for_objects("*")])
        objects = ["<Inbox.Arn>", "<Outbox.Arn>", *(f"arn:<AWS::Partition>:s3:::{bucket}" for bucket in media_buckets)]
        acknowledge(self, {f"AwsSolutions-IAM5[Resource::{bucket}/*]": _ANY_NAME for bucket in objects})
        allow(*_WRITING, on=[storage.jobs.table_arn, storage.gates.table_arn])
        allow("dynamodb:Query", on=[f"{storage.jobs.table_arn}/index/attention", storage.gates.table_arn])

    def _open(self, queue: sqs.Queue, *, inbox: s3.Bucket) -> None:
        """Let the inbox, and this account's topics and rules, send to the queue."""
        stack = Stack.of(self)
        # By its name's beginning, as CloudFormation makes it: the bucket can not be made before the queue lets it send.
        inboxes = f"arn:{stack.partition}:s3:::{stack.stack_name.lower()}-inbox-*"
        senders = {
            "s3": {"ArnLike": {"aws:SourceArn": inboxes}, "StringEquals": {"aws:SourceAccount": stack.account}},
            "sns": {"ArnLike": {"aws:SourceArn": stack.format_arn(service="sns", region="*", resource="*")}},
            "events": {"ArnLike": {"aws:SourceArn": stack.format_arn(service="events", resource="rule/*")}},
        }
        for service, conditions in senders.items():
            queue.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[iam.ServicePrincipal(f"{service}.amazonaws.com")],
                    actions=["sqs:SendMessage"],
                    resources=[queue.queue_arn],
                    conditions=conditions,
                )
            )
        # As the bucket's own property: the construct's way would bring a custom resource, and a function to run it.
        bucket = cast("s3.CfnBucket", inbox.node.default_child)
        bucket.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            queue_configurations=[
                s3.CfnBucket.QueueConfigurationProperty(event="s3:ObjectCreated:*", queue=queue.queue_arn)
            ]
        )
        bucket.node.add_dependency(queue.node.find_child("Policy"))
