"""What a file is by its first bytes: what it is served as, and what is not lent to a gateway at all."""

from __future__ import annotations

import gzip

import pytest

from dropreel.catalog import find
from dropreel.catalog.model import Media
from dropreel.errors import Mistake
from dropreel.submit.lending import HEAD, refuse_text, refuse_unfit, served_as, uploaded_as

PNG, GIF, WEBP = b"\x89PNG\r\n\x1a\n\0", b"GIF89a\1\0", b"RIFF\x24\0\0\0WEBPVP8 "
WAV, MP3, MP4 = b"RIFF\x24\0\0\0WAVEfmt ", b"ID3\x04\0", b"\0\0\0\x18ftypmp42\0\0\0\0"
UNKNOWN = b"\x01\x9d\x90\x64\0"  # much has no signature of its own


def field(model: str, name: str) -> Media:
    return next(media for media in find(model).media() if media.name == name)


PICTURE, SOUND, CLIP = (
    field("veed-fabric", "image_url"),
    field("veed-fabric", "audio_url"),
    field("pixelcut-background-removal", "video_url"),
)


@pytest.mark.parametrize(
    ("name", "head", "media_type"),
    [
        ("a/cat.png", PNG, "image/png"),
        ("a/cat.jpg", PNG, "image/png"),
        ("cat", PNG, "image/png"),
        ("cat.jpeg", UNKNOWN, "image/jpeg"),
        ("cat.JPG", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("cat.mp3", UNKNOWN, "audio/mpeg"),
        ("cat.wav", WAV, "audio/wav"),
        ("cat.m4v", b"\1\2\3", "video/mp4"),
        ("what? is#this.mp4", MP4, "video/mp4"),
        ("what? is#this.mp4", b"\1\2\3", "video/mp4"),
        ("cat.abc", b"\1\2\3", "application/octet-stream"),
    ],
)
def test_a_file_is_served_as_what_its_bytes_are_or_else_its_name_says(name: str, head: bytes, media_type: str) -> None:
    assert served_as(name, head) == media_type


@pytest.mark.parametrize(
    ("name", "head", "media_type"),
    [
        ("veo-3-1/cat.txt", b"a cat", "text/plain; charset=utf-8"),
        ("veo-3-1/cat.JSON", b"{}", "application/json"),
        ("veo-3-1/cat.png", b"", "image/png"),
        ("veo-3-1/cat.jpg", PNG, "image/png"),
    ],
)
def test_a_part_is_uploaded_as_what_it_is(name: str, head: bytes, media_type: str) -> None:
    assert uploaded_as(name, head) == media_type


@pytest.mark.parametrize(
    ("taken_by", "name", "head"),
    [
        (PICTURE, "cat.png", PNG),
        (PICTURE, "cat.jpg", PNG),
        (PICTURE, "cat", PNG),
        (PICTURE, "cat.jpg", b"\xff\xd8\xff\xe0 text may follow"),
        (SOUND, "cat.mp3", MP3),
        (SOUND, "cat.mp3", UNKNOWN),
        (SOUND, "cat.wav", WAV),
        (CLIP, "cat.mov", MP4),
        (CLIP, "cat.mkv", b"\1\2\3"),
        (CLIP, "cat.mp4", b"\0" * 8 + b"\1"),
    ],
)
def test_what_the_model_takes_is_lent(taken_by: Media, name: str, head: bytes) -> None:
    refuse_unfit(taken_by, name, head)


@pytest.mark.parametrize(
    ("taken_by", "name", "head", "words"),
    [
        (PICTURE, "cat.png", b"", "image_url: cat.png is empty; allowed: png, jpg, jpeg"),
        (PICTURE, "cat.png", b"\xef\xbb\xbf\r\n <!DOCTYPE HTML><title>busy</title>", "cat.png is a web page"),
        (PICTURE, "cat.png", b"<html>\xe9", "cat.png is a web page"),
        (PICTURE, "cat.png", gzip.compress(PNG, mtime=0), "cat.png is compressed"),
        (PICTURE, "cat.png", b"PK\x03\x04", "cat.png is a zip archive"),
        (PICTURE, "cat.png", b"%PDF-1.7", "cat.png is a PDF"),
        (PICTURE, "cat.png", WEBP, "cat.png is a file of type webp, by its bytes"),
        (PICTURE, "cat.png", MP4, "cat.png is a file of type mp4, by its bytes"),
        (SOUND, "cat.mp3", PNG, "audio_url: cat.mp3 is a file of type png, by its bytes; allowed: mp3, wav"),
        (CLIP, "cat.mp4", GIF, "cat.mp4 is a file of type gif, by its bytes"),
        (PICTURE, "cat", b"\1\2\3", "cat has no extension, and its bytes don't say what it is"),
        (PICTURE, "cat.2-final", b"\1\2\3", "cat.2-final has no extension"),
    ],
)
def test_what_the_gateway_could_not_use_is_a_mistake_that_says_what_it_is(
    taken_by: Media, name: str, head: bytes, words: str
) -> None:
    with pytest.raises(Mistake) as caught:
        refuse_unfit(taken_by, name, head)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "head",
    [b"no picture at all", ("é" * HEAD).encode()[: HEAD - 1], b'<svg xmlns="http://www.w3.org/2000/svg"/>'],
)
def test_a_text_called_a_picture_is_refused_to_whoever_holds_it_and_lent_where_it_lies(head: bytes) -> None:
    refuse_unfit(PICTURE, "cat.png", head)
    with pytest.raises(Mistake, match=r"image_url: cat\.png is text; allowed: png"):
        refuse_text(PICTURE, "cat.png", head)


@pytest.mark.parametrize("head", [PNG, MP4, UNKNOWN, b"\xff\xd8\xff\xe0 text may follow"])
def test_what_is_no_text_is_not_taken_for_one(head: bytes) -> None:
    refuse_text(PICTURE, "cat.png", head)
