"""The legend of depth maps: a bar of colours with ticks; its ends are dragged to choose the range."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Literal

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.rendering.colour_maps import colour_table
from app.rendering.depth_scale import DepthScale, depth_text, widened
from app.rendering.layers import DepthUnit
from app.rendering.options import ColourMapName

Handle = Literal["near", "far"]

_BAR_PX = 16.0
_MARGIN_PX = 10.0
_HANDLE_PX = 6.0
_HIT_PX = 10.0
_FONT_PX = 11
_PX_PER_TICK = 44.0
_TICK_PX = 4.0


class DepthLegend(QWidget):
    """Far is above. Dragging a handle stretches or squeezes the range from where it stands; a double click anywhere
    asks for the automatic range.

    Signals:
        range_requested(float near, float far): a handle was dragged; many times during a drag.
        range_reset(): the automatic range is wanted.
    """

    range_requested = Signal(float, float)
    range_reset = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scale = DepthScale(1.0, 2.0)
        self._colour_map: ColourMapName = "turbo"
        self._is_reversed = True
        self._valid_range: tuple[float, float] | None = None
        self._marked: float | None = None
        self._dragged: tuple[Handle, DepthScale] | None = None
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(120)
        self.setToolTip("Drag the ends to change the range; double-click for the automatic range")
        self._describe()

    # --- what is shown ---

    @property
    def scale(self) -> DepthScale:
        """The range that is shown."""
        return self._scale

    def set_scale(
        self, scale: DepthScale, colour_map: ColourMapName, *, is_reversed: bool,
        valid_range: tuple[float, float] | None = None,
    ) -> None:  # fmt: skip
        """Show a range in a colour map, and below it what the network can say at all."""
        self._scale, self._colour_map, self._is_reversed = scale, colour_map, is_reversed
        self._valid_range = valid_range
        self._describe()
        self.updateGeometry()
        self.update()

    def mark(self, depth: float | None) -> None:
        """Show where the depth under the pointer is; None for none."""
        if depth != self._marked:
            self._marked = depth
            self.update()

    def bar(self) -> QRectF:
        """Where the bar of colours is, in logical pixels."""
        below = self._line_height() * (2 if self._valid_range is not None else 0)
        top = _MARGIN_PX + self._line_height() + 4
        return QRectF(_MARGIN_PX, top, _BAR_PX, max(self.height() - top - _MARGIN_PX - below, 1.0))

    def y_of(self, depth: float) -> float:
        """The height at which a depth is; beyond the range the nearest end."""
        bar = self.bar()
        position = self._scale.position(max(depth, 1e-9)) if math.isfinite(depth) else 1.0
        return bar.bottom() - min(max(position, 0.0), 1.0) * bar.height()

    def sizeHint(self) -> QSize:
        """Room for the bar and the longest tick."""
        texts = [self._text(tick) for tick in self._ticks()] + [self._valid_text()]
        widest = max((QFontMetricsF(self._font()).horizontalAdvance(text) for text in texts), default=0.0)
        return QSize(round(2 * _MARGIN_PX + _BAR_PX + _TICK_PX + 6 + max(widest, 30.0)), 260)

    def minimumSizeHint(self) -> QSize:
        """As wide as the hint."""
        return QSize(self.sizeHint().width(), 120)

    # --- mouse ---

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the handle under the pointer."""
        handle = self._handle_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and handle is not None:
            self._dragged = handle, self._scale

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the handle, or show that it can be."""
        if self._dragged is None:
            is_over = self._handle_at(event.position()) is not None
            self.setCursor(Qt.CursorShape.SizeVerCursor if is_over else Qt.CursorShape.ArrowCursor)
            return
        near, far = self._dragged_range(*self._dragged, event.position().y())
        if (near, far) != (self._scale.near, self._scale.far):
            self._scale = replace(self._scale, near=near, far=far)
            self.update()
            self.range_requested.emit(near, far)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Leave the handle where it is."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._dragged = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Back to the automatic range."""
        self._dragged = None
        self.range_reset.emit()

    def _handle_at(self, place: QPointF) -> Handle | None:
        bar = self.bar()
        if abs(place.y() - bar.top()) <= _HIT_PX:
            return "far"
        return "near" if abs(place.y() - bar.bottom()) <= _HIT_PX else None

    def _dragged_range(self, handle: Handle, start: DepthScale, y: float) -> tuple[float, float]:
        """A handle that is moved into the bar takes the depth it is moved to; outwards the range grows likewise."""
        bar = self.bar()
        depth = max(start.depth_at((bar.bottom() - y) / bar.height()), 1e-6)
        if self._valid_range is not None:
            depth = min(max(depth, self._valid_range[0]), self._valid_range[1])
        if handle == "far":
            return widened(start.near, depth)
        return min(depth, start.far / 1.001), start.far

    # --- drawing ---

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw unit, bar, ticks, handles, the marked depth and the valid range."""
        palette, bar = self.palette(), self.bar()
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setFont(self._font())
            painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
            head = QRectF(_MARGIN_PX, _MARGIN_PX / 2, self.width() - _MARGIN_PX, self._line_height())
            painter.drawText(head, Qt.AlignmentFlag.AlignLeft, _unit_text(self._scale.unit))
            painter.drawImage(bar, self._bar_image())
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Mid), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(bar)
            self._paint_ticks(painter, bar)
            for y in (bar.top(), bar.bottom()):
                self._paint_handle(painter, bar, y)
            if self._marked is not None and self._marked > 0:
                self._paint_mark(painter, bar, self.y_of(self._marked))
            if self._valid_range is not None:
                painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
                foot = QRectF(
                    _MARGIN_PX, bar.bottom() + _HANDLE_PX + 2, self.width() - _MARGIN_PX, 2 * self._line_height()
                )
                painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, self._valid_text())

    def _paint_ticks(self, painter: QPainter, bar: QRectF) -> None:
        metrics = QFontMetricsF(self._font())
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        for tick in self._ticks():
            y = self.y_of(tick)
            painter.drawLine(QPointF(bar.right() + 1, y), QPointF(bar.right() + 1 + _TICK_PX, y))
            painter.drawText(QPointF(bar.right() + _TICK_PX + 5, y + metrics.capHeight() / 2), self._text(tick))

    def _paint_handle(self, painter: QPainter, bar: QRectF, y: float) -> None:
        """A small triangle that points at the end of the bar from the left."""
        tip = QPointF(bar.left() + 1, y)
        shape = QPolygonF(
            [tip, tip + QPointF(-_HANDLE_PX - 2, -_HANDLE_PX), tip + QPointF(-_HANDLE_PX - 2, _HANDLE_PX)]
        )
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Base), 1))
        painter.setBrush(self.palette().color(QPalette.ColorRole.Accent))
        painter.drawPolygon(shape)

    def _paint_mark(self, painter: QPainter, bar: QRectF, y: float) -> None:
        for colour, width in ((QColor(0, 0, 0, 170), 4.0), (QColor("white"), 2.0)):
            painter.setPen(QPen(colour, width))
            painter.drawLine(QPointF(bar.left() - 2, y), QPointF(bar.right() + 2, y))

    def _bar_image(self) -> QImage:
        table = colour_table(self._colour_map, is_reversed=self._is_reversed)[::-1]
        pixels = np.ascontiguousarray(table[:, None])
        return QImage(pixels.data, 1, 256, 3, QImage.Format.Format_RGB888).copy()

    def _ticks(self) -> tuple[float, ...]:
        return self._scale.ticks(max(int(self.bar().height() / _PX_PER_TICK), 2))

    def _text(self, tick: float) -> str:
        ticks = self._ticks()
        steps = [after - before for before, after in pairwise(ticks)]
        is_even = not self._scale.is_logarithmic and steps
        return depth_text(tick, "relative", steps[0]) if is_even else f"{tick:g}"

    def _valid_text(self) -> str:
        if self._valid_range is None:
            return ""
        return "valid\n{:g}–{:g}".format(*self._valid_range)

    def _describe(self) -> None:
        near, far = depth_text(self._scale.near, self._scale.unit), depth_text(self._scale.far, self._scale.unit)
        self.setAccessibleName(f"Depth legend from {near} to {far}")

    def _font(self) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(_FONT_PX)
        return font

    def _line_height(self) -> float:
        return QFontMetricsF(self._font()).height()


def _unit_text(unit: DepthUnit) -> str:
    return "metres" if unit == "m" else "relative"
