"""An output on its way to S3, sent while it is still being read: in one call, as one request, or in parts.

One request is cheaper than parts, each of which costs a call and a checksum of its own: S3 checks it against the
SHA-256 that the manifest will hold, sent behind the bytes. But the size must be known, and when it breaks off
everything is to be read again, whereas a part is simply sent again.
"""

from __future__ import annotations

import http.client
import logging
import socket
import ssl
import zlib
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError

from dropreel.errors import MediaUnavailable
from dropreel.transfer.addresses import TIMEOUT
from dropreel.transfer.buffers import PART, Part

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

logger = logging.getLogger(__name__)

#: S3 takes no more, in an upload and in one request.
MOST_PARTS = 10_000
MOST_AT_ONCE = 5_000_000_000
#: Parts that are uploaded at a time; the others of the window are being read meanwhile.
AT_A_TIME = 2
CHECKSUM = "x-amz-checksum-sha256"


class StreamBroken(Exception):
    """S3 did not take an output as one request."""


def check_size(size: int | None) -> None:
    """Raise MediaUnavailable if S3 can not have an output of so many bytes."""
    if size is not None and size > MOST_PARTS * PART:
        raise MediaUnavailable(f"the output has more than {MOST_PARTS * PART} bytes", final=True)


def put_whole(s3: S3Client, target: dict[str, str], about: dict[str, Any], part: Part, sha256: str) -> None:
    """Send what is all in memory: the digest is at hand, so S3 checks what arrives against that."""
    s3.put_object(Body=part.body, ChecksumSHA256=_base64(bytes.fromhex(sha256)), **target, **about)  # type: ignore[arg-type]


class Upload:
    """What is sent by other threads than the one that reads; releases each part, after a failure too."""

    def __init__(self, threads: int, release: Callable[[Part], None]) -> None:
        self._release = release
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="upload")
        self._answers: list[Future[Any]] = []

    def add(self, part: Part) -> None:
        """Send a part while others are being read. Raises what went wrong with those before."""
        for answer in self._answers:
            if answer.done():
                answer.result()
        self._answers.append(self._threads.submit(self._send_and_release, part))

    def _wait(self, beat: Callable[[], None]) -> list[Any]:
        missing: set[Future[Any]] = set(self._answers)
        while missing:
            ended, missing = wait(missing, timeout=1, return_when=FIRST_COMPLETED)
            for answer in ended:
                answer.result()
            beat()
        return [answer.result() for answer in self._answers]

    def _send_and_release(self, part: Part) -> Any:
        try:
            return self._send(part)
        finally:
            self._release(part)

    def _send(self, part: Part) -> Any:
        raise NotImplementedError


class Parts(Upload):
    """A multipart upload: several parts at a time, completed or aborted."""

    def __init__(
        self, s3: S3Client, target: dict[str, str], about: dict[str, Any], release: Callable[[Part], None]
    ) -> None:
        super().__init__(AT_A_TIME, release)
        self._s3: Any = s3
        self._target = target
        self._about = about
        self._completed = False

    def __enter__(self) -> Self:
        upload = self._s3.create_multipart_upload(ChecksumAlgorithm="CRC32", **self._target, **self._about)
        self._target = {**self._target, "UploadId": upload["UploadId"]}
        return self

    def __exit__(self, *_: object) -> None:
        """Abort unless it is complete, once no part is on its way any more: such a part could outlive the abortion."""
        self._threads.shutdown(cancel_futures=True)
        if self._completed:
            return
        try:
            self._s3.abort_multipart_upload(**self._target)
        except ClientError as error:  # what went wrong before is what matters
            logger.warning("an upload could not be aborted: %s", error)

    def add(self, part: Part) -> None:
        """Upload a part while others are being read. Raises what went wrong with those before."""
        check_size((part.number - 1) * PART + part.count)
        super().add(part)

    def complete(self, size: int, sha256: str, beat: Callable[[], None]) -> None:
        """Wait for the parts, and make them one object of so many bytes."""
        parts = {"Parts": self._wait(beat)}
        self._s3.complete_multipart_upload(MultipartUpload=parts, MpuObjectSize=size, **self._target)
        self._completed = True

    def _send(self, part: Part) -> dict[str, Any]:
        body = part.body
        about = {"PartNumber": part.number, "ChecksumCRC32": _base64(zlib.crc32(body).to_bytes(4))}
        answer = self._s3.upload_part(Body=body, **about, **self._target)
        return {"ETag": answer["ETag"], **about}


class Stream(Upload):
    """One request, sent as its bytes come; cut off before the end it leaves nothing."""

    def __init__(
        self, s3: S3Client, target: dict[str, str], about: dict[str, Any], size: int, release: Callable[[Part], None]
    ) -> None:
        super().__init__(1, release)
        url, self._headers = _signed(s3, target, about, size)
        parts = urlsplit(url)
        self._path = parts.path
        host, port = parts.hostname or "", parts.port
        self._connection = (
            http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=_tls())
            if parts.scheme == "https"
            else http.client.HTTPConnection(host, port, timeout=TIMEOUT)
        )
        self._connection.auto_open = 0  # a second connection would go on in the middle

    def __enter__(self) -> Self:
        self._answers.append(self._threads.submit(self._begin))
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up, so that a thread which still sends need not be waited for."""
        if sock := self._connection.sock:
            with suppress(OSError):
                # Not the TLS socket's own, which would take its state from under the thread that sends.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        self._threads.shutdown(cancel_futures=True)
        self._connection.close()

    def complete(self, size: int, sha256: str, beat: Callable[[], None]) -> None:
        """Send the digest, by which S3 checks the bytes, and wait for its answer."""
        self._answers.append(self._threads.submit(self._end, sha256))
        self._wait(beat)

    def _begin(self) -> None:
        try:
            self._connection.connect()
            self._connection.putrequest("PUT", self._path, skip_accept_encoding=True)
            for name, value in self._headers.items():
                self._connection.putheader(name, value)
            self._connection.endheaders()
        except OSError as error:
            raise StreamBroken(f"no connection ({error})") from error

    def _send(self, part: Part) -> None:
        try:
            for piece in (_frame(part.count), part.content, b"\r\n"):
                self._connection.send(piece)
        except (OSError, http.client.HTTPException) as error:
            raise StreamBroken(f"broken off at part {part.number} ({type(error).__name__})") from error

    def _end(self, sha256: str) -> None:
        try:
            self._connection.send(_frame(0) + _trailer(bytes.fromhex(sha256)))
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise StreamBroken(f"no answer ({type(error).__name__})") from error
        if answer.status != 200:
            raise StreamBroken(f"answered {answer.status}")


@cache
def _tls() -> ssl.SSLContext:
    """Made once: it loads the authorities' certificates."""
    return ssl.create_default_context()


def _signed(s3: S3Client, target: dict[str, str], about: dict[str, Any], size: int) -> tuple[str, dict[str, str]]:
    """Where to send an output, and with which headers.

    The client itself would read the body twice over plain http, and by 16 KB into copies over TLS; so only the address
    and the signature are its work.
    """
    # The endpoint's rules are applied in no other call that sends nothing.
    url = s3.generate_presigned_url("put_object", Params=target).partition("?")[0]
    request = AWSRequest("PUT", url, headers=_headers(about, size))
    # The payload's place in the signature then says that a checksum follows it.
    request.context["checksum"] = {"request_algorithm": {"algorithm": "sha256", "in": "trailer", "name": CHECKSUM}}
    s3._request_signer.sign("PutObject", request)  # type: ignore[attr-defined]
    return url, dict(request.headers.items())


def _headers(about: dict[str, Any], size: int) -> dict[str, str]:
    return {
        "Content-Type": about["ContentType"],
        **{f"x-amz-meta-{name}": value for name, value in about["Metadata"].items()},
        "Content-Encoding": "aws-chunked",
        "Content-Length": str(_framed(size)),
        "x-amz-decoded-content-length": str(size),
        "x-amz-sdk-checksum-algorithm": "SHA256",
        "x-amz-trailer": CHECKSUM,
    }


def _framed(size: int) -> int:
    """Bytes of a body that holds so many: every part is a chunk, and the checksum follows the last."""
    full, rest = divmod(size, PART)
    chunks = full * (len(_frame(PART)) + PART + 2) + (len(_frame(rest)) + rest + 2 if rest else 0)
    return chunks + len(_frame(0)) + len(_trailer(bytes(32)))


def _frame(count: int) -> bytes:
    return b"%x\r\n" % count


def _trailer(digest: bytes) -> bytes:
    return f"{CHECKSUM}:{_base64(digest)}\r\n\r\n".encode()


def _base64(digest: bytes) -> str:
    return b64encode(digest).decode()
