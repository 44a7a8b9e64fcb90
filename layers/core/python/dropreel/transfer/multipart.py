"""Uploading a long output while it is still being read: what all ways have in common, and the way in parts."""

from __future__ import annotations

import logging
import zlib
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import ClientError

from dropreel.errors import MediaUnavailable
from dropreel.transfer.buffers import PART, Part

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

logger = logging.getLogger(__name__)

#: S3 takes no more.
MOST_PARTS = 10_000
#: Parts that are uploaded at a time; the others of the window are being read meanwhile.
AT_A_TIME = 2


class Upload:
    """What is sent by other threads than the one that reads."""

    def __init__(self, threads: int, release: Callable[[Part], None]) -> None:
        self._release = release
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="upload")
        self._answers: list[Future[Any]] = []

    def add(self, part: Part, count: int) -> None:
        """Send so many bytes of a part while others are being read. Raises what went wrong with those before."""
        for answer in self._answers:
            if answer.done():
                answer.result()
        self._answers.append(self._threads.submit(self._send, part, count))

    def _wait(self, beat: Callable[[], None]) -> list[Any]:
        missing: set[Future[Any]] = set(self._answers)
        while missing:
            ended, missing = wait(missing, timeout=1, return_when=FIRST_COMPLETED)
            for answer in ended:
                answer.result()
            beat()
        return [answer.result() for answer in self._answers]

    def _send(self, part: Part, count: int) -> Any:
        raise NotImplementedError


class Parts(Upload):
    """A multipart upload: several parts at a time, completed or aborted."""

    def __init__(
        self, s3: S3Client, target: dict[str, str], about: dict[str, Any], release: Callable[[Part], None]
    ) -> None:
        super().__init__(AT_A_TIME, release)
        self._s3 = s3
        self._target = target
        self._about = about
        self._completed = False

    def __enter__(self) -> Self:
        upload = self._s3.create_multipart_upload(ChecksumAlgorithm="CRC32", **self._target, **self._about)  # type: ignore[arg-type]
        self._target = {**self._target, "UploadId": upload["UploadId"]}
        return self

    def __exit__(self, *_: object) -> None:
        """Abort unless it is complete, once no part is on its way any more: such a part could outlive the abortion."""
        self._threads.shutdown(cancel_futures=True)
        if self._completed:
            return
        try:
            self._s3.abort_multipart_upload(**self._target)  # type: ignore[arg-type]
        except ClientError as error:  # what went wrong before is what matters
            logger.warning("an upload could not be aborted: %s", error)

    def add(self, part: Part, count: int) -> None:
        """Upload a part while others are being read. Raises what went wrong with those before."""
        if part.number > MOST_PARTS:
            raise too_large()
        super().add(part, count)

    def complete(self, size: int, sha256: str, beat: Callable[[], None]) -> None:
        """Wait for the parts, and make them one object of so many bytes."""
        parts = self._wait(beat)
        self._s3.complete_multipart_upload(MultipartUpload={"Parts": parts}, MpuObjectSize=size, **self._target)  # type: ignore[arg-type]
        self._completed = True

    def _send(self, part: Part, count: int) -> dict[str, Any]:
        """Upload a part; a bytearray goes to the socket as it is, uncopied."""
        content = body(part, count)
        checksum = b64encode(zlib.crc32(content).to_bytes(4)).decode()
        about = {"PartNumber": part.number, "ChecksumCRC32": checksum}
        try:
            answer = self._s3.upload_part(Body=content, **about, **self._target)  # type: ignore[arg-type]
        finally:
            del content
            self._release(part)  # after a failure too: what is read next gets to hear of it in `add`
        return {"ETag": answer["ETag"], **about}


def body(part: Part, count: int) -> bytearray:
    """So many bytes of a part, uncopied if it is full."""
    return part.buffer if count == len(part.buffer) else part.buffer[:count]


def too_large() -> MediaUnavailable:
    """Why S3 can not have an output."""
    return MediaUnavailable(f"the output has more than {MOST_PARTS * PART} bytes", final=True)
