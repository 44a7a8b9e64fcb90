"""Drops and messages: queue messages in, those that are to come again out. `dropreel.intake.intake` does the rest."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from dropreel.aws import batch
from dropreel.settings import SubmitSettings, read
from dropreel.submit.admission import UNTOLD
from dropreel.telemetry import adopt_domain_logs, adopt_domain_measures, logger, metrics
from dropreel.wiring import early, submit_of

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from dropreel.aws.queues import Queue
    from dropreel.intake.intake import Intake


@cache
def services() -> tuple[Intake, Queue]:
    adopt_domain_logs()
    adopt_domain_measures()
    return submit_of(read(SubmitSettings))


early(services)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    intake, queue = services()

    def take(body: str, message_id: str) -> None:
        for outcome in intake.take(body, message_id):
            if outcome not in UNTOLD:
                metrics.add_metric(name=outcome, unit="Count", value=1)

    return batch.each(event, queue, take)
