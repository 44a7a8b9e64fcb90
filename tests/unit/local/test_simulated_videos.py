"""The simulated results are real media: they open, and have the size, length and tracks that were asked for."""

from __future__ import annotations

import functools
import io
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest

from local.gateways import SimulatedGateways
from local.gateways.samples import sample_clip, sample_picture, sample_sound
from local.gateways.video import FORMATS, cut_out, film, read_picture, read_sound, signed, size_for, still

pytestmark = pytest.mark.thorough

#: Reading the machine's certificates for each client would take most of these tests' time.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
KEY = {"Ocp-Apim-Subscription-Key": "sim-key"}


@dataclass(frozen=True)
class Seen:
    """What a player finds in a file."""

    container: str
    codec: str
    size: tuple[int, int]
    seconds: float
    sound: str | None
    #: Mean brightness of the first and of the last picture.
    first: float
    last: float


def look(data: bytes) -> Seen:
    with av.open(io.BytesIO(data), "r") as file:
        frames = [frame.to_ndarray(format="gray").mean() for frame in file.decode(video=0)]
        stream = file.streams.video[0]
        sound = file.streams.audio[0].codec_context.name if file.streams.audio else None
        seconds = float(file.duration or 0) / av.time_base
        size = stream.width, stream.height
        return Seen(file.format.name, stream.codec_context.name, size, seconds, sound, frames[0], frames[-1])


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("inputs")
    (folder / "wide.png").write_bytes(sample_picture())
    (folder / "black.png").write_bytes(still(np.zeros((90, 160, 3), np.uint8)))
    (folder / "tall.png").write_bytes(sample_picture(90, 160))
    (folder / "chord.wav").write_bytes(sample_sound(1.5))
    (folder / "long.wav").write_bytes(sample_sound(11.0))
    (folder / "clip.mp4").write_bytes(sample_clip(1.0))
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def gateways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedGateways]:
    with SimulatedGateways(seconds=0.0, scale=0.25, cache=tmp_path_factory.mktemp("cache")) as running:
        yield running


def generated(gateways: SimulatedGateways, path: str, body: dict[str, Any]) -> bytes:
    with httpx.Client(base_url=gateways.url, headers=KEY, trust_env=False, verify=NO_TLS) as client:
        request_id = client.post(path, json=body).json()["request_id"]

        def told() -> dict[str, Any]:
            answer: dict[str, Any] = client.get(f"/v2/requests/status/{request_id}").json()
            return answer

        assert gateways.wait_for(lambda: told()["status"] not in ("QUEUED", "PROCESSING"))
        assert told()["error"] is None
        return client.get(told()["output"]["media_url"][0]).content


MP4 = "mov,mp4,m4a,3gp,3g2,mj2"
FABRIC = "/veed-fabric-1-0-api-130/v1/veed-fabric-1-0-api-request"
FAST = "/veo31f/v1/veo-3.1-fast/generate"
C1_IMAGE = "/pixverse-c1-image-to-video/v1/pixverse-c1-image-to-video-request"
V6_TEXT = "/pixverse-v6-text-to-video/v1/pixverse-v6-text-to-video-request"
REFERENCE = "/veo-3-1-fast-reference-to-video/v1/veo-3-1-fast-reference-to-video-request"


# The sizes are a quarter of the real ones, as `scale` says.
@pytest.mark.parametrize(
    ("path", "body", "size", "seconds", "sound"),
    [
        (FABRIC, {"image_url": "/wide.png", "audio_url": "/chord.wav"}, (320, 180), 1.5, "aac"),
        (FABRIC, {"image_url": "/tall.png", "audio_url": "/chord.wav", "resolution": "1080p"}, (270, 480), 1.5, "aac"),
        (FABRIC, {"image_url": "/wide.png", "audio_url": "/long.wav"}, (320, 180), 10.0, "aac"),
        (FAST, {"prompt": "x"}, (320, 180), 8.0, "aac"),
        (FAST, {"prompt": "x", "aspect_ratio": "9:16", "duration": 4}, (180, 320), 4.0, "aac"),
        (FAST, {"prompt": "x", "resolution": "1080p", "generate_audio": False}, (480, 270), 8.0, None),
        (FAST, {"prompt": "x", "image": "/tall.png", "last_frame": "/wide.png"}, (320, 180), 8.0, "aac"),
        (
            REFERENCE,
            {"prompt": "x", "image_urls": ["/tall.png", "/wide.png"], "duration": "5s"},
            (320, 180),
            5.0,
            "aac",
        ),
        (C1_IMAGE, {"prompt": "x", "image_url": "/tall.png", "duration": 3}, (180, 320), 3.0, None),
        (V6_TEXT, {"prompt": "x"}, (320, 180), 5.0, None),
        (V6_TEXT, {"prompt": "x", "aspect_ratio": "1:1", "generate_audio_switch": True}, (180, 180), 5.0, "aac"),
    ],
)
def test_film_has_the_size_length_and_sound_that_were_asked_for(
    gateways: SimulatedGateways,
    inputs: str,
    path: str,
    body: dict[str, Any],
    size: tuple[int, int],
    seconds: float,
    sound: str | None,
) -> None:
    seen = look(generated(gateways, path, with_addresses(body, inputs)))
    assert (seen.container, seen.codec, seen.size, seen.sound) == (MP4, "h264", size, sound)
    assert seen.seconds == pytest.approx(seconds, abs=0.1)


def with_addresses(body: dict[str, Any], base: str) -> dict[str, Any]:
    def address(value: object) -> object:
        return f"{base}{value}" if str(value).startswith("/") else value

    return {
        name: [address(item) for item in value] if isinstance(value, list) else address(value)
        for name, value in body.items()
    }


@pytest.mark.parametrize(
    ("path", "parameters", "container", "codec"),
    [
        ("veed-video-background-remover", {}, "matroska,webm", "vp9"),
        ("veed-video-background-remover", {"output_codec": "h264"}, MP4, "h264"),
        ("pixelcut-video-background-removal", {}, "matroska,webm", "vp9"),
        ("pixelcut-video-background-removal", {"background": "green"}, MP4, "h264"),
        ("pixelcut-video-background-removal", {"output_format": "mov_h265"}, MP4, "hevc"),
        ("pixelcut-video-background-removal", {"output_format": "gif"}, "gif", "gif"),
    ],
)
def test_cut_out_clip_has_the_format_that_was_asked_for(
    gateways: SimulatedGateways, inputs: str, path: str, parameters: dict[str, str], container: str, codec: str
) -> None:
    full = {
        "veed-video-background-remover": "/veed-video-background-remover-541/v1/veed-video-background-remover-request",
        "pixelcut-video-background-removal": f"/{path}/v1/{path}-request",
    }[path]
    clip = look(generated(gateways, full, {"video_url": f"{inputs}/clip.mp4", **parameters}))
    assert (clip.container, clip.codec, clip.size) == (container, codec, (80, 46))
    assert clip.seconds == pytest.approx(1.0, abs=0.1)


def test_speaking_film_carries_the_picture_and_the_sound_that_were_given(
    gateways: SimulatedGateways, inputs: str
) -> None:
    body = {"image_url": f"{inputs}/wide.png", "audio_url": f"{inputs}/chord.wav"}
    made = generated(gateways, FABRIC, body)
    given, heard = read_sound(sample_sound(1.5), 10.0), read_sound(made, 10.0)
    assert heard.std() == pytest.approx(given.std(), rel=0.1)
    assert look(made).first == pytest.approx(read_picture(sample_picture()).mean(), rel=0.2)


def test_film_ends_with_the_last_frame(gateways: SimulatedGateways, inputs: str) -> None:
    body = {"prompt": "x", "image": f"{inputs}/wide.png", "last_frame": f"{inputs}/black.png"}
    seen = look(generated(gateways, FAST, body))
    assert seen.first > 50
    assert seen.last < 30


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_opens_also_with_its_generations_name_in_it(name: str) -> None:
    made = cut_out(sample_clip(0.5), FORMATS[name], 1.0)
    assert look(made).size == (320, 180)
    named = signed(made, FORMATS[name], "veo-3-1-fast_x 1")
    assert look(named) == look(made)
    assert b"veo-3-1-fast_x 1" in named


@pytest.mark.parametrize(
    ("short_side", "aspect", "size"),
    [
        (720, Fraction(16, 9), (1280, 720)),
        (1080, Fraction(9, 16), (1080, 1920)),
        (480, Fraction(16, 9), (854, 480)),
        (720, Fraction(21, 9), (1680, 720)),
        (2160, Fraction(1), (2160, 2160)),
        (360, Fraction(100, 1), (1080, 360)),
    ],
)
def test_sizes(short_side: int, aspect: Fraction, size: tuple[int, int]) -> None:
    assert size_for(short_side, aspect, 1.0) == size


def test_same_inputs_are_made_once_and_kept_for_the_next_run(tmp_path: Path) -> None:
    body = {"prompt": "x", "duration": 4}
    with SimulatedGateways(seconds=0.0, scale=0.1, cache=tmp_path) as gateways:
        generated(gateways, FAST, body)
        [kept] = tmp_path.iterdir()
        kept.write_bytes(b"kept from the last run")
        assert not generated(gateways, FAST, body).startswith(b"kept")
    with SimulatedGateways(seconds=0.0, scale=0.1, cache=tmp_path) as gateways:
        assert generated(gateways, FAST, body).startswith(b"kept from the last run")


def test_film_of_one_picture_moves() -> None:
    with av.open(io.BytesIO(film([read_picture(sample_picture())], 1.0, (320, 180), None)), "r") as made:
        frames = [frame.to_ndarray(format="gray").astype(int) for frame in made.decode(video=0)]
    assert np.abs(frames[-1] - frames[0]).mean() > 1


def test_samples_are_what_they_say() -> None:
    assert sample_picture()[:8] == b"\x89PNG\r\n\x1a\n"
    assert read_picture(sample_picture()).shape == (360, 640, 3)
    assert sample_sound()[:4] == b"RIFF"
    assert read_sound(sample_sound(), 10.0).shape == (2, 3 * 48_000)
    assert read_sound(sample_sound(), 0.5).shape == (2, 24_000)
    assert look(sample_clip()).seconds == pytest.approx(2.0, abs=0.1)
