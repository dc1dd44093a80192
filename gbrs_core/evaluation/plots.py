"""Curves over clicks as SVG: text that a page holds in itself, with colours that light and dark pages both bear."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

COLOURS = ("#3b82d6", "#d6483b", "#2f9e55", "#9a6bd0", "#d98a1f", "#1fa3b5", "#a9694f", "#8a8d93")
DASHES = ("", "7 3", "2 3", "8 3 2 3")
"""After the eighth line the colours come again, dashed."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 10, 34
_LEGEND_ROW, _LETTER = 17, 6.6
"""Height of a line of the legend, and about the width of a letter, in pixels."""


@dataclass(frozen=True)
class Scale:
    """Where clicks and values lie in a picture.

    Attributes:
        width: of the picture.
        height: of the picture, without a legend.
        clicks: the last one.
        low, high: the values at the bottom and the top.
    """

    width: int
    height: int
    clicks: int
    low: float
    high: float

    def x(self, click: float) -> float:
        """Where a click is."""
        return _LEFT + click / max(1, self.clicks) * (self.width - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        """Where a value is."""
        share = (value - self.low) / (self.high - self.low)
        return _TOP + (1 - share) * (self.height - _TOP - _BOTTOM)

    def points(self, line: Sequence[float]) -> list[str]:
        """Of a polyline; values that are no numbers are left out."""
        return [f"{self.x(i):.1f},{self.y(value):.1f}" for i, value in enumerate(line) if math.isfinite(value)]


def scale_for(lines: Sequence[Sequence[float]], width: int, height: int) -> Scale | None:
    """A scale for all of the lines, None if they hold no number."""
    values = [value for line in lines for value in line if math.isfinite(value)]
    if not values:
        return None
    low, high = min(values), max(values)
    spare = 0.03 * (high - low) or 0.05 * abs(high) or 0.05
    return Scale(width, height, max(len(line) for line in lines) - 1, low - spare, high + spare)


def plot(lines: Mapping[str, Sequence[float]], name: str, *, width: int = 620, height: int = 320) -> str:
    """One curve per method, with a legend; empty without numbers.

    Args:
        lines: values after 0, 1, ... clicks, by method.
        name: of the score.
        width: in pixels.
        height: in pixels, without the legend.
    """
    scale = scale_for(list(lines.values()), width, height)
    if scale is None:
        return ""
    marks, wide = _axes(scale), 40 + round(_LETTER * max(map(len, lines)))
    columns = max(1, (width - _LEFT) // wide)
    for number, (method, line) in enumerate(lines.items()):
        marks.append(_curve(scale.points(line), method, _stroke(number)))
        x, y = _LEFT + number % columns * wide, height + 8 + number // columns * _LEGEND_ROW
        marks.append(f'<path d="M{x} {y}h20" {_stroke(number)}/><text x="{x + 25}" y="{y + 4}">{escape(method)}</text>')
    rows = math.ceil(len(lines) / columns)
    return _picture(marks, width, height + rows * _LEGEND_ROW, f"{name} over clicks: {', '.join(lines)}")


def banded_plot(
    line: Sequence[float], worst: Sequence[float], scale: Scale, number: int, name: str, method: str
) -> str:
    """One method: all samples as a line, and a band from there to the worst tenth.

    Args:
        line: values after 0, 1, ... clicks, all samples.
        worst: the same of the worst tenth.
        scale: shared with the plots beside it.
        number: of the method, which gives its colour.
        name: of the score.
        method: its name.
    """
    points, below = scale.points(line), scale.points(worst)
    if not points or not below:
        return ""
    colour = COLOURS[number % len(COLOURS)]
    marks = _axes(scale)
    marks.append(f'<polygon points="{" ".join([*points, *reversed(below)])}" fill="{colour}" fill-opacity="0.18"/>')
    marks.append(_curve(below, f"{method}, the worst tenth", f'fill="none" stroke="{colour}" stroke-dasharray="3 3"'))
    marks.append(_curve(points, method, f'fill="none" stroke="{colour}" stroke-width="2"'))
    label = f"{name} of {method} over clicks, all samples and the worst tenth"
    return _picture(marks, scale.width, scale.height, label)


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers from low to high, about `count` of them."""
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= 0.75 * rough)
    return [index * step for index in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _axes(scale: Scale) -> list[str]:
    right, bottom = scale.width - _RIGHT, scale.height - _BOTTOM
    marks = []
    for value in ticks(scale.low, scale.high):
        y = scale.y(value)
        marks.append(f'<path d="M{_LEFT} {y:.1f}H{right}" stroke="currentColor" stroke-opacity="0.15"/>')
        marks.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.4g}</text>')
    step = max(1, math.ceil(scale.clicks / 10 / 5) * 5) if scale.clicks > 10 else max(1, scale.clicks // 5)
    marks += [
        f'<text x="{scale.x(click):.1f}" y="{bottom + 15}" text-anchor="middle">{click}</text>'
        for click in range(0, scale.clicks + 1, step)
    ]
    marks.append(f'<path d="M{_LEFT} {bottom}H{right}" stroke="currentColor" stroke-opacity="0.5"/>')
    middle = (_LEFT + right) / 2
    marks.append(f'<text x="{middle:.0f}" y="{bottom + 29}" text-anchor="middle" fill-opacity="0.7">clicks</text>')
    return marks


def _stroke(number: int) -> str:
    dash = DASHES[number // len(COLOURS) % len(DASHES)]
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'fill="none" stroke="{COLOURS[number % len(COLOURS)]}" stroke-width="2"{dashed}'


def _curve(points: Sequence[str], title: str, stroke: str) -> str:
    return f'<polyline points="{" ".join(points)}" {stroke}><title>{escape(title)}</title></polyline>'


def _picture(marks: Sequence[str], width: int, height: int, label: str) -> str:
    box = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return (
        f'<svg {box} role="img" aria-label="{escape(label)}" font-size="11" fill="currentColor">{"".join(marks)}</svg>'
    )
