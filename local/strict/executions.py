"""Step Functions takes names of certain characters and inputs of a certain size, and ends what has too long a history.

See "StartExecution" in the API reference and docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html.
"""

import re
from typing import Any

from moto.stepfunctions.exceptions import InvalidExecutionInput, InvalidName
from moto.stepfunctions.parser.api import ExecutionFailedEventDetails
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from local.strict.moto import replace_in

#: bytes of an input, and events of an execution
MOST_BYTES, MOST_EVENTS = 256 * 1024, 25_000
_NAME = re.compile(r"""[^\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\U0010ffff]{1,80}""")


def apply() -> None:
    """Makes moto's Step Functions refuse what AWS's do, for every client in this process."""
    start: Any = StepFunctionsParserBackend.start_execution

    def start_execution(
        backend: StepFunctionsParserBackend, arn: str, name: str, execution_input: str | None = None, *more: Any
    ) -> Any:
        if name and not _NAME.fullmatch(name):
            raise InvalidName(f"Invalid Name: '{name}'")
        if len((execution_input or "").encode()) > MOST_BYTES:
            raise InvalidExecutionInput(
                f"Invalid State Machine Execution Input: the input is larger than {MOST_BYTES} bytes"
            )
        return start(backend, arn, name, execution_input, *more)

    replace_in(StepFunctionsParserBackend, "start_execution", start_execution)
    _end_what_has_too_long_a_history()


def _end_what_has_too_long_a_history() -> None:
    """No Catch keeps an execution from that end, and nothing that fails after it has the last word."""
    initialize: Any = Environment.__init__
    add: Any = EventManager.add_event
    fail: Any = Environment.set_error

    def initialize_known(environment: Environment, *more: Any, **named: Any) -> None:
        initialize(environment, *more, **named)
        events: Any = environment.event_manager
        events.whole = getattr(events, "whole", environment)

    def add_event(events: Any, *more: Any, **named: Any) -> int:
        number: int = add(events, *more, **named)
        if number == MOST_EVENTS - 1:
            events.whole.set_error(_too_long())
        return number

    def set_error(environment: Environment, error: ExecutionFailedEventDetails) -> None:
        number = len(environment.event_manager.get_event_history())
        fail(environment, error if number < MOST_EVENTS - 1 else _too_long())

    replace_in(Environment, "__init__", initialize_known)
    replace_in(EventManager, "add_event", add_event)
    replace_in(Environment, "set_error", set_error)


def _too_long() -> ExecutionFailedEventDetails:
    cause = f"The execution reached the maximum number of history events ({MOST_EVENTS})."
    return ExecutionFailedEventDetails(error="States.Runtime", cause=cause)
