"""PixVerse's models V6, C1 and V5.6 at Pixazo."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from dropreel.catalog.fields import DigitSeconds, Files, Picture, Prompt, Seconds, Text, Whole
from dropreel.catalog.model import Model

_Ratio = Literal["16:9", "4:3", "1:1", "3:4", "9:16", "2:3", "3:2", "21:9"]
_Style = Literal["anime", "3d_animation", "clay", "comic", "cyberpunk"]


class _TextToVideo(Model):
    """V6 and C1 document the same parameters for text to video."""

    prompt: Prompt
    negative_prompt: Text = ""
    aspect_ratio: _Ratio = "16:9"
    resolution: Literal["360p", "540p", "720p", "1080p"] = "720p"
    duration: Seconds[Annotated[int, Field(ge=1, le=15)]] = 5
    style: _Style | None = None
    seed: Whole | None = None
    generate_audio_switch: bool = False
    generate_multi_clip_switch: bool = False
    thinking_type: Literal["enabled", "disabled", "auto"] | None = None


class V6Text(
    _TextToVideo,
    id="pixverse-v6-text-to-video",
    title="PixVerse V6 Text to Video",
    endpoint="/pixverse-v6-text-to-video/v1/pixverse-v6-text-to-video-request",
):
    """Makes a clip of words, in eight shapes and five styles."""


class V6Image(
    Model,
    id="pixverse-v6-image-to-video",
    title="PixVerse V6 Image to Video",
    endpoint="/pixverse-v6-image-to-video/v1/pixverse-v6-image-to-video-request",
):
    """Makes a picture move as words say, in five styles."""

    prompt: Prompt
    resolution: Literal["360p", "480p", "720p", "1080p"] = "720p"
    duration: Seconds[Annotated[int, Field(ge=1, le=15)]] = 5
    negative_prompt: Text | None = None
    image_url: Annotated[str, Files("image", ("jpg", "jpeg", "png", "webp"))]
    style: _Style | None = None
    seed: Whole | None = None
    generate_audio_switch: bool = False
    generate_multi_clip_switch: bool = False
    thinking_type: Literal["enabled", "disabled", "auto"] = "auto"

    def price_usd(self) -> Decimal:
        # Per second without and with audio; 480p is not in the price list and costs what 540p does.
        usd = {"360p": (25, 35), "480p": (35, 45), "720p": (45, 60), "1080p": (90, 115)}  # thousandths
        return Decimal(usd[self.resolution][self.generate_audio_switch]) / 1000 * self.duration


class C1Text(
    _TextToVideo,
    id="pixverse-c1-text-to-video",
    title="PixVerse C1 Text to Video",
    endpoint="/pixverse-c1-text-to-video/v1/pixverse-c1-text-to-video-request",
):
    """Makes a clip of words, with V6's choices, by PixVerse's other model."""


class C1Image(
    Model,
    id="pixverse-c1-image-to-video",
    title="PixVerse C1 Image to Video",
    endpoint="/pixverse-c1-image-to-video/v1/pixverse-c1-image-to-video-request",
):
    """Makes a picture move as words say, by PixVerse's other model."""

    prompt: Prompt
    image_url: Picture
    resolution: Literal["360p", "540p", "720p", "1080p"] = "720p"
    duration: Seconds[Annotated[int, Field(ge=1, le=15)]] = 5
    seed: Whole | None = None
    generate_audio_switch: bool = False


class V56Text(
    Model,
    id="pixverse",
    alias="pixverse-v5-6-text-to-video",
    title="PixVerse V5.6 Text to Video",
    endpoint="/pixverse/v1/pixverse-request",
):
    """Makes a clip of words, up to 4K; the older one."""

    prompt: Prompt
    aspect_ratio: Literal["16:9", "9:16", "1:1", "4:3", "3:4"]
    resolution: Literal["720p", "1080p", "2160p"]
    duration: Seconds[Literal[3, 5, 7, 10]]
    negative_prompt: Text | None = None


class V56Image(
    Model,
    id="pixverse-i2v",
    alias="pixverse-v5-6-image-to-video",
    title="PixVerse V5.6 Image to Video",
    endpoint="/pixverse-i2v/v1/pixverse-i2v-request",
):
    """Makes a picture move as words say, for 5 or 10 seconds; the older one."""

    prompt: Prompt
    resolution: Literal["720p", "1080p"]
    duration: DigitSeconds[Literal[5, 10]]
    negative_prompt: Text | None = None
    image_url: Picture
