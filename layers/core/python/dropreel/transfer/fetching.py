"""Fetching outputs: whole, or by ranges that are certain to be of one and the same file."""

from __future__ import annotations

import http.client
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dropreel.errors import MediaUnavailable
from dropreel.transfer.addresses import Policy
from dropreel.transfer.connection import Line
from dropreel.transfer.decoding import UNPACKED, Unpacking, coding

#: Bytes asked for by one range: at a CDN's usual 20 MB/s a tenth of a second, many times what a request costs.
PIECE = 2 * 1024 * 1024
#: Seconds within which a host must begin to send, redirects included; with the last of its connections, it is less than
#: a lease, which nobody renews meanwhile.
BEGIN = 40.0
#: Answers of servers that know the file but not what a range is; and of an empty file, which has none.
NO_RANGES = frozenset({206, 400, 416, 501})
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})", re.ASCII | re.IGNORECASE)


class RangesBroken(MediaUnavailable):
    """The ranges of a file do not fit together: it has changed meanwhile, or the server mistakes them."""


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes of a file from one up to but not including another, and how many the file has."""

    start: int
    stop: int
    size: int


@dataclass(frozen=True, slots=True)
class Ranged:
    """A file that its server hands out by ranges."""

    #: Where it really lies, after redirects.
    url: str
    #: The server's strong name for this very content.
    etag: str
    size: int

    def open(self, line: Line, start: int, stop: int) -> Media:
        """Ask for some bytes. Raises MediaUnavailable; RangesBroken if they are not of the same file."""
        url, response = line.get(self.url, {"Range": f"bytes={start}-{stop - 1}", "If-Range": self.etag})
        if response.status not in (200, *NO_RANGES):
            raise _refused(response)
        same = response.headers.get("ETag") == self.etag and not coding(response)
        if _span(response) != Span(start, stop, self.size) or not same:
            raise RangesBroken("the file changed while it was read, or its server mistakes ranges")
        return Media(url, response, line=line)


class Media:
    """An output that is being read."""

    def __init__(
        self,
        url: str,
        response: http.client.HTTPResponse,
        *,
        line: Line | None = None,
        ranged: Ranged | None = None,
    ) -> None:
        #: Where it really came from, after redirects.
        self.url = url
        self.content_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        packed = coding(response)
        unpacked = packed in UNPACKED
        if packed and not unpacked:
            # Whatever it is called, it is not that as long as it is packed.
            self.content_type = f"application/{packed}"
        #: Bytes of this answer, as the server announced them; None where it did not, or where they are packed.
        self.length = None if unpacked else response.length
        #: Bytes of the whole file; None where they are not known.
        self.size = ranged.size if ranged else self.length
        #: How to get what this answer does not have; None if it has everything.
        self.ranged = ranged
        #: What it comes on.
        self.line = line or Line(Policy())
        self._bytes = Unpacking(response) if unpacked else response
        self._received = 0

    def readinto(self, buffer: memoryview, beat: Callable[[], None]) -> int:
        """Fill the buffer as far as there are bytes; fewer mean the end. `beat` is called now and then.

        Raises MediaUnavailable if the end came too soon.
        """
        filled = 0
        try:
            while filled < len(buffer):
                count = self._bytes.readinto(buffer[filled:])
                if not count:
                    break
                filled += count
                beat()
        except zlib.error as error:
            raise MediaUnavailable(f"the download can not be unpacked after {self._received + filled} bytes") from error
        except (OSError, http.client.HTTPException) as error:
            raise MediaUnavailable(f"the download broke after {self._received + filled} bytes ({error})") from error
        self._received += filled
        if filled < len(buffer) and self.length is not None and self._received != self.length:
            raise MediaUnavailable(f"the download ended after {self._received} of {self.length} bytes")
        return filled


@contextmanager
def fetch(url: str, policy: Policy) -> Iterator[Media]:
    """Open an output for reading, following redirects: all of it, or its first piece where both sides have ranges.

    Raises MediaUnavailable.
    """
    line = Line(policy)
    try:
        with line.within(BEGIN):
            media = (_first(line, url) if policy.ranges else None) or _whole(line, url)
        yield media
    finally:
        line.close()


def _first(line: Line, url: str) -> Media | None:
    """Ask for the first piece; None if that leads nowhere."""
    url, response = line.get(url, {"Range": f"bytes=0-{PIECE - 1}"})
    if response.status == 200:
        return Media(url, response, line=line)
    if response.status not in NO_RANGES:
        raise _refused(response)
    span = None if coding(response) else _span(response)  # ranges of what is packed are no ranges of the film
    if response.status == 206 and span and span == Span(0, min(PIECE, span.size), span.size):
        if span.stop == span.size:
            return Media(url, response, line=line)
        etag = response.headers.get("ETag", "")
        # A weak one (W/"…") is no promise of the same bytes, and servers take none in If-Range.
        if etag.startswith('"'):
            return Media(url, response, line=line, ranged=Ranged(url, etag, span.size))
    line.close()
    return None


def _whole(line: Line, url: str) -> Media:
    url, response = line.get(url, {"Connection": "close"})
    if response.status != 200:
        raise _refused(response)
    return Media(url, response, line=line)


def _refused(response: http.client.HTTPResponse) -> MediaUnavailable:
    """Whatever it is, it may pass: a film is there a little later, a fresh address works, a CDN forgets its 404."""
    return MediaUnavailable(f"the media host answered {response.status}")


def _span(response: http.client.HTTPResponse) -> Span | None:
    """What a partial answer says that it holds; None unless its length says the same."""
    found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    if response.status != 206 or not found:
        return None
    first, last, size = (int(number) for number in found.groups())
    return Span(first, last + 1, size) if response.length == last + 1 - first else None
