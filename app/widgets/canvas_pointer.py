"""Where the pointer is and what follows it: the ring of the next click, a marker being moved, a label."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath, QPen

from app.rendering.layers import ClickMarker, TargetLook
from app.state.viewport import Viewport
from app.tools.base import DRAG_THRESHOLD_PX, StrokeFeedback
from app.widgets.canvas_items import MarkerPainter, RingStyle, label_rect, nearest_marker, paint_label, paint_ring

_MARKER_REACH = 44.0
_RING_REACH = 5.0
_LABEL_GAP = 22.0
_STROKE_ALPHA = 170


class Pointer:
    """Where the pointer is, over which marker, and whether Shift is held.

    Attributes:
        place: in logical pixels of the widget; None while it is elsewhere.
        hovered: index of the marker under it.
        has_shift: whether Shift is held.
    """

    def __init__(self) -> None:
        self.place: QPointF | None = None
        self.hovered: int | None = None
        self.has_shift = False
        self._unmoved_since: QPointF | None = None

    def move_to(self, place: QPointF, viewport: Viewport | None, markers: tuple[ClickMarker, ...]) -> None:
        """The pointer is at a place, with these markers to be hovered."""
        self.place = place
        if self._unmoved_since is not None and QLineF(self._unmoved_since, place).length() <= DRAG_THRESHOLD_PX:
            return
        self._unmoved_since = None
        self.hovered = self.over(viewport, markers)

    def over(self, viewport: Viewport | None, markers: tuple[ClickMarker, ...]) -> int | None:
        """The marker at the pointer, also one that appeared under it."""
        if viewport is None or self.place is None:
            return None
        return nearest_marker(markers, viewport, self.place)

    def stay(self) -> None:
        """Markers came or went. One that appears under a resting pointer is not hovered: the next press there is
        another click, as it would have been without the marker.
        """
        self.hovered, self._unmoved_since = None, self.place

    def leave(self) -> None:
        """The pointer is elsewhere."""
        self.place = self._unmoved_since = self.hovered = None


@dataclass(frozen=True)
class PointerPicture:
    """What is drawn over the scene at the pointer.

    Attributes:
        click: whose ring is drawn; None for nothing.
        has_dot: whether its marker is drawn as well.
        label: written beside it; empty for nothing.
        label_x, label_y: the place, in logical pixels, that it is written beside.
        stroke: what is being painted; None for nothing.
        stroke_look: the colour it is painted with.
    """

    click: ClickMarker | None = None
    has_dot: bool = False
    label: str = ""
    label_x: float = 0.0
    label_y: float = 0.0
    stroke: StrokeFeedback | None = None
    stroke_look: TargetLook | None = None

    def paint(self, painter: QPainter, viewport: Viewport, markers: MarkerPainter, font: QFont) -> None:
        """Draw it, in logical pixels."""
        if self.stroke is not None and self.stroke_look is not None:
            paint_stroke(painter, viewport, self.stroke, self.stroke_look)
        if self.click is None:
            return
        height, width = viewport.view_size
        style: RingStyle = "strong" if self.has_dot else "planned"
        paint_ring(painter, viewport, QRectF(0, 0, width, height), self.click, style)
        if self.has_dot:
            markers.paint(painter, viewport, self.click, is_hovered=True)
        if self.label:
            paint_label(painter, self._label_place(viewport, font), self.label, font)

    def covered(self, viewport: Viewport, font: QFont) -> QRect:
        """What it covers of the widget, in logical pixels."""
        if self.stroke is not None:
            height, width = viewport.view_size
            return QRectF(0, 0, width, height).toAlignedRect()
        if self.click is None:
            return QRect()
        x, y = viewport.to_view(self.click.x, self.click.y)
        reach = self.click.radius * viewport.scale + _RING_REACH
        reach = max(reach, _MARKER_REACH) if self.has_dot else reach
        area = QRectF(x - reach, y - reach, 2 * reach, 2 * reach)
        if self.label:
            area = area.united(label_rect(self._label_place(viewport, font), self.label, font))
        height, width = viewport.view_size
        return area.intersected(QRectF(0, 0, width, height)).toAlignedRect().adjusted(-1, -1, 1, 1)

    def _label_place(self, viewport: Viewport, font: QFont) -> QPointF:
        """Right of the place, or left of it where the widget ends."""
        height, width = viewport.view_size
        size = label_rect(QPointF(), self.label, font).size()
        left = self.label_x + _LABEL_GAP
        if left + size.width() > width:
            left = self.label_x - _LABEL_GAP - size.width()
        return QPointF(left, min(max(self.label_y, size.height() / 2), height - size.height() / 2))


def paint_stroke(painter: QPainter, viewport: Viewport, stroke: StrokeFeedback, look: TargetLook) -> None:
    """What a brush painted so far, see-through in the colour of its target."""
    places = [QPointF(*viewport.to_view(x, y)) for x, y in stroke.points]
    path = QPainterPath(places[0])
    for place in places[1:] or places:
        path.lineTo(place)
    colour = QColor(*look.colour)
    colour.setAlpha(_STROKE_ALPHA)
    pen = QPen(colour, max(2 * stroke.radius * viewport.scale, 1.0))
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(pen)
    painter.drawPath(path)
