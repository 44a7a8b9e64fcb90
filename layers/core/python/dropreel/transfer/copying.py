"""Copying an output to the outbox: in bounded memory, hashed on the way, there whole or not at all."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from dropreel.errors import MediaUnavailable
from dropreel.transfer.addresses import Policy
from dropreel.transfer.buffers import Part, return_what_is_freed
from dropreel.transfer.downloading import Reading
from dropreel.transfer.fetching import PIECE, Media, RangesBroken
from dropreel.transfer.file_types import HEAD, begins, identify
from dropreel.transfer.uploading import MOST_AT_ONCE, Parts, Stream, StreamBroken, check_size, put_whole

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


class Copier:
    """Copies outputs to the outbox, one at a time."""

    def __init__(self, s3: S3Client, outbox: str, policy: Policy, fetch: Fetch) -> None:
        self._s3 = s3
        self._fetch = fetch
        self._outbox = outbox
        self._policy = policy
        self._buffers: list[bytearray] = []
        return_what_is_freed()

    def copy(self, url: str, name: str, labels: Mapping[str, str], beat: Callable[[], None]) -> Output:
        """Copy what a URL serves to `<name>.<extension of its bytes>`; `beat` is called while bytes flow.

        Raises MediaUnavailable; nothing appears in the outbox then.
        """
        policy, most_at_once = self._policy, MOST_AT_ONCE
        while True:  # each way that breaks is left for good, so there are three tries at most
            try:
                return self._copy(url, name, labels, beat, policy, most_at_once)
            except RangesBroken:
                # The file has changed, or its servers each have a name of their own for it: one stream is whole.
                policy = replace(policy, ranges=False)
            except StreamBroken as problem:
                logger.warning("S3 did not take an output as one request, so it is sent in parts: %s", problem)
                most_at_once = 0

    def _copy(
        self,
        url: str,
        name: str,
        labels: Mapping[str, str],
        beat: Callable[[], None],
        policy: Policy,
        most_at_once: int,
    ) -> Output:
        with self._fetch(url, policy) as media, Reading(media, self._buffers) as reading:
            extension, content_type, parts = _begun(media, reading.parts(beat))
            target = {"Bucket": self._outbox, "Key": f"{name}.{extension}"}
            about = {"ContentType": content_type, "Metadata": dict(labels)}
            size = media.size if media.size and PIECE < media.size <= most_at_once else 0
            if reading.ended and not size:
                put_whole(self._s3, target, about, next(parts), reading.sha256)
            else:
                s3, release = self._s3, reading.release
                with Stream(s3, target, about, size, release) if size else Parts(s3, target, about, release) as upload:
                    for part in parts:
                        upload.add(part)
                    upload.complete(reading.size, reading.sha256, beat)
        return Output(target["Key"], reading.size, reading.sha256, content_type)


def _begun(media: Media, parts: Iterator[Part]) -> tuple[str, str, Iterator[Part]]:
    """Extension and media type by the first bytes, and all parts.

    A host that is busy may well say so with a 200 and in the film's place.
    """
    check_size(media.size)
    first = next(parts, None)
    if first is None:
        raise MediaUnavailable("the media host served an empty file")
    head = bytes(first.content[:HEAD])
    kind = identify(head, media.content_type, media.url)
    if kind is None:
        raise MediaUnavailable(f"the media host served no picture, sound, film or archive: {begins(head)}")
    return *kind, chain([first], parts)
