"""The table of the money: what each way in which a request can go wrong means for sending it again."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropreel.errors import AnswerLost, Declined, DropreelError, NotSent, Refused, StatusUnavailable
from dropreel.gateways import wire

URL = "https://gateway.example/generate"
TAKEN = {"request_id": "r", "status": "QUEUED"}


def client(respond: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(respond))


def post(respond: Callable[[httpx.Request], httpx.Response]) -> dict[str, object]:
    with client(respond) as http:
        return wire.post(http, URL, {"prompt": "a cat"}, {"X-Key": "k"})


def get(respond: Callable[[httpx.Request], httpx.Response]) -> dict[str, object]:
    with client(respond) as http:
        return wire.get(http, URL, {"id": "a"}, {"X-Key": "k"})


def answering(status: int, **answer: object) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(status, **answer)  # type: ignore[arg-type]


def failing(kind: type[httpx.HTTPError]) -> Callable[[httpx.Request], httpx.Response]:
    def fail(_: httpx.Request) -> httpx.Response:
        raise kind("it broke")

    return fail


class Cut(httpx.SyncByteStream):
    """A body that breaks off."""

    def __iter__(self) -> Iterator[bytes]:
        yield b'{"request_id":'
        raise httpx.ReadError("connection reset")


# The table: POST

NEVER_CONNECTED = [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol]
BROKEN = [
    *(httpx.ReadTimeout, httpx.WriteTimeout, httpx.ReadError, httpx.WriteError, httpx.CloseError),
    *(httpx.RemoteProtocolError, httpx.ProxyError, httpx.DecodingError, httpx.TooManyRedirects),
]
GARBAGE = [
    *(b"", b"OK", b"<html></html>", b"[]", b"7", b"null", b'"r"', b'{"request_id":', b"\xff\xfe", b"\xff{}"),
    b"[" * 100_000,
    b'{"a": "' + b"x" * wire.LONGEST + b'"}',
]


@pytest.mark.parametrize("status", [200, 201, 202, 299])
def test_any_2xx_with_an_object_means_taken(status: int) -> None:
    assert post(answering(status, json=TAKEN)) == TAKEN


@pytest.mark.parametrize("kind", NEVER_CONNECTED)
def test_without_a_connection_nothing_was_sent(kind: type[httpx.HTTPError]) -> None:
    with pytest.raises(NotSent, match="no connection to the gateway: it broke") as caught:
        post(failing(kind))
    assert type(caught.value) is NotSent
    assert caught.value.retry_after is None


@pytest.mark.parametrize("kind", BROKEN)
def test_once_it_was_under_way_nobody_knows(kind: type[httpx.HTTPError]) -> None:
    with pytest.raises(AnswerLost, match=rf"before the answer came \({kind.__name__}\)"):
        post(failing(kind))


def test_an_answer_that_breaks_off_is_lost() -> None:
    with pytest.raises(AnswerLost, match="ReadError"):
        post(answering(202, stream=Cut()))
    with pytest.raises(AnswerLost):
        post(answering(202, content=b"no gzip", headers={"Content-Encoding": "gzip"}))


@pytest.mark.parametrize(
    "status", [100, 204, 300, 301, 302, 303, 304, 307, 308, 408, 500, 501, 502, 503, 504, 529, 599]
)
def test_an_answer_that_says_neither_yes_nor_no_is_lost(status: int) -> None:
    headers = {"Location": "https://elsewhere.example/", "Retry-After": "1"}
    with pytest.raises(AnswerLost, match=f"the gateway answered {status}"):
        post(answering(status, json={} if status != 204 else None, headers=headers))


@pytest.mark.parametrize("body", GARBAGE, ids=range(len(GARBAGE)))
def test_a_2xx_without_an_object_is_lost(body: bytes) -> None:
    with pytest.raises(AnswerLost, match="the gateway answered 202, but not with a JSON object"):
        post(answering(202, content=body))


@pytest.mark.parametrize("status", [401, 402, 403, 429])
def test_a_refusal_may_be_sent_again_later(status: int) -> None:
    with pytest.raises(Refused) as caught:
        post(answering(status, json={"error": "Insufficient Balance", "message": "top up"}))
    assert (caught.value.status, caught.value.retry_after) == (status, None)
    assert caught.value.reason == f"the gateway answered {status}: Insufficient Balance - top up"


@pytest.mark.parametrize("status", [400, 404, 405, 406, 409, 410, 413, 415, 418, 422, 431, 451])
def test_what_is_called_bad_is_declined(status: int) -> None:
    with pytest.raises(Declined, match=f"^the gateway answered {status}: Model not found$"):
        post(answering(status, json={"error": "Model not found"}))


@given(
    st.integers(100, 599),
    st.binary(max_size=50),
    st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace")),
)
def test_every_answer_is_somewhere_in_the_table(status: int, body: bytes, wish: bytes) -> None:
    headers = [(b"retry-after", wish.replace(b"\r", b"").replace(b"\n", b""))]
    try:
        assert isinstance(post(answering(status, content=body, headers=headers)), dict)
    except DropreelError as error:
        assert isinstance(error, Refused) == (status in (401, 402, 403, 429))  # noqa: PT017
        assert isinstance(error, AnswerLost) == (status // 100 != 4 or status == 408)  # noqa: PT017


# What is said


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": "a", "message": "b"}, ": a - b"),
        ({"message": "b"}, ": b"),
        ({"error": 7}, ": 7"),
        ({"error": {"code": 1}, "message": ["x"]}, ": 1 - x"),
        ({"error": "x", "message": "x"}, ": x"),
        ({"error": {"message": "flagged", "code": "policy"}}, ": flagged"),
        ({"error": {"code": "policy", "type": None}}, ": policy"),
        ({"error": {"error": {"message": "flagged"}}}, ": flagged"),
        ({"detail": "no such model"}, ": no such model"),
        ({"detail": [{"loc": ["body", "image"], "msg": "ratio not supported"}]}, ": image: ratio not supported"),
        (
            {"detail": [{"loc": ["body", "a", 0], "msg": "too long"}, {"loc": ["body"], "msg": "x"}, {"msg": "x"}]},
            ": a.0: too long; x",
        ),
        ({"errors": [{"message": "no"}, {"message": "never"}]}, ": no; never"),
        ({"errors": {"prompt": ["is blank"]}}, ""),
        ({"errors": list("abcdefghijklm")}, ": a; b; c; d; e; f; g; h; i; j"),
        ({"error": True, "message": None, "detail": []}, ""),
        ({"error": " over\n two  lines "}, ": over two lines"),
        ({"code": 7, "type": "video"}, ""),
        ({}, ""),
        (["error"], ": error"),
        ("no such model", ": no such model"),
        (None, ""),
        ({"error": float("nan"), "message": float("inf")}, ": nan - inf"),
        ({"error": {"error": {"error": {"error": {"error": {"error": "deep"}}}}}}, ""),
        ({"error": "half a \ud83d"}, ": half a ?"),
        ({"error": "bad https://a.example/b?X-Amz-Signature=secret"}, ": bad https://a.example/b"),
    ],
)
def test_the_gateways_own_words_are_kept_short_and_without_secrets(body: object, said: str) -> None:
    with pytest.raises(Declined) as caught:
        post(answering(400, content=json.dumps(body).encode()))
    assert str(caught.value) == f"the gateway answered 400{said}"


LONG = "x" * 450_000
PLACES: list[object] = [
    {"error": LONG},
    {"detail": [{"loc": [LONG], "msg": LONG}] * 9},
    {"error": {"code": LONG}},
    [LONG],
]


@pytest.mark.parametrize("body", PLACES, ids=["error", "detail", "code", "list"])
@pytest.mark.parametrize("status", [202, 302, 400, 402, 500])
def test_a_text_of_any_length_is_cut_wherever_it_comes_in(status: int, body: object) -> None:
    with pytest.raises(DropreelError) as caught:
        wire.request_id(post(answering(status, json=body)), {}, "id")
    assert f"the gateway answered {status}" in str(caught.value) or "named no usable id" in str(caught.value)
    assert len(str(caught.value)) <= 400
    with pytest.raises(StatusUnavailable) as unavailable:
        wire.standing(get(answering(status, json=body)), {})
    assert len(str(unavailable.value)) <= 400


def test_words_without_json_are_told_where_they_are_plain() -> None:
    for kind, said in (("text/plain; charset=utf-8", ": upstream request timeout"), ("text/html", ""), ("", "")):
        with pytest.raises(AnswerLost) as caught:
            post(answering(504, content=b"upstream request\n timeout", headers={"Content-Type": kind}))
        assert str(caught.value) == f"the gateway answered 504{said}"


def test_an_answer_that_is_no_object_says_what_it_is_instead() -> None:
    with pytest.raises(StatusUnavailable, match=r"^the gateway answered 200, but not with a JSON object: try later$"):
        get(answering(200, json=["try later"]))
    with pytest.raises(StatusUnavailable, match=r"^the gateway answered 204, but not with a JSON object$"):
        get(answering(204))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32-be", "latin-1"])
def test_an_answer_is_read_in_any_encoding(encoding: str) -> None:
    body = '{"status": "FAILED", "error": "été"}'.encode(encoding)
    said = "\ufffdt\ufffd" if encoding == "latin-1" else "été"
    assert get(answering(200, content=body)) == {"status": "FAILED", "error": said}


def test_of_a_name_that_comes_twice_the_last_counts() -> None:
    assert get(answering(200, content=b'{"status": "QUEUED", "status": "COMPLETED"}')) == {"status": "COMPLETED"}


def test_a_number_that_nobody_can_read_is_no_answer() -> None:
    with pytest.raises(StatusUnavailable, match="not with a JSON object"):
        get(answering(200, content=b'{"status": "COMPLETED", "cost": ' + b"9" * 5000 + b"}"))


def test_a_very_long_error_page_is_not_read_for_words() -> None:
    with pytest.raises(Declined, match=r"^the gateway answered 400$"):
        post(answering(400, content=json.dumps({"error": "x" * wire.LONGEST}).encode()))


def wish(text: str) -> float | None:
    with pytest.raises(Refused) as caught:
        post(answering(429, headers={"Retry-After": text}))
    return caught.value.retry_after


@pytest.mark.parametrize(("text", "seconds"), [("0", 0.0), ("7", 7.0), (" 120 ", 120.0), ("86400", 86_400.0)])
def test_retry_after_may_be_a_number_of_seconds(text: str, seconds: float) -> None:
    assert wish(text) == seconds


@pytest.mark.parametrize("hours", [0, 2, -5])
def test_retry_after_may_be_a_date_in_any_zone(hours: int) -> None:
    moment = datetime.now(timezone(timedelta(hours=hours))) + timedelta(seconds=90)
    found = wish(format_datetime(moment))
    assert found is not None
    assert 80 < found <= 90


def test_a_retry_after_in_the_past_means_now() -> None:
    assert wish("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0


def test_the_http_form_of_a_date_is_read() -> None:
    moment = datetime.now(UTC) + timedelta(seconds=90)
    found = wish(format_datetime(moment, usegmt=True))
    assert found is not None
    assert 80 < found <= 90


@pytest.mark.parametrize("text", ["", "soon", "-5", "1.5", "1e3", "Mon, 01 Jan 99999 00:00:00 GMT", "0x10"])
def test_any_other_retry_after_is_no_wish(text: str) -> None:
    assert wish(text) is None


def test_a_retry_after_of_an_absurd_zone_does_not_hide_the_refusal() -> None:
    assert wish("Mon, 01 Jan 2024 00:00:00 +99999999999999999999") is None


# GET


@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_status_is_an_object(status: int) -> None:
    assert get(answering(status, json={"status": "QUEUED"})) == {"status": "QUEUED"}


@pytest.mark.parametrize("kind", [*NEVER_CONNECTED, *BROKEN])
def test_a_status_that_can_not_be_asked_for_is_unavailable(kind: type[httpx.HTTPError]) -> None:
    with pytest.raises(StatusUnavailable, match=rf"no answer from the gateway \({kind.__name__}\)"):
        get(failing(kind))


@pytest.mark.parametrize("status", [302, 400, 401, 402, 403, 404, 408, 422, 429, 500, 503])
def test_a_status_that_is_refused_is_unavailable(status: int) -> None:
    with pytest.raises(StatusUnavailable, match=f"the gateway answered {status}: no"):
        get(answering(status, json={"status": "COMPLETED", "error": "no"}, headers={"Location": URL}))


@pytest.mark.parametrize("body", GARBAGE, ids=range(len(GARBAGE)))
def test_a_status_that_is_no_object_is_unavailable(body: bytes) -> None:
    with pytest.raises(StatusUnavailable):
        get(answering(200, content=body))


# The request id


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"request_id": "r", "id": "i"}, "r"),
        ({"id": "i"}, "i"),
        ({"request_id": None, "id": "i"}, "i"),
        ({"request_id": 7, "id": "i"}, "i"),
        ({"request_id": "", "id": "i"}, "i"),
        ({"request_id": "x" * 257, "id": "uuid:veed/fabric-1.0"}, "uuid:veed/fabric-1.0"),
    ],
)
def test_the_first_usable_name_holds_the_request_id(answer: dict[str, object], found: str) -> None:
    assert wire.request_id(answer, {}, "request_id", "id") == found


@pytest.mark.parametrize("answer", [{}, {"request_id": ""}, {"id": ["i"]}, {"request_id": "a\nb"}, {"other": "r"}])
def test_a_request_that_was_taken_without_an_id_is_lost(answer: dict[str, object]) -> None:
    with pytest.raises(AnswerLost, match="named no usable request_id or id"):
        wire.request_id(answer, {}, "request_id", "id")


def test_a_request_that_was_taken_without_an_id_says_what_it_says_instead() -> None:
    with pytest.raises(AnswerLost, match=r"^the gateway took the request, but named no usable id: bad key …$"):
        wire.request_id({"error": {"message": "bad key the-key"}}, {"X-Key": "the-key"}, "id")


# The real client


class Gateway:
    """A socket that answers each connection with the same bytes, and counts them."""

    def __init__(self, reply: bytes) -> None:
        self.reply = reply
        self.requests: list[bytes] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/generate"

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                self.requests.append(connection.recv(65_536))
                connection.sendall(self.reply)


@contextmanager
def gateway(reply: bytes) -> Iterator[Gateway]:
    running = Gateway(reply)
    thread = threading.Thread(target=running.serve)
    thread.start()
    try:
        yield running
    finally:
        running.socket.shutdown(socket.SHUT_RDWR)
        running.socket.close()
        thread.join()


def reply(status: str, body: bytes = b"{}", *headers: bytes) -> bytes:
    head = [b"HTTP/1.1 " + status.encode(), b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    ("bytes_", "error"),
    [
        (b"", AnswerLost),
        (b"no http\r\n\r\n", AnswerLost),
        (b'HTTP/1.1 202 Accepted\r\nContent-Length: 50\r\n\r\n{"request_id":', AnswerLost),
        (reply("307 Temporary Redirect", b"{}", b"Location: /again"), AnswerLost),
        (reply("308 Permanent Redirect", b"{}", b"Location: /again"), AnswerLost),
        (reply("503 Service Unavailable", b"{}", b"Retry-After: 0"), AnswerLost),
        (reply("429 Too Many Requests", b"{}", b"Retry-After: 0"), Refused),
    ],
)
def test_the_real_client_posts_once_whatever_comes_back(bytes_: bytes, error: type[DropreelError]) -> None:
    with gateway(bytes_) as running, wire.new_client() as http:
        with pytest.raises(error):
            wire.post(http, running.url, {}, {})
        time.sleep(0.05)  # time for a second request, were there one
        assert len(running.requests) == 1


def test_the_real_client_keeps_no_connection() -> None:
    with gateway(reply("202 Accepted", json.dumps(TAKEN).encode())) as running, wire.new_client() as http:
        assert wire.post(http, running.url, {"prompt": "été"}, {"X-Key": "k"}) == TAKEN
        assert wire.post(http, running.url, {}, {}) == TAKEN
        assert len(running.requests) == 2
        head, _, body = running.requests[0].partition(b"\r\n\r\n")
        assert body in (b'{"prompt":"\xc3\xa9t\xc3\xa9"}', b"")  # the body may be a packet of its own
        assert b"User-Agent: dropreel" in head


def test_the_real_client_knows_when_nothing_was_sent() -> None:
    with gateway(b"") as gone:
        url = gone.url
    with wire.new_client() as http, pytest.raises(NotSent):
        wire.post(http, url, {}, {})
    with wire.new_client() as http, pytest.raises(StatusUnavailable):
        wire.get(http, url, None, {})


def test_the_real_client_ignores_the_proxies_of_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with gateway(reply("202 Accepted", json.dumps(TAKEN).encode())) as running:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
        with wire.new_client() as http:
            assert wire.post(http, running.url, {}, {}) == TAKEN


def test_the_real_client_gives_up_in_time() -> None:
    # The submit function has 120 seconds, and a job whose submitter took 180 counts as lost.
    with wire.new_client() as http:
        assert (http.timeout.connect, http.timeout.read, http.timeout.write) == (10.0, 30.0, 30.0)
        assert not http.follow_redirects


def test_the_value_of_a_header_that_nobody_has_heard_of_is_kept_secret() -> None:
    headers = {"X-Api-Key": "k-1234567", "Cache-Control": "no-cache", "X-Webhook-Mode": "terminal"}
    assert wire.clean("k-1234567 is not valid; no-cache, terminal", headers) == "… is not valid; no-cache, terminal"
