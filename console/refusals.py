"""What is said where something can't be done: a message in plain words, and a status that fits."""

import json

from botocore.exceptions import ClientError
from werkzeug.wrappers import Response

from cli import refusals

#: What S3 says with these statuses is about the object that was asked for.
_OF_OBJECTS = (404, 416)


def refusal(status: int, message: str) -> Response:
    """No, and why not."""
    return Response(json.dumps({"message": message}), status, mimetype="application/json")


def unwelcome(error: Exception, what: str = "") -> Response:
    """What AWS says, in the command's own words; `what` goes before them."""
    return refusal(_status(error), what + refusals.told(error)[0])


def _status(error: Exception) -> int:
    if not isinstance(error, ClientError):
        return 502
    status = int(error.response["ResponseMetadata"]["HTTPStatusCode"])
    denied = refusals.ALIASES.get(code := error.response["Error"]["Code"], code) == "AccessDenied"
    return 403 if denied else status if status in _OF_OBJECTS else 502
