"""What kind of file some bytes are: by their signature, then by what the server called them, then by the name."""

from __future__ import annotations

from urllib.parse import urlsplit

#: Extension and media type of every kind that we tell apart.
TYPES: dict[str, str] = {
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "webm": "video/webm",
    "mkv": "video/x-matroska",
    "avi": "video/x-msvideo",
    "gif": "image/gif",
    "png": "image/png",
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "avif": "image/avif",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
}
_EXTENSIONS = {media_type: extension for extension, media_type in TYPES.items()}
_SIMPLE = {
    b"GIF87a": "gif",
    b"GIF89a": "gif",
    b"\x89PNG\r\n\x1a\n": "png",
    b"\xff\xd8\xff": "jpg",
    b"ID3": "mp3",
}
_RIFF = {b"WEBP": "webp", b"WAVE": "wav", b"AVI ": "avi"}
#: How many bytes a look at the signature needs.
HEAD = 4096


def identify(head: bytes, content_type: str, url: str) -> tuple[str, str]:
    """Extension and media type of a file that begins with these bytes."""
    named = urlsplit(url).path.rpartition(".")[2].lower()
    extension = _signature(head) or _EXTENSIONS.get(content_type) or (named if named in TYPES else "")
    if extension:
        return extension, TYPES[extension]
    return "bin", "application/octet-stream"


def _signature(head: bytes) -> str:
    for magic, extension in _SIMPLE.items():
        if head.startswith(magic):
            return extension
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], "")
    if head[:4] == b"\x1aE\xdf\xa3":
        # The element DocType (0x4282), its length, its text.
        return "webm" if b"\x42\x82\x84webm" in head[:HEAD] else "mkv"
    if head[4:8] == b"ftyp":
        return {b"qt  ": "mov", b"avif": "avif", b"avis": "avif"}.get(head[8:12], "mp4")
    return "mov" if head[4:8] in (b"moov", b"wide") else ""
