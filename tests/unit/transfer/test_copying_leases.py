"""A copy keeps its lease while others are slow, and ends at once when it has lost it."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest

from dropreel.delivery.delivery import LEASE
from dropreel.transfer import buffers
from dropreel.transfer.addresses import CONNECT
from dropreel.transfer.fetching import BEGIN
from tests.unit.copies import PART, LeaseLost, copy, film, throttled
from tests.unit.hosts import Asked, Bucket, FilmHost


def silent(seconds: float) -> Callable[[BaseHTTPRequestHandler, Asked], bool]:
    """A host whose second part comes late."""

    def wait(request: BaseHTTPRequestHandler, asked: Asked) -> bool:
        if asked.span and asked.span[1] > PART:
            time.sleep(seconds)
        return False

    return wait


def test_a_lease_outlasts_the_beginning_of_an_answer_during_which_nobody_renews_it() -> None:
    assert BEGIN + CONNECT < LEASE


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


@pytest.mark.usefixtures("in_full")
def test_a_lost_lease_does_not_wait_for_an_s3_that_takes_nothing(
    host: FilmHost, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dropreel.transfer.uploading.TIMEOUT", 3600.0)
    host.film = film(6 * buffers.PART)
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
