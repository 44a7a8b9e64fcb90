"""AWS on this machine: moto's server, with real functions behind its Lambda address."""

import json
import logging
import os
import re
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from contextvars import copy_context
from typing import Any
from urllib.parse import unquote

from moto.core.config import default_user_config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.wrappers import Request, Response

from local import moto_repairs, strict
from local.runtime_api import Answer
from local.strict import functions, permissions, recursion
from local.web import QuietHandler, WebServer, is_foreign

#: the region of everything on a laptop
REGION = "us-east-1"
#: moto's account
ACCOUNT = "123456789012"

_INVOCATION = re.compile(r"/2015-03-31/functions/(?:arn:aws:lambda:[^/]*:function:)?(?P<name>[^/:]+)[^/]*/invocations")
#: moto's services that read, decide and write in several steps, where AWS does it in one
_ATOMIC = ("dynamodb", "s3", "stepfunctions")

_log = logging.getLogger(__name__)

#: runs the function of that name on the event; None where there is no such function
Invoke = Callable[[str, bytes], Answer | None]


class _Handler(QuietHandler, MotoRequestHandler):
    """moto's own reading of headers, without its log."""


class _Dispatcher(DomainDispatcherApplication):
    """Remembers which service answers for a host; moto looks through its folders at each request."""

    def __init__(self) -> None:
        super().__init__(create_backend_app)
        self._known: dict[str | None, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:
        if host not in self._known:
            self._known[host] = super().get_backend_for_host(host)
        return self._known[host]


class MotoServer:
    """The endpoint that every AWS client on this machine is pointed at."""

    def __init__(self, *, port: int, invoke: Invoke) -> None:
        self._invoke = invoke
        self._moto = _Dispatcher()
        self._locks: dict[str, AbstractContextManager[Any]] = {name: threading.RLock() for name in _ATOMIC}
        self._web = WebServer(self._answer, port=port, handler=_Handler)
        self.url = self._web.url
        self._prepare()

    def _prepare(self) -> None:
        """Settles what moto reads from its surroundings before the first request."""
        # moto's state machines call functions at localhost:MOTO_PORT.
        os.environ["MOTO_PORT"] = str(self._web.port)
        # The code of a function lies in the assembly and never in a bucket.
        os.environ["VALIDATE_LAMBDA_S3"] = "false"
        # Without this moto answers StartExecution and runs nothing.
        default_user_config["stepfunctions"] = {"execute_state_machine": True}
        # First, so that the repairs, which do one thing at a time, hold for what it puts in.
        strict.apply()
        moto_repairs.apply(self.url)

    def start(self) -> None:
        """Begins to answer."""
        self._web.start()

    def stop(self) -> None:
        """Stops listening."""
        self._web.stop()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if is_foreign(Request(environ)):
            # moto lets every site in: one could start jobs that cost money, and read the gateways' keys.
            return Response("This endpoint is for this machine only.", 403)(environ, start_response)
        if refusal := self._refusal(environ):
            return refusal(environ, start_response)
        invocation = _INVOCATION.fullmatch(unquote(environ["PATH_INFO"]))
        trace = environ.get("HTTP_X_AMZN_TRACE_ID", "")
        if invocation and environ["REQUEST_METHOD"] == "POST":
            with recursion.following(recursion.of_request("lambda", trace)):
                return self._invocation(invocation["name"], Request(environ))(environ, start_response)
        application = self._moto.get_application(environ)
        service = str(getattr(application, "service", ""))
        with recursion.following(recursion.of_request(service, trace)), self._locks.get(service, nullcontext()):
            return application(environ, start_response)

    def _refusal(self, environ: dict[str, Any]) -> Response | None:
        """What a function is told that its role does not allow to ask for this."""
        request = Request(environ)
        asked = permissions.asked(request)
        return permissions.refusal(request, asked) if asked else None

    def _invocation(self, name: str, request: Request) -> Response:
        """Lambda's Invoke; see docs.aws.amazon.com/lambda/latest/api/API_Invoke.html."""
        event = request.get_data() or b"{}"
        kind = request.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        if words := functions.event_too_large(event, kind):
            return _refusal(413, "RequestTooLargeException", words)
        if kind == "Event":
            later = copy_context()
            threading.Thread(target=later.run, args=(self._invoke_unseen, name, event), daemon=True).start()
            return Response(status=202)
        try:
            answer = self._invoke(name, event)
        except recursion.RecursiveInvocation as loop:
            return _refusal(400, "RecursiveInvocationException", str(loop))
        except functions.Throttled as throttled:
            return _refusal(429, "TooManyRequestsException", str(throttled))
        if answer is None:
            return _refusal(404, "ResourceNotFoundException", f"Function not found: {name}")
        response = Response(answer.payload, 200, mimetype="application/json")
        response.headers["X-Amz-Executed-Version"] = "$LATEST"
        if answer.error is not None:
            response.headers["X-Amz-Function-Error"] = answer.error
        return response

    def _invoke_unseen(self, name: str, event: bytes) -> None:
        """Runs a function for nobody who waits: what comes of it goes to no destination, as none is set."""
        try:
            self._invoke(name, event)
        except recursion.RecursiveInvocation as loop:
            _log.warning("%s The event is dropped.", loop)
        except functions.Throttled:
            _log.warning("%s is throttled, and the event is dropped, which Lambda would keep for hours.", name)


def _refusal(status: int, kind: str, message: str) -> Response:
    refusal = Response(json.dumps({"Type": "User", "Message": message}), status, mimetype="application/json")
    refusal.headers["X-Amzn-ErrorType"] = kind
    return refusal
