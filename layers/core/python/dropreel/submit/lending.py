"""What may be lent to a gateway: by a file's first bytes, which say more than its name."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from typing import Final

from dropreel.catalog.fields import KIND_OF, Media
from dropreel.errors import Mistake
from dropreel.transfer import file_types

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
