"""Lambda's Runtime API: how a function's process asks for events and hands back answers.

See docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. Each process has an API of its own, so that its port tells
which process speaks.
"""

import json
import re
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from werkzeug.wrappers import Request, Response

from local.strict.recursion import Chain
from local.web import WebServer

_ANSWER = re.compile(r"/2018-06-01/runtime/invocation/(?P<id>[^/]+)/(?P<kind>response|error)")


@dataclass(frozen=True)
class Answer:
    """What came of an invocation."""

    #: JSON: the function's return value, or the description of its error
    payload: bytes
    #: None, or Lambda's word for an error: Unhandled
    error: str | None = None

    @classmethod
    def failed(cls, kind: str, message: str) -> "Answer":
        """An error that the function did not report itself."""
        return cls(json.dumps({"errorType": kind, "errorMessage": message}).encode(), "Unhandled")


@dataclass(eq=False)
class Invocation:
    """One event on its way through a function."""

    #: JSON
    event: bytes
    #: the function's
    arn: str
    #: how long the function may take, in seconds
    timeout: float
    #: what led to it
    chain: Chain
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    #: time.monotonic() when it was asked for
    began: float = field(default_factory=time.monotonic)
    #: set when there is an answer
    done: threading.Event = field(default_factory=threading.Event)
    answer: Answer | None = None
    _first: threading.Lock = field(default_factory=threading.Lock)
    #: time.monotonic() by which there must be an answer; None until a process has taken it
    deadline: float | None = None

    def finish(self, answer: Answer) -> None:
        """Keeps the first answer; a later one, such as the death of the process that gave it, is no news."""
        if self._first.acquire(blocking=False):
            self.answer = answer
            self.done.set()

    def headers(self) -> dict[str, str]:
        """What Lambda tells a function of its invocation."""
        return {
            "Lambda-Runtime-Aws-Request-Id": self.id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + self.timeout) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": self.arn,
            "Lambda-Runtime-Trace-Id": self.chain.header,
        }


class RuntimeApi:
    """The API of one process."""

    def __init__(self, take: Callable[[], Invocation | None]) -> None:
        self._take = take
        #: what the process works on
        self.current: Invocation | None = None
        #: why the process could not start, as it says itself
        self.init_error: Answer | None = None
        self._web = WebServer(self._answer).start()
        #: for AWS_LAMBDA_RUNTIME_API
        self.address = f"127.0.0.1:{self._web.port}"

    def stop(self) -> None:
        """Stops listening."""
        self._web.stop()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        return self._route(request)(environ, start_response)

    def _route(self, request: Request) -> Response:
        if request.path == "/2018-06-01/runtime/invocation/next":
            return self._next()
        if request.path == "/2018-06-01/runtime/init/error":
            self.init_error = Answer(request.get_data(), "Unhandled")
            return _accepted()
        answer = _ANSWER.fullmatch(request.path)
        if answer and self.current and answer["id"] == self.current.id:
            invocation, self.current = self.current, None
            invocation.finish(Answer(request.get_data(), "Unhandled" if answer["kind"] == "error" else None))
            return _accepted()
        return Response(status=400)

    def _next(self) -> Response:
        invocation = self._take()
        if invocation is None:
            return Response(status=410)
        self.current = invocation
        invocation.deadline = time.monotonic() + invocation.timeout
        return Response(invocation.event, 200, invocation.headers(), mimetype="application/json")


def _accepted() -> Response:
    return Response('{"status":"OK"}', 202, mimetype="application/json")
