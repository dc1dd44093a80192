"""The cross-section of a map along a drawn line: before and after, read off under the mouse, saved as CSV."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.rendering.profile import Profile, profile_csv
from app.widgets.value_lines import paint_value_lines
from gbrs_core.atomic import atomic_write
from gbrs_core.errors import ExportError

_MARGIN_PX = 8.0
_FONT_PX = 11
_LEFT_PX = 46.0
_PX_PER_TICK = 36.0
_ROOM_SHARE = 0.08
"""Of the values' span, above and below the curves."""
_LEAST_SPAN = 1e-3


class ProfilePlot(QWidget):
    """Curves over the distance along a line. Where a value is not known the curve has a gap.

    Signals:
        hovered(float x, float y): image position of the sample under the mouse.
        hover_ended(): the mouse left.
    """

    hovered = Signal(float, float)
    hover_ended = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._profile: Profile | None = None
        self._limits = (0.0, 1.0)
        self._hovered: int | None = None
        self.setMouseTracking(True)
        self.setMinimumSize(200, 110)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._describe()

    @property
    def profile(self) -> Profile | None:
        """What is shown."""
        return self._profile

    def set_profile(self, profile: Profile | None) -> None:
        """Show a cross-section, or how to make one."""
        self._profile = profile
        self._limits = _limits(profile)
        if profile is None or (self._hovered is not None and self._hovered >= len(profile.distances)):
            self._hovered = None
        self._describe()
        self.update()

    def save_csv(self, path: Path) -> None:
        """Write the values as CSV. Raises ExportError if the file cannot be written or nothing is shown."""
        if self._profile is None:
            raise ExportError("There is no cross-section to save. Draw a line across the image first.")
        try:
            with atomic_write(path) as temporary:
                temporary.write_text(profile_csv(self._profile), encoding="utf-8")
        except OSError as error:
            raise ExportError(f"Cannot write the cross-section to {path}: {error.strerror}.") from error

    def readout(self) -> str:
        """The values under the mouse; empty without."""
        profile, index = self._profile, self._hovered
        if profile is None or index is None:
            return ""
        unit = f" {profile.unit}" if profile.unit else ""
        parts = [f"{profile.distances[index]:.0f} px"]
        if profile.before is not None:
            parts.append(f"before {_value_text(profile.before[index], unit)}")
            parts.append(f"after {_value_text(profile.after[index], unit)}")
        else:
            parts.append(_value_text(profile.after[index], unit))
        return "   ".join(parts)

    def area(self) -> QRectF:
        """Where the curves are, in logical pixels."""
        line = QFontMetricsF(self._small_font()).height()
        return QRectF(
            _LEFT_PX,
            _MARGIN_PX + line + 4,
            max(self.width() - _LEFT_PX - _MARGIN_PX - 4, 1.0),
            max(self.height() - 2 * _MARGIN_PX - 2 * line - 8, 1.0),
        )

    def limits(self) -> tuple[float, float]:
        """Values at the lower and the upper edge of the area."""
        return self._limits

    def sizeHint(self) -> QSize:
        """Room for two curves."""
        return QSize(420, 160)

    # --- mouse ---

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Read off the sample under the mouse."""
        if self._profile is None:
            return
        area, count = self.area(), len(self._profile.distances)
        share = (event.position().x() - area.left()) / area.width()
        self._hovered = min(max(round(share * (count - 1)), 0), count - 1)
        self.update()
        self.hovered.emit(float(self._profile.x[self._hovered]), float(self._profile.y[self._hovered]))

    def leaveEvent(self, event: QEvent) -> None:
        """Stop reading."""
        self._hovered = None
        self.update()
        self.hover_ended.emit()

    # --- drawing ---

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw frame, ticks, curves and what is read off."""
        palette = self.palette()
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Mid), 1))
            painter.setBrush(palette.color(QPalette.ColorRole.Base))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
            painter.setFont(self._small_font())
            if self._profile is None:
                painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
                painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "Draw a line across the image")
                return
            area = self.area()
            self._paint_ticks(painter, area)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            if self._profile.before is not None:
                dashed = QPen(palette.color(QPalette.ColorRole.PlaceholderText), 1.6)
                dashed.setDashPattern([4, 3])
                painter.setPen(dashed)
                painter.drawPath(self._path(self._profile.before, area))
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Accent), 2.0))
            painter.drawPath(self._path(self._profile.after, area))
            self._paint_hover(painter, area)
            self._paint_head(painter)

    def _paint_ticks(self, painter: QPainter, area: QRectF) -> None:
        metrics = QFontMetricsF(self._small_font())
        font, palette = self._small_font(), self.palette()
        paint_value_lines(painter, area, self.limits(), lambda value: self._y(value, area), _PX_PER_TICK, font, palette)
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        foot = QRectF(area.left(), area.bottom() + 4, area.width(), metrics.height())
        profile = self._profile
        length = float(profile.distances[-1]) if profile is not None else 0.0
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, "0")
        painter.drawText(foot, Qt.AlignmentFlag.AlignRight, f"{length:.0f} px")

    def _paint_head(self, painter: QPainter) -> None:
        """What the curves are, or what is read off."""
        profile = self._profile
        if profile is None:
            return
        head = QRectF(_LEFT_PX, _MARGIN_PX, self.width() - _LEFT_PX - _MARGIN_PX, 20)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        unit = f" [{profile.unit}]" if profile.unit else ""
        painter.drawText(head, Qt.AlignmentFlag.AlignLeft, f"{profile.name.capitalize()}{unit}")
        if text := self.readout():
            painter.drawText(head, Qt.AlignmentFlag.AlignRight, text)
        elif profile.before is not None:
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            painter.drawText(head, Qt.AlignmentFlag.AlignRight, "dashed: before")

    def _paint_hover(self, painter: QPainter, area: QRectF) -> None:
        profile, index = self._profile, self._hovered
        if profile is None or index is None:
            return
        x = self._x(index, area)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Dark), 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Base), 1.5))
        colours = (QPalette.ColorRole.PlaceholderText, QPalette.ColorRole.Accent)
        for curve, role in zip((profile.before, profile.after), colours, strict=True):
            if curve is not None and np.isfinite(curve[index]):
                painter.setBrush(QColor(self.palette().color(role)))
                painter.drawEllipse(QPointF(x, self._y(float(curve[index]), area)), 4, 4)

    def _path(self, curve: NDArray[np.float32], area: QRectF) -> QPainterPath:
        """Lines between neighbours that are both known."""
        path = QPainterPath()
        points = [
            QPointF(self._x(index, area), self._y(float(value), area)) if np.isfinite(value) else None
            for index, value in enumerate(curve)
        ]
        is_drawing = False
        for before, now in pairwise(points):
            if before is None or now is None:
                is_drawing = False
                continue
            if not is_drawing:
                path.moveTo(before)
                is_drawing = True
            path.lineTo(now)
        return path

    def _x(self, index: int, area: QRectF) -> float:
        count = len(self._profile.distances) if self._profile is not None else 2
        return area.left() + area.width() * index / (count - 1)

    def _y(self, value: float, area: QRectF) -> float:
        low, high = self.limits()
        return area.bottom() - area.height() * (value - low) / (high - low)

    def _describe(self) -> None:
        self.setAccessibleName("Cross-section" if self._profile is not None else "Cross-section: none drawn")

    def _small_font(self) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(_FONT_PX)
        return font


def _limits(profile: Profile | None) -> tuple[float, float]:
    """All known values with some room; 0 to 1 without any."""
    curves = [] if profile is None else [profile.after, profile.before]
    finite = [curve[np.isfinite(curve)] for curve in curves if curve is not None]
    values = np.concatenate(finite) if finite else np.zeros(0, np.float32)
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    room = max((high - low) * _ROOM_SHARE, max(abs(high), 1.0) * _LEAST_SPAN)
    return low - room, high + room


def _value_text(value: np.float32, unit: str) -> str:
    return f"{value:.3g}{unit}" if np.isfinite(value) else "unknown"
