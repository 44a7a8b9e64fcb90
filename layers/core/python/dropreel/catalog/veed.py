"""VEED's models: talking pictures at both gateways, and the background remover at Pixazo."""

from __future__ import annotations

from typing import Annotated, Literal

from dropreel.catalog.fields import Clip, Files, Picture, Sound
from dropreel.catalog.model import Model


class Fabric(
    Model,
    id="veed-fabric-1-0-api-130",
    alias="veed-fabric",
    title="VEED Fabric 1.0",
    endpoint="/veed-fabric-1-0-api-130/v1/veed-fabric-1-0-api-request",
):
    """Makes a picture speak or sing a sound."""

    image_url: Annotated[str, Files("image", ("png", "jpg", "jpeg"))]
    audio_url: Sound
    resolution: Literal["720p", "1080p"] = "720p"


class BackgroundRemover(
    Model,
    id="veed-video-background-remover-541",
    alias="veed-background-remover",
    title="VEED Video Background Remover",
    endpoint="/veed-video-background-remover-541/v1/veed-video-background-remover-request",
):
    """Takes away what is behind somebody in a clip."""

    video_url: Clip
    output_codec: Literal["vp9", "h264", "h265"] = "vp9"
    refine_foreground_edges: bool = True
    subject_is_person: bool = True


class AimlapiFabric(
    Model,
    id="aimlapi-veed-fabric-1-0",
    alias="aimlapi-veed-fabric",
    gateway="aimlapi",
    title="VEED Fabric 1.0 at AI/ML API",
    endpoint="veed/fabric-1.0",
):
    """Makes a picture speak or sing a sound, by the other gateway."""

    image_url: Picture
    audio_url: Sound
    resolution: Literal["480p", "720p"] | None = None
