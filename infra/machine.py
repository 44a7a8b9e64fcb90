"""A state machine of one function, for which it waits."""

from __future__ import annotations

import json
from collections.abc import Mapping

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.acknowledgments import NO_TRACE_RESOURCES, acknowledge
from infra.function import Function

_OWN = "Each execution is named after the one attempt, or the one closing, that it is for."


class Machine(Construct):
    """A standard state machine with a name of ours, so that whoever starts it knows it before it is made."""

    def __init__(self, scope: Construct, name: str, *, function: Function, definition: Mapping[str, object]) -> None:
        super().__init__(scope, name)
        self.machine = sfn.CfnStateMachine(
            self,
            "Machine",
            state_machine_name=_name(self, name),
            state_machine_type="STANDARD",
            role_arn=self._role(function).role_arn,
            definition_string=json.dumps(definition),
            tracing_configuration=sfn.CfnStateMachine.TracingConfigurationProperty(enabled=True),
        )
        acknowledge(
            self.machine,
            {"AwsSolutions-SF1": "An execution keeps its own history; a log of each wait would say nothing new."},
        )

    def _role(self, function: Function) -> iam.Role:
        tracing = [f"xray:{name}" for name in ("PutTraceSegments", "PutTelemetryRecords")]
        tracing += [f"xray:{name}" for name in ("GetSamplingRules", "GetSamplingTargets")]
        may = [
            iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function.target.function_arn]),
            iam.PolicyStatement(actions=tracing, resources=["*"]),
        ]
        role = iam.Role(
            self,
            "Role",
            # Else Step Functions might be talked into using it for somebody else's account.
            assumed_by=iam.ServicePrincipal(
                "states.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}}
            ),
            inline_policies={"Machine": iam.PolicyDocument(statements=may)},
        )
        acknowledge(role, NO_TRACE_RESOURCES)
        return role


def machine_arn(scope: Construct, name: str) -> str:
    """The ARN of this stack's machine of that name, made or not."""
    return _arn(scope, "stateMachine", _name(scope, name))


def allow_executions(function: Function, name: str, *, start: bool = False) -> None:
    """Let a function stop a machine's executions, and perhaps start them."""
    executions = _arn(function, "execution", f"{_name(function, name)}:*")
    function.allow("states:StopExecution", on=[executions])
    if start:
        function.allow("states:StartExecution", on=[machine_arn(function, name)])
    shown = f"arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:{_name(function, name)}:*"
    acknowledge(function, {f"AwsSolutions-IAM5[Resource::{shown}]": _OWN})


def _name(scope: Construct, name: str) -> str:
    return f"{Stack.of(scope).stack_name}-{name}"


def _arn(scope: Construct, resource: str, name: str) -> str:
    return Stack.of(scope).format_arn(
        service="states", resource=resource, resource_name=name, arn_format=ArnFormat.COLON_RESOURCE_NAME
    )


#: A failed task is tried again; the state stays what it was, and no error's text gets into it.
RETRY = {
    "ErrorEquals": ["States.ALL"],
    "IntervalSeconds": 2,
    "BackoffRate": 2,
    "MaxAttempts": 3,
    "MaxDelaySeconds": 30,
    "JitterStrategy": "FULL",
}
#: As the failures of a task fill the history too, it is not asked as often as one that works.
PAUSE_SECONDS = 900


def task(function: Function, *, timeout_seconds: int, then: str, pause: str = "Pause") -> dict[str, object]:
    """A state in which the function makes the next state of the present one. What fails never ends the execution."""
    return {
        "Type": "Task",
        "Resource": function.target.function_arn,
        "TimeoutSeconds": timeout_seconds,
        "Retry": [RETRY],
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": pause}],
        "Next": then,
    }


def choice(otherwise: str, **goes: str) -> dict[str, object]:
    """A state that goes where the first of these flags says that is set, or else to `otherwise`."""
    choices = [{"Variable": f"$.{flag}", "BooleanEquals": True, "Next": state} for flag, state in goes.items()]
    return {"Type": "Choice", "Choices": choices, "Default": otherwise}


def waiting(then: str, *, seconds: int | None = None) -> dict[str, object]:
    """A state that waits: for so many seconds, or for as many as the present state says."""
    how: dict[str, object] = {"SecondsPath": "$.wait"} if seconds is None else {"Seconds": seconds}
    return {"Type": "Wait", **how, "Next": then}
