"""The turning arc around the newest click while it is being refined."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QWidget

from app.widgets.canvas_items import CASING

_INTERVAL_MS = 50
_STEP_DEGREES = 20
_ARC_DEGREES = 110
_RADIUS = 12.5
_REACH = 16


class Spinner:
    """Turns on its own; the widget is asked to repaint only the small square around it."""

    def __init__(self, widget: QWidget) -> None:
        self._widget = widget
        self._angle = 0
        self._centre: QPointF | None = None
        self._timer = QTimer(widget, interval=_INTERVAL_MS)
        self._timer.timeout.connect(self._turn)

    def show_at(self, centre: QPointF | None) -> None:
        """Turn around a place of the widget; None to disappear."""
        before, self._centre = self._centre, centre
        for place in (before, centre):
            if place is not None and before != centre:
                self._widget.update(_area(place))
        if centre is None:
            self._timer.stop()
        elif not self._timer.isActive():
            self._timer.start()

    def paint(self, painter: QPainter) -> None:
        """Draw it, in logical pixels."""
        if self._centre is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        around = QRectF(self._centre.x() - _RADIUS, self._centre.y() - _RADIUS, 2 * _RADIUS, 2 * _RADIUS)
        for colour, width in ((CASING, 4.4), (QColor("white"), 2.2)):
            pen = QPen(colour, width)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawArc(around, -self._angle * 16, _ARC_DEGREES * 16)

    def _turn(self) -> None:
        self._angle = (self._angle + _STEP_DEGREES) % 360
        if self._centre is not None:
            self._widget.update(_area(self._centre))


def _area(centre: QPointF) -> QRect:
    return QRect(round(centre.x()) - _REACH, round(centre.y()) - _REACH, 2 * _REACH, 2 * _REACH)
