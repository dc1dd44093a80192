"""A ring over the canvas around the place where the network is least sure."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app.widgets.canvas_items import CASING, label_rect, paint_label
from app.widgets.canvas_view import CanvasView

_COLOUR = QColor("#ffb000")
_LEAST_PX, _GAP_PX = 16.0, 6.0
_DASHES = (3.0, 2.0)


class SuggestionRing(QWidget):
    """Covers the canvas and leaves every event to it."""

    def __init__(self, canvas: CanvasView) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._place: tuple[float, float] | None = None
        self._radius = 0.0
        self._label = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        canvas.installEventFilter(self)
        canvas.view_changed.connect(self.update)
        self.resize(canvas.size())
        self.hide()

    @property
    def place(self) -> tuple[float, float] | None:
        """What is shown, (x, y) in image pixels."""
        return self._place

    def show_place(self, place: tuple[float, float], radius: float, label: str) -> None:
        """Draw the ring, radius in image pixels; bring the place into view."""
        self._place, self._radius, self._label = place, radius, label
        seen = self._canvas.view_at(*place)
        if seen is not None and not self.rect().contains(seen.toPoint()):
            self._canvas.center_on(*place)
        self.setVisible(True)
        self.raise_()
        self.update()

    def clear(self) -> bool:
        """Draw nothing. Returns whether there was something."""
        had = self._place is not None
        self._place = None
        self.hide()
        return had

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay as large as the canvas."""
        if event.type() == QEvent.Type.Resize:
            self.resize(self._canvas.size())
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw ring and label, light on dark."""
        place = self._place
        centre = self._canvas.view_at(*place) if place is not None else None
        edge = self._canvas.view_at(place[0] + self._radius, place[1]) if place is not None else None
        if centre is None or edge is None:
            return
        radius = max(edge.x() - centre.x(), _LEAST_PX)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            pen = QPen(_COLOUR, 2.2)
            pen.setDashPattern(_DASHES)
            for one in (QPen(CASING, 4.4), pen):
                painter.setPen(one)
                painter.drawEllipse(centre, radius, radius)
            painter.setPen(QPen(CASING, 1.5))
            painter.setBrush(_COLOUR)
            painter.drawEllipse(centre, 3.0, 3.0)
            paint_label(painter, self._label_place(centre, radius), self._label, self.font())

    def _label_place(self, centre: QPointF, radius: float) -> QPointF:
        """Right of the ring, or left of it where there is no room."""
        place = centre + QPointF(radius + _GAP_PX, 0)
        width = label_rect(place, self._label, self.font()).width()
        return place if place.x() + width <= self.width() else centre - QPointF(radius + _GAP_PX + width, 0)
