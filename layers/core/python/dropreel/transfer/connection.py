"""A line to a media host: one connection, asked again and again, each redirect and each new connection checked."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from dropreel.errors import MediaUnavailable
from dropreel.transfer.addresses import TIMEOUT, Address, Policy, connect

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: Characters of an address that go to the server as they are; others, which have no place in one, are escaped.
AS_IT_IS = "/?&=%~:;,@+$!*'()[]|"
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 5
#: Bytes of a chunked answer that are read, and copied, at once.
SLICE = 256 * 1024
HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "dropreel"}


class Response(http.client.HTTPResponse):
    """An answer whose bytes go from the socket into the reader's own memory, as many as are there."""

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read what is there, at least one byte unless the end has come; http.client's would wait for all of it."""
        if self.isclosed():
            return 0
        view = memoryview(buffer)
        if self.chunked:
            piece = self.read1(min(len(view), SLICE))
            view[: len(piece)] = piece
            return len(piece)
        count = self.fp.readinto1(view[: self.length])
        if self.length is not None:
            self.length -= count
        if not count or self.length == 0:
            self.close()
        return count


class Line:
    """A connection to whatever host is asked, as far as the policy allows."""

    def __init__(self, policy: Policy, tls: ssl.SSLContext | None = None) -> None:
        self._policy = policy
        self._tls = tls
        self._connection: http.client.HTTPConnection | None = None
        self._origin: tuple[object, ...] = ()
        #: The connection's own, which http.client lets go of before the last answer has been read.
        self._sock: socket.socket | None = None
        #: The last answer, which holds on to its connection.
        self._response: http.client.HTTPResponse | None = None
        self._hung_up = False

    def another(self) -> Line:
        """A second line under the same policy; it costs no second load of the authorities' certificates."""
        return Line(self._policy, self._tls)

    def get(self, url: str, headers: Mapping[str, str]) -> tuple[str, http.client.HTTPResponse]:
        """Ask for a URL; return where redirects led, and the answer. Raises MediaUnavailable."""
        for _ in range(MOST_REDIRECTS + 1):
            response = self._ask(url, headers)
            if response.status not in REDIRECTS:
                return url, response
            url = _next(url, response)
            self.close()
        raise MediaUnavailable(f"more than {MOST_REDIRECTS} redirects", final=True)

    def connect(self, url: str) -> bool:
        """Connect to a URL's host unless that is so already; whether it was. Raises MediaUnavailable."""
        parts = _checked(url, self._policy)
        origin = (parts.scheme, parts.hostname, parts.port)
        if self._connection and self._connection.sock and self._origin == origin:
            return True
        self.close()
        self._connection = self._new(parts)
        self._origin = origin
        self._check_wanted()
        return False

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Hang up if what is done meanwhile takes longer: a host can send a little each time before its time is up."""
        alarm = threading.Timer(seconds, self.hang_up)
        alarm.daemon = True
        alarm.start()
        try:
            yield
        finally:
            alarm.cancel()

    def hang_up(self) -> None:
        """From another thread: end whatever is being read or awaited, and do not begin again."""
        self._hung_up = True
        if self._sock:
            with suppress(OSError):
                # Not the TLS socket's own, which would take its state from under the thread that reads.
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Forget the connection, with what may still be coming."""
        connection, self._connection = self._connection, None
        response, self._response = self._response, None
        for each in (response, connection, self._sock):
            if each:
                each.close()

    def _ask(self, url: str, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        if self.connect(url):
            try:
                return self._request(url, headers)
            except MediaUnavailable as problem:
                if self._hung_up or isinstance(problem.__cause__, TimeoutError):
                    raise
            # A host may hang up between two requests.
            self.close()
            self.connect(url)
        return self._request(url, headers)

    def _request(self, url: str, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        assert self._connection is not None
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        target = quote(target, safe=AS_IT_IS, errors="replace")
        try:
            self._connection.request("GET", target, headers={**HEADERS, **headers})
            self._response = self._connection.getresponse()
        except (OSError, ValueError, http.client.HTTPException) as error:
            self._check_wanted()
            raise MediaUnavailable(f"the media host gave no answer ({type(error).__name__})") from error
        self._check_wanted()  # http.client takes half a head for a whole one
        return self._response

    def _new(self, parts: SplitResult) -> http.client.HTTPConnection:
        secure = parts.scheme == "https"
        host = parts.hostname or ""
        port = parts.port or (443 if secure else 80)
        try:
            connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
        except http.client.InvalidURL:
            raise MediaUnavailable("the output's address is malformed", final=True) from None
        connection.response_class = Response
        connection.auto_open = 0  # it would connect by itself, to any address
        self._sock = connect(host, port, lambda address: self._may_reach(address, secure=secure))
        if secure:
            self._secure(self._sock, host)
            connection.default_port = 443  # so that the Host header names no port
        connection.sock = self._sock
        return connection

    def _secure(self, raw: socket.socket, host: str) -> None:
        self._tls = self._tls or ssl.create_default_context()
        # It has ended only where the host says so: a connection that was cut off is no end.
        how = partial(self._tls.wrap_socket, suppress_ragged_eofs=False, do_handshake_on_connect=False)
        try:
            self._sock = tls = how(raw, server_hostname=host)
            self._check_wanted()
            tls.do_handshake()
        except OSError as error:
            self._check_wanted()
            raise MediaUnavailable(f"no secure connection to {host} ({error})") from error

    def _may_reach(self, address: Address, *, secure: bool) -> bool:
        self._check_wanted()
        return self._policy.allows(address, secure=secure)

    def _check_wanted(self) -> None:
        if self._hung_up:
            raise MediaUnavailable("the media host took too long to answer")


def _checked(url: str, policy: Policy) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise MediaUnavailable("the output's address is malformed", final=True) from None
    if parts.scheme not in ("https", "http") or not parts.hostname or port == 0:
        raise MediaUnavailable("the output's address is not https", final=True)
    if parts.scheme == "http" and not policy.allow_loopback:
        raise MediaUnavailable("the output's address is plain http", final=True)
    policy.check_host(parts.hostname)
    return parts


def _next(url: str, response: http.client.HTTPResponse) -> str:
    location = response.headers.get("Location")
    if not location:
        raise MediaUnavailable("the media host redirects to nowhere", final=True)
    try:
        return urljoin(url, location)
    except ValueError:
        raise MediaUnavailable("the media host redirects to a malformed address", final=True) from None
