"""The inbox bucket: what lies at a place, and what its parts hold."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dropreel.aws.contents import Contents
from dropreel.aws.objects import Look, Objects, written
from dropreel.catalog.model import Model
from dropreel.errors import Mistake
from dropreel.intake import drops
from dropreel.intake.drops import Name, Place
from dropreel.submit import lending
from dropreel.submit.lending import Lender

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

#: Prompts and settings longer than this (bytes) are not read.
LONGEST_TEXT = 256 * 1024
#: Media larger than this (bytes) are not taken: what was uploaded in pieces must be read whole to know it again.
LARGEST_MEDIA = 10_000_000_000
CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """One object of a job, as it was when it was read."""

    key: str
    name: Name
    #: MD5 of its bytes, hex. It tells contents apart; it is no proof against forgery, and needs to be none.
    content: str
    #: Tells this very object from another of the same content.
    drop: str
    #: The object's version; empty in a bucket without versions.
    version: str
    #: Parameters in its S3 metadata, decoded.
    metadata: Mapping[str, str] = field(default_factory=dict)
    #: The bytes of a prompt or settings file; None for media, and for one that is too long.
    text: bytes | None = None
    #: The first bytes of media; None where nobody has looked.
    head: bytes | None = None
    #: Why it could not be read.
    mistake: Mistake | None = None


class Inbox:
    """The bucket that people drop into."""

    def __init__(self, client: S3Client, bucket: str, *, lend_seconds: int, contents: Contents | None = None) -> None:
        self._client = client
        self.bucket = bucket
        self.objects = Objects(client)
        self.lender = Lender(client, bucket, lend_seconds)
        self._contents = contents

    def newest(self, place: Place) -> tuple[list[str], Mapping[str, float]]:
        """The keys that may be parts of a place, and when each was last written (epoch seconds, whole)."""
        written: dict[str, float] = {}
        pages = self._client.get_paginator("list_objects_v2")
        for prefix in place.prefixes:
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
                for item in page.get("Contents", []):
                    written[item["Key"]] = item["LastModified"].timestamp()
        keys = [key for key, _ in drops.parts_of(place, written)]
        return keys, {key: written[key] for key in keys}

    def read(self, key: str, name: Name) -> Part | None:
        """Read one part; None if it is gone. A part that can't be read says why: the job's manifest is to tell."""
        is_text = name.kind in ("prompt", "settings")
        try:
            look = self.objects.look(self.bucket, key, LONGEST_TEXT if is_text else lending.HEAD, key)
            if look is None:
                return None
            if is_text:
                text = look.head if look.size <= LONGEST_TEXT else None
                return Part(key, name, _md5(look.head), look.drop, look.version, text=text)
            content = self._content(key, look) if name.kind else str(look.about["ETag"])
        except Mistake as mistake:
            return self._unread(key, name, mistake)
        metadata = _parameters(name.place.model, look.about["Metadata"]) if name.kind else {}
        return Part(key, name, content, look.drop, look.version, metadata, head=look.head)

    def defaults(self, place: Place) -> list[tuple[str, bytes]]:
        """The folder defaults of a place with their keys, weakest first. Raises Mistake for one that can't be read."""
        keys = [key for level in drops.default_keys(place) for key in level]
        looks = [(key, self.objects.look(self.bucket, key, LONGEST_TEXT + 1, key)) for key in keys]
        return [(key, look.head) for key, look in looks if look is not None]

    def _unread(self, key: str, name: Name, mistake: Mistake) -> Part | None:
        """A part of which only the listing tells; once it can be read, it is another drop."""
        listed = self.objects.listed(self.bucket, key)
        if listed is None:
            return None
        return Part(key, name, f"unread {listed['ETag']}", f"unread {written(listed)}", "", mistake=mistake)

    def _content(self, key: str, look: Look) -> str:
        """The MD5 of an object's bytes: S3's own where it knows it, else by reading it, once for each version."""
        if look.size > LARGEST_MEDIA:
            raise Mistake("file", f"{key} is too large", f"at most {LARGEST_MEDIA // 10**9} GB")
        if look.md5 or look.size == len(look.head):
            return look.md5 or _md5(look.head)
        version = hashlib.sha256(f"{self.bucket}/{key}@{look.drop}".encode()).hexdigest()
        known = self._contents.get(version) if self._contents else ""
        content = known or self._read_whole(key, look)
        if self._contents and not known:
            self._contents.put(version, content)
        return content

    def _read_whole(self, key: str, look: Look) -> str:
        """The MD5 of the very version that was looked at."""
        which = {"VersionId": look.version} if look.version else {"IfMatch": look.about["ETag"]}
        digest = hashlib.md5(usedforsecurity=False)
        for chunk in self._client.get_object(Bucket=self.bucket, Key=key, **which)["Body"].iter_chunks(CHUNK):
            digest.update(chunk)
        return digest.hexdigest()


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _parameters(model: type[Model], metadata: Mapping[str, str]) -> dict[str, str]:
    """Those of an object's metadata that are parameters of the model; copy tools add others, which are none of ours."""
    found = {}
    for name, value in sorted(metadata.items()):
        parameter = model.parameter(name.lower())
        if parameter is not None:
            found[parameter] = _decoded(value)
    return found


def _decoded(value: str) -> str:
    """S3 hands out metadata that is not ASCII in RFC 2047's encoding, and takes what came in UTF-8 for Latin-1."""
    try:
        return _words(value).encode("latin-1").decode()
    except UnicodeError:
        return _words(value)


def _words(value: str) -> str:
    if "=?" not in value:
        return value
    from email.errors import HeaderParseError
    from email.header import decode_header, make_header

    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        return value
