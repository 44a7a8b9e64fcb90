"""A copy from a host of ours to a bucket of ours, and what is right of it."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable
from functools import lru_cache
from http.server import BaseHTTPRequestHandler

from dropreel.transfer.addresses import Policy
from dropreel.transfer.buffers import PARTS
from dropreel.transfer.copying import Copier, Output
from dropreel.transfer.fetching import fetch
from tests.unit.hosts import Asked, Bucket, FilmHost

LAPTOP = Policy(allow_loopback=True)
LABELS = {"dropreel-job": "job-1"}
#: A 64th of the copy's own, where a test does not say `in_full`: what goes wrong goes wrong at their edges.
PIECE = 32 * 1024
PART = 4 * PIECE
WINDOW = PARTS * PART
#: More than what is in memory at a time.
LONG = WINDOW + PIECE + 17


def film(size: int, seed: int = 0) -> bytes:
    """Bytes of which no two stretches are alike, with an MP4's head."""
    stretches = (_stretch(seed, number) for number in range(-(-size // PART)))
    return b"".join([b"\0\0\0\x18ftypmp42", *stretches])[:size]


@lru_cache(maxsize=400)
def _stretch(seed: int, number: int) -> bytes:
    """A small part's worth of random bytes; to make them takes longer than to copy them."""
    return random.Random(f"{seed} {number}").randbytes(PART)  # noqa: S311


class LeaseLost(Exception):
    """What a test's beat says to a copy that shall end."""


def copier(bucket: Bucket, policy: Policy = LAPTOP) -> Copier:
    return Copier(bucket.client(), "outbox", policy, fetch)


def copy(host: FilmHost, bucket: Bucket, beat: Callable[[], None] = lambda: None) -> Output:
    return copier(bucket).copy(f"{host.url}/film", "job", LABELS, beat)


def right(output: Output, bucket: Bucket, content: bytes) -> bool:
    """Whether what the manifest will say and what is there are both this."""
    told = output == Output("job.mp4", len(content), hashlib.sha256(content).hexdigest(), "video/mp4")
    return told and bucket.objects == {"job.mp4": content} and not bucket.uploads


def covered(ranges: list[tuple[int, int]], start: int) -> int:
    """Where ranges end that go on from one another; fails if they do not."""
    for first, stop in ranges:
        assert first == start, "a gap, or bytes asked for twice"
        start = stop
    return start


def throttled(seconds: float) -> Callable[[BaseHTTPRequestHandler, Asked], bool]:
    def wait(request: BaseHTTPRequestHandler, asked: Asked) -> bool:
        time.sleep(seconds)
        return False

    return wait
