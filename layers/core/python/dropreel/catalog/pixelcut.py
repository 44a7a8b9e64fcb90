"""Pixelcut's background removal at Pixazo."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from dropreel.catalog.fields import Clip, Color
from dropreel.catalog.model import Model
from dropreel.errors import Mistake


class BackgroundRemoval(
    Model,
    id="pixelcut-video-background-removal",
    alias="pixelcut-background-removal",
    title="Pixelcut Video Background Removal",
    endpoint="/pixelcut-video-background-removal/v1/pixelcut-video-background-removal-request",
):
    """Puts a color, or nothing, behind what a clip shows."""

    video_url: Clip
    background: Literal["transparent", "black", "white", "green", "blue", "magenta", "custom"] = "transparent"
    background_color: Color | None = None
    output_format: Literal[
        "webm_vp9", "mp4_h264", "mp4_h265", "mov_proresks", "mov_h265", "mkv_h264", "mkv_h265", "mkv_vp9", "gif"
    ] = "webm_vp9"

    def rules(self) -> Iterator[Mistake]:
        name = "background_color"
        if self.background == "custom" and not self.background_color:
            yield Mistake(name, "is required when background is custom", self.allowed(name))
        if self.background != "custom" and self.background_color:
            yield Mistake(name, "is only used when background is custom", "background custom, or no color")
