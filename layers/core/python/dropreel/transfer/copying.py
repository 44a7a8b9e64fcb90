"""Copying an output to the outbox: in bounded memory, hashed on the way, there whole or not at all."""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dropreel.errors import MediaUnavailable
from dropreel.transfer.addresses import Policy
from dropreel.transfer.buffers import PART, return_what_is_freed
from dropreel.transfer.downloading import Reading
from dropreel.transfer.fetching import Media, RangesBroken
from dropreel.transfer.file_types import HEAD, begins, identify
from dropreel.transfer.multipart import MOST_PARTS, Parts, body, too_large
from dropreel.transfer.streamed import MOST_AT_ONCE, Stream, StreamBroken

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

logger = logging.getLogger(__name__)

#: Opens an output for reading.
Fetch = Callable[[str, Policy], AbstractContextManager[Media]]


@dataclass(frozen=True, slots=True)
class Output:
    """A copied output, as the manifest lists it."""

    key: str
    bytes: int
    sha256: str
    content_type: str

    def listed(self) -> dict[str, Any]:
        """The manifest's line."""
        return {"key": self.key, "bytes": self.bytes, "sha256": self.sha256, "content_type": self.content_type}


@dataclass(frozen=True, slots=True)
class _Way:
    """How an output is read and sent."""

    policy: Policy
    #: Bytes of the largest output that is sent as one request.
    most_at_once: int


class Copier:
    """Copies outputs to the outbox, one at a time."""

    def __init__(self, s3: S3Client, outbox: str, policy: Policy, fetch: Fetch) -> None:
        self._s3 = s3
        self._fetch = fetch
        self._outbox = outbox
        self._policy = policy
        self._spare: list[bytearray] = []
        return_what_is_freed()

    def copy(self, url: str, name: str, labels: Mapping[str, str], beat: Callable[[], None]) -> Output:
        """Copy what a URL serves to `<name>.<extension of its bytes>`; `beat` is called while bytes flow.

        Raises MediaUnavailable; nothing appears in the outbox then.
        """
        way = _Way(self._policy, MOST_AT_ONCE)
        while True:  # each way that breaks is left for good, so there are three tries at most
            try:
                return self._copy(url, name, labels, beat, way)
            except RangesBroken:
                # The file has changed, or its servers each have a name of their own for it: one stream is whole.
                way = replace(way, policy=replace(way.policy, ranges=False))
            except StreamBroken as problem:
                logger.warning("S3 did not take an output as one request, so it is sent in parts: %s", problem)
                way = replace(way, most_at_once=0)

    def _copy(self, url: str, name: str, labels: Mapping[str, str], beat: Callable[[], None], way: _Way) -> Output:
        with self._fetch(url, way.policy) as media, Reading(media, self._spare) as reading:
            _check_size(media.size)
            parts = reading.parts(beat)
            part, count = next(parts, (None, 0))
            if part is None:
                raise MediaUnavailable("the media host served an empty file")
            extension, content_type = _kind(bytes(part.buffer[:HEAD][:count]), media)
            target = {"Bucket": self._outbox, "Key": f"{name}.{extension}"}
            about = {"ContentType": content_type, "Metadata": dict(labels)}
            if reading.ended:
                # The digest of everything is at hand, so S3 checks what arrives against that.
                checksum = b64encode(bytes.fromhex(reading.sha256)).decode()
                self._s3.put_object(Body=body(part, count), ChecksumSHA256=checksum, **target, **about)  # type: ignore[arg-type]
                return Output(target["Key"], count, reading.sha256, content_type)
            with self._upload(target, about, media.size, reading, way) as upload:
                upload.add(part, count)
                for following, bytes_of_it in parts:
                    upload.add(following, bytes_of_it)
                upload.complete(reading.size, reading.sha256, beat)
        return Output(target["Key"], reading.size, reading.sha256, content_type)

    def _upload(
        self, target: dict[str, str], about: dict[str, Any], size: int | None, reading: Reading, way: _Way
    ) -> Parts | Stream:
        if size is None or size > way.most_at_once:
            return Parts(self._s3, target, about, reading.release)
        return Stream(self._s3, target, about, size, reading.release)


def _kind(head: bytes, media: Media) -> tuple[str, str]:
    """Extension and media type; a host that is busy may well say so with a 200 and in the film's place."""
    kind = identify(head, media.content_type, media.url)
    if kind is None:
        raise MediaUnavailable(f"the media host served no picture, sound, film or archive: {begins(head)}")
    return kind


def _check_size(size: int | None) -> None:
    if size is not None and size > MOST_PARTS * PART:
        raise too_large()
