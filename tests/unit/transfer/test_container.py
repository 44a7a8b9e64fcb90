"""What kind of file some bytes are: told by real files' first bytes before anything that a server says."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropreel.transfer.file_types import HEAD, TYPES, begins, identify

MP4 = ("mp4", "video/mp4")
#: No text, and nothing that has a signature.
UNKNOWN = b"\x01\x02\x03 nothing known \x04"


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


def sound(container: str, codec: str, layout: str = "mono") -> bytes:
    """A tenth of a second of silence."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=48000)
        assert isinstance(stream, av.AudioStream)
        stream.layout = layout
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4410), np.int16), format="s16", layout=layout)
        frame.sample_rate = 48000
        for resampled in av.AudioResampler(stream.format, stream.layout, 48000).resample(frame):
            output.mux(stream.encode(resampled))
        output.mux(stream.encode(None))
    return file.getvalue()


def picture(codec: str, pixels: str) -> bytes:
    """One small grey picture as an encoder writes it."""
    encoder = av.CodecContext.create(codec, "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = 32, 32, pixels
    encoder.time_base = Fraction(1, 10)
    frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 99, np.uint8), format="rgb24").reformat(format=pixels)
    return b"".join(bytes(packet) for packet in (*encoder.encode(frame), *encoder.encode(None)))


def archive(kind: str) -> bytes:
    """One frame in an archive."""
    file = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(file, "w") as packed:
            packed.writestr("frame-0001.png", b"1")
    else:
        with tarfile.open(fileobj=file, mode="w") as packed_too:
            packed_too.addfile(tarfile.TarInfo("frame-0001.png"))
    return gzip.compress(file.getvalue()) if kind == "tgz" else file.getvalue()


FTYP = b"\x00\x00\x00\x20ftyp"
ISOM = FTYP + b"isom\x00\x00\x02\x00isomiso2avc1mp41"
HEADS: dict[str, tuple[bytes, str]] = {
    "mp4 of ffmpeg": (film("mp4", "mpeg4"), "mp4"),
    "mov of ffmpeg": (film("mov", "mpeg4"), "mov"),
    "mov of ProRes": (film("mov", "prores_ks", "yuv422p10le"), "mov"),
    "webm of ffmpeg": (film("webm", "libvpx"), "webm"),
    "mkv of ffmpeg": (film("matroska", "mpeg4"), "mkv"),
    "avi of ffmpeg": (film("avi", "mpeg4"), "avi"),
    "gif of ffmpeg": (film("gif", "gif", "rgb8"), "gif"),
    "3gp of ffmpeg": (film("3gp", "mpeg4"), "3gp"),
    "theora": (b"OggS\x00\x02" + bytes(8) + b"\x01\x02\x03\x04" + bytes(8) + b"\x01\x2a\x80theora\x03\x02\x01", "ogv"),
    "ts of ffmpeg": (film("mpegts", "mpeg2video"), "ts"),
    "mpg of ffmpeg": (film("mpeg", "mpeg2video"), "mpg"),
    "flv of ffmpeg": (film("flv", "flv"), "flv"),
    "wmv of ffmpeg": (film("asf", "msmpeg4"), "wmv"),
    "m4a of ffmpeg": (sound("ipod", "aac"), "m4a"),
    "aac of ffmpeg": (sound("adts", "aac"), "aac"),
    "flac of ffmpeg": (sound("flac", "flac"), "flac"),
    "ogg of ffmpeg": (sound("ogg", "libopus"), "ogg"),
    "wav of ffmpeg": (sound("wav", "pcm_s16le"), "wav"),
    "aiff of ffmpeg": (sound("aiff", "pcm_s16be"), "aiff"),
    "mp3 of ffmpeg": (sound("mp3", "libmp3lame"), "mp3"),
    "png of ffmpeg": (picture("png", "rgb24"), "png"),
    "jpeg of ffmpeg": (picture("mjpeg", "yuvj420p"), "jpg"),
    "bmp of ffmpeg": (picture("bmp", "bgr24"), "bmp"),
    "tiff of ffmpeg": (picture("tiff", "rgb24"), "tiff"),
    "zip of frames": (archive("zip"), "zip"),
    "tar of frames": (archive("tar"), "tar"),
    "tar of frames, compressed": (archive("tgz"), "tgz"),
    "mp4 isom": (ISOM, "mp4"),
    "mp4 mp42": (FTYP + b"mp42\x00\x00\x00\x00mp42isom", "mp4"),
    "mp4 of a brand that nobody knows": (FTYP + b"zzzz\x00\x00\x00\x00", "mp4"),
    "m4v": (FTYP + b"M4V \x00\x00\x00\x01", "mp4"),
    "m4a": (FTYP + b"M4A \x00\x00\x02\x00M4A mp42", "m4a"),
    "mov": (FTYP + b"qt  \x00\x00\x02\x00qt  ", "mov"),
    "a fragment": (b"\x00\x00\x00\x18stypmsdh\x00\x00\x00\x00msdhmsix", "mp4"),
    "a bare fragment": (b"\x00\x00\x00\x68moof\x00\x00\x00\x10mfhd", "mp4"),
    "an indexed fragment": (b"\x00\x00\x00\x2csidx\x00\x00\x00\x00", "mp4"),
    "mp4 behind free room": (b"\x00\x00\x00\x08free" + ISOM, "mp4"),
    "mp4 behind much free room": (b"\x00\x00\x03\x00skip" + bytes(0x2F8) + b"\x00\x00\x00\x08wide" + ISOM, "mp4"),
    "m4a behind free room": (b"\x00\x00\x00\x10free" + bytes(8) + FTYP + b"M4A ", "m4a"),
    "old mov, index first": (b"\x00\x00\x01\x00moov\x00\x00\x00lmvhd", "mov"),
    "old mov, film first": (b"\x00\x00\x00\x08wide\x00\x01\x00\x00mdat", "mov"),
    "old mov, long film first": (b"\x42\x01\x00\x00mdat", "mov"),
    "what is behind more free room than is looked at": (b"\x00\x00\x80\x00free" + bytes(HEAD), "mov"),
    "avif": (FTYP + b"avif\x00\x00\x00\x00avifmif1", "avif"),
    "avif sequence": (FTYP + b"avis\x00\x00\x00\x00avisavif", "avif"),
    "avif that is called a picture first": (FTYP + b"mif1\x00\x00\x00\x00mif1avifmiaf", "avif"),
    "heic": (FTYP + b"heic\x00\x00\x00\x00mif1heic", "heic"),
    "heic that is called a picture first": (FTYP + b"mif1\x00\x00\x00\x00mif1heic", "heic"),
    "gif87a": (b"GIF87a\x01\x00\x01\x00", "gif"),
    "gif89a": (b"GIF89a\x01\x00\x01\x00", "gif"),
    "png": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "png"),
    "jpeg, jfif": (b"\xff\xd8\xff\xe0\x00\x10JFIF", "jpg"),
    "jpeg, exif": (b"\xff\xd8\xff\xe1\x00\x10Exif", "jpg"),
    "webp": (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "webp"),
    "wav": (b"RIFF\x24\x00\x00\x00WAVEfmt ", "wav"),
    "wav above 4 GB": (b"RF64\xff\xff\xff\xffWAVEds64", "wav"),
    "mp3 with a title": (b"ID3\x04\x00\x00\x00\x00\x00\x00", "mp3"),
    "mp3, mpeg 1": (b"\xff\xfb\x90\x64", "mp3"),
    "mp3, mpeg 1 with a checksum": (b"\xff\xfa\x90\x64", "mp3"),
    "mp3, mpeg 2": (b"\xff\xf3\x84\xc4", "mp3"),
    "mp3, mpeg 2.5": (b"\xff\xe3\x18\xc4", "mp3"),
    "aac, mpeg 2": (b"\xff\xf9\x50\x80", "aac"),
}


@pytest.mark.parametrize(("head", "extension"), HEADS.values(), ids=HEADS)
def test_the_bytes_decide_whatever_the_server_says(head: bytes, extension: str) -> None:
    assert identify(head[:HEAD], "", "https://example.com/output.ext") == (extension, TYPES[extension])
    lies = identify(head[:HEAD], "text/html", f"https://example.com/film.{'mp3' if extension != 'mp3' else 'mp4'}")
    assert lies == (extension, TYPES[extension])


NONE: dict[str, bytes] = {
    "a page": b"<!DOCTYPE html><title>busy</title>",
    "a long page in a language of its own": "<html>Bitte später wiederkommen, schöne Grüße</html>".encode() * 200,
    "a page in Latin-1": "<html>Bitte sp\xe4ter</html>".encode("latin-1"),
    "a page in UTF-16": "<html>später</html>".encode("utf-16"),
    "a page in UTF-16 without its mark": "<html>busy</html>".encode("utf-16-le"),
    "a page behind a byte order mark": b"\xef\xbb\xbf<html>",
    "a page with colours": b"\x1b[31mbusy\x1b[0m",
    "json": b'{"error": "busy"}',
    "xml": b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>',
    "a drawing": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "a playlist": b"#EXTM3U\n#EXT-X-VERSION:3\n",
    "a word": b"OK",
    "blanks": b" \r\n\t",
    "nothing": b"",
    "nothing but zeros": bytes(HEAD),
    "a text that begins as a bitmap": b"BMW is busy, come back later",
    "a text that begins as a sound": b"ID3 tags are not available",
    "a text that begins as a stream": (b"G" + b"o" * 187) * 3,
    "a text with a box's name": b"Was skipped, 1234 free",
    "a document": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\x01",
    "a program": b"\x7fELF\x02\x01\x01\x00",
    "a compressed page": gzip.compress(b"<html>busy</html>"),
    "a compressed film": gzip.compress(ISOM),
    "half of a compressed page": gzip.compress(b"<html>busy</html>")[:12],
    "what is called compressed": b"\x1f\x8b\xff\xff\xff\xff",
    "a page compressed by zstd": b"\x28\xb5\x2f\xfd\x04\x00",
    "an empty archive": b"PK\x05\x06" + bytes(18),
}


@pytest.mark.parametrize("head", NONE.values(), ids=NONE)
@pytest.mark.parametrize("content_type", ["", "video/mp4", "text/html", "application/octet-stream", "application/json"])
def test_what_is_no_media_by_its_bytes_is_none_whatever_it_is_called(head: bytes, content_type: str) -> None:
    assert identify(head[:HEAD], content_type, "https://example.com/output.mp4") is None


def test_media_types_are_those_that_browsers_know() -> None:
    images = {name: f"image/{name}" for name in ("gif", "png", "webp", "avif", "heic", "bmp", "tiff")}
    films = {"mp4": "video/mp4", "mov": "video/quicktime", "webm": "video/webm", "mkv": "video/x-matroska"}
    sounds = {"mp3": "audio/mpeg", "wav": "audio/wav", "m4a": "audio/mp4", "aac": "audio/aac", "flac": "audio/flac"}
    assert (images | films | sounds | {"jpg": "image/jpeg", "zip": "application/zip"}).items() <= TYPES.items()


@pytest.mark.parametrize(
    "head",
    [
        b" GIF89a",
        b"xx\x89PNG\r\n\x1a\n",
        b"ftypisom",
        b"xxxxxftypisom",
        b"RIFX....WAVE",
        b"RIFF....JUNK",
        b"FORM....WAV",
    ],
)
def test_the_signature_is_looked_for_at_its_place_only(head: bytes) -> None:
    assert identify(head + UNKNOWN, "", "https://example.com/x") is None


@pytest.mark.parametrize("head", [b"", b"\x00", b"RIFF", b"ID", b"\x1aE\xdf", b"\x00\x00\x00\x20fty", b"\xff\xfb"])
def test_too_few_bytes_decide_nothing(head: bytes) -> None:
    assert identify(head, "", "https://example.com/x") is None


@pytest.mark.parametrize(
    "head",
    [
        b"\xff\xfb\xf0\x64",
        b"\xff\xfb\x00\x64",
        b"\xff\xfb\x9c\x64",
        b"\xff\xeb\x90\x64",
        b"\xff\xf1\xfc\x80",
        b"\xff\x00\x90\x64",
    ],
)
def test_a_frame_with_values_that_the_standard_reserves_is_no_sound(head: bytes) -> None:
    assert identify(head, "", "https://example.com/x") is None


@given(st.binary(max_size=40), st.sampled_from(sorted({b"free", b"skip", b"wide", b"ftyp", b"moov", b"styp", b"uuid"})))
def test_no_bytes_of_any_kind_break_the_look(tail: bytes, box: bytes) -> None:
    for head in (tail, b"\0\0\0\x08" + box + tail, tail[:4] + box + tail, b"\x1f\x8b" + tail, b"\0\0\0\0" + box + tail):
        identify(head, "", "https://example.com/x")
        assert begins(head)


def test_the_doctype_tells_matroska_from_webm_and_not_some_text() -> None:
    head = b"\x1aE\xdf\xa3\x8bB\x82\x88matroska" + b"M\x80\x87libwebm"
    assert identify(head, "", "https://example.com/x") == ("mkv", "video/x-matroska")


@pytest.mark.parametrize("extension", TYPES)
def test_without_a_signature_the_content_type_decides(extension: str) -> None:
    found = identify(UNKNOWN, TYPES[extension], "https://example.com/x.webm")
    assert found == (extension, TYPES[extension])


@pytest.mark.parametrize("content_type", ["text/html", "text/plain", "application/json", "application/xml", "image"])
def test_bytes_that_nobody_knows_and_the_host_calls_something_else_are_none(content_type: str) -> None:
    assert identify(UNKNOWN, content_type, "https://example.com/film.mp4") is None


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://example.com/a/film.mp4", MP4),
        ("https://example.com/a/film.MP4", MP4),
        ("https://example.com/film.mp4?X-Amz-Signature=a.webm#b.mov", MP4),
        ("https://example.com/output.ext", None),
        ("https://example.com/film.mp4/", None),
        ("https://example.com/dir.mp4/film", None),
        ("https://example.mp4", None),
        ("https://example.com/mp4", None),
        ("https://example.com", None),
    ],
)
@pytest.mark.parametrize("content_type", ["", "application/octet-stream", "binary/octet-stream", "video/x-m4v"])
def test_in_the_end_the_urls_name_decides(url: str, found: tuple[str, str] | None, content_type: str) -> None:
    assert identify(UNKNOWN, content_type, url) == found


@pytest.mark.parametrize(
    ("head", "seen"),
    [
        (b"<!DOCTYPE html>\n <title>busy</title>", "it begins '<!DOCTYPE html> <title>busy</title>'"),
        (b'{"error":"x"}' + b" " * 500, 'it begins \'{"error":"x"}\''),
        (b"x" * 500, f"it begins '{'x' * 80}'"),
        (b"sp\xe4ter", "it begins 'sp\ufffdter'"),
        (b" ", "there is nothing in it"),
        (bytes(9), "there is nothing in it"),
        (b"\x1f\x8b\x08\x00 and more", "its first bytes are 1f 8b 08 00 20 61 6e 64"),
    ],
)
def test_a_person_is_told_how_it_begins(head: bytes, seen: str) -> None:
    assert begins(head) == seen
