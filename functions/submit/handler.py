"""Drops and messages: queue messages in, failed ones out. `dropreel.intake` does the rest."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from dropreel import batch
from dropreel.intake import Intake
from dropreel.settings import SubmitSettings, read
from dropreel.telemetry import adopt_domain_logs, adopt_domain_measures, logger, metrics, tracer
from dropreel.wiring import early, intake_of

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def intake() -> Intake:
    adopt_domain_logs()
    adopt_domain_measures()
    return intake_of(read(SubmitSettings))


early(intake)


def take(body: str, message_id: str) -> None:
    try:
        outcomes = intake().take(body, message_id)
    except Exception:
        logger.exception("the message %s failed; it comes again", message_id)
        metrics.add_metric(name="Failure", unit="Count", value=1)
        raise
    for outcome in outcomes:
        metrics.add_metric(name=outcome, unit="Count", value=1)


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False, capture_error=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    metrics.add_metric(name="Message", unit="Count", value=len(event["Records"]))
    return batch.each(event, take)
