"""Keeping secrets, and what no store can hold, out of everything that is written down."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

#: Depth of a nested value below which nothing of it is kept.
DEEPEST = 20
#: The largest whole number that every JSON reader and DynamoDB keep exactly.
LARGEST = 2**53
_URL = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)
_TOKEN = re.compile(r"(/callbacks/[a-z2-7]{26}/)[\w-]+")
#: The parameters of signed addresses, also where the text around them is no proper URL any more.
_SIGNED = re.compile(
    r"([?&](?:x-amz-[a-z-]+|x-goog-[a-z-]+|awsaccesskeyid|signature|sig|token|policy|key-pair-id)=)[^&\s]*",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """A text without what may be secret in a URL: its user, its query, its fragment, and the token of a callback."""
    return _SIGNED.sub(r"\1…", _TOKEN.sub(r"\1…", _URL.sub(lambda match: _bare(match[0]), sound(text))))


def redacted(value: Any, depth: int = DEEPEST) -> Any:
    """A copy of a value from outside that holds nothing secret, and that every store can hold."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {_name(name): redacted(inner, depth - 1) for name, inner in value.items()} if depth else "…"
    if isinstance(value, list | tuple):
        return [redacted(inner, depth - 1) for inner in value] if depth else "…"
    if isinstance(value, float) and not (math.isfinite(value) and 1e-100 < abs(value) < 1e100):
        return 0.0 if value == 0 else str(value)
    if isinstance(value, int) and abs(value) > LARGEST:
        return "a huge number"
    return value


def _name(name: object) -> str:
    """A field's name, which DynamoDB wants to be neither empty nor long."""
    return redact(str(name))[:100] or "…"


def sound(text: str) -> str:
    """A text without halves of characters, which JSON can write and UTF-8 can't."""
    return text.encode("utf-8", "replace").decode()


def _bare(url: str) -> str:
    scheme, _, rest = re.split(r"[?#]", url, maxsplit=1)[0].partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
