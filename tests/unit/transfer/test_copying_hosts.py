"""An output is in the outbox byte for byte, or not at all: whatever the host does."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from dropreel.errors import MediaUnavailable
from dropreel.transfer import buffers
from dropreel.transfer.downloading import MOST_LANES
from dropreel.transfer.uploading import MOST_PARTS
from tests.unit.copies import LABELS, LONG, PART, PIECE, copier, copy, covered, film, right, throttled
from tests.unit.hosts import Asked, Bucket, FilmHost, send


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


def test_an_address_that_expires_midway_is_to_be_had_anew(host: FilmHost, bucket: Bucket) -> None:
    def expire(request: BaseHTTPRequestHandler, asked: Asked) -> bool:
        late = bool(asked.span and asked.span[0] >= PART)
        if late:
            send(request, 403, b"")
        return late

    host.instead = expire
    with pytest.raises(MediaUnavailable, match="answered 403") as caught:
        copy(host, bucket)
    assert not caught.value.final
    assert (bucket.objects, bucket.uploads) == ({}, {})


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
        send(request, 206, film(stop, seed=9)[start:], **{"ETag": host.etag, **LIES[lie](start, stop)})
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
    with pytest.raises(MediaUnavailable, match=f"more than {MOST_PARTS * PART} bytes") as caught:
        copy(host, bucket)
    assert caught.value.final
    assert bucket.calls == []


def test_fifty_gigabytes_fit_into_the_parts_that_s3_takes() -> None:
    assert MOST_PARTS * buffers.PART >= 50e9


def test_a_film_of_unknown_length_may_not_have_more_parts_either(
    host: FilmHost, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dropreel.transfer.uploading.MOST_PARTS", 2)
    host.instead = host.endless
    with pytest.raises(MediaUnavailable, match="more than"):
        copy(host, bucket)
    assert bucket.calls[-1] == "Abort"
    assert (bucket.objects, bucket.uploads) == ({}, {})


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


NO_FILM: dict[str, tuple[bytes, str]] = {
    "a page": (b"<!DOCTYPE html><title>busy</title>", "text/html"),
    "a page that is called a film": (b"<!DOCTYPE html><title>busy</title>", "video/mp4"),
    "a long page": (b"<html>" + b"<p>busy</p>\n" * 300_000, "text/html"),
    "json": (b'{"error":{"message":"busy"}}', "application/json"),
    "xml": (b'<?xml version="1.0"?><Error><Code>SlowDown</Code></Error>', "application/xml"),
    "a word": (b"OK", "video/mp4"),
    "zeros": (bytes(5000), "video/mp4"),
    "bytes that nobody knows": (b"\x01\x02\x03\x04", "application/octet-stream"),
}


@pytest.mark.parametrize(("body", "content_type"), NO_FILM.values(), ids=NO_FILM)
@pytest.mark.parametrize("manner", ["by ranges", "whole", "endless"])
def test_what_is_no_film_is_a_try_that_failed_and_leaves_nothing(
    bucket: Bucket, body: bytes, content_type: str, manner: str
) -> None:
    def serve(request: BaseHTTPRequestHandler, asked: Asked) -> bool:
        about = {"Content_Type": content_type, "Content_Disposition": 'attachment; filename="film.mp4"'}
        if manner == "by ranges" and asked.span:
            stop = min(asked.span[1], len(body))
            content_range = f"bytes {asked.span[0]}-{stop - 1}/{len(body)}"
            send(request, 206, body[asked.span[0] : stop], ETag='"1"', Content_Range=content_range, **about)
        else:
            send(request, 200, body, Content_Length="" if manner == "endless" else str(len(body)), **about)
            request.close_connection = True
        return True

    with FilmHost(b"") as host:
        host.instead = serve
        with pytest.raises(MediaUnavailable, match="no picture, sound, film or archive") as caught:
            copier(bucket).copy(f"{host.url}/output.ext", "job", LABELS, lambda: None)
    assert not caught.value.final
    assert (bucket.calls, bucket.objects) == ([], {})


def test_an_absurd_length_is_final_before_anything_is_read(bucket: Bucket) -> None:
    def absurd(request: BaseHTTPRequestHandler, asked: Asked) -> bool:
        send(request, 200, film(1000), Content_Length="9" * 30)
        request.close_connection = True
        return True

    with FilmHost(b"") as host:
        host.instead = absurd
        with pytest.raises(MediaUnavailable, match=f"more than {MOST_PARTS * PART} bytes") as caught:
            copy(host, bucket)
    assert caught.value.final
    assert bucket.calls == []
