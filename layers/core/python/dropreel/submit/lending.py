"""What may be lent to a gateway, and how: by a file's first bytes, which say more than its name, and for a while."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from dropreel.aws.objects import Objects
from dropreel.catalog.fields import KIND_OF
from dropreel.catalog.model import Media
from dropreel.catalog.requests import Reading
from dropreel.errors import Mistake, noted
from dropreel.transfer import file_types

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

#: How many bytes of a file are looked at.
HEAD: Final = file_types.HEAD
#: What a file that is no picture, sound or clip may begin with.
_NO_MEDIA: Final[Mapping[bytes, str]] = {
    b"\x1f\x8b": "is compressed",
    b"BZh": "is compressed",
    b"\xfd7zXZ": "is compressed",
    b"\x28\xb5\x2f\xfd": "is compressed",
    b"PK\x03\x04": "is a zip archive",
    b"%PDF-": "is a PDF",
}
#: Media types of prompts and settings, by extension.
_WRITTEN: Final[Mapping[str, str]] = {"txt": "text/plain; charset=utf-8", "json": "application/json"}
#: Extensions that mean the same as another.
_SAME: Final[Mapping[str, str]] = {"jpeg": "jpg", "m4v": "mp4"}


class Lender:
    """Presigned URLs of the inbox's objects, and of those of other buckets that messages and settings may name."""

    def __init__(self, client: S3Client, inbox: str, lend_seconds: int) -> None:
        self._client = client
        self._objects = Objects(client)
        self._lend_seconds = lend_seconds
        self._regions = {inbox: client.meta.region_name}

    def check(self, media: Media, uri: str) -> str:
        """Make sure that an `s3://bucket/key` can be lent; its version. Raises Mistake, or S3's momentary error."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        self._refuse_abroad(media, bucket)
        try:
            look = self._objects.look(bucket, key, HEAD, uri)
        except Mistake as mistake:
            raise Mistake(media.name, mistake.problem, mistake.allowed) from None
        if look is None:
            raise Mistake(media.name, f"{uri} does not exist", "an object that exists")
        refuse_unfit(media, uri, look.head)
        return look.version

    def lend(self, uri: str, version: str) -> str:
        """A presigned HTTPS GET URL of exactly this version of an object; it is a secret for as long as it lives.

        The object is read first, for it may have been archived or deleted since it was checked. Raises Mistake.
        """
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        look = self._objects.look(bucket, key, HEAD, uri, version)
        if look is None:
            raise Mistake("file", f"{uri} does not exist any more", "an object that exists")
        which = {"Bucket": bucket, "Key": key} | ({"VersionId": version} if version else {})
        which["ResponseContentType"] = served_as(key, look.head)
        return self._client.generate_presigned_url("get_object", Params=which, ExpiresIn=self._lend_seconds)

    def _refuse_abroad(self, media: Media, bucket: str) -> None:
        """Raise Mistake for a bucket of another region: the client follows S3 there, what it signs is for here."""
        here = self._client.meta.region_name
        if bucket not in self._regions:
            self._regions[bucket] = self._objects.region(bucket) or here
        if self._regions[bucket] != here:
            raise Mistake(media.name, f"{bucket} is a bucket in {self._regions[bucket]}", f"a bucket in {here}")


def pinned(lender: Lender, reading: Reading, known: Mapping[str, str], mistakes: list[Mistake]) -> dict[str, str]:
    """The version of each object that a request names, so that what was looked at is what is sent.

    Known versions need no look. An object that is not there, or that we may not read, is a mistake.
    """
    versions: dict[str, str] = {}
    for media in reading.request.media():
        for uri in sorted(media_of({"": reading.values.get(media.name)})):
            if uri.startswith("s3://"):
                with noted(mistakes):
                    versions[uri] = known[uri] if uri in known else lender.check(media, uri)
    return versions


def media_of(values: Mapping[str, Any]) -> set[str]:
    """Every text among the values, those of lists included."""
    flat = [item for value in values.values() for item in (value if isinstance(value, list) else [value])]
    return {item for item in flat if isinstance(item, str)}


def served_as(name: str, head: bytes) -> str:
    """The media type under which a file is lent: that of its bytes, else that of its name's extension."""
    extension = _extension(name)
    named = file_types.TYPES.get(_SAME.get(extension, extension), "application/octet-stream")
    return (file_types.identify(head, "", "") or ("", named))[1]


def uploaded_as(name: str, head: bytes = b"") -> str:
    """The media type to upload a part with; prompts and settings have one, too."""
    return _WRITTEN.get(name.rpartition(".")[2].lower()) or served_as(name, head)


def refuse_unfit(field: Media, name: str, head: bytes) -> None:
    """Raise Mistake for a file that can't be what the field takes, whatever its name says."""
    formats = ", ".join(field.formats)
    if what := _no_media(head):
        raise Mistake(field.name, f"{name} {what}", formats)
    found = file_types.identify(head, "", "")
    if found is None:
        if not field.takes(_extension(name)):
            raise Mistake(field.name, f"{name} has no extension, and its bytes don't say what it is", formats)
    elif not field.takes(found[0]):
        hint = "; save it as JPG" if found[0] == "heic" else ""
        raise Mistake(field.name, f"{name} is a file of type {found[0]}, by its bytes{hint}", formats)


def refuse_text(field: Media, name: str, head: bytes) -> None:
    """Raise Mistake for a text that is called a picture, a sound or a clip.

    For files that a person holds in hand, who can look. What is in the bucket already is lent as it is called.
    """
    if _is_text(head):
        raise Mistake(field.name, f"{name} is text", ", ".join(field.formats))


def _no_media(head: bytes) -> str:
    """What a file is that is plainly no picture, sound or clip; "" for all that may be one."""
    for beginning, what in _NO_MEDIA.items():
        if head.startswith(beginning):
            return what
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype html", b"<html")):
        return "is a web page"
    return "" if head else "is empty"


def _is_text(head: bytes) -> bool:
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)  # a last character may be cut
    except UnicodeDecodeError:
        return False
    return not any(character < " " and character not in "\t\n\r\f\x1b" for character in text)


def _extension(name: str) -> str:
    extension = name.rpartition(".")[2].lower()
    return extension if extension in KIND_OF else ""
