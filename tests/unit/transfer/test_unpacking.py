"""Outputs that their hosts compress for the way: the film is in the outbox, not what it came in; or nothing is."""

from __future__ import annotations

import gzip
import io
import random
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropreel.errors import MediaUnavailable
from dropreel.transfer.decoding import Unpacking
from dropreel.transfer.fetching import fetch
from tests.unit.copies import PART, PIECE, copy, film, right
from tests.unit.hosts import Asked, Bucket, FilmHost, send
from tests.unit.pages import LAPTOP, Host, answer, chunked, download, problem, raw

#: Some pieces, and some more than a part.
SOME = PART + PIECE + 17
Answers = Callable[[BaseHTTPRequestHandler, Asked], bool]


@pytest.fixture
def host() -> Iterator[FilmHost]:
    with FilmHost(film(1000)) as running:
        yield running


def packed(body: bytes, coding: str) -> Answers:
    """What a host does that packs everything, and takes ranges to be of what it has packed."""

    def serve(request: BaseHTTPRequestHandler, asked: Asked) -> bool:
        if asked.span and asked.span[0] < len(body):
            start, stop = asked.span[0], min(asked.span[1], len(body))
            about = {"Content_Range": f"bytes {start}-{stop - 1}/{len(body)}", "ETag": '"packed"'}
            send(request, 206, body[start:stop], Content_Encoding=coding, **about)
        else:
            send(request, 200, body, Content_Encoding=coding)
        return True

    return serve


def two_members(content: bytes) -> bytes:
    half = len(content) // 2
    return gzip.compress(content[:half], 1) + gzip.compress(content[half:], 1)


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("gzip", lambda content: gzip.compress(content, 1)),
        ("x-gzip", lambda content: gzip.compress(content, 1)),
        ("GZip", two_members),
        ("deflate", lambda content: zlib.compress(content, 1)),
        ("gzip, aws-chunked", lambda content: gzip.compress(content, 1)),
        ("identity,gzip", lambda content: gzip.compress(content, 1)),
    ],
)
def test_a_packed_film_is_in_the_outbox_unpacked(
    host: FilmHost, bucket: Bucket, coding: str, pack: Callable[[bytes], bytes]
) -> None:
    host.instead = packed(pack(host.film), coding)
    assert right(copy(host, bucket), bucket, host.film)
    assert host.asked[-1].span is None
    assert len(host.asked) == 2


def test_a_packed_film_without_ranges_takes_one_request(host: FilmHost, bucket: Bucket) -> None:
    def serve(request: BaseHTTPRequestHandler, asked: Asked) -> bool:
        send(request, 200, gzip.compress(host.film, 1), Content_Encoding="gzip")
        return True

    host.film = film(SOME)
    host.instead = serve
    assert right(copy(host, bucket), bucket, host.film)
    assert len(host.asked) == 1


@pytest.mark.parametrize("coding", ["identity", "aws-chunked", "", "utf-8", "binary", "none", "br"])
def test_a_film_whose_bytes_are_its_own_is_taken_as_it_is_whatever_it_is_said_to_be_packed_in(
    host: FilmHost, bucket: Bucket, coding: str
) -> None:
    host.film = film(PIECE + 1000)
    host.instead = packed(host.film, coding)
    assert right(copy(host, bucket), bucket, host.film)


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "compress", "x"])
def test_what_is_packed_in_a_way_that_nobody_unpacks_is_no_film(host: FilmHost, bucket: Bucket, coding: str) -> None:
    host.instead = packed(random.Random(0).randbytes(1000), coding)  # noqa: S311
    with pytest.raises(MediaUnavailable, match="no picture, sound, film or archive") as caught:
        copy(host, bucket)
    assert not caught.value.final
    assert bucket.calls == []


PACKED = gzip.compress(film(100_000), 1)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        PACKED[:5],
        PACKED[:1000],
        PACKED[:-1],
        PACKED[:-8] + bytes(8),
        film(1000),
        PACKED + b"more",
        b"\x1f\x8b\x08",
    ],
    ids=["empty", "head cut", "cut", "end cut", "wrong checksum", "not packed", "garbage behind", "three bytes"],
)
def test_what_can_not_be_unpacked_whole_leaves_nothing(host: FilmHost, bucket: Bucket, body: bytes) -> None:
    host.instead = packed(body, "gzip")
    with pytest.raises(MediaUnavailable, match=r"can not be unpacked after \d+ bytes") as caught:
        copy(host, bucket)
    assert not caught.value.final
    assert (bucket.objects, bucket.uploads) == ({}, {})


def test_a_packed_page_is_a_page(host: FilmHost, bucket: Bucket) -> None:
    host.instead = packed(gzip.compress(b"<!DOCTYPE html><title>busy</title>"), "gzip")
    with pytest.raises(MediaUnavailable, match="it begins '<!DOCTYPE html><title>busy</title>'"):
        copy(host, bucket)
    assert bucket.calls == []


def test_a_host_that_begins_to_pack_midway_is_read_in_one_stream(host: FilmHost, bucket: Bucket) -> None:
    def change(request: BaseHTTPRequestHandler, asked: Asked) -> bool:
        if asked.span and asked.span[0] < PART:
            return False
        if asked.span is None:
            return packed(gzip.compress(host.film, 1), "gzip")(request, asked)
        start, stop = asked.span[0], min(asked.span[1], SOME)
        about = f"bytes {start}-{stop - 1}/{SOME}"
        send(request, 206, bytes(stop - start), ETag=host.etag, Content_Range=about, Content_Encoding="gzip")
        return True

    host.film = film(SOME)
    host.instead = change
    assert right(copy(host, bucket), bucket, host.film)


def test_a_film_that_unpacks_to_more_than_s3_takes_ends(
    host: FilmHost, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dropreel.transfer.uploading.MOST_PARTS", 2)
    host.instead = packed(gzip.compress(film(1000) + bytes(3 * PART), 1), "gzip")
    with pytest.raises(MediaUnavailable, match="more than"):
        copy(host, bucket)
    assert (bucket.objects, bucket.uploads) == ({}, {})


class Bytes:
    """As much of an answer as is read here."""

    def __init__(self, content: bytes, at_once: int) -> None:
        self._file = io.BytesIO(content)
        self._at_once = at_once

    def readinto(self, view: memoryview) -> int:
        return self._file.readinto(view[: self._at_once])


def unpacked(content: bytes, at_once: int, room: int) -> bytes:
    unpacking = Unpacking(Bytes(content, at_once))  # type: ignore[arg-type]
    view, found = memoryview(bytearray(room)), b""
    while count := unpacking.readinto(view):
        found += view[:count]
    return found


@given(
    st.lists(st.binary(max_size=300) | st.integers(0, 9000).map(bytes), max_size=4),
    st.integers(1, 50),
    st.integers(1, 5000),
)
def test_pieces_of_any_size_unpack_to_the_same(members: list[bytes], at_once: int, room: int) -> None:
    content = b"".join(gzip.compress(member) for member in [b"", *members])
    assert unpacked(content, at_once, room) == b"".join(members)


def test_no_more_is_unpacked_at_once_than_there_is_room_for() -> None:
    bomb = Unpacking(Bytes(gzip.compress(bytes(50_000_000)), 1 << 20))  # type: ignore[arg-type]
    view = memoryview(bytearray(1000))
    assert [bomb.readinto(view) for _ in range(100)] == [1000] * 100


def test_a_packed_film_in_chunks_comes_whole() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n"
    content = film(100_000)
    with Host() as host:
        assert download(host.page("/film", raw(head, chunked(gzip.compress(content))))) == content
        cut = chunked(gzip.compress(content))[:-9]
        assert not problem(host.page("/cut", raw(head, cut))).final


def test_the_length_of_what_is_packed_is_not_the_films() -> None:
    body = gzip.compress(b"1" * 1000)
    with Host() as host:
        url = host.page("/film", answer(200, body, Content_Encoding="gzip", Content_Type="video/mp4"))
        with fetch(url, LAPTOP) as media:
            assert (media.length, media.size, media.content_type) == (None, None, "video/mp4")
