"""The HTTP API treats requests as API Gateway does."""

import base64

import httpx
import pytest
from httpx import Response

from tests.e2e.tiny import Tiny

pytestmark = pytest.mark.thorough


def post(tiny: Tiny, path: str, content: bytes = b"{}", **headers: str) -> Response:
    return httpx.post(f"{tiny['Api']}{path}", content=content, headers=headers)


def test_a_request_reaches_the_function_of_its_route_as_an_event_of_format_2(tiny: Tiny) -> None:
    answer = post(
        tiny, "/things/a%20b?x=1&x=2&y=", b'{"a": "\xc3\xbc"}', **{"Content-Type": "application/json", "X-Own": "1"}
    )
    event = answer.json()
    assert answer.status_code == 202
    assert event["version"] == "2.0"
    assert event["routeKey"] == event["requestContext"]["routeKey"] == "POST /things/{name}"
    assert event["pathParameters"] == {"name": "a b"}
    assert event["queryStringParameters"] == {"x": "1,2", "y": ""}
    assert (event["body"], event["isBase64Encoded"]) == ('{"a": "ü"}', False)
    assert event["headers"]["x-own"] == "1"
    assert event["requestContext"]["http"]["method"] == "POST"
    assert event["requestContext"]["http"]["sourceIp"] == "127.0.0.1"


def test_api_gateway_adds_whose_it_is_where_the_request_came_from_and_its_trace(tiny: Tiny) -> None:
    event = post(tiny, "/things/x", b"{}", **{"X-Forwarded-For": "203.0.113.7"}).json()
    headers = event["headers"]
    assert event["requestContext"]["accountId"] == "123456789012"
    assert headers["x-forwarded-for"] == "203.0.113.7, 127.0.0.1"
    assert (headers["x-forwarded-proto"], headers["x-forwarded-port"]) == ("http", tiny["Api"].rpartition(":")[2])
    assert headers["x-amzn-trace-id"].startswith("Root=1-")


def test_a_body_that_is_no_text_comes_as_base64(tiny: Tiny) -> None:
    for kind in ("application/octet-stream", "application/json"):
        event = post(tiny, "/things/x", b"\xff\x00", **{"Content-Type": kind}).json()
        assert event["isBase64Encoded"]
        assert base64.b64decode(event["body"]) == b"\xff\x00"


def test_a_function_can_answer_bytes(tiny: Tiny) -> None:
    answer = post(tiny, "/things/binary")
    assert (answer.status_code, answer.headers["Content-Type"]) == (201, "image/x")
    assert answer.content == bytes(range(256))


def test_what_has_no_route_is_not_found(tiny: Tiny) -> None:
    for answer in (post(tiny, "/things"), post(tiny, "/things/a/b"), httpx.get(f"{tiny['Api']}/things/a")):
        assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


def test_a_body_over_ten_megabytes_is_refused(tiny: Tiny) -> None:
    answer = post(tiny, "/things/x", bytes(10 * 1024 * 1024 + 1))
    assert (answer.status_code, answer.json()) == (413, {"message": "Request Entity Too Large"})


def test_a_function_that_fails_is_an_internal_error(tiny: Tiny) -> None:
    answer = post(tiny, "/things/broken")
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})


def test_a_body_in_chunks_is_read_whole(tiny: Tiny) -> None:
    answer = httpx.post(
        f"{tiny['Api']}/things/x", content=iter([b"one ", b"two"]), headers={"Content-Type": "text/plain"}
    )
    assert answer.json()["body"] == "one two"
