"""The line of a cross-section, lying over the canvas: drawn and moved with the mouse, otherwise out of its way."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app.rendering.profile import Point
from app.widgets.canvas_view import CanvasView

Line = tuple[Point, Point]
"""Beginning and end, (x, y) in image pixels."""

_CASING = QColor(10, 12, 16, 170)
_COLOUR = QColor("white")
_MARK_COLOUR = QColor("#ffb000")
_END_PX, _MARK_PX, _HIT_PX = 4.5, 5.0, 12.0


class SectionLine(QWidget):
    """Covers the canvas. While drawing is on, a drag of the left button makes a line, or moves the end it begins at;
    everything else is the canvas's.

    Signals:
        line_changed(Line): the line was drawn or moved; many times during a drag.
    """

    line_changed = Signal(object)

    def __init__(self, canvas: CanvasView) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._line: Line | None = None
        self._mark: Point | None = None
        self._fixed_end: Point | None = None
        self._is_drawing = False
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setMouseTracking(True)
        canvas.installEventFilter(self)
        canvas.view_changed.connect(self.update)
        self.resize(canvas.size())
        self.hide()

    @property
    def line(self) -> Line | None:
        """What is shown."""
        return self._line

    @property
    def is_drawing(self) -> bool:
        """Whether a drag makes a line."""
        return self._is_drawing

    def set_line(self, line: Line | None) -> None:
        """Show a line, or none."""
        self._line, self._mark = line, None
        self._show_or_hide()

    def set_drawing(self, is_drawing: bool) -> None:
        """Take the left button, or leave it to the canvas."""
        self._is_drawing, self._fixed_end = is_drawing, None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, not is_drawing)
        self._show_or_hide()

    def mark(self, point: Point | None) -> None:
        """Mark a position on the line; None for none."""
        if point != self._mark:
            self._mark = point
            self.update()

    def _show_or_hide(self) -> None:
        self.setVisible(self._is_drawing or self._line is not None)
        self.raise_()
        self.update()

    # --- events ---

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay as large as the canvas; Esc ends drawing."""
        if event.type() == QEvent.Type.Resize:
            self.resize(self._canvas.size())
        is_escape = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
        if is_escape and self._fixed_end is not None and event.type() == QEvent.Type.KeyPress:
            self._fixed_end = None
            return True
        return False

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a line, or take one of its ends."""
        point = self._canvas.image_at(event.position())
        if event.button() != Qt.MouseButton.LeftButton or point is None:
            event.ignore()
            return
        self._fixed_end = self._other_end(event.position()) or point

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Draw."""
        if self._fixed_end is None or not event.buttons() & Qt.MouseButton.LeftButton:
            event.ignore()
            return
        point = self._canvas.image_at(event.position())
        if point is not None and point != self._fixed_end:
            self._line = self._fixed_end, point
            self.update()
            self.line_changed.emit(self._line)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Leave the line where it is."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._fixed_end = None
        else:
            event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw line, ends and mark, light on dark."""
        places = [self._canvas.view_at(*point) for point in self._line or ()]
        start, end = (places[0], places[1]) if places else (None, None)
        if start is None or end is None:
            return
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for colour, width in ((_CASING, 4.0), (_COLOUR, 1.8)):
                painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
                painter.drawLine(start, end)
            painter.setPen(QPen(_CASING, 1.5))
            painter.setBrush(_COLOUR)
            for place in (start, end):
                painter.drawEllipse(place, _END_PX, _END_PX)
            marked = self._canvas.view_at(*self._mark) if self._mark is not None else None
            if marked is not None:
                painter.setBrush(_MARK_COLOUR)
                painter.drawEllipse(marked, _MARK_PX, _MARK_PX)

    def _other_end(self, place: QPointF) -> Point | None:
        """The end that stays if the one under the pointer is moved; None if none is under it."""
        for near, far in (self._line, self._line[::-1]) if self._line is not None else ():
            seen = self._canvas.view_at(*near)
            if seen is not None and math.hypot(seen.x() - place.x(), seen.y() - place.y()) <= _HIT_PX:
                return far
        return None
