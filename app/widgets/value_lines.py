"""Horizontal lines at round values, with the values beside them: what the plots share."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPalette, QPen

from app.rendering.depth_scale import round_step

_GAP = 8
"""Between a value and its line, in pixels."""


def paint_value_lines(
    painter: QPainter,
    area: QRectF,
    limits: tuple[float, float],
    y_of: Callable[[float], float],
    px_per_line: float,
    font: QFont,
    palette: QPalette,
) -> None:
    """Paint them.

    Args:
        painter: of the widget; its pen is changed.
        area: where the curve is, in pixels of the widget; the values stand left of it.
        limits: least and largest value.
        y_of: where a value is, in pixels.
        px_per_line: least distance of two lines, about.
        font: the painter's.
        palette: colours of the theme.
    """
    low, high = limits
    step = round_step((high - low) / max(area.height() / px_per_line, 1))
    metrics = QFontMetricsF(font)
    for index in range(math.ceil(low / step), math.floor(high / step) + 1):
        y = y_of(index * step)
        painter.setPen(QPen(palette.color(QPalette.ColorRole.Midlight), 1))
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        text = f"{index * step:.6g}"
        left = area.left() - _GAP - metrics.horizontalAdvance(text)
        painter.drawText(QPointF(left, y + metrics.capHeight() / 2), text)
