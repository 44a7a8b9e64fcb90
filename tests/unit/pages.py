"""A real web server whose pages are whatever a test says, and what comes of fetching them."""

from __future__ import annotations

import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest

from dropreel.errors import MediaUnavailable
from dropreel.transfer.addresses import Policy
from dropreel.transfer.fetching import fetch
from tests.unit.hosts import Server

LAPTOP = Policy(allow_loopback=True)
FILM = bytes(range(256)) * 4096  # 1 MiB


class Host(Server):
    """A web server whose pages are functions of a request handler."""

    def __init__(self) -> None:
        super().__init__()
        self.pages: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        self.seen: list[tuple[str, dict[str, str]]] = []

    def page(self, path: str, page: Callable[[BaseHTTPRequestHandler], None]) -> str:
        self.pages[path] = page
        return self.url + path

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.seen.append((request.path, dict(request.headers)))
        self.pages[request.path.partition("?")[0]](request)
        request.close_connection = True


def answer(status: int, body: bytes = b"", **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """A page with a Content-Length, unless the headers say otherwise."""

    def page(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in ({"Content-Length": str(len(body))} | named).items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    return page


def raw(*pieces: bytes, pause: float = 0.0) -> Callable[[BaseHTTPRequestHandler], None]:
    """A page that is nothing but these bytes, after which the connection ends."""

    def page(request: BaseHTTPRequestHandler) -> None:
        for piece in pieces:
            request.wfile.write(piece)
            time.sleep(pause)

    return page


def download(url: str, policy: Policy = LAPTOP, buffer: int = 2 * len(FILM)) -> bytes:
    """Everything that a URL serves, read as the copier reads it."""
    found = b""
    view = memoryview(bytearray(buffer))
    with fetch(url, policy) as media:
        count = len(view)
        while count == len(view):
            count = media.readinto(view, lambda: None)
            found += view[:count]
    return found


def problem(url: str, policy: Policy = LAPTOP) -> MediaUnavailable:
    with pytest.raises(MediaUnavailable) as caught:
        download(url, policy)
    return caught.value


def chunked(body: bytes) -> bytes:
    sizes = [1, 2, 70_000, len(body)]
    pieces = [body[start:end] for start, end in zip([0, *sizes], sizes, strict=False)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
