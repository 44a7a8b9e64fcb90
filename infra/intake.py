"""What turns a drop or a message into one paid request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.function import Function
from infra.queues import Queues
from infra.runtime import Runtime
from infra.sending import Sending


class Intake(Construct):
    """The submit function at the intake queue, into which the inbox and others put what they have."""

    def __init__(self, scope: Construct, name: str, *, runtime: Runtime, sending: Sending) -> None:
        super().__init__(scope, name)
        self.function = Function(
            self,
            "submit",
            runtime=runtime,
            layers=[runtime.core, runtime.vendor, runtime.http, runtime.catalog],
            timeout=Queues.SUBMIT,
            memory=512,
            variables=sending.variables,
        )
        sending.allow(self.function)
        storage, queue = sending.storage, sending.queues.intake.queue
        # What waits for its parts is found by its place, and forgotten once they are there.
        self.function.allow("dynamodb:Query", on=[f"{storage.jobs.table_arn}/index/attention"])
        self.function.allow("dynamodb:DeleteItem", on=[storage.jobs.table_arn])
        self.function.take_from(queue, concurrency=runtime.settings.submit_concurrency)
        self._open(queue, inbox=storage.inbox, others=runtime.settings.senders)

    def _open(self, queue: sqs.Queue, *, inbox: s3.Bucket, others: Sequence[str]) -> None:
        """Let the inbox send to the queue, and those topics and rules that were named, since what they send is paid."""
        stack = Stack.of(self)
        # By its name's beginning, as CloudFormation makes it: the bucket can not be made before the queue lets it send.
        inboxes = f"arn:{stack.partition}:s3:::{stack.stack_name.lower()}-inbox-*"
        senders: dict[str, dict[str, dict[str, object]]] = {
            "s3": {"ArnLike": {"aws:SourceArn": inboxes}, "StringEquals": {"aws:SourceAccount": stack.account}},
        }
        for service in ("sns", "events"):
            if arns := [arn for arn in others if arn.split(":")[2] == service]:
                senders[service] = {"ArnEquals": {"aws:SourceArn": arns}}
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
