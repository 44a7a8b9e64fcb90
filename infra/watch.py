"""The watch over a job: should every look at it have been lost, it is seen to all the same."""

from __future__ import annotations

import json

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.acknowledgments import NO_TRACE_RESOURCES, acknowledge
from infra.function import Function
from infra.queues import KEPT, Queues
from infra.runtime import Runtime

_ARN = "arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:<WatchMachine.Name>:*"
_EXECUTIONS = f"AwsSolutions-IAM5[Resource::{_ARN}]"


class Watch(Construct):
    """A state machine that waits until a job should have ended, and then goes its rounds until it has."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        runtime: Runtime,
        jobs: dynamodb.Table,
        queues: Queues,
    ) -> None:
        super().__init__(scope, name)
        self.poll = Function(
            self,
            "poll",
            runtime=runtime,
            layers=[runtime.core, runtime.vendor],
            timeout=Duration.seconds(60),
            memory=256,
            variables={**queues.variables, "JOBS_TABLE": jobs.table_name},
        )
        self.poll.allow("dynamodb:GetItem", on=[jobs.table_arn])
        queues.allow_sending(self.poll)
        role = self._role(self.poll.target.function_arn)
        self.machine = sfn.CfnStateMachine(
            self,
            "Machine",
            state_machine_type="STANDARD",
            role_arn=role.role_arn,
            definition_string=json.dumps(
                _definition(self.poll.target.function_arn, deadline_seconds=runtime.settings.deadline_seconds)
            ),
            tracing_configuration=sfn.CfnStateMachine.TracingConfigurationProperty(enabled=True),
        )
        # By name, as a reason given for what the role of another may do has to name it.
        self.machine.override_logical_id("WatchMachine")
        acknowledge(
            self.machine,
            {"AwsSolutions-SF1": "An execution keeps its own history; a log of each wait would say nothing new."},
        )

    def _role(self, poll_arn: str) -> iam.Role:
        tracing = [f"xray:{name}" for name in ("PutTraceSegments", "PutTelemetryRecords")]
        tracing += [f"xray:{name}" for name in ("GetSamplingRules", "GetSamplingTargets")]
        may = [
            iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[poll_arn]),
            iam.PolicyStatement(actions=tracing, resources=["*"]),
        ]
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("states.amazonaws.com"),
            inline_policies={"Watch": iam.PolicyDocument(statements=may)},
        )
        acknowledge(role, NO_TRACE_RESOURCES)
        return role

    @property
    def arn(self) -> str:
        """The state machine's ARN."""
        return self.machine.attr_arn

    def allow(self, function: Function, *, start: bool = False) -> None:
        """Let a function stop executions, and perhaps start them."""
        executions = Stack.of(self).format_arn(
            service="states",
            resource="execution",
            resource_name=f"{self.machine.attr_name}:*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        function.allow("states:StopExecution", on=[executions])
        if start:
            function.allow("states:StartExecution", on=[self.arn])
        acknowledge(function, {_EXECUTIONS: "Each job's watch is an execution of its own, named after the job."})


def _definition(poll_arn: str, *, deadline_seconds: int) -> dict[str, object]:
    return {
        "StartAt": "Wait",
        # The first wait is as long as the job's deadline. After that it guards what a broken deployment keeps from its
        # end, for as long as dead letters are kept; an execution's history has room for the rounds of so long a time.
        "TimeoutSeconds": deadline_seconds + KEPT.to_seconds(),
        "States": {
            "Wait": {"Type": "Wait", "SecondsPath": "$.wait", "Next": "Poll"},
            "Poll": {
                "Type": "Task",
                "Resource": poll_arn,
                "TimeoutSeconds": 70,
                "Retry": [
                    {
                        "ErrorEquals": ["States.ALL"],
                        "IntervalSeconds": 2,
                        "BackoffRate": 2,
                        "MaxAttempts": 3,
                        "MaxDelaySeconds": 30,
                        "JitterStrategy": "FULL",
                    }
                ],
                # A broken poll never ends the watch: it is tried again after a long wait, from the same state.
                "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "Pause"}],
                "Next": "Done?",
            },
            "Done?": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.done", "BooleanEquals": True, "Next": "Done"}],
                "Default": "Wait",
            },
            # As the failures of a poll fill the history too, it is not asked as often as one that works.
            "Pause": {"Type": "Wait", "Seconds": 900, "Next": "Poll"},
            "Done": {"Type": "Succeed"},
        },
    }
