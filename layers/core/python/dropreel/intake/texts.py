"""Text and JSON that people write: what they say, or in plain words why nobody can read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from dropreel.redaction import sound

#: Digits of the longest whole number that is read.
_LONGEST_NUMBER: Final = 1000
#: What a file begins with that is no UTF-8 text; the longer of two beginnings first.
_NO_TEXT: Final[Mapping[bytes, str]] = {
    b"\xff\xfe\0\0": "is saved as UTF-32; save it as UTF-8",
    b"\0\0\xfe\xff": "is saved as UTF-32; save it as UTF-8",
    b"\xff\xfe": "is saved as UTF-16; save it as UTF-8",
    b"\xfe\xff": "is saved as UTF-16; save it as UTF-8",
    b"\x1f\x8b": "is compressed",
    b"PK\x03\x04": "is compressed, or a document of an office program",
    b"BZh": "is compressed",
    b"\xfd7zXZ": "is compressed",
    b"\x28\xb5\x2f\xfd": "is compressed",
    b"%PDF-": "is a PDF",
    b"{\\rtf": "is saved as rich text (RTF); save it as plain text",
}


class Illegible(Exception):
    """Nobody can read this; the text says why, so that it can follow a file's name."""


def text_of(data: bytes) -> str:
    """What a file of UTF-8 text says, without its byte order mark. Raises Illegible."""
    for beginning, problem in _NO_TEXT.items():
        if data.startswith(beginning):
            raise Illegible(problem)
    # Of Latin letters in UTF-16, every second byte is zero; without its mark that would even pass for UTF-8.
    if any(2 * half.count(0) > len(half) for half in (data[0::2], data[1::2])):
        raise Illegible("is saved as UTF-16; save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Illegible("is not UTF-8; save it as UTF-8") from None


def json_of(text: str) -> Any:
    """What a JSON text says, of which every name counts but once. Raises Illegible."""
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise Illegible("is empty")
    try:
        return json.loads(text, object_pairs_hook=_object, parse_int=_whole, parse_constant=_constant)
    except json.JSONDecodeError as error:
        raise Illegible(f"is not JSON: see line {error.lineno}, character {error.colno}") from None
    except RecursionError:
        raise Illegible("is nested too deeply") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise Illegible(f'says "{sound(name[:80])}" twice')
        found[name] = value
    return found


def _whole(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise Illegible("holds a number that is too long")
    return int(digits)


def _constant(word: str) -> float:
    raise Illegible(f"is not JSON: {word} is no number there")
