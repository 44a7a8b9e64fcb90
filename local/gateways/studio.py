"""Fetches a generation's inputs and makes its result of them, once for the same inputs."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from local.gateways import scenery, video, wire
from local.gateways.generation import Generation, Output
from local.gateways.journal import Fetch, Journal
from local.gateways.models import MEDIA_FIELDS, PICTURE_FIELDS, Wish
from local.gateways.scenery import Pixels, evening
from local.gateways.video import FORMATS, UnreadableMediaError

#: Where results are kept between runs.
CACHE = Path(__file__).parents[2] / ".build" / "media-cache"
_FETCH_SECONDS = 10.0
#: A change of the code that paints makes the cache's results stale.
_RECIPE = b"".join(Path(str(module.__file__)).read_bytes() for module in (video, scenery))


class UnusableInputError(Exception):
    """An input can't be fetched or read, so the generation fails."""


@dataclass(slots=True)
class Studio:
    """Makes results one at a time, as the machine has few cores."""

    #: Size of the results as a part of the real size.
    scale: float
    #: Folder for results of earlier runs; None keeps none.
    cache: Path | None
    journal: Journal
    _made: dict[str, bytes] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def outputs(self, generation: Generation) -> tuple[Output, ...]:
        """The generation's files; no two generations get the same bytes, so that none passes for another's."""
        wish = generation.model.wish(generation.body)
        data = self._film(generation, wish, self._inputs(generation))
        chosen = FORMATS[wish.format]
        untyped = generation.model.untyped
        extension, media_type = (
            ("ext", "application/octet-stream") if untyped else (chosen.extension, chosen.media_type)
        )
        # AI/ML API's ids hold a slash; its media have plain paths.
        folder = generation.id.partition(":")[0]
        return tuple(
            Output(
                f"/media/v1/{folder}/output{'' if number == 1 else f'-{number}'}.{extension}",
                video.signed(data, chosen, f"{generation.id} {number}"),
                media_type,
            )
            for number in range(1, generation.behaviour.outputs + 1)
        )

    def _inputs(self, generation: Generation) -> dict[str, list[bytes]]:
        found: dict[str, list[bytes]] = {}
        for name in MEDIA_FIELDS:
            value = generation.body.get(name, [])
            urls = value if isinstance(value, list) else [value]
            found[name] = [self._fetched(generation.id, name, str(url)) for url in urls]
        return found

    def _fetched(self, request_id: str, name: str, url: str) -> bytes:
        status, data, problem = wire.get(url, _FETCH_SECONDS)
        digest = None if problem else hashlib.sha256(data).hexdigest()
        self.journal.add(Fetch(request_id, name, url, time.time(), status, digest))
        if problem:
            raise UnusableInputError(f"{name} could not be fetched: {problem}")
        return data

    def _film(self, generation: Generation, wish: Wish, inputs: Mapping[str, list[bytes]]) -> bytes:
        # The colours, not the prompt: a thousand prompts must not cost a thousand films.
        mood = sum(str(generation.body.get("prompt", "")).encode()) % 4
        hashes = {name: [hashlib.sha256(data).hexdigest() for data in parts] for name, parts in inputs.items()}
        recipe = repr((generation.model.kind, wish, self.scale, mood, hashes)).encode()
        name = hashlib.sha256(_RECIPE + recipe).hexdigest()
        if name in self._made:
            return self._made[name]
        with self._lock:
            data = self._stored(name) or self._make(generation.model.kind, wish, inputs, mood)
            self._keep(name, data)
        return data

    def _stored(self, name: str) -> bytes | None:
        if name in self._made:
            return self._made[name]
        try:
            return (self.cache / name).read_bytes() if self.cache else None
        except FileNotFoundError:
            return None

    def _keep(self, name: str, data: bytes) -> None:
        self._made[name] = data
        if self.cache and not (self.cache / name).exists():
            self.cache.mkdir(parents=True, exist_ok=True)
            # Renamed when whole: several processes share the folder.
            part = self.cache / f"{name}.{os.getpid()}.{threading.get_ident()}"
            part.write_bytes(data)
            part.replace(self.cache / name)

    def _make(self, kind: str, wish: Wish, inputs: Mapping[str, list[bytes]], mood: int) -> bytes:
        if kind == "cutout":
            with _naming("video_url"):
                return video.cut_out(inputs["video_url"][0], FORMATS[wish.format], self.scale)
        pictures = list(_pictures(inputs))
        size = video.size_for(wish.short_side, wish.aspect or _aspect(pictures[0]), self.scale)
        if kind == "talk":
            with _naming("audio_url"):
                sound = video.read_sound(inputs["audio_url"][0], video.LONGEST_TALK)
            return video.film(pictures, sound.shape[1] / video.RATE, size, sound)
        tone = video.tone(wish.seconds) if wish.audible else None
        return video.film(pictures or [evening(*size, mood)], wish.seconds, size, tone)


def _pictures(inputs: Mapping[str, list[bytes]]) -> Iterator[Pixels]:
    for name in PICTURE_FIELDS:
        for data in inputs[name]:
            with _naming(name):
                yield video.read_picture(data)


def _aspect(picture: Pixels) -> Fraction:
    return Fraction(picture.shape[1], picture.shape[0])


@contextmanager
def _naming(field_name: str) -> Iterator[None]:
    try:
        yield
    except UnreadableMediaError as error:
        raise UnusableInputError(f"{field_name} is {error}") from error
