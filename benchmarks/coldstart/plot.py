"""The measured starts as a picture: seconds of the processor, and what they are of the first one's."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from benchmarks.coldstart.contenders import FUNCTIONS

ROW, LABEL, WIDTH = 18, 260, 760


def svg(seconds: Mapping[str, float]) -> str:
    """One bar a contender; dropreel's functions in its color."""
    first, most = next(iter(seconds.values())), max(seconds.values())
    shapes = [_text(LABEL, 14, "CPU seconds until the first event is asked for (of the first one's)")]
    y = 24
    for name, cpu in seconds.items():
        width = cpu / most * (WIDTH - LABEL - 100)
        color = "#d9480f" if name.partition(",")[0] in FUNCTIONS else "#868e96"
        shapes.append(_text(12, y + 12, name))
        shapes.append(f'<rect x="{LABEL}" y="{y + 2}" width="{width:.1f}" height="{ROW - 5}" fill="{color}"/>')
        shapes.append(_text(round(LABEL + width) + 4, y + 13, f"{cpu:.2f} ({cpu / first:.2f})"))
        y += ROW
    y += 6
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" font-family="sans-serif" font-size="12">'
    )
    return "\n".join([head, f'<rect width="{WIDTH}" height="{y}" fill="#fff"/>', *shapes, "</svg>", ""])


def _text(x: int, y: int, text: str) -> str:
    return f'<text x="{x}" y="{y}" fill="#212529">{escape(text)}</text>'
