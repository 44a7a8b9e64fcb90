"""A look at an attempt: its watch's state in, the next state out. `dropreel.outcome.watch` decides."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from dropreel.settings import PollSettings, read
from dropreel.telemetry import adopt_domain_logs, adopt_domain_measures, logger, metrics
from dropreel.wiring import early, poll_of

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from dropreel.outcome.watch import Poll, State


@cache
def services() -> Poll:
    adopt_domain_logs()
    adopt_domain_measures()
    return poll_of(read(PollSettings))


early(services)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: State, context: LambdaContext) -> State:
    logger.append_keys(job_id=event["job_id"])
    return services().look(event)
