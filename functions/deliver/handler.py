"""Jobs whose outcome is to be fetched: queue messages in, those that are to come again out."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from dropreel.aws import batch
from dropreel.aws.queues import woken
from dropreel.settings import DeliverSettings, read
from dropreel.telemetry import adopt_domain_logs, adopt_domain_measures, logger, metrics
from dropreel.wiring import deliver_of, early

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from dropreel.aws.queues import Queue
    from dropreel.delivery.delivery import Delivery


@cache
def services() -> tuple[Delivery, Queue]:
    adopt_domain_logs()
    adopt_domain_measures()
    return deliver_of(read(DeliverSettings))


early(services)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    delivery, queue = services()

    def take(body: str, message_id: str) -> None:
        logger.remove_keys(["job_id"])
        job_id = woken(body)
        logger.append_keys(job_id=job_id)
        delivery.deliver(job_id, message_id)

    return batch.each(event, queue, take)
