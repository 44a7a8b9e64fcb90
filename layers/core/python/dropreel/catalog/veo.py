"""Google's Veo 3.1 models at Pixazo."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from dropreel.catalog.fields import IMAGES, Choice, Flag, Media, Seconds, Text, Whole, seconds
from dropreel.catalog.model import Model
from dropreel.errors import Mistake

_PROMPT: Final = Text("prompt", required=True)
_NEGATIVE: Final = Text("negative_prompt")
_IMAGE: Final = Media("image", "image", IMAGES)
_LAST_FRAME: Final = Media("last_frame", "image", IMAGES)
_DURATION: Final = Seconds("duration", (4, 6, 8), default=8)
_ASPECT: Final = Choice("aspect_ratio", ("16:9", "9:16"), default="16:9")
_RESOLUTION: Final = Choice("resolution", ("720p", "1080p"), default="720p")
_AUDIO: Final = Flag("generate_audio", default=True)
_SEED: Final = Whole("seed")


def _full_hd_takes_eight_seconds(values: Mapping[str, object]) -> None:
    # The price list of veo-3-1 names 1080p at 4 and 6 seconds; its parameter table forbids them, twice.
    if values.get("resolution") == "1080p" and values.get("duration", _DURATION.default) != 8:
        raise Mistake("duration", "1080p requires 8 seconds", "8 seconds, or resolution 720p")


def _last_frame_takes_a_first(values: Mapping[str, object]) -> None:
    if "last_frame" in values and "image" not in values:
        raise Mistake("last_frame", "requires image", "last_frame together with image")


def _fast_price(values: Mapping[str, object]) -> Decimal:
    rate = Decimal("0.15") if values["generate_audio"] else Decimal("0.10")
    return rate * seconds(values["duration"])


def _reference_price(values: Mapping[str, object]) -> Decimal:
    # Without audio the document names no figure, only that it is less: the bound is what a budget can rely on.
    return Decimal("0.15") * seconds(values["duration"])


def _price(values: Mapping[str, object]) -> Decimal | None:
    usd = {("720p", 4): "1.80", ("720p", 6): "2.70", ("720p", 8): "3.60", ("1080p", 8): "4.80"}
    found = usd.get((str(values["resolution"]), seconds(values["duration"])))
    return Decimal(found) if found else None


FAST: Final = Model(
    id="veo-3-1-fast",
    gateway="pixazo",
    title="Veo 3.1 Fast",
    endpoint="/veo31f/v1/veo-3.1-fast/generate",
    fields=(_PROMPT, _IMAGE, _LAST_FRAME, _DURATION, _ASPECT, _RESOLUTION, _NEGATIVE, _AUDIO, _SEED),
    rules=(_full_hd_takes_eight_seconds, _last_frame_takes_a_first),
    price=_fast_price,
)

FAST_REFERENCE: Final = Model(
    id="veo-3-1-fast-reference-to-video",
    alias="veo-3-1-fast-reference",
    gateway="pixazo",
    title="Veo 3.1 Fast Reference to Video",
    endpoint="/veo-3-1-fast-reference-to-video/v1/veo-3-1-fast-reference-to-video-request",
    fields=(
        _PROMPT,
        Media("image_urls", "image", IMAGES, many=True, most=10, required=True),
        _ASPECT,
        Seconds("duration", range(4, 17), form="suffixed", default="8s"),
        Choice("resolution", ("720p", "1080p", "4k"), default="720p"),
        _AUDIO,
        Flag("auto_fix"),
        Choice("safety_tolerance", ("1", "2", "3", "4", "5", "6"), default="4"),
    ),
    price=_reference_price,
)

VEO: Final = Model(
    id="veo-3-1",
    gateway="pixazo",
    title="Veo 3.1",
    endpoint="/veo/v1/veo-3.1/generate",
    fields=(
        *(_PROMPT, _ASPECT, _DURATION, _RESOLUTION, _AUDIO, _NEGATIVE, _IMAGE, _LAST_FRAME),
        Media("reference_images", "image", IMAGES, many=True, most=3),
        _SEED,
    ),
    rules=(_full_hd_takes_eight_seconds, _last_frame_takes_a_first),
    price=_price,
)
