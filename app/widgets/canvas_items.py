"""What is drawn over the picture: click markers, rings, labels. Legible on any photograph: light on dark casing."""

from __future__ import annotations

import math
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPixmap

from app.rendering.layers import ClickMarker
from app.state.viewport import Viewport

RingStyle = Literal["faint", "strong", "planned"]

OBJECT_COLOUR = QColor("#12b886")
BACKGROUND_COLOUR = QColor("#f0512d")
CASING = QColor(10, 12, 16, 150)
DOT_RADIUS = 7.5
HIT_RADIUS = 11.0
"""Logical pixels around a marker that belong to it."""

_HOVER_GROWTH = 1.25
_RING_LIGHTER = 125
_RING_REACH = 4.0
_GHOST_OPACITY = 0.4
_PLANNED_DASHES = (5.0, 3.0)
_RING_COUNT = 24
"""Of so many of the newest clicks the ring is drawn; more would only be a thicket."""
_LABEL_PX = 11
_SPRITE_SIZE = QRectF(-26, -16, 130, 32)
_MAX_SPRITES = 2048


def colour_of(is_positive: bool) -> QColor:
    """The colour of clicks on the object or on the background."""
    return OBJECT_COLOUR if is_positive else BACKGROUND_COLOUR


def marker_colour(marker: ClickMarker) -> QColor:
    """The colour of a marker: that of its target, else by its sign."""
    return colour_of(marker.is_positive) if marker.colour is None else QColor(*marker.colour)


def nearest_marker(markers: tuple[ClickMarker, ...], viewport: Viewport, place: QPointF) -> int | None:
    """The marker at a place of the widget, the newest where several are equally near; None for none."""
    best, best_distance = None, HIT_RADIUS
    for index, marker in enumerate(markers):
        x, y = viewport.to_view(marker.x, marker.y)
        distance = math.hypot(x - place.x(), y - place.y())
        if distance <= best_distance:
            best, best_distance = index, distance
    return best


class MarkerPainter:
    """Paints markers; keeps a small picture of each, so that many of them cost little."""

    def __init__(self) -> None:
        self._sprites: dict[tuple[object, ...], QPixmap] = {}

    def paint_all(
        self,
        painter: QPainter,
        viewport: Viewport,
        area: QRectF,
        markers: tuple[ClickMarker, ...],
        hovered: int | None,
        ghost: int | None,
    ) -> None:
        """The markers that reach into an area, with the rings of the newest. The hovered one grows; the ghost, which
        is on its way elsewhere, is faint and without ring.
        """
        for index, marker in enumerate(markers):
            is_prominent = marker.is_selected or index == hovered
            if index != ghost and (is_prominent or index >= len(markers) - _RING_COUNT):
                is_strong = is_prominent or index == len(markers) - 1
                paint_ring(painter, viewport, area, marker, "strong" if is_strong else "faint")
        around = area.adjusted(-_SPRITE_SIZE.right(), -_SPRITE_SIZE.bottom(), -_SPRITE_SIZE.left(), -_SPRITE_SIZE.top())
        for index, marker in enumerate(markers):
            if around.contains(*viewport.to_view(marker.x, marker.y)):
                painter.setOpacity(_GHOST_OPACITY if index == ghost else 1.0)
                self.paint(painter, viewport, marker, is_hovered=index == hovered)
        painter.setOpacity(1.0)

    def paint(self, painter: QPainter, viewport: Viewport, marker: ClickMarker, *, is_hovered: bool = False) -> None:
        """One marker without its ring."""
        ratio = viewport.pixel_ratio
        key = (
            marker.number, marker.is_positive, marker.is_selected, marker.colour, marker.label, is_hovered, ratio,
        )  # fmt: skip
        sprite = self._sprites.get(key)
        if sprite is None:
            if len(self._sprites) >= _MAX_SPRITES:
                self._sprites.clear()
            sprite = self._sprites[key] = _sprite(marker, is_hovered, ratio)
        painter.drawPixmap(QPointF(*viewport.to_view(marker.x, marker.y)) + _SPRITE_SIZE.topLeft(), sprite)


def paint_ring(painter: QPainter, viewport: Viewport, area: QRectF, marker: ClickMarker, style: RingStyle) -> None:
    """The attention ring of a click, if it crosses an area. Strong: of the click that matters now; planned: of one
    that is not made yet.
    """
    centre, radius = QPointF(*viewport.to_view(marker.x, marker.y)), marker.radius * viewport.scale
    if radius <= 0 or not _crosses(centre, radius, area):
        return
    colour = marker_colour(marker).lighter(_RING_LIGHTER)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if style == "faint":
        colour.setAlpha(150)
    else:
        _stroke_circle(painter, centre, radius, QPen(CASING, 3.6))
    pen = QPen(colour, 1.2 if style == "faint" else 1.8)
    if style == "planned":
        pen.setDashPattern(_PLANNED_DASHES)
    _stroke_circle(painter, centre, radius, pen)


def paint_label(painter: QPainter, place: QPointF, text: str, font: QFont) -> QRectF:
    """White text on a dark plate, its left middle at the place. Returns what it covers."""
    plate = label_rect(place, text, font)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(18, 20, 24, 215))
    painter.drawRoundedRect(plate, 4, 4)
    painter.setPen(QColor("white"))
    painter.setFont(_label_font(font))
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)
    return plate


def label_rect(place: QPointF, text: str, font: QFont) -> QRectF:
    """What a label covers."""
    metrics = QFontMetricsF(_label_font(font))
    width, height = metrics.horizontalAdvance(text) + 12, metrics.height() + 5
    return QRectF(place.x(), place.y() - height / 2, width, height)


def _crosses(centre: QPointF, radius: float, area: QRectF) -> bool:
    """Whether some of a circle, a few pixels thick, is in an area: neither wholly beside it nor wholly around it."""
    near_x = max(area.left() - centre.x(), 0.0, centre.x() - area.right())
    near_y = max(area.top() - centre.y(), 0.0, centre.y() - area.bottom())
    far_x = max(abs(centre.x() - area.left()), abs(centre.x() - area.right()))
    far_y = max(abs(centre.y() - area.top()), abs(centre.y() - area.bottom()))
    return math.hypot(near_x, near_y) <= radius + _RING_REACH and math.hypot(far_x, far_y) >= radius - _RING_REACH


def _stroke_circle(painter: QPainter, centre: QPointF, radius: float, pen: QPen) -> None:
    painter.setPen(pen)
    painter.drawEllipse(centre, radius, radius)


def _label_font(font: QFont) -> QFont:
    small = QFont(font)
    small.setPixelSize(_LABEL_PX)
    return small


def _sprite(marker: ClickMarker, is_hovered: bool, ratio: float) -> QPixmap:
    sprite = QPixmap((_SPRITE_SIZE.size() * ratio).toSize())
    sprite.setDevicePixelRatio(ratio)
    sprite.fill(Qt.GlobalColor.transparent)
    with QPainter(sprite) as painter:
        painter.translate(-_SPRITE_SIZE.topLeft())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        radius = DOT_RADIUS * (_HOVER_GROWTH if is_hovered else 1.0)
        _paint_dot(painter, marker, radius)
        _paint_number(painter, marker, radius)
    return sprite


def _paint_dot(painter: QPainter, marker: ClickMarker, radius: float) -> None:
    """A filled dot with the sign in it, white outline, dark casing; selected: a wider outline with a gap."""
    painter.setPen(Qt.PenStyle.NoPen)
    outline = [(CASING, 2.6), (QColor("white"), 1.6)]
    if marker.is_selected:
        outline = [(CASING, 5.6), (QColor("white"), 4.6), (QColor(10, 12, 16), 2.4)]
    for colour, growth in (*outline, (marker_colour(marker), 0.0)):
        painter.setBrush(colour)
        painter.drawEllipse(QPointF(0, 0), radius + growth, radius + growth)
    if marker.colour is not None:
        return
    pen = QPen(QColor("white"), radius * 0.27)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    arm = radius * 0.5
    painter.drawLine(QPointF(-arm, 0), QPointF(arm, 0))
    if marker.is_positive:
        painter.drawLine(QPointF(0, -arm), QPointF(0, arm))


def _paint_number(painter: QPainter, marker: ClickMarker, radius: float) -> None:
    text = f"{marker.number} {marker.label}".strip()
    font = QFont()
    font.setPixelSize(10)
    font.setBold(True)
    painter.setFont(font)
    plate = QRectF(radius + (6 if marker.is_selected else 3), -7, QFontMetricsF(font).horizontalAdvance(text) + 7, 14)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(18, 20, 24, 200))
    painter.drawRoundedRect(plate, 4, 4)
    painter.setPen(QColor("white"))
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)
