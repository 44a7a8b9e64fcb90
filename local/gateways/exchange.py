"""One request to the simulated gateways and one answer of theirs, free of sockets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    """What came in."""

    method: str
    #: Path and query, as sent.
    target: str
    #: Names in lower case.
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    def query(self, name: str) -> str | None:
        """The first value of this query parameter."""
        return parse_qs(urlsplit(self.target).query).get(name, [None])[0]


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes out; a status of None breaks the connection instead."""

    status: int | None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Seconds before the first byte.
    wait: float = 0.0
    #: Seconds over which the body trickles out.
    pace: float = 0.0
    #: Bytes of the body after which the connection breaks.
    cut: int | None = None


def as_json(status: int, body: object, headers: Mapping[str, str] | None = None, *, wait: float = 0.0) -> Answer:
    """An answer in JSON."""
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})}, wait=wait)


class RefusedError(Exception):
    """The POST gets this status, and no generation is begun."""

    def __init__(self, status: int, error: str, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(f"{status} {error}: {message}")
        self.status = status
        self.body: Mapping[str, object] = {"error": error, "message": message}
        self.headers = {} if retry_after is None else {"Retry-After": str(retry_after)}


#: The words of the statuses that a test can ask for; 402 as documented, the others in its manner.
_WORDS = {
    400: ("Bad Request", "The request is not valid."),
    401: ("Unauthorized", "Access denied due to a missing or invalid subscription key."),
    402: ("Insufficient Balance", "Your wallet does not have enough balance."),
    403: ("Forbidden", "Your subscription does not include this model."),
    404: ("Not Found", "There is nothing here."),
    422: ("Unprocessable Entity", "This ratio is not supported."),
    429: ("Too Many Requests", "Rate limit is exceeded."),
    500: ("Internal Server Error", "Something went wrong."),
}


def refused(status: int, retry_after: int | None = None) -> RefusedError:
    """The refusal with the usual words for this status."""
    problem = RefusedError(status, *_WORDS[status], retry_after=retry_after)
    if status == 422:  # in the manner of FastAPI
        problem.body = {"detail": [{"type": "value_error", "loc": ["body", "image"], "msg": _WORDS[status][1]}]}
    return problem
