"""Fetching outputs from a real server: redirects, refusals, and every way in which bytes can fail to come."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dropreel.errors import MediaUnavailable
from dropreel.transfer.addresses import Policy
from dropreel.transfer.connection import MOST_REDIRECTS, Line
from dropreel.transfer.fetching import PIECE, fetch
from tests.unit.pages import CHUNKED, FILM, LAPTOP, Host, answer, chunked, download, problem, raw


@pytest.fixture
def host() -> Iterator[Host]:
    with Host() as running:
        yield running


# Whole files


@pytest.mark.parametrize("buffer", [2 * len(FILM), len(FILM), 256 * 1024, 256 * 1024 + 1, 1000])
def test_a_film_comes_whole_whatever_the_buffers_size(host: Host, buffer: int) -> None:
    assert download(host.page("/film.mp4", answer(200, FILM)), buffer=buffer) == FILM


@pytest.mark.parametrize("buffer", [2 * len(FILM), len(FILM), 1000])
def test_a_film_in_chunks_comes_whole(host: Host, buffer: int) -> None:
    assert download(host.page("/film.mp4", raw(CHUNKED, chunked(FILM))), buffer=buffer) == FILM


def test_a_film_of_unknown_length_ends_with_the_connection(host: Host) -> None:
    url = host.page("/film.mp4", raw(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n\r\n", FILM))
    with fetch(url, LAPTOP) as media:
        assert media.length is None
    assert download(url) == FILM


def test_an_empty_file_is_empty(host: Host) -> None:
    assert download(host.page("/film.mp4", answer(200))) == b""


def test_what_the_server_says_of_a_film_is_known(host: Host) -> None:
    url = host.page("/film", answer(200, b"12345", Content_Type="Video/MP4; codecs=avc1"))
    with fetch(f"{url}?a=1", LAPTOP) as media:
        assert (media.url, media.content_type, media.length) == (f"{url}?a=1", "video/mp4", 5)
    with fetch(host.page("/bare", answer(200, b"12345")), LAPTOP) as media:
        assert media.content_type == ""


def test_the_request_is_plain_and_asks_for_the_very_bytes(host: Host) -> None:
    download(host.page("/a%20film.mp4", answer(200)) + "?X-Amz-Signature=a%2Fb&c=d%20e#fragment")
    ((path, headers),) = host.seen
    assert path == "/a%20film.mp4?X-Amz-Signature=a%2Fb&c=d%20e"
    assert headers == {
        "Host": f"127.0.0.1:{host.port}",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "User-Agent": "dropreel",
        "Range": f"bytes=0-{PIECE - 1}",
    }


def test_user_and_password_of_an_address_are_not_sent(host: Host) -> None:
    host.page("/film.mp4", answer(200, b"1"))
    assert download(f"http://user:secret@127.0.0.1:{host.port}/film.mp4") == b"1"
    assert "Authorization" not in host.seen[0][1]


def test_an_address_without_a_path_means_the_root(host: Host) -> None:
    host.page("/", answer(200, b"root"))
    assert download(host.url) == b"root"
    assert download(f"{host.url}?a=b") == b"root"
    assert host.seen[1][0] == "/?a=b"


def test_a_name_is_looked_up(host: Host) -> None:
    host.page("/film.mp4", answer(200, b"1"))
    assert download(f"http://localhost:{host.port}/film.mp4") == b"1"


def test_the_lease_is_kept_while_bytes_flow(host: Host) -> None:
    beats = []
    with fetch(host.page("/film.mp4", answer(200, FILM)), LAPTOP) as media:
        media.readinto(memoryview(bytearray(len(FILM))), lambda: beats.append(1))
    assert beats


def test_the_lease_is_kept_while_bytes_trickle(host: Host) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
    url = host.page("/film.mp4", raw(head, *[b"x" * 100] * 5, pause=0.05))
    beats = []
    with fetch(url, LAPTOP) as media:
        media.readinto(memoryview(bytearray(1000)), lambda: beats.append(time.monotonic()))
    assert len(beats) >= 3


def test_what_a_beat_raises_comes_through(host: Host) -> None:
    def lost() -> None:
        raise KeyError("the lease")

    with fetch(host.page("/film.mp4", answer(200, FILM)), LAPTOP) as media, pytest.raises(KeyError, match="the lease"):
        media.readinto(memoryview(bytearray(10)), lost)


# Broken downloads


def short(body: bytes, announced: int) -> Callable[[BaseHTTPRequestHandler], None]:
    return answer(200, body, Content_Length=str(announced))


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (short(FILM, len(FILM) + 1), f"after {len(FILM)} of {len(FILM) + 1} bytes"),
        (short(b"", 1), "after 0 of 1 bytes"),
        (raw(CHUNKED, b"5\r\n123"), "broke"),
        (raw(CHUNKED, b"3\r\n123\r\n"), "broke"),
        (raw(CHUNKED, b"3\r\n123\r\nno number\r\n"), "broke"),
        (raw(CHUNKED), "broke"),
    ],
)
def test_a_download_that_ends_too_soon_is_unavailable_for_now(
    host: Host, page: Callable[[BaseHTTPRequestHandler], None], words: str
) -> None:
    found = problem(host.page("/film.mp4", page))
    assert words in str(found)
    assert not found.final


@pytest.mark.parametrize("buffer", [100, 50, 30])
def test_an_early_end_is_seen_where_a_buffer_ends(host: Host, buffer: int) -> None:
    url = host.page("/film.mp4", short(b"x" * 100, 101))
    with pytest.raises(MediaUnavailable, match="after 100 of 101 bytes"):
        download(url, buffer=buffer)


@pytest.mark.parametrize(
    "page", [raw(), raw(b"no http at all\r\n\r\n"), raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000)]
)
def test_a_server_that_does_not_answer_is_unavailable_for_now(
    host: Host, page: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    found = problem(host.page("/film.mp4", page))
    assert "gave no answer" in str(found)
    assert not found.final


def test_a_closed_port_is_unavailable_for_now() -> None:
    with Host() as gone:
        url = gone.url
    found = problem(url)
    assert "no connection to 127.0.0.1" in str(found)
    assert not found.final


def test_an_unknown_name_is_unavailable_for_now() -> None:
    assert not problem("https://no-such-host.invalid/film.mp4").final


@pytest.mark.parametrize("status", [201, 204, 206, 300, 304, 400, 401, 403, 404, 408, 410, 425, 429, 451, 500, 503])
def test_any_other_answer_may_be_better_next_time(host: Host, status: int) -> None:
    found = problem(host.page("/film.mp4", answer(status, b"no" if status >= 400 else b"")))
    assert str(found) == f"the media host answered {status}"
    assert not found.final


# Slow hosts


def test_a_host_that_dribbles_its_answer_is_not_waited_for(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dropreel.transfer.fetching.BEGIN", 0.3)

    def dribble(request: BaseHTTPRequestHandler) -> None:
        with suppress(OSError):  # nobody listens any more
            raw(b"HTTP/1.1 200 OK\r\nX: ", *[b"x"] * 100, b"\r\n\r\n", FILM, pause=0.05)(request)

    assert "took too long" in str(problem(host.page("/film.mp4", dribble)))


def test_a_row_of_slow_redirects_is_not_followed_to_its_end(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dropreel.transfer.fetching.BEGIN", 0.4)

    def later(location: str) -> Callable[[BaseHTTPRequestHandler], None]:
        def page(request: BaseHTTPRequestHandler) -> None:
            time.sleep(0.3)
            with suppress(OSError):
                answer(302, Location=location)(request)

        return page

    for number in range(MOST_REDIRECTS):
        host.page(f"/{number}", later(f"/{number + 1}"))
    host.page(f"/{MOST_REDIRECTS}", answer(200, FILM))
    assert not problem(f"{host.url}/0").final


def test_a_slow_film_may_take_longer_than_its_beginning(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dropreel.transfer.fetching.BEGIN", 1.0)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
    assert download(host.page("/film.mp4", raw(head, *[b"x" * 100] * 5, pause=0.3))) == b"x" * 500


def test_nobody_is_connected_to_once_the_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    line, real = Line(LAPTOP), socket.getaddrinfo

    def long_lookup(*arguments: Any, **options: Any) -> Any:
        line.hang_up()
        return real(*arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", long_lookup)
    with socket.create_server(("127.0.0.1", 0)) as server:
        with pytest.raises(MediaUnavailable, match="took too long"):
            line.get(f"http://127.0.0.1:{server.getsockname()[1]}/film.mp4", {})
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(host: Host, status: int) -> None:
    new = host.page("/new.mp4", answer(200, FILM))
    old = host.page("/old.mp4", answer(status, b"moved", Location=new))
    assert download(old) == FILM
    with fetch(old, LAPTOP) as media:
        assert media.url == new


@pytest.mark.parametrize("location", ["/a/new.mp4?x=1", "a/new.mp4?x=1", "//127.0.0.1:{port}/a/new.mp4?x=1"])
def test_a_redirect_may_be_relative(host: Host, location: str) -> None:
    host.page("/a/new.mp4", answer(200, b"new"))
    assert download(host.page("/old.mp4", answer(302, Location=location.format(port=host.port)))) == b"new"


def test_redirects_are_followed_five_times_and_no_more(host: Host) -> None:
    for number in range(MOST_REDIRECTS + 1):
        host.page(f"/{number}", answer(302, Location=f"/{number + 1}"))
    host.page(f"/{MOST_REDIRECTS + 1}", answer(200, b"end"))
    assert download(f"{host.url}/1") == b"end"
    found = problem(f"{host.url}/0")
    assert (str(found), found.final) == ("more than 5 redirects", True)


def test_a_redirect_to_nowhere_is_final(host: Host) -> None:
    assert problem(host.page("/old.mp4", answer(302))).final


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("https://169.254.169.254/latest/meta-data/", "169.254.169.254 has no public address"),
        ("https://10.0.0.1/", "10.0.0.1 has no public address"),
        ("https://[::ffff:10.0.0.1]/", "has no public address"),
        ("http://169.254.169.254/latest/meta-data/", "169.254.169.254 has no public address"),
        ("http://8.8.8.8/", "8.8.8.8 has no public address"),
        ("file:///etc/passwd", "is not https"),
        ("ftp://127.0.0.1/film.mp4", "is not https"),
        ("https:///film.mp4", "is not https"),
        ("https://127.0.0.1:99999/", "is malformed"),
    ],
)
def test_a_redirect_to_a_forbidden_place_is_not_followed(host: Host, location: str, words: str) -> None:
    found = problem(host.page("/old.mp4", answer(302, Location=location)))
    assert words in str(found)
    assert found.final


def test_a_redirect_may_not_leave_the_operators_hosts(host: Host) -> None:
    host.page("/new.mp4", answer(200, b"secret"))
    old = host.page("/old.mp4", answer(302, Location=f"http://localhost:{host.port}/new.mp4"))
    found = problem(old, Policy(hosts=("127.0.0.1",), allow_loopback=True))
    assert "localhost is not one of media_hosts" in str(found)
    assert [path for path, _ in host.seen] == ["/old.mp4"]


def test_a_malformed_redirect_is_unavailable(host: Host) -> None:
    problem(host.page("/old.mp4", answer(302, Location="https://[")))


@pytest.mark.parametrize("name", ["a film.mp4", "été.mp4"])
def test_an_address_as_people_write_it_is_fetched(host: Host, name: str) -> None:
    host.page("/a%20film.mp4", answer(200, b"1"))
    host.page("/%C3%A9t%C3%A9.mp4", answer(200, b"1"))
    assert download(f"{host.url}/{name}") == b"1"


# Addresses that are not even asked


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/", "https://127.0.0.1:{port}/", "https://localhost:{port}/"])
def test_off_the_laptop_this_machine_is_never_asked(host: Host, url: str) -> None:
    found = problem(url.format(port=host.port), Policy())
    assert found.final
    assert host.seen == []


@pytest.mark.parametrize(
    "url", ["", "film.mp4", "//x/y", "ftp://x/y", "https://", "https://:80/", "https://x:0/", "https://["]
)
def test_what_is_no_web_address_is_final(url: str) -> None:
    assert problem(url).final


def test_plain_http_is_final_off_the_laptop() -> None:
    found = problem("http://example.com/film.mp4", Policy())
    assert (str(found), found.final) == ("the output's address is plain http", True)


@pytest.mark.parametrize("url", ["https://exa mple.com/x", "https://127.0.0.1\x00.example.com/x", "https://a\x7f/x"])
def test_a_host_that_is_no_host_is_unavailable(url: str) -> None:
    problem(url, Policy())


PIECES = ["://", "/", "127.0.0.1", "[::1]", "[", "]", "@", "?", "#", "%", "%00", "é", "\n", "0", ":99", "\ud800", "a"]
HERE = Policy(hosts=("127.0.0.1", "::1"))  # so that no made-up name is looked up


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
@example("@[::1]")
@example("/\ud800")
def test_no_address_raises_anything_but_unavailable(rest: str) -> None:
    with pytest.raises(MediaUnavailable):
        download(f"https://127.0.0.1{rest}", HERE)


def test_a_loopback_address_hidden_in_ipv6_is_this_machine_too(host: Host) -> None:
    found = problem(f"https://[::ffff:127.0.0.1]:{host.port}/film.mp4", Policy())
    assert found.final
    assert host.seen == []


# Lengths that are none


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "", "9" * 5000])
def test_a_length_that_is_no_number_is_not_believed(host: Host, length: str) -> None:
    assert download(host.page("/film.mp4", answer(200, FILM, Content_Length=length))) == FILM


@pytest.mark.parametrize("length", [str(len(FILM) + 1), "9" * 30])
def test_a_length_that_does_not_come_is_a_download_that_broke(host: Host, length: str) -> None:
    found = problem(host.page("/film.mp4", answer(200, FILM, Content_Length=length)))
    assert f"ended after {len(FILM)} of {length} bytes" in str(found)


def test_no_more_is_read_than_was_announced(host: Host) -> None:
    assert download(host.page("/film.mp4", answer(200, FILM, Content_Length="12"))) == FILM[:12]
