"""The two queues, and their dead letters."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.acknowledgments import acknowledge
from infra.function import Function

#: A message takes its age along when it is set aside, so dead letters are kept for longer than a queue keeps its own;
#: SQS keeps none longer than these.
KEPT, DEAD_KEPT = Duration.days(10), Duration.days(14)
#: As Lambda advises: "set the queue's visibility timeout to at least six times the timeout that you configure on your
#: function". A message that is throttled all that time is then received no more than once in it.
TIMES = 6


class Queue(Construct):
    """A queue whose messages are set aside after so many receives, for a person to look at."""

    def __init__(
        self, scope: Construct, name: str, *, taken_within: Duration, receives: int, delay: Duration | None = None
    ) -> None:
        super().__init__(scope, name)
        self.dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=DEAD_KEPT,
        )
        acknowledge(self.dead_letters, {"Serverless-SQSRedrivePolicy": "These are the dead letters themselves."})
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            delivery_delay=delay,
            retention_period=KEPT,
            visibility_timeout=Duration.seconds(TIMES * taken_within.to_seconds()),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=receives),
        )

    def allow_sending(self, function: Function) -> None:
        """Let a function put messages here; never the one that takes them, which Lambda would stop after 16 rounds."""
        function.allow("sqs:SendMessage", on=[self.queue.queue_arn])


class Queues(Construct):
    """What is to be sent waits in `intake`, what is to be fetched in `deliver`."""

    #: Timeouts of the functions that take from them: so long may it take to read a clip of 10 GB, or to copy a film.
    SUBMIT, DELIVER = Duration.minutes(5), Duration.minutes(15)

    def __init__(self, scope: Construct, name: str, *, quiet_seconds: int) -> None:
        super().__init__(scope, name)
        # A message that fails comes again after 15 seconds, then later and later, up to a quarter of an hour: 30
        # receives are some six hours. Healthy waiting takes a few: for the quiet, and for a record that is late.
        self.intake = Queue(
            self, "Intake", taken_within=self.SUBMIT, receives=30, delay=Duration.seconds(quiet_seconds)
        )
        # A delivery may wait for another's lease once a minute, for as long as that copies: eight tries of 12 minutes
        # are nearly 100 receives, and its own tries eight more.
        self.deliver = Queue(self, "Deliver", taken_within=self.DELIVER, receives=150)

    @property
    def variables(self) -> dict[str, str]:
        """What a function that has to do with both is told."""
        return {
            "INTAKE_QUEUE_URL": self.intake.queue.queue_url,
            "DELIVER_QUEUE_URL": self.deliver.queue.queue_url,
        }
