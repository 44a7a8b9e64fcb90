"""News and looks: queue messages in, failed ones out. `dropreel.looking` and `dropreel.delivery` do the rest."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from dropreel import batch
from dropreel.looking import Looking
from dropreel.queues import Ticket
from dropreel.settings import DeliverSettings, read
from dropreel.telemetry import adopt_domain_logs, adopt_domain_measures, logger, metrics, tracer
from dropreel.wiring import early, looking_of

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def looking() -> Looking:
    adopt_domain_logs()
    adopt_domain_measures()
    return looking_of(read(DeliverSettings))


early(looking)


def deliver(body: str, message_id: str) -> None:
    logger.remove_keys(["job_id"])
    try:
        ticket = Ticket.read(body, message_id)
        logger.append_keys(job_id=ticket.job_id)
        looking().take(ticket)
    except Exception:
        logger.exception("the delivery failed; its message comes again")
        metrics.add_metric(name="Failure", unit="Count", value=1)
        raise


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False, capture_error=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    metrics.add_metric(name="Delivery", unit="Count", value=len(event["Records"]))
    return batch.each(event, deliver)
