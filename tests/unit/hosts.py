"""Two real servers on this machine: one that serves a film by ranges, as far as it is told to, and as much of S3."""

from __future__ import annotations

import base64
import hashlib
import re
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs, urlsplit

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

#: What `x-amz-content-sha256` says of a body in chunks with a checksum behind them.
STREAMED = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class Server:
    """A web server; what it answers is a method of those below."""

    def __init__(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                with outer.lock:
                    outer.connections.add(self.client_address[1])
                outer.answer(self)

            do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        class Listener(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, request: object, client_address: object) -> None:
                pass  # a client that hangs up early is what some of the tests are about

        self.lock = threading.Lock()
        #: The ports that clients came from.
        self.connections: set[int] = set()
        self.listener = Listener(("127.0.0.1", 0), Handler)
        self.port = self.listener.server_port
        self.url = f"http://127.0.0.1:{self.port}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.listener.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.shutdown()
        self.listener.server_close()
        self._thread.join()


@dataclass
class Asked:
    """A request for the film."""

    #: First byte, and the one after the last; None: all of it.
    span: tuple[int, int] | None
    if_range: str | None
    path: str


def send(request: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    """An answer with a length, unless the headers say otherwise; `None` leaves one out."""
    request.send_response(status)
    for name, value in ({"Content_Length": str(len(body)), "Content_Type": "video/mp4"} | headers).items():
        if value:
            request.send_header(name.replace("_", "-"), value)
    request.end_headers()
    request.wfile.write(body)


class FilmHost(Server):
    """Serves one film."""

    def __init__(self, film: bytes) -> None:
        super().__init__()
        self.film = film
        self.etag = '"first"'
        self.asked: list[Asked] = []
        #: Answers instead of the host; True where it has done so.
        self.instead: Callable[[BaseHTTPRequestHandler, Asked], bool] = lambda request, asked: False

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        found = RANGE.fullmatch(request.headers.get("Range", ""))
        span = (int(found[1]), int(found[2]) + 1) if found else None
        asked = Asked(span, request.headers.get("If-Range"), request.path)
        with self.lock:
            self.asked.append(asked)
        if not self.instead(request, asked):
            self.serve(request, asked)

    def serve(self, request: BaseHTTPRequestHandler, asked: Asked) -> None:
        """As a good host does."""
        if asked.span and asked.if_range in (None, self.etag):
            start, stop = asked.span[0], min(asked.span[1], len(self.film))
            if start >= stop:
                send(request, 416, b"", Content_Range=f"bytes */{len(self.film)}")
                return
            about = f"bytes {start}-{stop - 1}/{len(self.film)}"
            send(request, 206, self.film[start:stop], ETag=self.etag, Content_Range=about)
        else:
            send(request, 200, self.film, ETag=self.etag)

    def whole(self, request: BaseHTTPRequestHandler, asked: Asked) -> bool:
        """As a host does that has no ranges."""
        send(request, 200, self.film)
        return True

    def endless(self, request: BaseHTTPRequestHandler, asked: Asked) -> bool:
        """As a host does that does not know how much there is."""
        send(request, 200, self.film, Content_Length="", Connection="close")
        request.close_connection = True
        return True

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """What was asked for after the first piece, in the file's order."""
        return sorted(asked.span for asked in self.asked[1:] if asked.span)


@dataclass
class Upload:
    """A multipart upload that is neither complete nor aborted."""

    key: str
    headers: dict[str, str]
    parts: dict[int, bytes] = field(default_factory=dict)


class Bucket(Server):
    """As much of S3 as a copy uses; what arrives is checked against its checksum, as S3 does."""

    def __init__(self) -> None:
        super().__init__()
        self.objects: dict[str, bytes] = {}
        self.headers: dict[str, dict[str, str]] = {}
        self.uploads: dict[str, Upload] = {}
        #: Operations in the order in which they came; parts with their numbers.
        self.calls: list[str] = []
        #: What `x-amz-content-sha256` said of each body.
        self.signed: set[str] = set()
        #: A status instead of an answer, 0 for none; called with the operation, before it has any effect.
        self.trouble: Callable[[str], int] = lambda call: 0
        #: Bytes of the next body after which it hangs up; 0: none.
        self.hang_up_after = 0

    def client(self) -> S3Client:
        """A client as the functions have it."""
        config = Config(
            signature_version="s3v4",
            s3={"addressing_style": "path", "payload_signing_enabled": False},
            retries={"mode": "standard", "max_attempts": 5},
        )
        return boto3.client(
            "s3",
            region_name="us-east-1",
            endpoint_url=self.url,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            config=config,
        )

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        url = urlsplit(request.path)
        options = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        headers = {name.lower(): value for name, value in request.headers.items()}
        call = self._name(request.command, options)
        body = self._body(request, int(headers.get("content-length", 0)))
        with self.lock:
            self.calls.append(call if body is not None else "Cut")
        if body is None:
            return
        status = self.trouble(call)
        if headers.get("x-amz-content-sha256") == STREAMED:
            body, headers = unframed(body, headers)
        if not status and not _intact(headers, body):
            status = 400
        if status:
            send(request, status, b"<Error><Code>Trouble</Code></Error>", Content_Type="application/xml")
            return
        with self.lock:
            self._do(request, url.path.split("/", 2)[2], options, headers, body)

    def _body(self, request: BaseHTTPRequestHandler, length: int) -> bytes | None:
        """All of a request's body; None if one of the two sides hung up before."""
        most, self.hang_up_after = self.hang_up_after, 0
        body = request.rfile.read(min(most, length) if most else length)
        if len(body) == length:
            return body
        request.close_connection = True
        return None

    def _name(self, method: str, options: dict[str, str]) -> str:
        if "uploads" in options:
            return "Create"
        if "partNumber" in options:
            return f"Part {options['partNumber']}"
        return {"POST": "Complete", "DELETE": "Abort", "PUT": "Put"}[method]

    def _do(
        self, request: BaseHTTPRequestHandler, key: str, options: dict[str, str], headers: dict[str, str], body: bytes
    ) -> None:
        answer, about = "", {}
        if "uploads" in options:
            upload_id = f"upload-{len(self.calls)}"
            self.uploads[upload_id] = Upload(key, headers)
            answer = f"<InitiateMultipartUploadResult><UploadId>{upload_id}</UploadId></InitiateMultipartUploadResult>"
        elif "partNumber" in options:
            self.signed.add(headers["x-amz-content-sha256"])
            self.uploads[options["uploadId"]].parts[int(options["partNumber"])] = body
            about = {"ETag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'}
        elif request.command == "DELETE":
            del self.uploads[options["uploadId"]]
        elif request.command == "POST":
            upload = self.uploads.pop(options["uploadId"])
            self._complete(upload, body.decode(), headers)
            answer = "<CompleteMultipartUploadResult><ETag>whole</ETag></CompleteMultipartUploadResult>"
        else:
            self.signed.add(headers["x-amz-content-sha256"])
            self.objects[key], self.headers[key] = body, headers
        send(request, 200, answer.encode(), Content_Type="application/xml", **about)

    def _complete(self, upload: Upload, listed: str, headers: dict[str, str]) -> None:
        parts = [upload.parts[number] for number in sorted(upload.parts)]
        assert [int(number) for number in re.findall(r"<PartNumber>(\d+)<", listed)] == sorted(upload.parts)
        assert re.findall(r"<ChecksumCRC32>([^<]+)<", listed) == [_crc32(part) for part in parts]
        assert len({len(part) for part in parts[:-1]}) <= 1
        self.objects[upload.key] = b"".join(parts)
        self.headers[upload.key] = upload.headers
        assert int(headers["x-amz-mp-object-size"]) == len(self.objects[upload.key])


def unframed(body: bytes, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    """The bytes of a body in chunks, and the headers with what followed them."""
    chunks, start = [], 0
    while True:
        line, start = body[start : body.index(b"\r\n", start)], body.index(b"\r\n", start) + 2
        if not (count := int(line, 16)):
            break
        chunks.append(body[start : start + count])
        start += count + 2
        assert body[start - 2 : start] == b"\r\n"
    name, _, value = body[start:].decode().removesuffix("\r\n\r\n").partition(":")
    assert (name, headers["content-encoding"]) == (headers["x-amz-trailer"], "aws-chunked")
    content = b"".join(chunks)
    assert int(headers["x-amz-decoded-content-length"]) == len(content)
    return content, {**headers, name: value}


def _crc32(body: bytes) -> str:
    return base64.b64encode(zlib.crc32(body).to_bytes(4)).decode()


def _intact(headers: dict[str, str], body: bytes) -> bool:
    sha256 = base64.b64encode(hashlib.sha256(body).digest()).decode()
    return headers.get("x-amz-checksum-crc32", _crc32(body)) == _crc32(body) and (
        headers.get("x-amz-checksum-sha256", sha256) == sha256
    )
