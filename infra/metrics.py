"""The numbers that tell how dropreel is getting on, in CloudWatch's words.

Functions embed their own in their logs (see dropreel.telemetry): by function, and some by gateway or by model. None is
by job, since each combination of dimensions is a metric that costs money.
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_

FIVE_MINUTES = Duration.minutes(5)


class Metrics:
    """The metrics of one environment."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace

    def count(self, function: str, name: str, *, period: Duration = FIVE_MINUTES) -> cloudwatch.Metric:
        """How often a function did something."""
        return self._metric(name, "Sum", period, {"service": function})

    def highest(self, function: str, name: str) -> cloudwatch.Metric:
        """The highest that a function saw."""
        return self._metric(name, "Maximum", FIVE_MINUTES, {"service": function})

    def by_gateway(
        self, function: str, name: str, gateway: str, *, statistic: str = "Sum", period: Duration = FIVE_MINUTES
    ) -> cloudwatch.Metric:
        """What a function saw of a gateway."""
        return self._metric(name, statistic, period, {"service": function, "gateway": gateway})

    def of_senders(
        self, name: str, gateway: str, *, label: str = "", period: Duration = FIVE_MINUTES
    ) -> cloudwatch.MathExpression:
        """What the functions that send jobs saw of a gateway together: what arrives is sent by one, what was held by
        another.
        """
        both = [self.by_gateway(function, name, gateway, period=period) for function in ("submit", "probe")]
        named, total = _added(f"{gateway}{name}", both)  # ids of a graph's metrics differ from each other
        return cloudwatch.MathExpression(expression=total, using_metrics=named, label=label or name, period=period)

    def by_model(self, name: str) -> cloudwatch.MathExpression:
        """The sums of each day, of whatever models there are."""
        # A namespace with anything but letters and digits has to be quoted.
        found = f"SEARCH('{{\"{self.namespace}\",service,model}} MetricName=\"{name}\"', 'Sum', 86400)"
        return cloudwatch.MathExpression(expression=found, label="", period=Duration.days(1), using_metrics={})

    def total(
        self, label: str, *metrics: cloudwatch.Metric, period: Duration = FIVE_MINUTES
    ) -> cloudwatch.MathExpression:
        """All of these together."""
        named, total = _added("each", metrics)
        return cloudwatch.MathExpression(expression=total, using_metrics=named, label=label, period=period)

    def share(
        self,
        label: str,
        part: Sequence[cloudwatch.Metric],
        rest: Sequence[cloudwatch.Metric],
        *,
        least: int = 1,
        period: Duration = FIVE_MINUTES,
    ) -> cloudwatch.MathExpression:
        """How many per cent `part` is of both together; 0 while they are fewer than `least`."""
        named, parts = _added("part", part)
        others, rests = _added("rest", rest)
        both = f"({parts} + {rests})"
        return cloudwatch.MathExpression(
            expression=f"IF({both} >= {least}, 100 * ({parts}) / {both}, 0)",
            using_metrics={**named, **others},
            label=label,
            period=period,
        )

    def _metric(self, name: str, statistic: str, period: Duration, dimensions: dict[str, str]) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=self.namespace,
            metric_name=name,
            statistic=statistic,
            period=period,
            dimensions_map=dimensions,
        )


def unfinished(machine: str, arn: str) -> list[cloudwatch.Metric]:
    """How many executions of a state machine failed, and how many ran out of time; to be stopped is neither."""
    named = {"ExecutionsFailed": f"{machine} failed", "ExecutionsTimedOut": f"{machine} timed out"}
    return [
        cloudwatch.Metric(
            namespace="AWS/States",
            metric_name=name,
            label=label,
            statistic="Sum",
            period=FIVE_MINUTES,
            dimensions_map={"StateMachineArn": arn},
        )
        for name, label in named.items()
    ]


def dropped(function: str, target: lambda_.Function) -> cloudwatch.Metric:
    """How many invocations of a function Lambda took for a loop, and did not make."""
    return target.metric(
        "RecursiveInvocationsDropped", label=f"{function} taken for a loop", statistic="Sum", period=FIVE_MINUTES
    )


def _added(name: str, metrics: Sequence[cloudwatch.Metric]) -> tuple[dict[str, cloudwatch.IMetric], str]:
    """Metrics by names of their own, and their sum, to which one that says nothing adds nothing."""
    named: dict[str, cloudwatch.IMetric] = {f"{name}{number}": metric for number, metric in enumerate(metrics)}
    return named, " + ".join(f"FILL({each}, 0)" for each in named)
