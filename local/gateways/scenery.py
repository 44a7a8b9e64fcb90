"""A painted evening: what the simulated gateways show where nobody gave them a picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]

#: Sky above, sky at the horizon, and the hills, as RGB.
_MOODS = (
    ((38, 27, 84), (255, 138, 76), (24, 16, 48)),
    ((12, 44, 92), (247, 197, 159), (10, 30, 52)),
    ((70, 20, 66), (255, 94, 98), (36, 8, 36)),
    ((8, 64, 84), (204, 240, 180), (6, 36, 44)),
)


def evening(width: int, height: int, mood: int = 0) -> Pixels:
    """A sun above hills, RGB, of this size; `mood` picks its colours."""
    above, horizon, hills = (np.array(color, np.float32) for color in _MOODS[mood % len(_MOODS)])
    x = np.linspace(0.0, 1.0, width, dtype=np.float32)[None, :, None]
    y = np.linspace(0.0, 1.0, height, dtype=np.float32)[:, None, None]
    picture = above + (horizon - above) * np.minimum(y / 0.75, 1.0) ** 1.4 + 0 * x
    distance = np.hypot((x - 0.62) * width / height, y - 0.52)
    picture += (np.array((255, 236, 190), np.float32) - picture) * np.exp(-((distance / 0.14) ** 4))
    picture += np.array((60, 36, 12), np.float32) * np.exp(-distance * 3.0)
    for layer in range(3):
        ridge = 0.66 + 0.1 * layer + 0.05 * np.sin(x * (7.0 + 3 * layer) + layer * 1.7 + mood)
        shade = horizon * 0.45 + (hills - horizon * 0.45) * ((layer + 1) / 3)
        picture = np.where(y > ridge, shade, picture)
    painted: Pixels = np.clip(picture, 0, 255).astype(np.uint8)
    return painted
