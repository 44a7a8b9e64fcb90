"""A gateway's callback: an HTTP request in, its status out. What it means is `dropreel.outcome.callback`'s to say."""

from __future__ import annotations

import base64
import time
from functools import cache
from typing import TYPE_CHECKING, Any

from dropreel.aws.clients import client
from dropreel.aws.jobs_table import JobsTable
from dropreel.aws.queues import Deliveries, Queue
from dropreel.outcome.callback import take_callback
from dropreel.settings import CallbackSettings, read
from dropreel.telemetry import adopt_domain_measures, logger, metrics
from dropreel.wiring import early

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


#: A stranger's, or news of an attempt that is over; many of them are worth an alarm.
FORBIDDEN = 403


@cache
def services() -> tuple[JobsTable, Deliveries]:
    adopt_domain_measures()
    settings = read(CallbackSettings)
    store = JobsTable(client("dynamodb"), settings.jobs_table, time.time)
    return store, Deliveries(Queue(client("sqs"), settings.deliver_queue_url))


early(services)


def body_of(event: dict[str, Any]) -> bytes:
    body = event.get("body") or ""
    return base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    path = event.get("pathParameters") or {}
    job_id = str(path.get("job_id", ""))
    logger.append_keys(job_id=job_id[:64])
    status = take_callback(*services(), job_id, str(path.get("token", "")), body_of(event))
    logger.info("answered %d", status)
    if status == FORBIDDEN:
        metrics.add_metric(name="Callback403", unit="Count", value=1)
    return {"statusCode": status}
