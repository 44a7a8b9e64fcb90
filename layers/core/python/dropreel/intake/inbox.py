"""The inbox bucket: reading the parts of a job, and lending media to a gateway."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from dropreel.aws import s3_errors
from dropreel.aws.contents import Contents
from dropreel.catalog.fields import Media
from dropreel.catalog.model import Model
from dropreel.errors import Mistake
from dropreel.intake import drops
from dropreel.intake.drops import Name, Place
from dropreel.submit import lending

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

#: Prompts and settings longer than this (bytes) are not read.
LONGEST_TEXT = 256 * 1024
#: Media larger than this (bytes) are not taken: what was uploaded in pieces must be read whole to know it again.
LARGEST_MEDIA = 10_000_000_000
#: An ETag that is the MD5 of the content: one upload, no KMS.
MD5 = re.compile(r"[0-9a-f]{32}")
CHUNK = 1024 * 1024
#: What is allowed where an object can't be read.
READABLE = "an object that is there and can be read at once"


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


@dataclass(frozen=True, slots=True)
class _Look:
    """What S3 says of an object, and its first bytes."""

    about: Mapping[str, Any]
    #: Bytes of the whole object.
    size: int
    head: bytes

    @property
    def version(self) -> str:
        return str(self.about.get("VersionId") or "")

    @property
    def drop(self) -> str:
        return self.version or _written(self.about)

    @property
    def md5(self) -> str:
        """The MD5 that S3 knows of the bytes; "" of a multipart upload, and of what a KMS or foreign key encrypts."""
        etag = str(self.about["ETag"]).strip('"')
        plain = self.about.get("ServerSideEncryption") in (None, "AES256") and "SSECustomerAlgorithm" not in self.about
        return etag if plain and MD5.fullmatch(etag) else ""


class Inbox:
    """The bucket that people drop into (and other buckets that messages and settings may name)."""

    def __init__(self, client: S3Client, bucket: str, *, lend_seconds: int, contents: Contents | None = None) -> None:
        self._client = client
        self.bucket = bucket
        self._lend_seconds = lend_seconds
        self._contents = contents
        self._regions = {bucket: client.meta.region_name}

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
            look = self._look(self.bucket, key, LONGEST_TEXT if is_text else lending.HEAD, key)
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

    def head(self, bucket: str, key: str) -> Mapping[str, Any] | None:
        """An object's headers, or what its listing says where they may not be read; None if it does not exist."""
        try:
            return self._client.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if s3_errors.is_absence(error):
                return None
            if s3_errors.is_momentary(error):
                raise
            return self._listed(bucket, key)

    def defaults(self, place: Place) -> list[tuple[str, bytes]]:
        """The folder defaults of a place with their keys, weakest first. Raises Mistake for one that can't be read."""
        keys = [key for level in drops.default_keys(place) for key in level]
        looks = [(key, self._look(self.bucket, key, LONGEST_TEXT + 1, key)) for key in keys]
        return [(key, look.head) for key, look in looks if look is not None]

    def check(self, media: Media, uri: str) -> str:
        """Make sure that an `s3://bucket/key` can be lent; its version. Raises Mistake, or S3's momentary error."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        self._refuse_abroad(media, bucket)
        try:
            look = self._look(bucket, key, lending.HEAD, uri)
        except Mistake as mistake:
            raise Mistake(media.name, mistake.problem, mistake.allowed) from None
        if look is None:
            raise Mistake(media.name, f"{uri} does not exist", "an object that exists")
        lending.refuse_unfit(media, uri, look.head)
        return look.version

    def lend(self, uri: str, version: str) -> str:
        """A presigned HTTPS GET URL of exactly this version of an object; it is a secret for as long as it lives.

        The object is read first, for it may have been archived or deleted since it was checked. Raises Mistake.
        """
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        look = self._look(bucket, key, lending.HEAD, uri, version)
        if look is None:
            raise Mistake("file", f"{uri} does not exist any more", "an object that exists")
        which = {"Bucket": bucket, "Key": key} | ({"VersionId": version} if version else {})
        which["ResponseContentType"] = lending.served_as(key, look.head)
        return self._client.generate_presigned_url("get_object", Params=which, ExpiresIn=self._lend_seconds)

    def _look(self, bucket: str, key: str, most: int, shown: str, version: str = "") -> _Look | None:
        """Read up to `most` first bytes; None if there is no such object. Raises Mistake, or S3's momentary error.

        Only reading proves that an object can be read: HEAD answers for archived ones, and for those under a foreign
        key, too; and its errors carry no reason.
        """
        which: dict[str, Any] = {"Bucket": bucket, "Key": key} | ({"VersionId": version} if version else {})
        try:
            found = self._client.get_object(**which, Range=f"bytes=0-{most - 1}")
        except ClientError as error:
            if error.response["Error"]["Code"] == "InvalidRange":  # of nothing, there is no first byte
                return _Look(self._client.head_object(**which), 0, b"")
            if s3_errors.is_absence(error):
                return None
            if s3_errors.is_momentary(error):
                raise
            raise Mistake("file", f"{shown} {s3_errors.problem(error)}", READABLE) from None
        size = int(found.get("ContentRange", "").rpartition("/")[2] or found["ContentLength"])
        return _Look(found, size, found["Body"].read())

    def _unread(self, key: str, name: Name, mistake: Mistake) -> Part | None:
        """A part of which only the listing tells; once it can be read, it is another drop."""
        listed = self._listed(self.bucket, key)
        if listed is None:
            return None
        return Part(key, name, f"unread {listed['ETag']}", f"unread {_written(listed)}", "", mistake=mistake)

    def _listed(self, bucket: str, key: str) -> Mapping[str, Any] | None:
        found = self._client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents", [])
        return next((item for item in found if item["Key"] == key), None)

    def _content(self, key: str, look: _Look) -> str:
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

    def _read_whole(self, key: str, look: _Look) -> str:
        """The MD5 of the very version that was looked at."""
        which = {"VersionId": look.version} if look.version else {"IfMatch": look.about["ETag"]}
        digest = hashlib.md5(usedforsecurity=False)
        for chunk in self._client.get_object(Bucket=self.bucket, Key=key, **which)["Body"].iter_chunks(CHUNK):
            digest.update(chunk)
        return digest.hexdigest()

    def _refuse_abroad(self, media: Media, bucket: str) -> None:
        """Raise Mistake for a bucket of another region: the client follows S3 there, what it signs is for here."""
        here = self._client.meta.region_name
        if bucket not in self._regions:
            self._regions[bucket] = self._region(bucket) or here
        if self._regions[bucket] != here:
            raise Mistake(media.name, f"{bucket} is a bucket in {self._regions[bucket]}", f"a bucket in {here}")

    def _region(self, bucket: str) -> str:
        """Where a bucket lies; S3 says so even to those who may not look into it. "" where it does not say."""
        try:
            headers = self._client.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]
        except ClientError as error:
            headers = error.response["ResponseMetadata"]["HTTPHeaders"]
        return headers.get("x-amz-bucket-region", "")


def _written(about: Mapping[str, Any]) -> str:
    return f"{about['ETag']}@{about['LastModified'].timestamp()}"


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _parameters(model: Model, metadata: Mapping[str, str]) -> dict[str, str]:
    """Those of an object's metadata that are parameters of the model; copy tools add others, which are none of ours."""
    found = {}
    for name, value in sorted(metadata.items()):
        field_ = model.field(name.lower())
        if field_ is not None:
            found[field_.name] = _decoded(value)
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
