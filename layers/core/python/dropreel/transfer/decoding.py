"""An output that its host has compressed for the way: unpacked as it is read, in bounded memory."""

from __future__ import annotations

import http.client
import zlib

#: The codings that zlib unpacks.
UNPACKED = frozenset({"gzip", "x-gzip", "deflate"})
#: Words in a Content-Encoding that stand for no coding; the AWS clients leave the second one behind.
NO_CODING = frozenset({"", "identity", "aws-chunked"})
#: Bytes that are read, and unpacked, at once.
SLICE = 256 * 1024
#: zlib's number for: gzip or deflate, whichever it is.
EITHER = 47


def coding(response: http.client.HTTPResponse) -> str:
    """What an answer says that its bytes are packed in; empty where they are the file's own."""
    named = ",".join(response.headers.get_all("Content-Encoding", [])).lower()
    return ", ".join(word for part in named.split(",") if (word := part.strip()) not in NO_CODING)


class Unpacking:
    """The bytes of a packed answer. However much a few of them make, no more is unpacked than is asked for."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._response = response
        self._buffer = memoryview(bytearray(SLICE))
        self._packed: bytes | memoryview = b""
        self._zlib = zlib.decompressobj(EITHER)

    def readinto(self, view: memoryview) -> int:
        """Unpack some bytes, at least one unless the end has come. Raises zlib.error if it is broken or cut off."""
        while True:
            if self._zlib.eof and self._packed:  # one after another makes one file
                self._zlib = zlib.decompressobj(EITHER)
            found = self._zlib.decompress(self._packed, len(view))
            self._packed = self._zlib.unused_data or self._zlib.unconsumed_tail
            if found:
                view[: len(found)] = found
                return len(found)
            if not self._packed and not self._read():
                return 0

    def _read(self) -> bool:
        count = self._response.readinto(self._buffer)
        if not count and not self._zlib.eof:
            raise zlib.error("cut off")
        self._packed = self._buffer[:count]
        return bool(count)
