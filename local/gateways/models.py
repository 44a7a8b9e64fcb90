"""What the simulated gateways know of each model, typed in from the documents and shared with nobody.

The laptop's gateways are an independent double: they must not learn from the catalog which they are there to check.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

#: Body fields that hold the address of a picture, or a list of them, in the order in which a film shows them.
PICTURE_FIELDS = ("image", "image_url", "image_urls", "reference_images", "last_frame")
#: Body fields that hold the address of any medium.
MEDIA_FIELDS = (*PICTURE_FIELDS, "audio_url", "video_url")

_FORMATS = (
    *("webm_vp9", "mp4_h264", "mp4_h265", "mov_proresks", "mov_h265"),
    *("mkv_h264", "mkv_h265", "mkv_vp9", "gif"),
)
_CODECS = {"vp9": "webm_vp9", "h264": "mp4_h264", "h265": "mp4_h265"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request asks of its result."""

    #: Seconds of a film; what a sound or a clip says itself is not asked here.
    seconds: float
    #: Pixels of the shorter side.
    short_side: int
    #: Width to height; None takes the picture's own.
    aspect: Fraction | None
    #: Whether a film without a given sound gets one.
    audible: bool
    #: Container and codec, in pixelcut's words.
    format: str


@dataclass(frozen=True, slots=True)
class SimulatedModel:
    """One model as its document describes it."""

    #: The gateway's own id.
    id: str
    #: Path of the POST.
    path: str
    #: Fields without which the gateway answers 400.
    required: tuple[str, ...]
    #: Every other field that it takes.
    optional: tuple[str, ...]
    #: A face that speaks, a film, or a clip without its background.
    kind: Literal["talk", "film", "cutout"] = "film"
    #: The document shows `application/octet-stream` and `output.ext`.
    untyped: bool = False
    #: Seconds when the request names none.
    seconds: int = 5
    #: Aspect ratio when the request names none.
    aspect: str | None = None
    #: Whether a film has sound when the request does not say.
    audible: bool = False

    def problem(self, body: Mapping[str, object]) -> str | None:
        """What is wrong with this body, or None; a light check: required and unknown fields, and readable sizes."""
        if missing := [name for name in self.required if body.get(name) in (None, "", [])]:
            return f"Missing required field: {missing[0]}"
        if unknown := [name for name in body if name not in self.required + self.optional]:
            return f"Unknown field: {unknown[0]}"
        try:
            self.wish(body)
        except ValueError as error:
            return str(error)
        return None

    def wish(self, body: Mapping[str, object]) -> Wish:
        """What this body asks for, the documented defaults filled in; ValueError where it can't be read."""
        return Wish(
            seconds=_seconds(body.get("duration", self.seconds)),
            short_side=_short_side(body.get("resolution", "720p")),
            aspect=_aspect(body.get("aspect_ratio", self.aspect)),
            audible=bool(body.get("generate_audio", body.get("generate_audio_switch", self.audible))),
            format=_format(self, body),
        )


def _seconds(value: object) -> float:
    found = re.fullmatch(r"(\d{1,2})s?", str(value))
    if not found or not 1 <= int(found[1]) <= 60:
        raise ValueError(f"duration {value!r} is not allowed")
    return float(found[1])


def _short_side(value: object) -> int:
    if value == "4k":
        return 2160
    found = re.fullmatch(r"(360|480|540|720|1080|2160)p", str(value))
    if not found:
        raise ValueError(f"resolution {value!r} is not allowed")
    return int(found[1])


def _aspect(value: object) -> Fraction | None:
    if value is None:
        return None
    found = re.fullmatch(r"([1-9]\d?):([1-9]\d?)", str(value))
    if not found:
        raise ValueError(f"aspect_ratio {value!r} is not allowed")
    return Fraction(int(found[1]), int(found[2]))


def _format(model: SimulatedModel, body: Mapping[str, object]) -> str:
    if model.kind != "cutout":
        return "mp4_h264"
    codec = _CODECS.get(str(body.get("output_codec", "vp9")), "")
    # pixelcut: "defaults to webm_vp9 for transparent backgrounds, otherwise auto-detected": MP4 here.
    opaque = body.get("background", "transparent") != "transparent"
    chosen = str(body.get("output_format", "mp4_h264" if opaque else codec))
    if chosen not in _FORMATS:
        raise ValueError("output format is not allowed")
    return chosen


def _path(model_id: str) -> str:
    return f"/{model_id}/v1/{model_id}-request"


_PIXVERSE = ("negative_prompt", "resolution", "duration", "style", "seed")
_SWITCHES = ("generate_audio_switch", "generate_multi_clip_switch", "thinking_type")
_VEO = ("image", "last_frame", "duration", "aspect_ratio", "resolution", "negative_prompt", "generate_audio", "seed")

PIXAZO = (
    SimulatedModel(
        "veed-fabric-1-0-api-130",
        "/veed-fabric-1-0-api-130/v1/veed-fabric-1-0-api-request",
        ("image_url", "audio_url"),
        ("resolution",),
        kind="talk",
        untyped=True,
    ),
    SimulatedModel(
        "veed-video-background-remover-541",
        "/veed-video-background-remover-541/v1/veed-video-background-remover-request",
        ("video_url",),
        ("output_codec", "refine_foreground_edges", "subject_is_person"),
        kind="cutout",
        untyped=True,
    ),
    SimulatedModel(
        "veo-3-1-fast",
        "/veo31f/v1/veo-3.1-fast/generate",
        ("prompt",),
        _VEO,
        seconds=8,
        aspect="16:9",
        audible=True,
    ),
    SimulatedModel(
        "veo-3-1-fast-reference-to-video",
        _path("veo-3-1-fast-reference-to-video"),
        ("prompt", "image_urls"),
        ("aspect_ratio", "duration", "resolution", "generate_audio", "auto_fix", "safety_tolerance"),
        seconds=8,
        aspect="16:9",
        audible=True,
    ),
    SimulatedModel(
        "veo-3-1",
        "/veo/v1/veo-3.1/generate",
        ("prompt",),
        (*_VEO, "reference_images", "webhook", "webhook_events_filter"),
        untyped=True,
        seconds=8,
        aspect="16:9",
        audible=True,
    ),
    SimulatedModel(
        "pixelcut-video-background-removal",
        _path("pixelcut-video-background-removal"),
        ("video_url",),
        ("background", "background_color", "output_format"),
        kind="cutout",
    ),
    SimulatedModel(
        "pixverse-v6-text-to-video",
        _path("pixverse-v6-text-to-video"),
        ("prompt",),
        ("aspect_ratio", *_PIXVERSE, *_SWITCHES),
        aspect="16:9",
    ),
    SimulatedModel(
        "pixverse-v6-image-to-video",
        _path("pixverse-v6-image-to-video"),
        ("prompt", "image_url"),
        (*_PIXVERSE, *_SWITCHES),
        untyped=True,
    ),
    SimulatedModel(
        "pixverse-c1-text-to-video",
        _path("pixverse-c1-text-to-video"),
        ("prompt",),
        ("aspect_ratio", *_PIXVERSE, *_SWITCHES),
        aspect="16:9",
    ),
    SimulatedModel(
        "pixverse-c1-image-to-video",
        _path("pixverse-c1-image-to-video"),
        ("prompt", "image_url"),
        ("resolution", "duration", "seed", "generate_audio_switch"),
    ),
    SimulatedModel(
        "pixverse",
        _path("pixverse"),
        ("prompt", "aspect_ratio", "resolution", "duration"),
        ("negative_prompt",),
        untyped=True,
    ),
    SimulatedModel(
        "pixverse-i2v",
        _path("pixverse-i2v"),
        ("prompt", "image_url", "resolution", "duration"),
        ("negative_prompt",),
        untyped=True,
    ),
)

#: The models of gateway pixazo by the path of their POST.
BY_PATH: Mapping[str, SimulatedModel] = {model.path: model for model in PIXAZO}

#: The one model of gateway aimlapi; it is named in the body.
AIMLAPI_FABRIC = SimulatedModel(
    "veed/fabric-1.0",
    "/v2/video/generations",
    ("model", "image_url", "audio_url"),
    ("resolution",),
    kind="talk",
)
