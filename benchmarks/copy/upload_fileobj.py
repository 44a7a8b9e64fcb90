"""What one writes first: boto3's upload_fileobj over a streaming httpx answer: `… upload_fileobj URL…`."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import httpx

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class Body(io.RawIOBase):
    """An answer's bytes as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        self._rest = self._rest or next(self._pieces, b"")
        count = min(len(view), len(self._rest))
        view[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


def main() -> None:
    s3 = boto3.client("s3")
    with httpx.Client() as client:
        for number, url in enumerate(sys.argv[1:]):
            with client.stream("GET", url) as answer:
                answer.raise_for_status()
                s3.upload_fileobj(io.BufferedReader(Body(answer.iter_bytes(1024 * 1024))), "outbox", f"{number}.mp4")
    os._exit(0)  # a function's process is frozen, never taken apart


if __name__ == "__main__":
    main()
