"""What a job costs as a picture: a bar for each system and generation, made of what is paid for."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from benchmarks.cost.prices import USD, Unit

ROW, LABEL, WIDTH, SCALE = 20, 190, 820, 540
#: What is paid for, in groups that can be told apart.
GROUPS: Mapping[str, tuple[str, tuple[Unit, ...]]] = {
    "Step Functions": ("#d9480f", (Unit.TRANSITIONS,)),
    "Lambda": ("#f59f00", (Unit.GB_SECONDS, Unit.INVOCATIONS)),
    "S3": ("#2f9e44", (Unit.S3_PUTS, Unit.S3_GETS)),
    "DynamoDB": ("#1971c2", (Unit.WRITES, Unit.READS)),
    "SQS": ("#9c36b5", (Unit.SQS,)),
    "the rest": ("#868e96", (Unit.SECRETS, Unit.HTTP_API, Unit.EVENTS, Unit.LOGS)),
}

#: Units of a job, by system and generation.
Bars = Mapping[str, Mapping[Unit, float]]


def svg(panels: Mapping[str, Bars]) -> str:
    """A panel for each kind of gateway, one scale for all."""
    most = max(_usd(units) for bars in panels.values() for units in bars.values())
    shapes, y = [_text(4, 16, "USD for 1,000 jobs", bold=True)], 28
    for place, (name, (color, _)) in enumerate(GROUPS.items()):
        x = LABEL + place * 105
        shapes += [f'<rect x="{x}" y="6" width="12" height="12" fill="{color}"/>', _text(x + 17, 16, name)]
    for title, bars in panels.items():
        shapes.append(_text(4, y + 16, title, bold=True))
        y += ROW + 4
        for name, units in bars.items():
            shapes += [_text(12, y + 14, name), *_bar(y, units, most)]
            y += ROW
        y += 8
    size = f'width="{WIDTH}" height="{y}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">'
    return "\n".join([head, f'<rect {size} fill="#fff"/>', *shapes, "</svg>", ""])


def _usd(units: Mapping[Unit, float]) -> float:
    return 1000 * sum(USD[unit] * count for unit, count in units.items())


def _bar(y: int, units: Mapping[Unit, float], most: float) -> list[str]:
    shapes, x = [], float(LABEL)
    for color, members in GROUPS.values():
        width = _usd({unit: units.get(unit, 0.0) for unit in members}) / most * SCALE
        shapes.append(f'<rect x="{x:.1f}" y="{y + 3}" width="{width:.1f}" height="{ROW - 6}" fill="{color}"/>')
        x += width
    return [*shapes, _text(round(x) + 5, y + 14, f"{_usd(units):.3f}")]


def _text(x: int, y: int, text: str, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x}" y="{y}"{weight} fill="#212529">{escape(text)}</text>'
