"""The watch over an attempt: it waits, and has poll ask how the attempt stands, until that has ended."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from infra.function import Function
from infra.gateways import Gateways
from infra.machine import PAUSE_SECONDS, Machine, allow_executions, choice, machine_arn, task, waiting
from infra.queues import DEAD_KEPT, Queues
from infra.runtime import Runtime

NAME = "Watch"


class Watch(Construct):
    """One execution an attempt: Wait, Poll, and again."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        runtime: Runtime,
        jobs: dynamodb.Table,
        gateways: Gateways,
        queues: Queues,
    ) -> None:
        super().__init__(scope, name)
        settings = runtime.settings
        self.poll = Function(
            self,
            "poll",
            runtime=runtime,
            layers=[runtime.core, runtime.vendor, runtime.http],
            timeout=Duration.seconds(60),
            memory=256,
            variables={
                **gateways.variables,
                **queues.variables,
                **settings.variables("poll_seconds", "deadline_seconds", "max_error_retries", "resubmit_unknown"),
                "JOBS_TABLE": jobs.table_name,
            },
        )
        self.poll.allow("dynamodb:GetItem", "dynamodb:UpdateItem", on=[jobs.table_arn])
        queues.intake.allow_sending(self.poll)
        queues.deliver.allow_sending(self.poll)
        gateways.allow(self.poll)
        definition = _definition(self.poll, deadline_seconds=settings.deadline_seconds)
        self.machine = Machine(self, NAME, function=self.poll, definition=definition)
        self.arn = machine_arn(self, NAME)

    def allow(self, function: Function, *, start: bool = False) -> None:
        """Let a function stop watches, and perhaps start them."""
        allow_executions(function, NAME, start=start)


def _definition(poll: Function, *, deadline_seconds: int) -> dict[str, object]:
    return {
        "StartAt": "Wait",
        # It is looked at for as long again after its deadline, and then it ends by itself. What a broken deployment
        # keeps from its end is looked at for as long as dead letters are kept.
        "TimeoutSeconds": 2 * deadline_seconds + DEAD_KEPT.to_seconds(),
        "States": {
            "Wait": waiting("Poll"),
            "Poll": task(poll, timeout_seconds=70, then="Done?"),
            "Done?": choice("Wait", done="Done"),
            "Pause": waiting("Poll", seconds=PAUSE_SECONDS),
            "Done": {"Type": "Succeed"},
        },
    }
