"""An output is in the outbox byte for byte, or not at all: whatever S3 does."""

from __future__ import annotations

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest
from botocore.exceptions import ClientError

from tests.unit.copies import LONG, PART, PIECE, LeaseLost, copy, film, right
from tests.unit.hosts import Asked, Bucket, FilmHost, unframed


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
