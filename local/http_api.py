"""API Gateway's HTTP API: routes to functions, with events and answers of payload format 2.0.

See docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html.
"""

import base64
import json
import re
import secrets
import socket
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from local.moto_server import ACCOUNT
from local.runtime_api import Answer
from local.strict.functions import Throttled
from local.web import Application, WebServer

#: bytes that API Gateway takes at most
_MOST_BYTES = 10 * 1024 * 1024
#: content types whose bodies reach a function as text
_TEXT = re.compile(r"text/|application/(json|xml|javascript|x-www-form-urlencoded)|[^;]*\+(json|xml)")

#: runs the function of that name on an event
Invoke = Callable[[str, bytes], Answer]
#: answers what is asked of the page for people, and nothing else
Page = Callable[[Request], Response | None]


class HttpApi:
    """The public address of the stack, and beside it what is for people only."""

    def __init__(self, *, invoke: Invoke, page: Page | None, at: socket.socket | None = None) -> None:
        self._invoke = invoke
        self._page = page
        self._routes: list[tuple[str, re.Pattern[str], str, str]] = []
        self._web = WebServer(self._answer, at=at)
        self.url = self._web.url

    def add_route(self, key: str, function: str) -> None:
        """Leads `METHOD /path/{parameter}` to a function."""
        method, _, path = key.partition(" ")
        pattern = re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))
        self._routes.append((method, pattern, key, function))

    def start(self) -> None:
        """Begins to answer."""
        self._web.start()

    def stop(self) -> None:
        """Stops listening."""
        self._web.stop()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = _MOST_BYTES
        return self._respond(request)(environ, start_response)

    def _respond(self, request: Request) -> Application:
        if self._page and (shown := self._page(request)):
            return shown
        for method, pattern, key, function in self._routes:
            found = pattern.fullmatch(request.path)
            if found and method in (request.method, "ANY"):
                return self._integrate(request, key, function, found.groupdict())
        return _message(404, "Not Found")

    def _integrate(self, request: Request, key: str, function: str, parameters: dict[str, str]) -> Response:
        try:
            event = _event(request, key, parameters)
        except RequestEntityTooLarge:
            return _message(413, "Request Entity Too Large")
        try:
            answer = self._invoke(function, json.dumps(event).encode())
            return _message(500, "Internal Server Error") if answer.error else _response(answer.payload)
        except (KeyError, TypeError, ValueError):
            return _message(500, "Internal Server Error")
        except Throttled:
            return _message(503, "Service Unavailable")


def _message(status: int, text: str) -> Response:
    return Response(json.dumps({"message": text}), status, mimetype="application/json")


def _event(request: Request, key: str, parameters: dict[str, str]) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in request.headers.items() if name != "Cookie"}
    headers |= _added(request)
    query = request.query_string.decode("latin-1")
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": key,
        "rawPath": request.path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": _context(request, key),
        "pathParameters": parameters,
    }
    if query:
        event["queryStringParameters"] = _joined(parse_qsl(query, keep_blank_values=True))
    if cookies := request.headers.get("Cookie"):
        event["cookies"] = cookies.split("; ")
    return event | _body(request.get_data(), request.content_type or "")


def _added(request: Request) -> dict[str, str]:
    """What API Gateway tells in headers of its own; whoever calls begins a new trace."""
    addresses = [*request.headers.getlist("X-Forwarded-For"), request.remote_addr or ""]
    return {
        "x-amzn-trace-id": f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}",
        "x-forwarded-for": ", ".join(addresses),
        "x-forwarded-port": request.host.rpartition(":")[2],
        "x-forwarded-proto": request.scheme,
    }


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """API Gateway joins the values of a parameter that is given twice by a comma."""
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _context(request: Request, key: str) -> dict[str, Any]:
    now = time.time()
    return {
        "accountId": ACCOUNT,
        "apiId": "local",
        "domainName": request.host,
        "domainPrefix": "local",
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": request.environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
            "sourceIp": request.remote_addr or "",
            "userAgent": request.headers.get("User-Agent", ""),
        },
        "requestId": uuid.uuid4().hex[:16],
        "routeKey": key,
        "stage": "$default",
        "time": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(now * 1000),
    }


def _body(data: bytes, content_type: str) -> dict[str, Any]:
    """A body as text where it says that it is text and is, else as base64."""
    if not data:
        return {"isBase64Encoded": False}
    if _TEXT.match(content_type.lower()):
        try:
            return {"body": data.decode(), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass
    return {"body": base64.b64encode(data).decode(), "isBase64Encoded": True}


def _response(payload: bytes) -> Response:
    """An answer with a statusCode is taken by its parts; anything else is a body of JSON."""
    answer = json.loads(payload)
    if not isinstance(answer, dict) or "statusCode" not in answer:
        return Response(json.dumps(answer), 200, mimetype="application/json")
    body = answer.get("body") or ""
    data = base64.b64decode(body) if answer.get("isBase64Encoded") else str(body).encode()
    response = Response(data, int(answer["statusCode"]), mimetype="application/json")
    for name, value in (answer.get("headers") or {}).items():
        response.headers[name] = str(value)
    for cookie in answer.get("cookies") or []:
        response.headers.add("Set-Cookie", str(cookie))
    return response
