"""An output is in the outbox byte for byte, whatever its size, and no more of it in memory than the window."""

from __future__ import annotations

import threading
import time

import pytest

from dropreel.transfer import buffers
from dropreel.transfer.buffers import PARTS
from dropreel.transfer.copying import Copier
from dropreel.transfer.fetching import fetch
from dropreel.transfer.uploading import MOST_AT_ONCE
from tests.unit.copies import (
    LABELS,
    LAPTOP,
    LONG,
    PART,
    PIECE,
    WINDOW,
    copier,
    copy,
    covered,
    film,
    right,
    throttled,
)
from tests.unit.hosts import STREAMED, Asked, Bucket, FilmHost

#: Bytes of the shortest film: a head.
SHORT = 12
SIZES = [
    SHORT,
    PIECE - 1,
    PIECE,
    PIECE + 1,
    2 * PIECE,
    PART,
    PART + 1,
    2 * PART,
    WINDOW - 1,
    WINDOW,
    WINDOW + 1,
    LONG,
    5 * PART,
]
#: What may matter to a film that is read in one stream.
EDGES = [SHORT, PIECE, PART, PART + 1, WINDOW, WINDOW + 1]


@pytest.mark.parametrize(
    ("manner", "size"),
    [("serve", size) for size in SIZES] + [(m, size) for m in ("whole", "endless") for size in EDGES],
)
@pytest.mark.parametrize("upload", ["as one request", "in parts"])
def test_a_film_of_any_size_arrives_whole(
    bucket: Bucket, size: int, manner: str, upload: str, request: pytest.FixtureRequest
) -> None:
    if upload == "in parts":
        request.getfixturevalue("in_parts")
    with FilmHost(film(size)) as host:
        if manner != "serve":
            host.instead = getattr(host, manner)
        assert right(copy(host, bucket), bucket, host.film)


@pytest.mark.parametrize("manner", ["serve", "whole", "endless"])
@pytest.mark.parametrize("upload", ["as one request", "in parts"])
@pytest.mark.usefixtures("in_full")
def test_a_film_in_parts_of_the_size_that_they_have_in_a_function_arrives_whole(
    bucket: Bucket, manner: str, upload: str, request: pytest.FixtureRequest
) -> None:
    if upload == "in parts":
        request.getfixturevalue("in_parts")
    with FilmHost(film((PARTS + 1) * buffers.PART + 17)) as host:
        if manner != "serve":
            host.instead = getattr(host, manner)
        assert right(copy(host, bucket), bucket, host.film)


@pytest.mark.parametrize("size", SIZES)
def test_every_byte_is_asked_for_once_and_of_the_same_file(bucket: Bucket, size: int) -> None:
    with FilmHost(film(size)) as host:
        copy(host, bucket)
        assert host.asked[0] == Asked((0, PIECE), None, "/film")
        assert covered(host.ranges, min(PIECE, size)) == size
        assert all(asked.if_range == '"first"' for asked in host.asked[1:])


def test_a_film_of_known_size_is_one_request(bucket: Bucket) -> None:
    for size in (SHORT, PART + 1, WINDOW, WINDOW + 1, 6 * PART):
        bucket.calls.clear()
        with FilmHost(film(size)) as host:
            copy(host, bucket)
        assert bucket.calls == ["Put"]


def test_one_request_is_no_larger_than_s3_takes_and_a_part_no_smaller() -> None:
    assert MOST_AT_ONCE <= 5 * 2**30
    assert buffers.PART >= 5 * 2**20


@pytest.mark.usefixtures("in_parts")
def test_what_fits_into_a_part_is_one_put_and_more_is_parts(bucket: Bucket) -> None:
    for size, calls in [
        (SHORT, ["Put"]),
        (PART, ["Put"]),
        (PART + 1, ["Complete", "Create", "Part 1", "Part 2"]),
        (6 * PART, ["Complete", "Create", *[f"Part {n}" for n in range(1, 7)]]),
    ]:
        bucket.calls.clear()
        with FilmHost(film(size)) as host:
            copy(host, bucket)
        assert sorted(bucket.calls) == calls
        assert (bucket.calls[0], bucket.calls[-1]) in [("Put", "Put"), ("Create", "Complete")]


def test_a_lane_that_is_alone_asks_for_a_part_at_a_time(
    host: FilmHost, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dropreel.transfer.downloading.MOST_LANES", 1)
    copy(host, bucket)
    parts = [(n * PART, (n + 1) * PART) for n in range(1, PARTS)]
    assert host.ranges == [(PIECE, PART), *parts, (WINDOW, LONG)]
    assert len(host.connections) == 1


def test_objects_have_their_type_and_labels(host: FilmHost, bucket: Bucket) -> None:
    copy(host, bucket)
    assert bucket.headers["job.mp4"]["x-amz-meta-dropreel-job"] == "job-1"
    assert bucket.headers["job.mp4"]["content-type"] == "video/mp4"


def test_bodies_carry_a_checksum_and_are_not_hashed_again_for_the_signature(
    host: FilmHost, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dropreel.aws import clients

    for name, value in {"ENDPOINT_URL": bucket.url, "ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for size in (1000, LONG):
        host.film = film(size)
        Copier(clients.client("s3"), "outbox", LAPTOP, fetch).copy(host.url, "job", {}, lambda: None)
    assert bucket.signed == {"UNSIGNED-PAYLOAD", STREAMED}


def test_buffers_are_used_again_and_keep_nothing_of_the_last_film(bucket: Bucket) -> None:
    several = copier(bucket)
    for seed, size in enumerate([5 * PART, PART + 1, LONG, 2 * PART, SHORT, WINDOW, 5 * PART]):
        with FilmHost(film(size, seed)) as host:
            assert right(several.copy(host.url, "job", LABELS, lambda: None), bucket, host.film)


@pytest.mark.usefixtures("in_parts")
def test_files_of_any_sizes_in_a_row_take_no_more_than_the_window(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive: dict[int, int] = {}
    seen: list[list[int]] = []

    class Counted(bytearray):
        """Each step is one that threads can not come between, for buffers end in any of them."""

        def __init__(self, size: int) -> None:
            super().__init__(size)
            alive[id(self)] = size
            seen.append(list(alive.values()))

        def __del__(self) -> None:
            alive.pop(id(self), None)

    monkeypatch.setattr("dropreel.transfer.buffers.bytearray", Counted, raising=False)
    # S3 is slower than the host, so that all of the window is in use.
    bucket.trouble = lambda call: time.sleep(0.5) or 0 if call.startswith("Part") else 0  # type: ignore[func-returns-value]
    several = copier(bucket)
    for size in (LONG, WINDOW, PART - 1, LONG, PART + 1, 2 * PART, SHORT, LONG):
        with FilmHost(film(size)) as host:
            host.instead = throttled(0.06)  # so that there are several lanes, which may not keep what they have read
            several.copy(host.url, "job", LABELS, lambda: None)
    most = max(seen, key=sum)
    assert sum(most) == WINDOW, most


@pytest.mark.usefixtures("in_parts")
def test_no_more_is_asked_for_than_the_window_holds(bucket: Bucket) -> None:
    gate = threading.Event()

    def stuck(call: str) -> int:
        if call.startswith("Part"):
            assert gate.wait(30)
        return 0

    bucket.trouble = stuck
    with FilmHost(film(PARTS * PART + 2 * PART)) as host:
        asked: list[int] = []

        def beat() -> None:
            """Once the host has been idle for a while, see how far it got, and let the parts go."""
            asked.append(max((stop for _, stop in host.ranges), default=0))
            if len(asked) > 20 and len(set(asked[-10:])) == 1:
                gate.set()

        assert right(copy(host, bucket, beat), bucket, host.film)
        assert PARTS * PART in asked
        assert asked[next(n for n in range(20, len(asked)) if len(set(asked[n - 9 : n + 1])) == 1)] == PARTS * PART
