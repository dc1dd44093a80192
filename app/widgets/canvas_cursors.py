"""Mouse cursors of the canvas: a crosshair coloured by what a click would say, hands for panning."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QCursor, QPainter, QPen, QPixmap

from app.rendering.layers import Colour
from app.widgets.canvas_items import CASING, colour_of

CursorName = Literal["arrow", "object", "background", "target", "pick", "marker", "hand", "grab"]

_SIZE = 33
_MIDDLE = 16.5
_GAP = 3.5
_ARM = 9.0
_SHAPES: dict[str, Qt.CursorShape] = {
    "arrow": Qt.CursorShape.ArrowCursor,
    "pick": Qt.CursorShape.PointingHandCursor,
    "marker": Qt.CursorShape.SizeAllCursor,
    "hand": Qt.CursorShape.OpenHandCursor,
    "grab": Qt.CursorShape.ClosedHandCursor,
}


class Cursors:
    """Makes each cursor once. The window system moves them, so the crosshair never lags behind the mouse."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, Colour | None, float], QCursor] = {}

    def get(self, name: CursorName, ratio: float, colour: Colour | None = None) -> QCursor:
        """The cursor for a screen with this many device pixels per logical pixel; "target" has a colour."""
        key = name, colour, ratio
        if key not in self._made:
            shape = _SHAPES.get(name)
            self._made[key] = QCursor(shape) if shape is not None else _crosshair(name, ratio, colour)
        return self._made[key]


def _crosshair(name: CursorName, ratio: float, colour: Colour | None) -> QCursor:
    """A fine cross with an open middle, and the sign of the click beside it."""
    pixmap = QPixmap(round(_SIZE * ratio), round(_SIZE * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    with QPainter(pixmap) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for line, width in ((CASING, 3.0), (QColor("white"), 1.2)):
            painter.setPen(QPen(line, width))
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                painter.drawLine(
                    QPointF(_MIDDLE + dx * _GAP, _MIDDLE + dy * _GAP), QPointF(_MIDDLE + dx * _ARM, _MIDDLE + dy * _ARM)
                )
        _paint_sign(painter, QPointF(_MIDDLE + 10, _MIDDLE + 10), name, colour)
    return QCursor(pixmap, 16, 16)


def _paint_sign(painter: QPainter, centre: QPointF, name: CursorName, colour: Colour | None) -> None:
    """The sign of the click, or the colour of its target."""
    painter.setPen(QPen(CASING, 1.2))
    painter.setBrush(colour_of(name == "object") if colour is None else QColor(*colour))
    painter.drawEllipse(centre, 5.2, 5.2)
    if colour is not None:
        return
    painter.setPen(QPen(QColor("white"), 1.6))
    painter.drawLine(centre - QPointF(2.8, 0), centre + QPointF(2.8, 0))
    if name == "object":
        painter.drawLine(centre - QPointF(0, 2.8), centre + QPointF(0, 2.8))
