"""Small inputs, made by code, for the demo and for tests: a picture, a sound, a clip."""

from __future__ import annotations

import io
import wave

import numpy as np

from local.gateways.scenery import evening
from local.gateways.video import RATE, film, still, tone


def sample_picture(width: int = 640, height: int = 360) -> bytes:
    """A PNG of a sun above hills."""
    return still(evening(width, height))


def sample_sound(seconds: float = 3.0) -> bytes:
    """A WAV of a chord, 16 bit mono."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes((tone(seconds)[0] * 4 * 32767).astype(np.int16).tobytes())
    return file.getvalue()


def sample_clip(seconds: float = 2.0, width: int = 320, height: int = 180) -> bytes:
    """An MP4 with a sound."""
    return film([evening(width, height, 1)], seconds, (width, height), tone(seconds))
