"""VEED's models: talking pictures at both gateways, and the background remover at Pixazo."""

from __future__ import annotations

from typing import Final

from dropreel.catalog.fields import AUDIO, IMAGES, VIDEOS, Choice, Flag, Media
from dropreel.catalog.model import Model

_SOUND: Final = Media("audio_url", "audio", AUDIO, required=True)

FABRIC: Final = Model(
    id="veed-fabric-1-0-api-130",
    alias="veed-fabric",
    gateway="pixazo",
    title="VEED Fabric 1.0",
    endpoint="/veed-fabric-1-0-api-130/v1/veed-fabric-1-0-api-request",
    fields=(
        Media("image_url", "image", ("png", "jpg", "jpeg"), required=True),
        _SOUND,
        Choice("resolution", ("720p", "1080p"), default="720p"),
    ),
)

BACKGROUND_REMOVER: Final = Model(
    id="veed-video-background-remover-541",
    alias="veed-background-remover",
    gateway="pixazo",
    title="VEED Video Background Remover",
    endpoint="/veed-video-background-remover-541/v1/veed-video-background-remover-request",
    fields=(
        Media("video_url", "video", VIDEOS, required=True),
        Choice("output_codec", ("vp9", "h264", "h265"), default="vp9"),
        Flag("refine_foreground_edges", default=True),
        Flag("subject_is_person", default=True),
    ),
)

AIMLAPI_FABRIC: Final = Model(
    id="aimlapi-veed-fabric-1-0",
    alias="aimlapi-veed-fabric",
    gateway="aimlapi",
    title="VEED Fabric 1.0 at AI/ML API",
    endpoint="veed/fabric-1.0",
    fields=(
        Media("image_url", "image", IMAGES, required=True),
        _SOUND,
        Choice("resolution", ("480p", "720p")),
    ),
)
