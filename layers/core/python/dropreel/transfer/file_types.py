"""What kind of file some bytes are: by their signature, and only where they have none that we know by their name.

No picture, sound, film or archive is what says otherwise by its bytes: a page, an error body, a document.
"""

from __future__ import annotations

import zlib
from urllib.parse import urlsplit

#: Extension and media type of every kind that we tell apart.
TYPES: dict[str, str] = {
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "webm": "video/webm",
    "mkv": "video/x-matroska",
    "avi": "video/x-msvideo",
    "3gp": "video/3gpp",
    "ogv": "video/ogg",
    "ts": "video/mp2t",
    "mpg": "video/mpeg",
    "flv": "video/x-flv",
    "wmv": "video/x-ms-wmv",
    "gif": "image/gif",
    "png": "image/png",
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "avif": "image/avif",
    "heic": "image/heic",
    "bmp": "image/bmp",
    "tiff": "image/tiff",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "aiff": "audio/aiff",
    "zip": "application/zip",
    "tar": "application/x-tar",
    "tgz": "application/gzip",
    "7z": "application/x-7z-compressed",
}
_EXTENSIONS = {media_type: extension for extension, media_type in TYPES.items()}
#: How a file begins that is nothing else; no text begins so.
_SIMPLE = {
    b"GIF87a": "gif",
    b"GIF89a": "gif",
    b"\x89PNG\r\n\x1a\n": "png",
    b"\xff\xd8\xff": "jpg",
    b"II*\0": "tiff",
    b"MM\0*": "tiff",
    b"fLaC": "flac",
    b"ID3\x02": "mp3",
    b"ID3\x03": "mp3",
    b"ID3\x04": "mp3",
    b"FLV\x01": "flv",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11": "wmv",
    b"\0\0\x01\xba": "mpg",
    b"\0\0\x01\xb3": "mpg",
    b"PK\x03\x04": "zip",
    b"7z\xbc\xaf\x27\x1c": "7z",
}
#: What a RIFF or IFF file holds.
_CHUNKED = {b"WEBP": "webp", b"WAVE": "wav", b"AVI ": "avi", b"AIFF": "aiff", b"AIFC": "aiff"}
#: What a brand says; any other is an MP4's.
_BRANDS = {
    b"qt  ": "mov",
    **dict.fromkeys((b"M4A ", b"M4B ", b"F4A "), "m4a"),
    **dict.fromkeys((b"avif", b"avis"), "avif"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), "heic"),
    **dict.fromkeys((b"3gp4", b"3gp5", b"3gp6", b"3gp7"), "3gp"),
}
#: Brands of any picture in such a file; which it is, another of its brands says.
_PICTURES = (b"mif1", b"msf1")
#: Boxes that may stand before the one that tells, with any bytes in them; the most that they have.
_PADDING = frozenset({b"free", b"skip", b"wide", b"pnot", b"uuid"})
_LONGEST_PADDING = 1 << 24
#: How other files begin that are neither text nor media; gzip, which may hold a tar, and an empty zip are among them.
_OTHERS = (b"%PDF-", b"\x7fELF", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ", b"BZh", b"PK\x05\x06")
#: Every byte of a text in any encoding: all but the control characters that the MIME Sniffing Standard lists; NUL is
#: half of each character in UTF-16.
_TEXT = bytes({*range(256)} - {*range(1, 9), 11, *range(14, 27), *range(28, 32)})
_BYTE_ORDER = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
#: A Content-Type that says nothing.
_NO_NAME = frozenset({"", "application/octet-stream", "binary/octet-stream", "application/binary"})
#: How many bytes a look at the signature needs.
HEAD = 4096


def identify(head: bytes, content_type: str, url: str) -> tuple[str, str] | None:
    """Extension and media type of a file that begins with these bytes; None where it is no picture, sound or film.

    Bytes without a signature that we know are what they are called: by the server, else by the address.
    """
    extension = _signature(head) or ("" if _is_other(head) else _named(content_type, url))
    return (extension, TYPES[extension]) if extension else None


def begins(head: bytes) -> str:
    """What a person sees of a file that is none of these."""
    if head.translate(None, _TEXT):
        return f"its first bytes are {head[:8].hex(' ')}"
    words = " ".join(head.replace(b"\0", b"").decode(errors="replace").split())
    return f"it begins {words[:80]!r}" if words else "there is nothing in it"


def _named(content_type: str, url: str) -> str:
    if content_type in _EXTENSIONS:
        return _EXTENSIONS[content_type]
    if content_type not in _NO_NAME and not content_type.startswith(("video/", "audio/", "image/")):
        return ""
    named = urlsplit(url).path.rpartition(".")[2].lower()
    return named if named in TYPES else ""


def _is_other(head: bytes) -> bool:
    """Whether it is certainly no media: empty, a text, or known as something else."""
    return not head.translate(None, _TEXT) or head.startswith((*_OTHERS, *_BYTE_ORDER))


def _signature(head: bytes) -> str:
    for magic, extension in _SIMPLE.items():
        if head.startswith(magic):
            return extension
    for kind in (_chunked, _matroska, _boxes, _ogg, _bitmap, _sound, _stream, _archive):
        if extension := kind(head):
            return extension
    return ""


def _chunked(head: bytes) -> str:
    return _CHUNKED.get(head[8:12], "") if head[:4] in (b"RIFF", b"RF64", b"BW64", b"FORM") else ""


def _matroska(head: bytes) -> str:
    if head[:4] != b"\x1aE\xdf\xa3":
        return ""
    # The element DocType (0x4282), its length, its text.
    return "webm" if b"\x42\x82\x84webm" in head[:HEAD] else "mkv"


def _boxes(head: bytes) -> str:
    """MP4 and its relatives: boxes, each with its length and type, of which `ftyp` or `styp` has the brand."""
    start = 0
    while (kind := head[start + 4 : start + 8]) in _PADDING:
        length = int.from_bytes(head[start : start + 4])
        if not 8 <= length < _LONGEST_PADDING:
            return ""
        start += length
    if kind in (b"ftyp", b"styp"):
        brand, others = head[start + 8 : start + 12], head[start + 16 : start + int.from_bytes(head[start : start + 4])]
        if brand in _PICTURES:
            return "avif" if b"avif" in others else "heic"
        return _BRANDS.get(brand, "mp4")
    if kind in (b"moof", b"sidx"):
        return "mp4"
    # QuickTime's files were so before there were brands. Where padding hides what follows, it is the nearest guess.
    return "mov" if kind in (b"moov", b"mdat") or (start and not kind) else ""


def _ogg(head: bytes) -> str:
    if head[:4] != b"OggS":
        return ""
    return "ogv" if b"\x80theora" in head[:HEAD] else "ogg"


def _bitmap(head: bytes) -> str:
    """Two letters that may begin a text, too; so the four reserved bytes and the header's length have to fit."""
    return "bmp" if head[:2] == b"BM" and head[6:10] == bytes(4) and head[14:18] in _BMP_HEADERS else ""


_BMP_HEADERS = frozenset(length.to_bytes(4, "little") for length in (12, 40, 52, 56, 64, 108, 124))


def _sound(head: bytes) -> str:
    """MP3 and AAC begin with a frame: eleven or twelve bits that are 1, and no value that the standard reserves."""
    if len(head) < 4 or head[0] != 0xFF:
        return ""
    if head[1] & 0xF6 == 0xF0 and head[2] >> 2 & 15 < 13:
        return "aac"
    version, bitrate, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    layer_3 = head[1] & 0xE6 == 0xE2
    return "mp3" if layer_3 and version != 1 and 0 < bitrate < 15 and rate != 3 else ""


def _stream(head: bytes) -> str:
    """MPEG transport: a packet of 188 bytes after another, each beginning with a G."""
    return "ts" if len(head) > 376 and head[0] == head[188] == head[376] == 0x47 and head.translate(None, _TEXT) else ""


def _archive(head: bytes) -> str:
    if head[257:262] == b"ustar":
        return "tar"
    if not head.startswith(b"\x1f\x8b"):
        return ""
    try:
        return "tgz" if _archive(zlib.decompressobj(31).decompress(head, 512)) == "tar" else ""
    except zlib.error:
        return ""
