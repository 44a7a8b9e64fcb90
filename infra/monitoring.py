"""What tells a person that something needs one."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk.aws_cloudwatch_actions import SnsAction
from constructs import Construct

from infra.dashboard import Dashboard
from infra.environments import GATEWAYS, Environment
from infra.function import Function
from infra.metrics import FIVE_MINUTES, Metrics, dropped, unfinished
from infra.queues import Queue, Queues

#: Seconds. A message that fails may be put off for a quarter of an hour; after a crash it rests for half an hour on the
#: intake queue, and for an hour and a half on the deliver queue.
_OLD = {"submit": 60 * 60, "deliver": 120 * 60}
#: Jobs that must have ended within the hour before their failures count as a rate.
_LEAST_JOBS = 5

_DEAD = (
    "{what} failed for hours and lies in the dead letters. Read the {function} function's log of that time, mend the "
    "cause, then send the messages back: dropreel redrive --env {env}. (Deliveries may also go by aws sqs "
    "start-message-move-task. Drops and messages may not: it gives new ids, and a request could be paid twice.)"
)
_HELD = (
    "Gateway {gateway} refuses us, or there is no key: jobs are HELD, nothing is lost and nothing is paid. "
    "dropreel doctor --env {env} says why: put the right key into the secret dropreel/{env}/{gateway}, or top up the "
    "account there. The jobs then go on by themselves."
)
_BUSY = (
    "Gateway {gateway} has been asking us to wait (429) for more than an hour: jobs are HELD, nothing is lost, and all "
    "go on by themselves, but late. If it does not end, let less through at a time (deploy with a lower "
    "submit_concurrency), or have the gateway raise what it allows this account."
)
_UNKNOWN = (
    "A gateway's answer to a paid request was lost, so nobody knows whether it was taken. dropreel jobs --env {env} "
    "--status UNKNOWN names the job. A callback still completes it. Else look for the request in the gateway's own "
    "list: found, dropreel adopt it; surely not there, dropreel retry or give-up."
)
_WAITS = (
    "A message has waited for the {function} function for longer than a crash takes. Look at the dashboard "
    "Dropreel-{env}: either the function fails (its log says why), or more comes in than {function}_concurrency lets "
    "through."
)
_BUDGET = (
    "80 % of today's budget (UTC) is reserved. What goes beyond it will be HELD until tomorrow. dropreel budget "
    "--env {env} shows it. To send more today, deploy with a higher daily_budget_usd."
)
_FAILING = (
    "More than a fifth of the jobs that ended in the last hour FAILED or EXPIRED. dropreel jobs --env {env} --status "
    "FAILED --status EXPIRED --newer 1h says why. If it is one model, the gateway has a problem with that: keep files "
    "back until it is over. FAILED jobs are tried again when their files are dropped again."
)
_FAILURES = (
    "Messages fail one after the other. Nothing is lost and nothing is paid twice: all come again, and what goes on "
    "failing for hours is a dead letter. The dashboard Dropreel-{env} shows which function it is; its log of that time "
    "says why."
)
_BROKEN = (
    "Functions crash or time out. Their messages come again for hours, then they are dead letters. The dashboard "
    "Dropreel-{env} shows which function; read its log of that time."
)
_THROTTLED = (
    "Lambda turns invocations away, as more is asked for at once than the account may have. Messages come again and a "
    "callback that is turned away is made good by a look, so nothing is lost. Have the account's quota of concurrent "
    "executions raised, or deploy with a lower submit_concurrency and deliver_concurrency."
)
_LOOP = (
    "Lambda took a chain of invocations for a loop and cut it. No job's chain is that long, so this is a fault of "
    "dropreel: please report it. What was cut off lies in the dead letters: dropreel redrive --env {env} sends it back "
    "and begins a new chain."
)
_STRANGERS = (
    "Somebody calls the callback address with unknown jobs or wrong tokens, a hundred times in five minutes. Nothing "
    "is believed or paid for that, and the API lets 100 a second through at most. Its access log names the addresses "
    "that they come from. If it goes on for days, put a firewall before it, and name that as callback_domain."
)
_EXECUTIONS = (
    "A state machine's execution failed or ran out of time, so a job may have nobody who looks after it, or a gateway "
    "that refused us nobody who asks again. The history of the execution, in the Step Functions console, says why. "
    "dropreel jobs --env {env} shows the jobs that have not ended."
)
#: Calls of strangers in five minutes; a gateway that is late with its callbacks brings a few.
_MANY = 100


class Monitoring(Construct):
    """A dashboard, and alarms, each of which says what to do, with the topic that they are sent to.

    A state machine is told by its name and its ARN.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        environment: Environment,
        queues: Queues,
        functions: Sequence[Function],
        machines: Sequence[tuple[str, str]],
    ) -> None:
        super().__init__(scope, name)
        self._env = environment.name
        self._metrics = Metrics(Stack.of(self).stack_name)
        self.topic = self._topic(environment.settings.alarm_key)
        self._dead_letters("IntakeDeadLetters", queues.intake, what="A drop or a message", function="submit")
        self._dead_letters("DeliverDeadLetters", queues.deliver, what="A delivery", function="deliver")
        self._waiting("IntakeWaits", queues.intake, function="submit")
        self._waiting("DeliverWaits", queues.deliver, function="deliver")
        for gateway in GATEWAYS:
            self._refusals(gateway, environment.settings.held_retry_seconds)
            self._busy(gateway, environment.settings.held_retry_seconds)
        self._jobs()
        self._functions(functions)
        self._executions(machines)
        self._strangers()
        Dashboard(self, "Dashboard", metrics=self._metrics, queues=queues, functions=functions, machines=machines)

    def _topic(self, key: str | None) -> sns.Topic:
        master_key = kms.Key.from_key_arn(self, "Key", key) if key else None
        topic = sns.Topic(self, "Alarms", enforce_ssl=True, master_key=master_key)
        # The topic's own policy takes the place of the default one, which let the account's alarms in.
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            )
        )
        return topic

    def _dead_letters(self, name: str, queue: Queue, *, what: str, function: str) -> None:
        letters = queue.dead_letters.metric_approximate_number_of_messages_visible
        metric = letters(period=Duration.minutes(1), statistic="Maximum")
        self._alarm(name, metric, 1, _DEAD.format(what=what, function=function, env=self._env))

    def _waiting(self, name: str, queue: Queue, *, function: str) -> None:
        age = queue.queue.metric_approximate_age_of_oldest_message(period=FIVE_MINUTES, statistic="Maximum")
        self._alarm(name, age, _OLD[function], _WAITS.format(env=self._env, function=function))

    def _refusals(self, gateway: str, probed_every: int) -> None:
        """One refusal may be a moment's; this is for those that go on when the gateway is probed again."""
        refusals = self._metrics.of_senders("GatewayRefusal", gateway, period=_with_a_probe(5, probed_every))
        description = _HELD.format(gateway=gateway, env=self._env)
        self._alarm(f"{gateway.capitalize()}Refuses", refusals, 1, description, times=2, within=3)

    def _busy(self, gateway: str, probed_every: int) -> None:
        """A gateway may be busy for a while; this is for one that is so for more than an hour."""
        busy = self._metrics.of_senders("GatewayBusy", gateway, period=_with_a_probe(30, probed_every))
        self._alarm(f"{gateway.capitalize()}Busy", busy, 1, _BUSY.format(gateway=gateway), times=3, within=4)

    def _jobs(self) -> None:
        count, env = self._metrics.count, self._env
        lost = self._metrics.total("answers lost", *(count(name, "Unknown") for name in ("submit", "probe", "poll")))
        self._alarm("Unknown", lost, 1, _UNKNOWN.format(env=env))
        self._alarm("Budget", self._metrics.highest("submit", "BudgetUsed"), 80, _BUDGET.format(env=env))
        hour = Duration.hours(1)
        bad = [count("deliver", status, period=hour) for status in ("Failed", "Expired")]
        good = [count("deliver", "Succeeded", period=hour)]
        rate = self._metrics.share("jobs that failed, %", bad, good, least=_LEAST_JOBS, period=hour)
        self._alarm("Failing", rate, 20, _FAILING.format(env=env))

    def _functions(self, functions: Sequence[Function]) -> None:
        errors = [each.function.metric_errors(period=FIVE_MINUTES, statistic="Sum") for each in functions]
        broken = self._metrics.total("crashes", *errors)
        quarter = Duration.minutes(15)
        failures = [self._metrics.count(name, "Failure", period=quarter) for name in ("submit", "probe", "deliver")]
        failed = self._metrics.total("messages that failed", *failures, period=quarter)
        self._alarm("Failures", failed, 5, _FAILURES.format(env=self._env))
        self._alarm("Crashes", broken, 1, _BROKEN.format(env=self._env), times=2, within=3)
        throttles = [each.function.metric_throttles(period=FIVE_MINUTES, statistic="Sum") for each in functions]
        self._alarm("Throttled", self._metrics.total("turned away", *throttles), 1, _THROTTLED, times=2, within=3)
        loops = [dropped(each.node.id.lower(), each.function) for each in functions]
        self._alarm("Loop", self._metrics.total("taken for loops", *loops), 1, _LOOP.format(env=self._env))

    def _executions(self, machines: Sequence[tuple[str, str]]) -> None:
        ends = [metric for machine in machines for metric in unfinished(*machine)]
        self._alarm("Executions", self._metrics.total("executions", *ends), 1, _EXECUTIONS.format(env=self._env))

    def _strangers(self) -> None:
        self._alarm("Strangers", self._metrics.count("callback", "Callback403"), _MANY, _STRANGERS)

    def _alarm(
        self,
        name: str,
        metric: cloudwatch.Metric | cloudwatch.MathExpression,
        threshold: float,
        description: str,
        *,
        times: int = 1,
        within: int = 1,
    ) -> None:
        metric.create_alarm(
            self,
            name,
            alarm_description=description,
            threshold=threshold,
            evaluation_periods=within,
            datapoints_to_alarm=times if within > 1 else None,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        ).add_alarm_action(SnsAction(self.topic))


def _with_a_probe(minutes: int, probed_every: int) -> Duration:
    """A period in which a gateway that holds jobs is probed, as it is in so many seconds; CloudWatch has minutes."""
    return Duration.minutes(max(minutes, -(-probed_every // 60)))
