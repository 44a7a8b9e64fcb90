"""Where media may lie: an https:// URL or an object in S3."""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

_URL_LIMIT: Final = 8_192
_KEY_BYTES: Final = 1_024  # S3's own limit of a key
_EXTENSION: Final = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9]{1,5}")
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def is_unicode(text: str) -> bool:
    """Whether the text can be sent at all: JSON can hold halves of characters (lone surrogates), UTF-8 can't."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_object(value: str) -> bool:
    """Whether this is s3://bucket/key; a key may hold spaces and nearly anything else, for people's file names do."""
    bucket, _, key = value.removeprefix("s3://").partition("/")
    named = value.startswith("s3://") and bool(_BUCKET.fullmatch(bucket))
    return named and is_unicode(key) and 1 <= len(key.encode()) <= _KEY_BYTES and not _unfetchable(key)


def _unfetchable(key: str) -> str:
    """Why HTTP clients can't get an object by its URL, though S3 has it; "" where they can."""
    if key.startswith("/"):
        return "has a key that begins with /, which many clients leave out"
    if not {".", ".."}.isdisjoint(key.split("/")):
        return "has a . or .. step, which every client folds away"
    return ""


def why_unusable(value: object) -> str:
    """What is wrong with a place that is neither an object nor a URL; never shows it, for it may carry a signature."""
    text = value if isinstance(value, str) else ""
    if text.startswith("s3://") and _unfetchable(text.removeprefix("s3://").partition("/")[2]):
        return _unfetchable(text.removeprefix("s3://").partition("/")[2])
    if text.startswith(("https://", "http://")) and " " in text:
        return "has a space in its URL; write %20"
    return "is not a place that media can be read from"


def extension_of(value: str) -> str:
    """What looks like a file's extension at the end of a key, in lower case; "" where nothing does."""
    _, dot, last = value.rpartition("/")[2].rpartition(".")
    return last.lower() if dot and _EXTENSION.fullmatch(last) else ""


def is_url(value: str) -> bool:
    """Whether this is an https:// URL with a host, or an http:// one of this very machine."""
    if len(value) > _URL_LIMIT or " " in value or not value.isprintable():
        return False
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port  # reading the port proves that it is a number
    except ValueError:
        return False
    if not host:
        return False
    return value.startswith("https://") or (value.startswith("http://") and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
