"""The sockets of the simulated gateways: one thread a connection, all of them closed at the stop."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from local.gateways.exchange import Answer, Request, as_json

_MOST_BODY = 16 * 1024 * 1024
_PIECES = 20


class Server(ThreadingHTTPServer):
    """Answers each request with a function."""

    daemon_threads = True
    # The default of 5 drops connections of a burst.
    request_queue_size = 512

    def __init__(self, port: int, answer: Callable[[Request], Answer]) -> None:
        self.answer = answer
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        super().__init__(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.02}, name="simulated-gateways-http", daemon=True
        )

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        with self._changed:
            for connection in self._open:
                _break(connection)
            # Idle connections end at once; one in the middle of an answer gets a moment.
            self._changed.wait_for(lambda: not self._open, timeout=5.0)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error of ours; anything else is, and is printed."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """HTTP to `Request`, `Answer` to HTTP."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 75.0
    server: Server

    def do_GET(self) -> None:
        self._exchange()

    do_HEAD = do_POST = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: the journal tells more."""

    def _exchange(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _MOST_BODY:
            self.close_connection = True
            return self._send(as_json(413, {"error": "Payload Too Large", "message": "The body is too large."}))
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        return self._send(self.server.answer(Request(self.command, self.path, headers, body)))

    def _send(self, answer: Answer) -> None:
        if self.server.stopping.wait(answer.wait) or answer.status is None:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self._send_body(answer)

    def _send_body(self, answer: Answer) -> None:
        body = answer.body if answer.cut is None else answer.body[: answer.cut]
        step = max(1, len(body) // _PIECES) if answer.pace else max(1, len(body))
        for start in range(0, len(body), step):
            self.wfile.write(body[start : start + step])
            if self.server.stopping.wait(answer.pace / _PIECES):
                break
        if answer.cut is not None:
            self.close_connection = True


def _break(connection: socket.socket) -> None:
    with suppress(OSError):  # it may have ended by itself
        connection.shutdown(socket.SHUT_RDWR)
