"""Files through the page: whole or not at all, in little memory, and back again as they were."""

from __future__ import annotations

import socket
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from cli.stack import Stack
from console.objects import upload
from dropreel.intake.inbox import LARGEST_MEDIA
from local.gateways.samples import sample_picture
from local.web import WebServer
from tests.unit.consoles import answered, application, browser, denied, hooked
from tests.unit.stacks import a_stack

MB = 1024**2
KEY = "veo-3-1/x/film.mp4"


@pytest.fixture(scope="module")
def there() -> Iterator[Stack]:
    with a_stack() as stack:
        stack.s3.create_bucket(Bucket="inbox")
        stack.s3.put_bucket_versioning(Bucket="inbox", VersioningConfiguration={"Status": "Enabled"})
        yield stack


@pytest.fixture
def page(there: Stack) -> Any:
    return browser(there)


@pytest.fixture
def address(there: Stack) -> Iterator[int]:
    server = WebServer(application(there)).start()
    yield server.port
    server.stop()


def left(there: Stack) -> list[str]:
    """What lies in the inbox, whole or in pieces."""
    whole = there.s3.list_objects_v2(Bucket="inbox").get("Contents", [])
    pieces = there.s3.list_multipart_uploads(Bucket="inbox").get("Uploads", [])
    return [each["Key"] for each in [*whole, *pieces]]


@pytest.fixture(autouse=True)
def nothing_left(there: Stack) -> Iterator[None]:
    yield
    for key in left(there):
        there.s3.delete_object(Bucket="inbox", Key=key)


@pytest.mark.parametrize("size", [0, 9, 20 * MB + 7])
def test_a_file_arrives_as_it_is(there: Stack, page: Any, size: int) -> None:
    body = bytes(range(251)) * (size // 251 + 1)
    said = {"CONTENT_LENGTH": str(size)}
    assert page.put(f"/api/inbox/{KEY}", data=body[:size], environ_overrides=said).status_code == 201
    found = there.s3.get_object(Bucket="inbox", Key=KEY)
    assert found["Body"].read() == body[:size]
    assert found["ContentType"] == "video/mp4"


def test_a_file_has_the_type_of_its_bytes(there: Stack, page: Any) -> None:
    page.put("/api/inbox/veo-3-1/a.jpg", data=sample_picture())
    assert there.s3.head_object(Bucket="inbox", Key="veo-3-1/a.jpg")["ContentType"] == "image/png"
    page.put("/api/inbox/veo-3-1/a.txt", data="Ä".encode())
    assert there.s3.head_object(Bucket="inbox", Key="veo-3-1/a.txt")["ContentType"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("sent", [0, 3 * MB, 19 * MB])
def test_of_a_file_that_breaks_off_nothing_is_left(there: Stack, address: int, sent: int) -> None:
    with socket.create_connection(("127.0.0.1", address)) as browser:
        head = f"PUT /api/inbox/{KEY} HTTP/1.1\r\nHost: localhost:{address}\r\nContent-Length: {20 * MB}\r\n\r\n"
        browser.sendall(head.encode() + bytes(sent))
        browser.shutdown(socket.SHUT_WR)
        browser.settimeout(30)
        assert b" 400 " in browser.recv(99)
    assert left(there) == []


@pytest.mark.parametrize(("operation", "size"), [("PutObject", 9), ("CreateMultipartUpload", 20 * MB)])
def test_whoever_may_not_upload_is_told_what_they_may_not_do(
    there: Stack, page: Any, operation: str, size: int
) -> None:
    with hooked(there.s3, f"before-call.s3.{operation}", denied):
        answer = page.put(f"/api/inbox/{KEY}", data=bytes(size))
    assert answer.status_code == 403
    assert answer.json["message"].startswith(f"{KEY} was not dropped, and nothing of it is left: AWS does not allow")
    assert f"allow you {operation} (no policy allows it)" in answer.json["message"]
    assert left(there) == []


def test_of_a_piece_that_s3_refuses_nothing_is_left(there: Stack, page: Any) -> None:
    with hooked(there.s3, "before-call.s3.UploadPart", denied):
        answer = page.put(f"/api/inbox/{KEY}", data=bytes(20 * MB))
    assert answer.status_code == 403
    assert "UploadPart" in answer.json["message"]
    assert left(there) == []


class Film:
    """So many bytes, which are never all there."""

    def __init__(self, size: int) -> None:
        self._left = size

    def read(self, size: int) -> bytes:
        size = min(size, self._left)
        self._left -= size
        return bytes(size)


def test_memory_does_not_grow_with_the_file(there: Stack) -> None:
    asked = EnvironBuilder(method="PUT", content_length=256 * MB).get_environ()
    asked["wsgi.input"] = Film(256 * MB)
    tracemalloc.start()
    with (
        hooked(there.s3, "before-call.s3.UploadPart", lambda **_: answered(200, ETag="0")),
        pytest.raises(there.s3.exceptions.ClientError),
    ):
        # S3 misses the pieces that went nowhere.
        upload(there.s3, "inbox", KEY, Request(asked))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 64 * MB


def test_a_file_that_is_too_large_or_without_a_length_is_not_taken(page: Any) -> None:
    large = page.put(f"/api/inbox/{KEY}", environ_overrides={"CONTENT_LENGTH": str(LARGEST_MEDIA + 1)})
    assert (large.status_code, large.json["message"]) == (413, f"{KEY} is too large: at most 10 GB.")
    endless = page.put(f"/api/inbox/{KEY}", headers={"Transfer-Encoding": "chunked"})
    assert (endless.status_code, endless.json["message"]) == (411, "The length of the file is not said.")


def test_a_file_comes_back_in_the_version_that_is_asked_for(there: Stack, page: Any) -> None:
    first = there.s3.put_object(Bucket="inbox", Key=KEY, Body=b"first", ContentType="video/mp4")["VersionId"]
    there.s3.put_object(Bucket="inbox", Key=KEY, Body=b"second", ContentType="video/mp4")
    assert page.get(f"/api/inbox/{KEY}").data == b"second"
    assert page.get(f"/api/inbox/{KEY}?version={first}").data == b"first"
    assert page.get(f"/api/inbox/{KEY}?version={first}", headers={"Range": "bytes=1-2"}).data == b"ir"
    assert page.get("/api/inbox/none.mp4").status_code == 404
