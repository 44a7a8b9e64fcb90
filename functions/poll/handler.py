"""A round of the watch: the state machine's state in, its next state out. `dropreel.watching` decides."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from dropreel.settings import PollSettings, read
from dropreel.telemetry import adopt_domain_logs, adopt_domain_measures, logger, metrics, tracer
from dropreel.watching import State, Watching
from dropreel.wiring import early, watching_of

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def watching() -> Watching:
    adopt_domain_logs()
    adopt_domain_measures()
    return watching_of(read(PollSettings))


early(watching)


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False, capture_error=False)
@metrics.log_metrics
def handler(event: State, context: LambdaContext) -> State:
    logger.append_keys(job_id=event["job_id"])
    metrics.add_metric(name="Round", unit="Count", value=1)
    return watching().round(event)
