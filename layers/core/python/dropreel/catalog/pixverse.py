"""PixVerse's models V6, C1 and V5.6 at Pixazo."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from dropreel.catalog.fields import IMAGES, Choice, Flag, Media, Seconds, Text, Whole, seconds
from dropreel.catalog.model import Model

_PROMPT: Final = Text("prompt", required=True)
_NEGATIVE: Final = Text("negative_prompt")
_IMAGE: Final = Media("image_url", "image", IMAGES, required=True)
_RATIOS: Final = ("16:9", "4:3", "1:1", "3:4", "9:16", "2:3", "3:2", "21:9")
_RESOLUTION: Final = Choice("resolution", ("360p", "540p", "720p", "1080p"), default="720p")
_DURATION: Final = Seconds("duration", range(1, 16), default=5)
_STYLE: Final = Choice("style", ("anime", "3d_animation", "clay", "comic", "cyberpunk"))
_SEED: Final = Whole("seed")
_AUDIO: Final = Flag("generate_audio_switch", default=False)
_MULTI_CLIP: Final = Flag("generate_multi_clip_switch", default=False)
_THINKING: Final = ("enabled", "disabled", "auto")

#: V6 and C1 document the same parameters for text to video.
_TEXT_TO_VIDEO: Final = (
    _PROMPT,
    Text("negative_prompt", default=""),
    Choice("aspect_ratio", _RATIOS, default="16:9"),
    *(_RESOLUTION, _DURATION, _STYLE, _SEED, _AUDIO, _MULTI_CLIP),
    Choice("thinking_type", _THINKING),
)


def _v6_price(values: Mapping[str, object]) -> Decimal:
    """Per second without and with audio; 480p is not in the price list and costs what 540p does."""
    usd = {
        "360p": ("0.025", "0.035"),
        "480p": ("0.035", "0.045"),
        "720p": ("0.045", "0.06"),
        "1080p": ("0.09", "0.115"),
    }
    silent, sounding = usd[str(values["resolution"])]
    return Decimal(sounding if values["generate_audio_switch"] else silent) * seconds(values["duration"])


V6_TEXT: Final = Model(
    id="pixverse-v6-text-to-video",
    gateway="pixazo",
    title="PixVerse V6 Text to Video",
    endpoint="/pixverse-v6-text-to-video/v1/pixverse-v6-text-to-video-request",
    fields=_TEXT_TO_VIDEO,
)

V6_IMAGE: Final = Model(
    id="pixverse-v6-image-to-video",
    gateway="pixazo",
    title="PixVerse V6 Image to Video",
    endpoint="/pixverse-v6-image-to-video/v1/pixverse-v6-image-to-video-request",
    fields=(
        _PROMPT,
        Choice("resolution", ("360p", "480p", "720p", "1080p"), default="720p"),
        *(_DURATION, _NEGATIVE),
        Media("image_url", "image", ("jpg", "jpeg", "png", "webp"), required=True),
        *(_STYLE, _SEED, _AUDIO, _MULTI_CLIP),
        Choice("thinking_type", _THINKING, default="auto"),
    ),
    price=_v6_price,
)

C1_TEXT: Final = Model(
    id="pixverse-c1-text-to-video",
    gateway="pixazo",
    title="PixVerse C1 Text to Video",
    endpoint="/pixverse-c1-text-to-video/v1/pixverse-c1-text-to-video-request",
    fields=_TEXT_TO_VIDEO,
)

C1_IMAGE: Final = Model(
    id="pixverse-c1-image-to-video",
    gateway="pixazo",
    title="PixVerse C1 Image to Video",
    endpoint="/pixverse-c1-image-to-video/v1/pixverse-c1-image-to-video-request",
    fields=(_PROMPT, _IMAGE, _RESOLUTION, _DURATION, _SEED, _AUDIO),
)

V5_6_TEXT: Final = Model(
    id="pixverse",
    alias="pixverse-v5-6-text-to-video",
    gateway="pixazo",
    title="PixVerse V5.6 Text to Video",
    endpoint="/pixverse/v1/pixverse-request",
    fields=(
        _PROMPT,
        Choice("aspect_ratio", ("16:9", "9:16", "1:1", "4:3", "3:4"), required=True),
        Choice("resolution", ("720p", "1080p", "2160p"), required=True),
        Seconds("duration", (3, 5, 7, 10), required=True),
        _NEGATIVE,
    ),
)

V5_6_IMAGE: Final = Model(
    id="pixverse-i2v",
    alias="pixverse-v5-6-image-to-video",
    gateway="pixazo",
    title="PixVerse V5.6 Image to Video",
    endpoint="/pixverse-i2v/v1/pixverse-i2v-request",
    fields=(
        _PROMPT,
        Choice("resolution", ("720p", "1080p"), required=True),
        Seconds("duration", (5, 10), form="digits", required=True),
        _NEGATIVE,
        _IMAGE,
    ),
)
