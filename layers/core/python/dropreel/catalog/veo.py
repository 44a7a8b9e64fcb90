"""Google's Veo 3.1 models at Pixazo."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from dropreel.catalog.fields import Picture, Prompt, Seconds, SuffixedSeconds, Text, Whole
from dropreel.catalog.model import Model
from dropreel.errors import Mistake


class Fast(Model, id="veo-3-1-fast", title="Veo 3.1 Fast", endpoint="/veo31f/v1/veo-3.1-fast/generate"):
    """Makes a clip with sound of words and pictures; cheaper than Veo 3.1."""

    prompt: Prompt
    image: Picture | None = None
    last_frame: Picture | None = None
    duration: Seconds[Literal[4, 6, 8]] = 8
    aspect_ratio: Literal["16:9", "9:16"] = "16:9"
    resolution: Literal["720p", "1080p"] = "720p"
    negative_prompt: Text | None = None
    generate_audio: bool = True
    seed: Whole | None = None

    def rules(self) -> Iterator[Mistake]:
        return _rules(self)

    def price_usd(self) -> Decimal:
        return Decimal("0.15" if self.generate_audio else "0.10") * self.duration


class FastReference(
    Model,
    id="veo-3-1-fast-reference-to-video",
    alias="veo-3-1-fast-reference",
    title="Veo 3.1 Fast Reference to Video",
    endpoint="/veo-3-1-fast-reference-to-video/v1/veo-3-1-fast-reference-to-video-request",
):
    """Makes a clip in which the people and things of your pictures appear."""

    prompt: Prompt
    image_urls: list[Picture] = Field(min_length=1, max_length=10)
    aspect_ratio: Literal["16:9", "9:16"] = "16:9"
    duration: SuffixedSeconds[Annotated[int, Field(ge=4, le=16)]] = 8
    resolution: Literal["720p", "1080p", "4k"] = "720p"
    generate_audio: bool = True
    auto_fix: bool | None = None
    safety_tolerance: Literal["1", "2", "3", "4", "5", "6"] = "4"

    def price_usd(self) -> Decimal:
        # Without audio the document names no figure, only that it is less: the bound is what a budget can rely on.
        return Decimal("0.15") * self.duration


class Veo(Model, id="veo-3-1", title="Veo 3.1", endpoint="/veo/v1/veo-3.1/generate"):
    """Makes a clip with sound of words and pictures, at its finest."""

    prompt: Prompt
    aspect_ratio: Literal["16:9", "9:16"] = "16:9"
    duration: Seconds[Literal[4, 6, 8]] = 8
    resolution: Literal["720p", "1080p"] = "720p"
    generate_audio: bool = True
    negative_prompt: Text | None = None
    image: Picture | None = None
    last_frame: Picture | None = None
    reference_images: list[Picture] | None = Field(None, min_length=1, max_length=3)
    seed: Whole | None = None

    def rules(self) -> Iterator[Mistake]:
        return _rules(self)

    def price_usd(self) -> Decimal | None:
        usd = {("720p", 4): "1.80", ("720p", 6): "2.70", ("720p", 8): "3.60", ("1080p", 8): "4.80"}
        found = usd.get((self.resolution, self.duration))
        return Decimal(found) if found else None


def _rules(request: Fast | Veo) -> Iterator[Mistake]:
    # The price list of veo-3-1 names 1080p at 4 and 6 seconds; its parameter table forbids them, twice.
    if request.resolution == "1080p" and request.duration != 8:
        yield Mistake("duration", "1080p requires 8 seconds", "8 seconds, or resolution 720p")
    if request.last_frame and not request.image:
        yield Mistake("last_frame", "requires image", "last_frame together with image")
