"""Makes real, playable media: a film from pictures and a sound, or a clip again in another container and codec."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias, cast

import av
import numpy as np
import numpy.typing as npt

from local.gateways.scenery import Pixels

#: Two channels of samples between -1 and 1.
Samples = npt.NDArray[np.float32]

#: Quoted, as the class is generic for the type checker only.
_Packet: TypeAlias = "av.Packet[av.VideoStream] | av.Packet[av.AudioStream]"

#: Samples of sound a second.
RATE = 48_000
#: Frames a second; few, as a generation must not take longer to make than to wait for.
FPS = 12
#: Frames a second above 1080p, where each frame is dear.
_FPS_LARGE = 6
#: Seconds after which a spoken film ends, and after which a clip is cut.
LONGEST_TALK = 10.0
_LONGEST_CLIP = 60.0
#: How much of the picture the slow zoom eats.
_ZOOM = 0.08


class UnreadableMediaError(Exception):
    """The bytes are no picture, sound or clip that can be decoded."""


@dataclass(frozen=True, slots=True)
class Format:
    """A container and the codecs in it."""

    #: The container's name for the muxer.
    container: str
    #: The file name's extension.
    extension: str
    #: The documented media type.
    media_type: str
    #: The encoder of the picture.
    codec: str
    #: The pixels that this encoder wants.
    pixels: str
    #: The quickest settings of this encoder.
    options: Mapping[str, str]
    #: The encoder of the sound; None where the container holds none.
    sound: str | None = "aac"


_H264 = ("libx264", "yuv420p", {"preset": "ultrafast"})
_H265 = ("libx265", "yuv420p", {"preset": "ultrafast", "x265-params": "log-level=none"})
_VP9 = ("libvpx-vp9", "yuv420p", {"deadline": "realtime", "cpu-used": "8"})

#: By pixelcut's names, which the other models' formats have here too.
FORMATS: Mapping[str, Format] = {
    "mp4_h264": Format("mp4", "mp4", "video/mp4", *_H264),
    "mp4_h265": Format("mp4", "mp4", "video/mp4", *_H265),
    "webm_vp9": Format("webm", "webm", "video/webm", *_VP9, sound="libopus"),
    "mov_h265": Format("mov", "mov", "video/quicktime", *_H265),
    "mov_proresks": Format("mov", "mov", "video/quicktime", "prores", "yuv422p10le", {"profile": "0"}),
    "mkv_h264": Format("matroska", "mkv", "video/x-matroska", *_H264),
    "mkv_h265": Format("matroska", "mkv", "video/x-matroska", *_H265),
    "mkv_vp9": Format("matroska", "mkv", "video/x-matroska", *_VP9, sound="libopus"),
    "gif": Format("gif", "gif", "image/gif", "gif", "rgb8", {}, sound=None),
}


def read_picture(data: bytes) -> Pixels:
    """The picture's pixels, RGB."""
    try:
        with av.open(io.BytesIO(data), "r") as container:
            return cast("Pixels", next(container.decode(video=0)).to_ndarray(format="rgb24"))
    except (av.FFmpegError, IndexError, StopIteration, ValueError) as error:
        raise UnreadableMediaError("not a readable image") from error


def read_sound(data: bytes, longest: float) -> Samples:
    """The first `longest` seconds of the sound, in two channels."""
    try:
        with av.open(io.BytesIO(data), "r") as container:
            sound = _samples(container.decode(audio=0), longest)
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise UnreadableMediaError("not a readable sound") from error
    if not sound.shape[1]:
        raise UnreadableMediaError("not a readable sound")
    return sound


def _samples(frames: Iterable[av.AudioFrame], longest: float) -> Samples:
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
    parts: list[Samples] = [np.zeros((2, 0), np.float32)]
    have = 0
    for frame in frames:
        frame.pts = None  # a gap between packets is no error here
        for piece in resampler.resample(frame):
            parts.append(cast("Samples", piece.to_ndarray()))
            have += piece.samples
        if have >= longest * RATE:
            break
    return np.concatenate(parts, axis=1)[:, : int(longest * RATE)]


def tone(seconds: float) -> Samples:
    """A quiet chord."""
    t = np.arange(int(seconds * RATE), dtype=np.float32) / RATE
    chord = sum((np.sin(2 * np.pi * pitch * t) for pitch in (220.0, 277.18, 329.63)), np.zeros_like(t))
    fade = np.minimum(1.0, np.minimum(t, seconds - t) / 0.1)
    return np.tile((0.06 * chord * fade).astype(np.float32), (2, 1))


def film(pictures: list[Pixels], seconds: float, size: tuple[int, int], sound: Samples | None) -> bytes:
    """An MP4 that goes slowly into each picture in turn."""
    fps = FPS if min(size) <= 1080 else _FPS_LARGE
    return _encode(_zoom(pictures, round(seconds * fps), size), fps, size, sound, FORMATS["mp4_h264"])


def cut_out(clip: bytes, chosen: Format, scale: float) -> bytes:
    """The clip again, its size times `scale`, in another container and codec."""
    try:
        sound = _clip_sound(clip) if chosen.sound else None
        with av.open(io.BytesIO(clip), "r") as container:
            stream = container.streams.video[0]
            size = even(stream.width * scale), even(stream.height * scale)
            return _encode(_thinned(container.decode(stream)), FPS, size, sound, chosen)
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise UnreadableMediaError("not a readable video") from error


def _clip_sound(clip: bytes) -> Samples | None:
    with av.open(io.BytesIO(clip), "r") as container:
        return _samples(container.decode(audio=0), _LONGEST_CLIP) if container.streams.audio else None


def signed(data: bytes, chosen: Format, text: str) -> bytes:
    """The same media with a text that players skip: an MP4's free box, a Matroska void, a GIF comment."""
    note = text.encode()[:120]
    if chosen.container in ("mp4", "mov"):
        return data + (len(note) + 8).to_bytes(4, "big") + b"free" + note
    if chosen.container == "gif":
        return data[:-1] + b"\x21\xfe" + bytes([len(note)]) + note + b"\x00" + data[-1:]
    return data + b"\xec" + bytes([0x80 | len(note)]) + note


def size_for(short_side: int, aspect: Fraction, scale: float) -> tuple[int, int]:
    """Width and height of a film, even numbers; no picture is so narrow that its film is wider than 3:1."""
    aspect = min(max(aspect, Fraction(1, 3)), Fraction(3))
    width, height = (short_side * aspect, Fraction(short_side)) if aspect >= 1 else (short_side, short_side / aspect)
    return even(float(width) * scale), even(float(height) * scale)


def even(pixels: float) -> int:
    """The nearest even number that encoders take."""
    return max(16, 2 * int(pixels / 2 + 0.5))


def still(pixels: Pixels, codec: str = "png") -> bytes:
    """The picture as a PNG."""
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    context = cast("av.VideoCodecContext", av.CodecContext.create(codec, "w"))
    context.width, context.height, context.pix_fmt = frame.width, frame.height, "rgb24"
    context.time_base = Fraction(1, FPS)
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])


def _zoom(pictures: list[Pixels], count: int, size: tuple[int, int]) -> Iterator[av.VideoFrame]:
    canvases = [_cover(picture, size) for picture in pictures]
    for index in range(count):
        canvas = canvases[index * len(canvases) // count]
        height, width = canvas.shape[:2]
        part = 1 - _ZOOM * index / count
        w, h = int(width * part), int(height * part)
        x, y = (width - w) // 2, (height - h) // 2
        crop = np.ascontiguousarray(canvas[y : y + h, x : x + w])
        yield av.VideoFrame.from_ndarray(crop, format="rgb24")


def _cover(picture: Pixels, size: tuple[int, int]) -> Pixels:
    """The middle of the picture in the film's aspect, no larger than the film shows it."""
    height, width = picture.shape[:2]
    part = min(width / size[0], height / size[1])
    w, h = max(1, round(size[0] * part)), max(1, round(size[1] * part))
    x, y = (width - w) // 2, (height - h) // 2
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture[y : y + h, x : x + w]), format="rgb24")
    return cast("Pixels", frame.reformat(width=size[0], height=size[1]).to_ndarray())


def _thinned(frames: Iterable[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    """As many frames a second as we encode; a slower clip shows some twice."""
    shown = 0
    for frame in frames:
        if (frame.time or 0.0) > _LONGEST_CLIP:
            return
        while shown / FPS <= (frame.time or 0.0) + 1e-6:
            shown += 1
            yield frame


def _encode(
    frames: Iterable[av.VideoFrame], fps: int, size: tuple[int, int], sound: Samples | None, chosen: Format
) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=chosen.container) as container:
        picture = cast("av.VideoStream", container.add_stream(chosen.codec, rate=fps))
        picture.width, picture.height, picture.pix_fmt = *size, chosen.pixels
        picture.options = dict(chosen.options)
        picture.thread_count = 1
        packets: list[_Packet] = []
        voice = None
        if sound is not None and chosen.sound:
            voice = cast("av.AudioStream", container.add_stream(chosen.sound, rate=RATE, layout="stereo"))
            packets += _voice_packets(voice, sound)
        packets += _picture_packets(picture, frames, fps, size, chosen.pixels)
        # In the order of time, or the muxer must hold one whole track back until the other comes.
        for packet in sorted(packets, key=_time):
            container.mux(packet)
    return file.getvalue()


def _picture_packets(
    stream: av.VideoStream, frames: Iterable[av.VideoFrame], fps: int, size: tuple[int, int], pixels: str
) -> Iterator[_Packet]:
    for index, frame in enumerate(frames):
        fitting = frame.reformat(width=size[0], height=size[1], format=pixels)
        fitting.pts, fitting.time_base = index, Fraction(1, fps)
        fitting.pict_type = av.video.frame.PictureType.NONE  # a clip's own key frames are not ours
        yield from stream.encode(fitting)
    yield from stream.encode(None)


def _voice_packets(stream: av.AudioStream, sound: Samples) -> Iterator[_Packet]:
    for start in range(0, sound.shape[1], RATE):
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound[:, start : start + RATE]), "fltp", "stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
        yield from stream.encode(frame)
    yield from stream.encode(None)


def _time(packet: _Packet) -> float:
    when = packet.dts if packet.dts is not None else packet.pts
    return float((when or 0) * (packet.time_base or 0))
