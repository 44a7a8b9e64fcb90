"""A web server in a thread of this process, for loopback callers only."""

import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any, Self
from urllib.parse import urlsplit

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request

#: what a WSGI application looks like from here
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def is_here(address: str) -> bool:
    """Whether a URL leads to this machine by a name that can't be made to mean another."""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return False
    return host in _LOOPBACK or host.endswith(".localhost")


def is_foreign(request: Request) -> bool:
    """Whether another site's page asks: by its own script, by a link, or under a name that it made to lead here.

    Every browser on this machine reaches its loopback address, whatever site it shows. Only browsers send the two
    headers, so no other client is kept out.
    """
    origin = request.headers.get("Origin")
    return (
        not is_here(f"//{request.host}")
        or (origin is not None and not is_here(origin))
        or request.headers.get("Sec-Fetch-Site") == "cross-site"
    )


def door(port: int) -> socket.socket:
    """A port at which callers wait from now on until a server answers: this one, or any that is free if it is taken."""
    try:
        return socket.create_server(("127.0.0.1", port), backlog=128)
    except OSError:
        return socket.create_server(("127.0.0.1", 0), backlog=128)


def address(listening: socket.socket) -> str:
    """The address that people give a browser. Not 127.0.0.1: moto reads those of its own resources by that word."""
    return f"http://localhost:{listening.getsockname()[1]}"


class QuietHandler(WSGIRequestHandler):
    """Answers without a log line a request, which would bury everything else."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says nothing."""


class WebServer:
    """Listens from the moment it is made, answers from `start` to `stop`; at a door, or a port, 0 being any free one.

    Raises OSError where the port is taken.
    """

    def __init__(
        self,
        application: Application,
        *,
        port: int = 0,
        at: socket.socket | None = None,
        handler: type[QuietHandler] = QuietHandler,
    ) -> None:
        # Bound here, because werkzeug ends the whole program when a port is taken.
        with at or socket.create_server(("127.0.0.1", port), backlog=128) as listening:
            self.url = address(listening)
            self._server = make_server(
                "127.0.0.1", port, application, threaded=True, request_handler=handler, fd=listening.fileno()
            )
        self.port = self._server.port
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name=f"web-{self.port}", daemon=True
        )

    def start(self) -> Self:
        """Begins to answer."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stops listening; a request that is under way is left to end by itself."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
