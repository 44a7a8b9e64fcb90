"""An output is in the outbox byte for byte, or not at all: by ranges, in one stream, whatever host and S3 do."""

from __future__ import annotations

import hashlib
import itertools
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dropreel.addresses import Policy
from dropreel.copying import Copier, Output
from dropreel.errors import MediaUnavailable
from dropreel.media import PIECE, fetch
from dropreel.reading import MOST_LANES
from dropreel.streaming import MOST_AT_ONCE
from dropreel.uploads import MOST_PARTS
from dropreel.window import PART, PARTS
from tests.unit.hosts import STREAMED, Asked, Bucket, FilmHost, send, unframed

LAPTOP = Policy(allow_loopback=True)
LABELS = {"dropreel-job": "job-1"}
WINDOW = PARTS * PART
#: More than what is in memory at a time.
LONG = WINDOW + PIECE + 17


def film(size: int, seed: int = 0) -> bytes:
    """Bytes of which no two stretches are alike, with an MP4's head."""
    return (b"\0\0\0\x18ftypmp42" + random.Random(seed).randbytes(size))[:size]  # noqa: S311


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with Bucket() as running:
        yield running


@pytest.fixture
def host() -> Iterator[FilmHost]:
    with FilmHost(film(LONG)) as running:
        yield running


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is small enough for one request."""
    monkeypatch.setattr("dropreel.copying.MOST_AT_ONCE", 0)


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


SIZES = [
    1,
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


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("manner", ["serve", "whole", "endless"])
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


@pytest.mark.parametrize("size", SIZES)
def test_every_byte_is_asked_for_once_and_of_the_same_file(bucket: Bucket, size: int) -> None:
    with FilmHost(film(size)) as host:
        copy(host, bucket)
        assert host.asked[0] == Asked((0, PIECE), None, "/film")
        assert covered(host.ranges, min(PIECE, size)) == size
        assert all(asked.if_range == '"first"' for asked in host.asked[1:])


def test_a_film_of_known_size_is_one_request(bucket: Bucket) -> None:
    for size in (1, PART + 1, WINDOW, WINDOW + 1, 6 * PART):
        bucket.calls.clear()
        with FilmHost(film(size)) as host:
            copy(host, bucket)
        assert bucket.calls == ["Put"]


def test_one_request_is_no_larger_than_s3_takes() -> None:
    assert MOST_AT_ONCE <= 5 * 2**30


@pytest.mark.usefixtures("in_parts")
def test_what_fits_into_a_part_is_one_put_and_more_is_parts(bucket: Bucket) -> None:
    for size, calls in [
        (1, ["Put"]),
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
    monkeypatch.setattr("dropreel.reading.MOST_LANES", 1)
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
    from dropreel import wiring

    for name, value in {"ENDPOINT_URL": bucket.url, "ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for size in (1000, LONG):
        host.film = film(size)
        Copier(wiring.aws("s3"), "outbox", LAPTOP, fetch).copy(host.url, "job", {}, lambda: None)
    assert bucket.signed == {"UNSIGNED-PAYLOAD", STREAMED}


def test_buffers_are_used_again_and_keep_nothing_of_the_last_film(bucket: Bucket) -> None:
    several = copier(bucket)
    for seed, size in enumerate([5 * PART, PART + 1, LONG, 2 * PART, 3, WINDOW, 5 * PART]):
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

    monkeypatch.setattr("dropreel.window.bytearray", Counted, raising=False)
    # S3 is slower than the host, so that all of the window is in use.
    bucket.trouble = lambda call: time.sleep(0.5) or 0 if call.startswith("Part") else 0  # type: ignore[func-returns-value]
    several = copier(bucket)
    for size in (LONG, WINDOW, PART - 1, LONG, PART + 1, 2 * PART, 5, LONG):
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


# Hosts that limit, refuse and break


def throttled(seconds: float) -> Callable[[BaseHTTPRequestHandler, Asked], bool]:
    def wait(request: BaseHTTPRequestHandler, asked: Asked) -> bool:
        time.sleep(seconds)
        return False

    return wait


def test_a_slow_connection_is_joined_by_others(host: FilmHost, bucket: Bucket) -> None:
    host.film = film(5 * PART)
    host.instead = throttled(0.2)
    assert right(copy(host, bucket), bucket, host.film)
    assert 1 < len(host.connections) <= MOST_LANES
    assert covered(host.ranges, PIECE) == 5 * PART


@pytest.mark.parametrize("status", [403, 429, 503])
def test_a_host_that_refuses_more_connections_is_read_with_those_it_gave(
    host: FilmHost, bucket: Bucket, status: int
) -> None:
    ports: list[int] = []

    def refuse(request: BaseHTTPRequestHandler, asked: Asked) -> bool:
        ports.append(request.client_address[1])
        if ports[0] == request.client_address[1]:
            time.sleep(0.1)
            return False
        send(request, status, b"")
        return True

    host.instead = refuse
    assert right(copy(host, bucket), bucket, host.film)


def test_a_host_that_breaks_off_once_is_read_on_by_the_other_lanes(host: FilmHost, bucket: Bucket) -> None:
    broken: list[Asked] = []

    def break_off(request: BaseHTTPRequestHandler, asked: Asked) -> bool:
        time.sleep(0.1)
        assert asked.span
        if broken or asked.span[0] < 2 * PIECE or len(host.connections) < 2:
            return False
        broken.append(asked)
        start, stop = asked.span[0], min(asked.span[1], LONG)
        about = {"ETag": host.etag, "Content_Range": f"bytes {start}-{stop - 1}/{LONG}"}
        send(request, 206, host.film[start : start + 1000], Content_Length=str(stop - start), **about)
        request.close_connection = True
        return True

    host.instead = break_off
    assert right(copy(host, bucket), bucket, host.film)
    assert broken


def test_a_host_that_hangs_up_between_requests_is_called_again(host: FilmHost, bucket: Bucket) -> None:
    def hang_up(request: BaseHTTPRequestHandler, asked: Asked) -> bool:
        request.close_connection = True
        return False

    host.instead = hang_up
    assert right(copy(host, bucket), bucket, host.film)
    assert len(host.connections) == len(host.asked)


@pytest.mark.parametrize("manner", ["serve", "whole"])
def test_a_film_that_ends_too_soon_leaves_nothing(host: FilmHost, bucket: Bucket, manner: str) -> None:
    def cut(request: BaseHTTPRequestHandler, asked: Asked) -> bool:
        request.close_connection = True
        if manner == "whole":
            send(request, 200, host.film[: LONG - 9], Content_Length=str(LONG))
            return True
        if asked.span and asked.span[1] < LONG - PIECE:
            return False
        assert asked.span
        about = f"bytes {asked.span[0]}-{min(asked.span[1], LONG) - 1}/{LONG}"
        length = str(min(asked.span[1], LONG) - asked.span[0])
        send(request, 206, b"short", ETag=host.etag, Content_Range=about, Content_Length=length)
        return True

    host.instead = cut
    with pytest.raises(MediaUnavailable) as caught:
        copy(host, bucket)
    assert not caught.value.final
    assert (bucket.objects, bucket.uploads) == ({}, {})


def test_an_address_that_expires_midway_is_final(host: FilmHost, bucket: Bucket) -> None:
    def expire(request: BaseHTTPRequestHandler, asked: Asked) -> bool:
        late = bool(asked.span and asked.span[0] >= PART)
        if late:
            send(request, 403, b"")
        return late

    host.instead = expire
    with pytest.raises(MediaUnavailable, match="answered 403") as caught:
        copy(host, bucket)
    assert caught.value.final
    assert (bucket.objects, bucket.uploads) == ({}, {})


# Files that change, and hosts that mistake ranges


@pytest.mark.parametrize("upload", ["as one request", "in parts"])
def test_a_film_that_changes_midway_is_never_mixed(
    host: FilmHost, bucket: Bucket, upload: str, request: pytest.FixtureRequest
) -> None:
    if upload == "in parts":
        request.getfixturevalue("in_parts")
    new = film(LONG, seed=1)

    def change(request: BaseHTTPRequestHandler, asked: Asked) -> bool:
        if asked.span and asked.span[0] >= PART:
            host.film, host.etag = new, '"second"'
        return False

    host.instead = change
    assert right(copy(host, bucket), bucket, new)
    assert bucket.calls.count("Create") == (bucket.calls.count("Abort") + 1 if upload == "in parts" else 0)
    assert host.asked[-1].span is None


LIES: dict[str, Callable[[int, int], dict[str, str]]] = {
    "another range": lambda start, stop: {"Content_Range": f"bytes {start + 1}-{stop}/{LONG}"},
    "another size": lambda start, stop: {"Content_Range": f"bytes {start}-{stop - 1}/{LONG + 1}"},
    "a longer range": lambda start, stop: {"Content_Range": f"bytes {start}-{stop}/{LONG}"},
    "a shorter range": lambda start, stop: {"Content_Range": f"bytes {start}-{stop - 2}/{LONG}"},
    "no range": lambda start, stop: {},
    "an unknown size": lambda start, stop: {"Content_Range": f"bytes {start}-{stop - 1}/*"},
    "nonsense": lambda start, stop: {"Content_Range": "bytes x-y/z"},
    "another file": lambda start, stop: {"Content_Range": f"bytes {start}-{stop - 1}/{LONG}", "ETag": '"other"'},
    "no file's name": lambda start, stop: {"Content_Range": f"bytes {start}-{stop - 1}/{LONG}", "ETag": ""},
    "a weak name": lambda start, stop: {"Content_Range": f"bytes {start}-{stop - 1}/{LONG}", "ETag": 'W/"first"'},
}


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("since", [0, PART])
def test_a_host_that_mistakes_ranges_is_read_in_one_stream(
    host: FilmHost, bucket: Bucket, lie: str, since: int
) -> None:
    if (lie, since) == ("another file", 0):
        pytest.skip("the first answer's name is the file's")

    def mistake(request: BaseHTTPRequestHandler, asked: Asked) -> bool:
        if asked.span is None or asked.span[0] < since:
            return False
        start, stop = asked.span[0], min(asked.span[1], LONG)
        # The bytes are others too, so that whoever believes it is found out.
        send(request, 206, bytes(stop - start), **{"ETag": host.etag, **LIES[lie](start, stop)})
        return True

    host.instead = mistake
    assert right(copy(host, bucket), bucket, host.film)
    assert host.asked[-1].span is None
    assert sum(asked.span is None for asked in host.asked) == 1


@pytest.mark.parametrize("status", [200, 416])
def test_a_host_that_stops_giving_ranges_is_read_in_one_stream(host: FilmHost, bucket: Bucket, status: int) -> None:
    def stop(request: BaseHTTPRequestHandler, asked: Asked) -> bool:
        if asked.span is None or asked.span[0] < PART:
            return False
        send(request, status, host.film if status == 200 else b"", ETag=host.etag)
        return True

    host.instead = stop
    assert right(copy(host, bucket), bucket, host.film)


@pytest.mark.parametrize("status", [400, 416, 501])
def test_a_host_that_refuses_the_very_word_is_asked_for_the_whole(host: FilmHost, bucket: Bucket, status: int) -> None:
    def refuse(request: BaseHTTPRequestHandler, asked: Asked) -> bool:
        if asked.span:
            send(request, status, b"")
        return bool(asked.span)

    host.instead = refuse
    assert right(copy(host, bucket), bucket, host.film)
    assert [asked.span for asked in host.asked] == [(0, PIECE), None]


@pytest.mark.parametrize("manner", ["serve", "whole", "endless"])
def test_an_empty_film_is_none(host: FilmHost, bucket: Bucket, manner: str) -> None:
    host.film = b""
    if manner != "serve":
        host.instead = getattr(host, manner)
    with pytest.raises(MediaUnavailable, match="empty"):
        copy(host, bucket)
    assert bucket.calls == []


def test_a_film_that_s3_has_no_parts_for_is_final_before_it_is_read(host: FilmHost, bucket: Bucket) -> None:
    def huge(request: BaseHTTPRequestHandler, asked: Asked) -> bool:
        size = MOST_PARTS * PART + 1
        about = f"bytes 0-{PIECE - 1}/{size}"
        send(request, 206, host.film[:PIECE], ETag=host.etag, Content_Range=about)
        return True

    host.instead = huge
    with pytest.raises(MediaUnavailable, match="more than 83886080000 bytes") as caught:
        copy(host, bucket)
    assert caught.value.final
    assert bucket.calls == []


def test_fifty_gigabytes_fit_into_the_parts_that_s3_takes() -> None:
    assert MOST_PARTS * PART >= 50e9


def test_a_film_of_unknown_length_may_not_have_more_parts_either(
    host: FilmHost, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dropreel.uploads.MOST_PARTS", 2)
    host.instead = host.endless
    with pytest.raises(MediaUnavailable, match="more than"):
        copy(host, bucket)
    assert bucket.calls[-1] == "Abort"
    assert (bucket.objects, bucket.uploads) == ({}, {})


# Addresses


def test_every_lane_is_checked(host: FilmHost, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that leads elsewhere the second time: the first lane reads on, and no other ever connects."""
    looked_up: list[str] = []
    real = socket.getaddrinfo

    def rebinding(name: str, *others: Any, **options: Any) -> Any:
        if name != "localhost":
            return real(name, *others, **options)
        looked_up.append(name)
        return real("127.0.0.1" if len(looked_up) == 1 else "10.0.0.1", *others, **options)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    host.instead = throttled(0.15)
    output = copier(bucket).copy(f"http://localhost:{host.port}/film", "job", LABELS, lambda: None)
    assert right(output, bucket, host.film)
    assert len(looked_up) > 1
    assert len(host.connections) == 1


def test_a_range_that_is_redirected_to_a_forbidden_place_is_not_followed(host: FilmHost, bucket: Bucket) -> None:
    def lure(request: BaseHTTPRequestHandler, asked: Asked) -> bool:
        if asked.span and asked.span[0] >= PART:
            send(request, 302, b"", Location="http://169.254.169.254/latest/meta-data/")
            return True
        return False

    host.instead = lure
    with pytest.raises(MediaUnavailable, match=r"169\.254\.169\.254 has no public address") as caught:
        copy(host, bucket)
    assert caught.value.final
    assert (bucket.objects, bucket.uploads) == ({}, {})


def test_ranges_are_asked_for_where_the_redirect_led(host: FilmHost, bucket: Bucket) -> None:
    def redirect(request: BaseHTTPRequestHandler, asked: Asked) -> bool:
        if asked.path == "/film":
            send(request, 302, b"", Location="/elsewhere")
        return asked.path == "/film"

    host.instead = redirect
    assert right(copy(host, bucket), bucket, host.film)
    assert [asked.path for asked in host.asked].count("/film") == 1


# Leases


class LeaseLost(Exception):
    pass


def silent(seconds: float) -> Callable[[BaseHTTPRequestHandler, Asked], bool]:
    """A host whose second part comes late."""

    def wait(request: BaseHTTPRequestHandler, asked: Asked) -> bool:
        if asked.span and asked.span[1] > PART:
            time.sleep(seconds)
        return False

    return wait


def test_the_lease_is_kept_while_a_host_is_silent(host: FilmHost, bucket: Bucket) -> None:
    beats: list[float] = []
    host.instead = silent(0.6)
    copy(host, bucket, lambda: beats.append(time.monotonic()))
    pauses = [after - before for before, after in itertools.pairwise(beats)]
    assert len(beats) > 10
    assert max(pauses) < 0.6


@pytest.mark.parametrize("slow", ["Put", "Part 3"])
def test_the_lease_is_kept_while_s3_is_slow(
    host: FilmHost, bucket: Bucket, slow: str, request: pytest.FixtureRequest
) -> None:
    if slow != "Put":
        request.getfixturevalue("in_parts")
    beats: list[float] = []
    bucket.trouble = lambda call: time.sleep(2.5) or 0 if call == slow else 0  # type: ignore[func-returns-value]
    copy(host, bucket, lambda: beats.append(time.monotonic()))
    pauses = [after - before for before, after in itertools.pairwise(beats)]
    assert max(pauses) < 2


@pytest.mark.parametrize("manner", ["serve", "whole"])
@pytest.mark.usefixtures("in_parts")
def test_a_lost_lease_ends_everything(host: FilmHost, bucket: Bucket, manner: str) -> None:
    def beat() -> None:
        if "Part 1" in bucket.calls:
            raise LeaseLost

    host.film = film(6 * PART)
    host.instead = throttled(0.05) if manner == "serve" else host.whole
    with pytest.raises(LeaseLost):
        copy(host, bucket, beat)
    assert bucket.calls[-1] == "Abort"
    assert (bucket.objects, bucket.uploads) == ({}, {})
    time.sleep(0.5)  # for the host to hear what was already on its way
    before = len(host.asked)
    time.sleep(0.3)
    assert len(host.asked) == before


@pytest.mark.parametrize("manner", ["serve", "whole"])
def test_a_lost_lease_cuts_the_one_request(host: FilmHost, bucket: Bucket, manner: str) -> None:
    left = 20

    def beat() -> None:
        nonlocal left
        left -= 1
        if not left:
            raise LeaseLost

    host.film = film(8 * PART)
    host.instead = throttled(0.05) if manner == "serve" else host.whole
    with pytest.raises(LeaseLost):
        copy(host, bucket, beat)
    time.sleep(0.3)
    assert set(bucket.calls) <= {"Cut"}
    assert bucket.objects == {}


def test_a_lost_lease_does_not_wait_for_an_s3_that_takes_nothing(
    host: FilmHost, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dropreel.streaming.TIMEOUT", 3600.0)
    host.film = film(6 * PART)
    started = time.monotonic()

    def beat() -> None:
        if time.monotonic() - started > 2:
            raise LeaseLost

    with socket.create_server(("127.0.0.1", 0)) as deaf:
        bucket.url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        with pytest.raises(LeaseLost):
            copy(host, bucket, beat)


@pytest.mark.usefixtures("in_parts")
def test_a_lost_lease_does_not_wait_for_a_host_that_says_nothing(host: FilmHost, bucket: Bucket) -> None:
    over = threading.Event()
    waited: list[bool] = []

    def hang(request: BaseHTTPRequestHandler, asked: Asked) -> bool:
        if asked.span and asked.span[0] >= PART:
            waited.append(over.wait(20))
        return False

    def beat() -> None:
        if "Part 1" in bucket.calls:
            raise LeaseLost

    host.instead = hang
    with pytest.raises(LeaseLost):
        copy(host, bucket, beat)
    assert waited == [], "the host is still silent"
    assert bucket.calls[-1] == "Abort"
    over.set()


# S3


def spoilt(body: bytes, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    content, told = unframed(body, headers)
    return content[:-1] + bytes([content[-1] ^ 1]), told


def once(status: int, call: str) -> Callable[[str], int]:
    left = [status]
    return lambda called: left.pop() if called == call and left else 0


@pytest.mark.parametrize("status", [400, 403, 500, 503])
def test_what_s3_refuses_as_one_request_is_sent_in_parts(host: FilmHost, bucket: Bucket, status: int) -> None:
    bucket.trouble = lambda call: status if call == "Put" else 0
    assert right(copy(host, bucket), bucket, host.film)
    assert (bucket.calls[0], bucket.calls[1], bucket.calls[-1]) == ("Put", "Create", "Complete")


@pytest.mark.parametrize("after", [1, PIECE, 3 * PART])
def test_a_request_that_s3_breaks_off_is_sent_in_parts(host: FilmHost, bucket: Bucket, after: int) -> None:
    bucket.hang_up_after = after
    assert right(copy(host, bucket), bucket, host.film)
    assert (bucket.calls[0], bucket.calls[-1]) == ("Cut", "Complete")


def test_bytes_that_change_on_the_way_to_s3_are_not_taken(
    host: FilmHost, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.unit.hosts.unframed", spoilt)
    assert right(copy(host, bucket), bucket, host.film)
    assert (bucket.calls[:2], bucket.calls[-1]) == (["Put", "Create"], "Complete")


def test_a_request_broken_off_and_a_film_that_changes_leave_one_whole_film(host: FilmHost, bucket: Bucket) -> None:
    new = film(LONG, seed=1)

    def change(request: BaseHTTPRequestHandler, asked: Asked) -> bool:
        if "Create" in bucket.calls and asked.span and asked.span[0] >= PART:
            host.film, host.etag = new, '"second"'
        return False

    host.instead = change
    bucket.hang_up_after = PART
    assert right(copy(host, bucket), bucket, new)


def test_what_s3_refuses_in_every_way_is_an_error_of_its_own(host: FilmHost, bucket: Bucket) -> None:
    bucket.trouble = lambda call: 403
    with pytest.raises(ClientError):
        copy(host, bucket)
    assert (bucket.objects, bucket.uploads) == ({}, {})


@pytest.mark.usefixtures("in_parts")
@pytest.mark.parametrize("status", [500, 503])
@pytest.mark.parametrize("call", ["Create", "Part 2", "Complete"])
def test_what_s3_refuses_for_a_moment_is_sent_again(host: FilmHost, bucket: Bucket, status: int, call: str) -> None:
    bucket.trouble = once(status, call)
    assert right(copy(host, bucket), bucket, host.film)
    assert bucket.calls.count(call) == 2


@pytest.mark.usefixtures("in_parts")
@pytest.mark.parametrize("call", ["Part 1", "Part 2", "Part 3", "Complete"])
def test_what_s3_refuses_for_good_aborts_the_upload(host: FilmHost, bucket: Bucket, call: str) -> None:
    bucket.trouble = lambda called: 400 if called == call else 0
    with pytest.raises(ClientError):
        copy(host, bucket)
    assert bucket.calls[-1] == "Abort"
    assert (bucket.objects, bucket.uploads) == ({}, {})


@pytest.mark.usefixtures("in_parts")
def test_an_s3_that_refuses_every_part_is_given_up(host: FilmHost, bucket: Bucket) -> None:
    host.film = film(8 * PART)
    bucket.trouble = lambda called: 403 if called.startswith("Part") else 0
    with pytest.raises(ClientError):
        copy(host, bucket)
    assert bucket.calls[-1] == "Abort"


@pytest.mark.usefixtures("in_parts")
def test_a_failed_abortion_does_not_hide_what_went_wrong(
    host: FilmHost, bucket: Bucket, caplog: pytest.LogCaptureFixture
) -> None:
    bucket.trouble = lambda called: 403 if called == "Abort" else 0

    def beat() -> None:
        if "Part 1" in bucket.calls:
            raise LeaseLost

    with pytest.raises(LeaseLost):
        copy(host, bucket, beat)
    assert "an upload could not be aborted" in caplog.text
