"""A function: its code, its log, its role, and nothing that it was not allowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.acknowledgments import NO_TRACE_RESOURCES, acknowledge
from infra.runtime import Runtime

_NEWEST = "The runtime is an environment's setting; a newer one is taken up once all layers have wheels for it."
_EXPLAINED = {
    **NO_TRACE_RESOURCES,
    "AwsSolutions-L1": _NEWEST,
    "Serverless-LambdaLatestVersion": _NEWEST,
    "Serverless-LambdaDLQ": "Nothing invokes it asynchronously: the queues, the API and the watch wait for its answer.",
    "Annotation::@aws-cdk/aws-lambda:snapStartRequirePublish": "The alias publishes a version.",
}


class Function(Construct):
    """The function whose handler lies in functions/<name>."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        runtime: Runtime,
        layers: Sequence[lambda_.LayerVersion],
        timeout: Duration,
        memory: int,
        variables: Mapping[str, str],
    ) -> None:
        super().__init__(scope, name.capitalize())
        log = runtime.log(self, "Log")
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.allow("logs:CreateLogStream", "logs:PutLogEvents", on=[log.log_group_arn])
        snap_start = lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if runtime.settings.snap_start else None
        self.function = lambda_.Function(
            self,
            "Function",
            code=runtime.code(name),
            handler="handler.handler",
            runtime=runtime.interpreter,
            architecture=runtime.processor,
            layers=layers,
            role=self.role,
            log_group=log,
            # Else what is logged beside Powertools (a crash, the runtime itself) comes out as plain text.
            logging_format=lambda_.LoggingFormat.JSON,
            timeout=timeout,
            memory_size=memory,
            tracing=lambda_.Tracing.ACTIVE,
            snap_start=snap_start,
            environment={
                "POWERTOOLS_SERVICE_NAME": name,
                # Of each environment its own, so that no alarm in prod listens to dev.
                "POWERTOOLS_METRICS_NAMESPACE": Stack.of(self).stack_name,
                "POWERTOOLS_LOG_LEVEL": "INFO",
                **variables,
            },
        )
        #: What is to be invoked: a snapshot is one of a published version, and an alias follows the newest.
        self.target: lambda_.IFunction = self.function.add_alias("live") if snap_start else self.function
        acknowledge(self, _EXPLAINED)

    def allow(self, *actions: str, on: Sequence[str]) -> None:
        """Let the function do this to these resources, and nothing else."""
        self.role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=list(on)))

    def take_from(self, queue: sqs.Queue, *, concurrency: int) -> None:
        """Invoke the function for each message of a queue, at most `concurrency` at a time.

        It may say when a message that it does not finish comes again, and put none there itself.
        """
        takes = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "ChangeMessageVisibility")
        self.allow(*(f"sqs:{action}" for action in takes), on=[queue.queue_arn])
        lambda_.EventSourceMapping(
            self,
            "Messages",
            target=self.target,
            event_source_arn=queue.queue_arn,
            batch_size=1,
            max_concurrency=concurrency,
            report_batch_item_failures=True,
        )
        acknowledge(self, {"Serverless-LambdaEventSourceMappingDestination": "The queue itself has dead letters."})
