"""The two queues, and their dead letters."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.acknowledgments import acknowledge
from infra.function import Function

#: Longer than a queue's own four days, as a message takes its age along; SQS keeps none any longer.
KEPT = Duration.days(14)


class Queue(Construct):
    """A queue whose messages are set aside after five failures, for a person to look at."""

    def __init__(self, scope: Construct, name: str, *, visibility: Duration, delay: Duration | None = None) -> None:
        super().__init__(scope, name)
        self.dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=KEPT,
        )
        acknowledge(self.dead_letters, {"Serverless-SQSRedrivePolicy": "These are the dead letters themselves."})
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            delivery_delay=delay,
            visibility_timeout=visibility,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=5),
        )


class Queues(Construct):
    """What is to be sent waits in `intake`, what is to be fetched in `deliver`."""

    def __init__(self, scope: Construct, name: str, *, quiet_seconds: int) -> None:
        super().__init__(scope, name)
        # Six times the submit function's timeout, as Lambda advises; deliver claims a job by itself, so a little more
        # than its timeout is enough there, and a crash is made good sooner.
        self.intake = Queue(self, "Intake", visibility=Duration.minutes(12), delay=Duration.seconds(quiet_seconds))
        self.deliver = Queue(self, "Deliver", visibility=Duration.minutes(16))

    @property
    def variables(self) -> dict[str, str]:
        """What a function that sends to both is told."""
        return {
            "INTAKE_QUEUE_URL": self.intake.queue.queue_url,
            "DELIVER_QUEUE_URL": self.deliver.queue.queue_url,
        }

    def allow_sending(self, function: Function) -> None:
        """Let a function put messages into both."""
        function.allow("sqs:SendMessage", on=[self.intake.queue.queue_arn, self.deliver.queue.queue_arn])
