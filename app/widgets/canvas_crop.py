"""The frame of the region that the network looked at, over the picture."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app.state.viewport import Viewport
from app.widgets.canvas_items import CASING
from gbrs_core.interaction import Box

_COLOUR = QColor(255, 255, 255, 220)
_DASHES = (5.0, 4.0)


class CropFrame:
    """A thin dashed rectangle, light on dark casing.

    Args:
        on_changed: called when it is to be drawn in another way.

    Attributes:
        box: outer edges in image pixels; None draws nothing.
    """

    def __init__(self, on_changed: Callable[[], None]) -> None:
        self._on_changed = on_changed
        self.box: Box | None = None

    def show(self, box: Box | None) -> None:
        """Draw it there; None takes it away."""
        if box != self.box:
            self.box = box
            self._on_changed()

    def paint(self, painter: QPainter, viewport: Viewport) -> None:
        """Draw it, if there is one."""
        if self.box is None:
            return
        left, top, right, bottom = self.box
        rect = QRectF(QPointF(*viewport.to_view(left, top)), QPointF(*viewport.to_view(right, bottom)))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (QPen(CASING, 3), QPen(_COLOUR, 1)):
            if pen.color() == _COLOUR:
                pen.setDashPattern(_DASHES)
            painter.setPen(pen)
            painter.drawRect(rect)
