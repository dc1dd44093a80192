"""The loss of the running refinement, iteration by iteration."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

_LEAST_LOSS = 1e-6
"""Losses below are drawn as this: a loss of 0 has no logarithm."""
_LEAST_SPAN = 0.5
"""Decades shown at least, so that a flat curve looks flat."""
_MARGIN_PX = 8.0
_FONT_PX = 10
_DOT_PX = 3.0


class LossPlot(QWidget):
    """A curve on a logarithmic scale with the newest value in figures. Draws nothing that is not finite."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._losses: tuple[float, ...] = ()
        self._iterations = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumSize(120, 72)
        self._describe()

    def set_curve(self, losses: Sequence[float], iterations: int) -> None:
        """Show the losses so far, one per iteration, of at most `iterations`; an empty sequence clears the plot."""
        self._losses = tuple(float(loss) for loss in losses)
        self._iterations = max(iterations, len(self._losses))
        self._describe()
        self.update()

    def points(self, area: QRectF) -> list[QPointF]:
        """Where the curve goes within an area: the first iteration at its left edge, the last possible at its right."""
        low, high = self._decades()
        across = area.width() / max(self._iterations - 1, 1)
        return [
            QPointF(area.left() + index * across, area.bottom() - area.height() * (_decade(loss) - low) / (high - low))
            for index, loss in enumerate(self._losses)
            if math.isfinite(loss)
        ]

    def sizeHint(self) -> QSize:
        """Room for a curve and a line of text."""
        return QSize(220, 84)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw frame, curve, current iteration and figures."""
        palette = self.palette()
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Mid), 1))
            painter.setBrush(palette.color(QPalette.ColorRole.Base))
            painter.drawRoundedRect(frame, 5, 5)
            painter.setFont(self._small_font())
            area = self._plot_area()
            points = self.points(area)
            if points:
                self._paint_curve(painter, area, points)
            painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
            head = QRectF(
                frame.left() + _MARGIN_PX, frame.top() + 3, frame.width() - 2 * _MARGIN_PX, self._line_height()
            )
            painter.drawText(head, Qt.AlignmentFlag.AlignLeft, self._loss_text())
            painter.drawText(head, Qt.AlignmentFlag.AlignRight, self._iteration_text())

    def _paint_curve(self, painter: QPainter, area: QRectF, points: list[QPointF]) -> None:
        accent = self.palette().color(QPalette.ColorRole.Accent)
        below = QColor(accent)
        below.setAlpha(36)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(below)
        feet = [QPointF(points[-1].x(), area.bottom()), QPointF(points[0].x(), area.bottom())]
        painter.drawPolygon(QPolygonF([*points, *feet]))
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Mid), 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(points[-1].x(), area.top()), QPointF(points[-1].x(), area.bottom()))
        painter.setPen(QPen(accent, 1.8))
        painter.drawPolyline(QPolygonF(points))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(accent)
        painter.drawEllipse(points[-1], _DOT_PX, _DOT_PX)

    def _plot_area(self) -> QRectF:
        top = self._line_height() + 8
        return QRectF(self.rect()).adjusted(_MARGIN_PX, top, -_MARGIN_PX, -_MARGIN_PX)

    def _decades(self) -> tuple[float, float]:
        """Logarithms at the lower and the upper edge."""
        decades = [_decade(loss) for loss in self._losses if math.isfinite(loss)]
        if not decades:
            return 0.0, 1.0
        middle, span = (min(decades) + max(decades)) / 2, max(max(decades) - min(decades), _LEAST_SPAN)
        return middle - span / 2, middle + span / 2

    def _loss_text(self) -> str:
        return f"Loss {self._losses[-1]:.3g}" if self._losses else "Loss"

    def _iteration_text(self) -> str:
        return f"{len(self._losses)} / {self._iterations}" if self._losses else ""

    def _describe(self) -> None:
        what = f"{self._loss_text()}, iteration {self._iteration_text()}" if self._losses else "No refinement yet"
        self.setAccessibleName(f"Loss curve: {what}")

    def _small_font(self) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(_FONT_PX)
        return font

    def _line_height(self) -> float:
        return QFontMetricsF(self._small_font()).height()


def _decade(loss: float) -> float:
    return math.log10(max(loss, _LEAST_LOSS))
