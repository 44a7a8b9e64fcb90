"""What kind of file some bytes are: told by real files' first bytes before anything that a server says."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest

from dropreel.container import HEAD, TYPES, identify

MP4, BIN = ("mp4", "video/mp4"), ("bin", "application/octet-stream")


def film(container: str, codec: str, pixels: str = "yuv420p") -> bytes:
    """Two frames of a real film."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=10)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 32, 32, pixels
        for level in (0, 200):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((32, 32, 3), level, np.uint8), format="rgb24")))
        output.mux(stream.encode(None))
    return file.getvalue()


FTYP = b"\x00\x00\x00\x20ftyp"
HEADS: dict[str, tuple[bytes, str]] = {
    "mp4 of ffmpeg": (film("mp4", "mpeg4"), "mp4"),
    "mov of ffmpeg": (film("mov", "mpeg4"), "mov"),
    "webm of ffmpeg": (film("webm", "libvpx"), "webm"),
    "mkv of ffmpeg": (film("matroska", "mpeg4"), "mkv"),
    "avi of ffmpeg": (film("avi", "mpeg4"), "avi"),
    "gif of ffmpeg": (film("gif", "gif", "rgb8"), "gif"),
    "mp4 isom": (FTYP + b"isom\x00\x00\x02\x00isomiso2avc1mp41", "mp4"),
    "mp4 mp42": (FTYP + b"mp42\x00\x00\x00\x00mp42isom", "mp4"),
    "m4v": (FTYP + b"M4V \x00\x00\x00\x01", "mp4"),
    "mov": (FTYP + b"qt  \x00\x00\x02\x00qt  ", "mov"),
    "old mov, index first": (b"\x00\x00\x01\x00moov\x00\x00\x00lmvhd", "mov"),
    "old mov, film first": (b"\x00\x00\x00\x08wide\x00\x01\x00\x00mdat", "mov"),
    "avif": (FTYP + b"avif\x00\x00\x00\x00avifmif1", "avif"),
    "avif sequence": (FTYP + b"avis\x00\x00\x00\x00avisavif", "avif"),
    "gif87a": (b"GIF87a\x01\x00\x01\x00", "gif"),
    "gif89a": (b"GIF89a\x01\x00\x01\x00", "gif"),
    "png": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "png"),
    "jpeg, jfif": (b"\xff\xd8\xff\xe0\x00\x10JFIF", "jpg"),
    "jpeg, exif": (b"\xff\xd8\xff\xe1\x00\x10Exif", "jpg"),
    "webp": (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "webp"),
    "wav": (b"RIFF\x24\x00\x00\x00WAVEfmt ", "wav"),
    "mp3": (b"ID3\x04\x00\x00\x00\x00\x00\x00", "mp3"),
}


@pytest.mark.parametrize(("head", "extension"), HEADS.values(), ids=HEADS)
def test_the_bytes_decide_whatever_the_server_says(head: bytes, extension: str) -> None:
    assert identify(head[:HEAD], "", "https://example.com/output.ext") == (extension, TYPES[extension])
    lies = identify(head[:HEAD], "text/html", f"https://example.com/film.{'mp3' if extension != 'mp3' else 'mp4'}")
    assert lies == (extension, TYPES[extension])


def test_media_types_are_those_that_browsers_know() -> None:
    images = {name: f"image/{name}" for name in ("gif", "png", "webp", "avif")} | {"jpg": "image/jpeg"}
    films = {"mp4": "video/mp4", "mov": "video/quicktime", "webm": "video/webm", "mkv": "video/x-matroska"}
    assert images | films | {"avi": "video/x-msvideo", "mp3": "audio/mpeg", "wav": "audio/wav"} == TYPES


def test_the_signature_is_looked_for_at_its_place_only() -> None:
    for head in (b" GIF89a", b"xx\x89PNG\r\n\x1a\n", b"ftypisom", b"xxxxxftypisom", b"RIFX....WAVE", b"RIFF....JUNK"):
        assert identify(head, "", "https://example.com/x") == BIN


@pytest.mark.parametrize("head", [b"", b"\x00", b"RIFF", b"ID", b"\x1aE\xdf", b"\x00\x00\x00\x20fty"])
def test_too_few_bytes_decide_nothing(head: bytes) -> None:
    assert identify(head, "", "https://example.com/x") == BIN


def test_the_doctype_tells_matroska_from_webm_and_not_some_text() -> None:
    head = b"\x1aE\xdf\xa3\x8bB\x82\x88matroska" + b"M\x80\x87libwebm"
    assert identify(head, "", "https://example.com/x") == ("mkv", "video/x-matroska")


@pytest.mark.parametrize("extension", TYPES)
def test_without_a_signature_the_content_type_decides(extension: str) -> None:
    found = identify(b"nothing known", TYPES[extension], "https://example.com/x.webm")
    assert found == (extension, TYPES[extension])


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://example.com/a/film.mp4", MP4),
        ("https://example.com/a/film.MP4", MP4),
        ("https://example.com/film.mp4?X-Amz-Signature=a.webm#b.mov", MP4),
        ("https://example.com/output.ext", BIN),
        ("https://example.com/film.mp4/", BIN),
        ("https://example.com/dir.mp4/film", BIN),
        ("https://example.mp4", BIN),
        ("https://example.com/mp4", BIN),
        ("https://example.com", BIN),
    ],
)
@pytest.mark.parametrize("content_type", ["", "application/octet-stream", "binary/octet-stream"])
def test_in_the_end_the_urls_name_decides(url: str, found: tuple[str, str], content_type: str) -> None:
    assert identify(b"nothing known", content_type, url) == found
