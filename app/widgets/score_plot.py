"""The curve of a score over the clicks, read off under the mouse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.rendering.depth_scale import round_step
from app.widgets.value_lines import paint_value_lines

_MARGIN_PX = 8.0
_FONT_PX = 11
_LEFT_PX = 46.0
_PX_PER_TICK = 30.0
_PX_PER_CLICK_TICK = 34.0
_ROOM_SHARE = 0.1
"""Of the values' span, above and below the curve."""
_LEAST_SPAN_SHARE = 0.02
"""Of the largest value: a flat curve looks flat."""
_LEAST_CLICKS = 5
"""Room for so many clicks, so that the first ones do not fill the plot."""
_DOT_PX = 3.0


class ScorePlot(QWidget):
    """A value before the first click and after every click. Where it is not known the curve has a gap."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = ""
        self._values: tuple[float | None, ...] = ()
        self._empty_text = ""
        self._hovered: int | None = None
        self.setMouseTracking(True)
        self.setMinimumSize(180, 96)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_curve(self, name: str, values: Sequence[float | None]) -> None:
        """Show a score by name, its value at 0, 1, ... clicks."""
        self._name, self._values = name, tuple(values)
        self._describe()
        self.update()

    def set_empty_text(self, text: str) -> None:
        """What is said while there is no value."""
        self._empty_text = text
        self._describe()
        self.update()

    def readout(self) -> str:
        """The value under the mouse, or the newest one."""
        count = self._read_count()
        if count is None:
            return ""
        value = self._values[count]
        return f"{_clicks_text(count)}   {value:.4g}" if value is not None else ""

    def points(self) -> list[QPointF | None]:
        """Where the values are, in logical pixels; None where one is not known."""
        area = self.area()
        return [None if value is None else self._point(count, value, area) for count, value in enumerate(self._values)]

    def area(self) -> QRectF:
        """Where the curve is, in logical pixels."""
        line = QFontMetricsF(self._small_font()).height()
        top = _MARGIN_PX + line + 4
        return QRectF(
            _LEFT_PX, top, max(self.width() - _LEFT_PX - 2 * _MARGIN_PX, 1.0),
            max(self.height() - top - _MARGIN_PX - line - 4, 1.0),
        )  # fmt: skip

    def limits(self) -> tuple[float, float]:
        """Values at the lower and the upper edge of the area."""
        known = [value for value in self._values if value is not None]
        if not known:
            return 0.0, 1.0
        low, high = min(known), max(known)
        room = max((high - low) * _ROOM_SHARE, max(abs(high), 1e-6) * _LEAST_SPAN_SHARE)
        return max(low - room, 0.0) if low >= 0 else low - room, high + room

    def sizeHint(self) -> QSize:
        """Room for twenty clicks."""
        return QSize(420, 150)

    # --- mouse ---

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Read off the value under the mouse."""
        area = self.area()
        count = round((event.position().x() - area.left()) / area.width() * self._last_click())
        self._hovered = min(max(count, 0), len(self._values) - 1) if self._values else None
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Stop reading."""
        self._hovered = None
        self.update()

    # --- drawing ---

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw frame, ticks, curve and what is read off."""
        palette = self.palette()
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Mid), 1))
            painter.setBrush(palette.color(QPalette.ColorRole.Base))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
            painter.setFont(self._small_font())
            if all(value is None for value in self._values):
                painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
                flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
                painter.drawText(self.rect().adjusted(12, 8, -12, -8), flags, self._empty_text)
                return
            area = self.area()
            self._paint_values(painter, area)
            self._paint_clicks(painter, area)
            self._paint_curve(painter, area)
            self._paint_head(painter, area)

    def _paint_values(self, painter: QPainter, area: QRectF) -> None:
        """Lines at round values."""
        font, palette = self._small_font(), self.palette()
        paint_value_lines(painter, area, self.limits(), lambda value: self._y(value, area), _PX_PER_TICK, font, palette)

    def _paint_clicks(self, painter: QPainter, area: QRectF) -> None:
        """Numbers of clicks below the curve."""
        step = max(1, math.ceil(round_step(self._last_click() / max(area.width() / _PX_PER_CLICK_TICK, 1))))
        metrics = QFontMetricsF(self._small_font())
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        for count in range(0, self._last_click() + 1, step):
            place = QRectF(self._x(count, area) - 20, area.bottom() + 4, 40, metrics.height())
            painter.drawText(place, Qt.AlignmentFlag.AlignHCenter, str(count))

    def _paint_curve(self, painter: QPainter, area: QRectF) -> None:
        palette, points = self.palette(), self.points()
        accent = palette.color(QPalette.ColorRole.Accent)
        painter.setPen(QPen(accent, 1.8))
        for before, now in pairwise(points):
            if before is not None and now is not None:
                painter.drawLine(before, now)
        read = self._read_count()
        if self._hovered is not None and read is not None:
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Dark), 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(self._x(read, area), area.top()), QPointF(self._x(read, area), area.bottom()))
        painter.setPen(QPen(palette.color(QPalette.ColorRole.Base), 1.5))
        painter.setBrush(accent)
        for count, point in enumerate(points):
            if point is not None:
                radius = _DOT_PX * (1.7 if count == read else 1.0)
                painter.drawEllipse(point, radius, radius)

    def _paint_head(self, painter: QPainter, area: QRectF) -> None:
        """What the curve is, and what is read off."""
        head = QRectF(_MARGIN_PX + 2, _MARGIN_PX - 2, self.width() - 2 * _MARGIN_PX - 6, 20)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        painter.drawText(head, Qt.AlignmentFlag.AlignLeft, f"{self._name} over clicks")
        painter.drawText(head, Qt.AlignmentFlag.AlignRight, self.readout())

    def _read_count(self) -> int | None:
        """The number of clicks that is read off: under the mouse, else the newest known."""
        known = [count for count, value in enumerate(self._values) if value is not None]
        if not known:
            return None
        if self._hovered is None:
            return known[-1]
        return min(known, key=lambda count: abs(count - (self._hovered or 0)))

    def _last_click(self) -> int:
        return max(len(self._values) - 1, _LEAST_CLICKS)

    def _point(self, count: int, value: float, area: QRectF) -> QPointF:
        return QPointF(self._x(count, area), self._y(value, area))

    def _x(self, count: int, area: QRectF) -> float:
        return area.left() + area.width() * count / self._last_click()

    def _y(self, value: float, area: QRectF) -> float:
        low, high = self.limits()
        return area.bottom() - area.height() * (value - low) / (high - low)

    def _describe(self) -> None:
        text = self.readout()
        self.setAccessibleName(f"{self._name} over clicks: {text}" if text else f"Score curve: {self._empty_text}")

    def _small_font(self) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(_FONT_PX)
        return font


def _clicks_text(count: int) -> str:
    return "before clicks" if count == 0 else "1 click" if count == 1 else f"{count} clicks"
