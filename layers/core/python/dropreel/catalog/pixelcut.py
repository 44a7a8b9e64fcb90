"""Pixelcut's background removal at Pixazo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dropreel.catalog.fields import VIDEOS, Choice, Color, Media
from dropreel.catalog.model import Model
from dropreel.errors import Mistake

_BACKGROUNDS: Final = ("transparent", "black", "white", "green", "blue", "magenta", "custom")
_CONTAINERS: Final = ("webm_vp9", "mp4_h264", "mp4_h265", "mov_proresks", "mov_h265", "mkv_h264", "mkv_h265", "mkv_vp9")
_COLOR: Final = Color("background_color")


def _color_goes_with_custom(values: Mapping[str, object]) -> None:
    custom = values.get("background") == "custom"
    if custom and "background_color" not in values:
        raise Mistake("background_color", "is required when background is custom", _COLOR.allowed())
    if not custom and "background_color" in values:
        raise Mistake("background_color", "is only used when background is custom", "background custom, or no color")


BACKGROUND_REMOVAL: Final = Model(
    id="pixelcut-video-background-removal",
    alias="pixelcut-background-removal",
    gateway="pixazo",
    title="Pixelcut Video Background Removal",
    endpoint="/pixelcut-video-background-removal/v1/pixelcut-video-background-removal-request",
    fields=(
        Media("video_url", "video", VIDEOS, required=True),
        Choice("background", _BACKGROUNDS, default="transparent"),
        _COLOR,
        Choice("output_format", (*_CONTAINERS, "gif"), default="webm_vp9"),
    ),
    rules=(_color_goes_with_custom,),
)
