"""How dropreel is getting on, at a glance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.environments import GATEWAYS
from infra.function import Function
from infra.metrics import FIVE_MINUTES, Metrics, dropped, unfinished
from infra.queues import Queues

#: Each outcome in the color that it has everywhere.
_INTAKE = {"Sent": "#2ca02c", "Waiting": "#7f7f7f", "Held": "#ff9900", "Unknown": "#9467bd", "Rejected": "#d62728"}
_ENDS = {"Succeeded": "#2ca02c", "Failed": "#d62728", "Expired": "#9467bd"}


#: Functions that tell of what failed and comes again.
_FAILING = ("submit", "probe", "deliver")


class Dashboard(Construct):
    """One page in CloudWatch, named like the stack."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        metrics: Metrics,
        queues: Queues,
        functions: Sequence[Function],
        machines: Sequence[tuple[str, str]],
    ) -> None:
        super().__init__(scope, name)
        self._metrics = metrics
        self._page = cloudwatch.Dashboard(self, "Page", dashboard_name=Stack.of(self).stack_name)
        self._row(self._counts("What came in", "submit", _INTAKE), self._counts("How jobs ended", "deliver", _ENDS))
        self._row(*self._queues(queues))
        self._row(*self._gateways())
        self._row(*self._money())
        self._row(self._news(), self._functions(functions))
        self._row(self._door(), self._executions(machines))

    def _row(self, *widgets: cloudwatch.IWidget) -> None:
        self._page.add_widgets(*widgets)

    def _counts(self, title: str, function: str, colors: Mapping[str, str]) -> cloudwatch.IWidget:
        counts = [self._metrics.count(function, name).with_(color=color) for name, color in colors.items()]
        return _graph(title, counts, unit="jobs", stacked=True)

    def _queues(self, queues: Queues) -> list[cloudwatch.IWidget]:
        both = {"intake": queues.intake, "deliver": queues.deliver}
        ages = [
            queue.queue.metric_approximate_age_of_oldest_message(
                label=name, period=Duration.minutes(1), statistic="Maximum"
            )
            for name, queue in both.items()
        ]
        dead = [
            queue.dead_letters.metric_approximate_number_of_messages_visible(
                label=name, period=Duration.minutes(1), statistic="Maximum"
            )
            for name, queue in both.items()
        ]
        return [_graph("Oldest message", ages, unit="seconds"), _graph("Dead letters", dead, unit="messages")]

    def _gateways(self) -> list[cloudwatch.IWidget]:
        latency = [
            self._metrics.by_gateway(function, "GatewayLatency", gateway, statistic=statistic).with_(
                label=f"{gateway} {function} {statistic}"
            )
            for gateway in GATEWAYS
            for function in ("submit", "probe", "poll", "deliver")
            for statistic in ("p50", "p90")
        ]
        refusals = [
            self._metrics.of_senders(name, gateway, label=f"{gateway} {words}")
            for gateway in GATEWAYS
            for name, words in {"GatewayRefusal": "refuses us", "GatewayBusy": "asks to wait"}.items()
        ]
        return [
            _graph("Gateways' latency", latency, unit="milliseconds"),
            _graph("Gateways' refusals", refusals, unit="requests", stacked=True),
        ]

    def _money(self) -> list[cloudwatch.IWidget]:
        days = [self._metrics.by_model("MoneyUsd")]
        used = self._metrics.highest("submit", "BudgetUsed").with_(label="reserved")
        return [
            _graph("Money sent a day, by model (an estimate)", days, unit="USD", stacked=True, period=Duration.days(1)),
            _graph("Budget of the day", [used], unit="%", line=80),
        ]

    def _news(self) -> cloudwatch.IWidget:
        hour = Duration.hours(1)
        called = [self._metrics.count("callback", "EndByCallback", period=hour)]
        polled = [self._metrics.count("poll", "EndByPoll", period=hour)]
        share = self._metrics.share("callbacks", called, polled, period=hour)
        return _graph("Ends that a callback brought before a poll did", [share], unit="%", period=hour)

    def _functions(self, functions: Sequence[Function]) -> cloudwatch.IWidget:
        named = {each.node.id.lower(): each.function for each in functions}
        crashes = [function.metric_errors(label=f"{name} crashes") for name, function in named.items()]
        throttles = [function.metric_throttles(label=f"{name} throttled") for name, function in named.items()]
        failures = [self._metrics.count(name, "Failure").with_(label=f"{name} fails") for name in _FAILING]
        loops = [dropped(name, function) for name, function in named.items()]
        return _graph("Functions", [*crashes, *failures, *throttles, *loops], unit="times", stacked=True)

    def _door(self) -> cloudwatch.IWidget:
        strangers = self._metrics.count("callback", "Callback403").with_(label="403")
        return _graph("Strangers at the callback's door", [strangers], unit="requests")

    def _executions(self, machines: Sequence[tuple[str, str]]) -> cloudwatch.IWidget:
        ends = [metric for machine in machines for metric in unfinished(*machine)]
        return _graph("State machines", ends, unit="executions", stacked=True)


def _graph(
    title: str,
    metrics: Sequence[cloudwatch.IMetric],
    *,
    unit: str,
    stacked: bool = False,
    line: float | None = None,
    period: Duration = FIVE_MINUTES,
) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title=title,
        left=list(metrics),
        left_y_axis=cloudwatch.YAxisProps(min=0, label=unit, show_units=False),
        left_annotations=[cloudwatch.HorizontalAnnotation(value=line)] if line is not None else [],
        stacked=stacked,
        period=period,
        width=12,
        height=6,
    )
