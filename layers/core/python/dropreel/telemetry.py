"""Logs and metrics, by Powertools; the domain itself logs through the standard library."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from dropreel import measures

logger = Logger()
metrics = Metrics()
# Many an invocation has nothing to tell, and what Python warns of would come out as plain text.
warnings.filterwarnings("ignore", "No application metrics to publish")


def adopt_domain_logs() -> None:
    """Let the domain's lines come out as the function's own: JSON, with the job_id of each."""
    domain = logging.getLogger("dropreel")
    domain.handlers = list(logger.handlers)
    domain.setLevel(logger.log_level)
    domain.propagate = False


def adopt_domain_measures() -> None:
    """Let the domain's numbers come out as the function's own metrics."""
    measures.report_to(_embed)


def _embed(name: str, value: float, unit: measures.Unit, dimensions: Mapping[str, str]) -> None:
    if not dimensions:
        metrics.add_metric(name=name, unit=unit, value=value)
        return
    # A line of its own: all numbers of a line have the same dimensions.
    with single_metric(name=name, unit=MetricUnit(unit), value=value, namespace=metrics.provider.namespace) as alone:
        for dimension, value_of_it in dimensions.items():
            alone.add_dimension(name=dimension, value=value_of_it)
