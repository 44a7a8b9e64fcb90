"""Lambda's payloads have a size, a queue gives a function the time it may take, and reserved concurrency is a limit.

See docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html and .../services-sqs-configure.html.
"""

from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import EventSourceMapping, LambdaBackend
from moto.cloudformation.exceptions import ValidationError
from moto.sqs.models import sqs_backends

from local.strict.moto import replace_in

#: bytes of an event, when somebody waits for the answer and when nobody does
MOST_BYTES = {"RequestResponse": 6 * 1024 * 1024, "Event": 1024 * 1024}
#: bytes of an answer, which may hold a few headers more
MOST_ANSWER = MOST_BYTES["RequestResponse"] + 100


class Throttled(Exception):
    """Lambda's TooManyRequestsException."""

    def __init__(self) -> None:
        super().__init__("Rate Exceeded.")


def apply() -> None:
    """Makes moto refuse an event source mapping whose queue would take messages back while the function runs."""
    create: Any = LambdaBackend.create_event_source_mapping

    def create_event_source_mapping(backend: LambdaBackend, spec: dict[str, Any]) -> Any:
        function = backend.get_function(spec.get("FunctionName", ""))
        for queue in sqs_backends[backend.account_id][backend.region_name].queues.values():
            seconds: int = queue.visibility_timeout  # type: ignore[attr-defined]
            if queue.queue_arn == spec.get("EventSourceArn") and seconds < int(function.timeout):
                raise InvalidParameterValueException(
                    f"Queue visibility timeout: {seconds} seconds is less than Function timeout: "
                    f"{function.timeout} seconds"
                )
        return create(backend, spec)

    replace_in(LambdaBackend, "create_event_source_mapping", create_event_source_mapping)
    _tell_cloudformation()


def _tell_cloudformation() -> None:
    """A template's mapping is refused in a form that CloudFormation's clients can read."""
    create: Any = EventSourceMapping.create_from_cloudformation_json

    def create_from_cloudformation_json(*described: Any, **more: Any) -> Any:
        try:
            return create(*described, **more)
        except InvalidParameterValueException as refusal:
            raise ValidationError(message=refusal.message) from refusal

    replace_in(EventSourceMapping, "create_from_cloudformation_json", staticmethod(create_from_cloudformation_json))


def event_too_large(event: bytes, kind: str) -> str | None:
    """Lambda's words for an event that it does not take."""
    most = MOST_BYTES.get(kind, MOST_BYTES["RequestResponse"])
    return f"{len(event)} byte payload is too large (limit {most} bytes)" if len(event) > most else None


def answer_too_large(answer: bytes) -> str | None:
    """Lambda's words for an answer that it does not hand back."""
    too_large = len(answer) > MOST_ANSWER
    return f"Response payload size exceeded maximum allowed payload size ({MOST_ANSWER} bytes)." if too_large else None
