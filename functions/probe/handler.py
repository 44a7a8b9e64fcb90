"""A round of a closed gate: its execution's state in, the next state out. `dropreel.submit.probe` decides."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from dropreel.settings import SubmitSettings, read
from dropreel.telemetry import adopt_domain_logs, adopt_domain_measures, logger, metrics
from dropreel.wiring import early, probe_of

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from dropreel.submit.holding import State
    from dropreel.submit.probe import Probe


@cache
def services() -> Probe:
    adopt_domain_logs()
    adopt_domain_measures()
    return probe_of(read(SubmitSettings))


early(services)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: State, context: LambdaContext) -> State:
    logger.append_keys(gate=event["gate"])
    return services().round(event)
