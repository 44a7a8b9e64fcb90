"""The inbox bucket: reading the parts of a job, and lending media to a gateway."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from dropreel import drops
from dropreel.catalog.model import Model
from dropreel.drops import Name, Place
from dropreel.errors import Mistake

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3.client import S3Client

#: Prompts and settings longer than this (bytes) are not read.
LONGEST_TEXT = 256 * 1024
#: An ETag that is the MD5 of the content: one upload, no KMS.
MD5 = re.compile(r"[0-9a-f]{32}")
CHUNK = 1024 * 1024
#: HTTP statuses of S3 that say nothing about the object: it is busy, or broken for a moment.
MOMENTARY = frozenset({408, 429, 500, 502, 503, 504})


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


class Inbox:
    """The bucket that people drop into (and other buckets that messages and settings may name)."""

    def __init__(self, client: S3Client, bucket: str, *, lend_seconds: int) -> None:
        self._client = client
        self.bucket = bucket
        self._lend_seconds = lend_seconds

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
        """Read one part; None if it is gone."""
        head = self.head(self.bucket, key)
        if head is None:
            return None
        version = str(head.get("VersionId") or "")
        drop = version or f"{head['ETag']}@{head['LastModified'].timestamp()}"
        text = self._text(key, head) if name.kind in ("prompt", "settings") else None
        metadata = {} if name.kind in ("prompt", "settings", "") else _parameters(name.place.model, head["Metadata"])
        return Part(key, name, self._content(key, head, text), drop, version, metadata, text)

    def head(self, bucket: str, key: str) -> Mapping[str, Any] | None:
        """An object's headers; None if it does not exist."""
        try:
            return self._client.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise

    def defaults(self, place: Place) -> list[tuple[str, bytes]]:
        """The folder defaults of a place with their keys, weakest first."""
        found = []
        for level in drops.default_keys(place):
            for key in level:
                try:
                    body = self._client.get_object(Bucket=self.bucket, Key=key)["Body"]
                except self._client.exceptions.NoSuchKey:
                    continue
                found.append((key, body.read(LONGEST_TEXT + 1)))
        return found

    def check(self, field_name: str, uri: str) -> str:
        """Make sure that an `s3://bucket/key` can be lent; its version. Raises Mistake, or S3's momentary error."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        try:
            head = self.head(bucket, key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in MOMENTARY:
                raise
            raise Mistake(
                field_name, f"{uri} can not be read ({error.response['Error']['Code']})", "an object that we may read"
            ) from None
        if head is None:
            raise Mistake(field_name, f"{uri} does not exist", "an object that exists")
        if not head["ContentLength"]:
            raise Mistake(field_name, f"{uri} is empty", "an object that holds something")
        return str(head.get("VersionId") or "")

    def lend(self, uri: str, version: str) -> str:
        """A presigned HTTPS GET URL of exactly this version of an object; it is a secret for as long as it lives."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        which = {"Bucket": bucket, "Key": key} | ({"VersionId": version} if version else {})
        return self._client.generate_presigned_url("get_object", Params=which, ExpiresIn=self._lend_seconds)

    def _text(self, key: str, head: Mapping[str, Any]) -> bytes | None:
        if head["ContentLength"] > LONGEST_TEXT:
            return None
        return self._body(key, head).read()

    def _content(self, key: str, head: Mapping[str, Any], text: bytes | None) -> str:
        """The MD5 of an object's bytes: from its ETag where that is one, else (multipart, KMS) by reading it."""
        if text is not None:
            return hashlib.md5(text, usedforsecurity=False).hexdigest()
        etag = head["ETag"].strip('"')
        if (
            MD5.fullmatch(etag)
            and head.get("ServerSideEncryption") in (None, "AES256")
            and "SSECustomerAlgorithm" not in head
        ):
            return str(etag)
        digest = hashlib.md5(usedforsecurity=False)
        for chunk in self._body(key, head).iter_chunks(CHUNK):
            digest.update(chunk)
        return digest.hexdigest()

    def _body(self, key: str, head: Mapping[str, Any]) -> StreamingBody:
        """The bytes of the very version that was looked at."""
        if head.get("VersionId"):
            return self._client.get_object(Bucket=self.bucket, Key=key, VersionId=head["VersionId"])["Body"]
        return self._client.get_object(Bucket=self.bucket, Key=key, IfMatch=head["ETag"])["Body"]


def _parameters(model: Model, metadata: Mapping[str, str]) -> dict[str, str]:
    """Those of an object's metadata that are parameters of the model; copy tools add others, which are none of ours."""
    found = {}
    for name, value in sorted(metadata.items()):
        field_ = model.field(name.lower())
        if field_ is not None:
            found[field_.name] = _decoded(value)
    return found


def _decoded(value: str) -> str:
    """S3 hands out metadata that is not ASCII in RFC 2047's encoding."""
    if "=?" not in value:
        return value
    from email.errors import HeaderParseError
    from email.header import decode_header, make_header

    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        return value
