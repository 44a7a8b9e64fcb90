"""The measured costs as a picture: for each scenario what part of rclone's wall time and CPU seconds each one took."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape

from benchmarks.copy.contenders import Cost

FIRST = "rclone copyurl"
ROW, LABEL, WIDTH, PANEL = 18, 190, 760, 255
COLORS = {"dropreel": "#d9480f"}


def svg(medians: Mapping[str, Mapping[str, Cost]]) -> str:
    """One group of bars a scenario, wall time to the left, processor to the right."""
    y, shapes = (
        26,
        [_text(LABEL, 14, "wall time, of rclone's"), _text(LABEL + PANEL + 30, 14, "CPU seconds, of rclone's")],
    )
    for title, costs in medians.items():
        shapes.append(_text(4, y + 14, title, bold=True))
        y += ROW + 4
        for name, cost in costs.items():
            shapes.append(_text(12, y + 12, name.replace("\\", "")))
            panels: tuple[Callable[[Cost], float], ...] = (lambda one: one.wall, lambda one: one.cpu)
            for panel, value in enumerate(panels):
                share = value(cost) / value(costs[FIRST])
                shapes += _bar(LABEL + panel * (PANEL + 30), y, share, COLORS.get(name, "#868e96"))
            y += ROW
        y += 10
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" font-family="sans-serif" font-size="12">'
    )
    return "\n".join([head, f'<rect width="{WIDTH}" height="{y}" fill="#fff"/>', *shapes, "</svg>", ""])


def _bar(x: int, y: int, share: float, color: str) -> list[str]:
    width = min(share, 2.5) / 2.5 * (PANEL - 45)
    bar = f'<rect x="{x}" y="{y + 2}" width="{width:.1f}" height="{ROW - 5}" fill="{color}"/>'
    return [bar, _text(round(x + width) + 4, y + 13, f"{share:.2f}")]


def _text(x: int, y: int, text: str, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x}" y="{y}"{weight} fill="#212529">{escape(text)}</text>'
