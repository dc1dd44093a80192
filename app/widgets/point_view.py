"""The photograph as points in space, turned with the mouse: shows at a glance where depths are wrong."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QHideEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.rendering.points import (
    DEFAULT_FIELD_OF_VIEW,
    Orbit,
    PointCloud,
    draw_points,
    focal_px,
    point_cloud,
)
from app.theme import is_dark
from app.widgets.point_opengl import OpenGlPoints

_DEGREES_PER_PX = 0.35
_CLOSER_PER_NOTCH = 1.15
_DEGREES_PER_KEY = 5.0
_NOTCH = 120.0
_UPDATE_MS = 60
"""A map that changes 20 times a second is turned into points less often."""
_FONT_PX = 11
_MARGIN_PX = 10.0

_TURNS = {
    Qt.Key.Key_Left: (-_DEGREES_PER_KEY, 0.0),
    Qt.Key.Key_Right: (_DEGREES_PER_KEY, 0.0),
    Qt.Key.Key_Up: (0.0, _DEGREES_PER_KEY),
    Qt.Key.Key_Down: (0.0, -_DEGREES_PER_KEY),
}


class PointView(QWidget):
    """Drag turns, the wheel comes nearer, a double click or Home goes back to where the photograph was taken from.

    Drawn by OpenGL where there is one, else without; `uses_opengl` tells.

    Signals:
        orbit_changed(): the eye moved.
    """

    orbit_changed = Signal()

    def __init__(self, parent: QWidget | None = None, *, allow_opengl: bool = True) -> None:
        super().__init__(parent)
        self._allow_opengl = allow_opengl
        self._opengl: OpenGlPoints | None = None
        self._is_opengl_tried = False
        self._shown: tuple[NDArray[np.float32], NDArray[np.uint8], tuple[float, float] | None] | None = None
        self._cloud: PointCloud | None = None
        self._field_of_view = DEFAULT_FIELD_OF_VIEW
        self._orbit = Orbit()
        self._grabbed: QPointF | None = None
        self._late = QTimer(self, singleShot=True, interval=_UPDATE_MS)
        self._late.timeout.connect(self.update)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(200, 150)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Points in space")
        self.setToolTip("Drag to turn, wheel to come nearer, double-click to go back")
        self.setCursor(Qt.CursorShape.OpenHandCursor)

    # --- what is shown ---

    @property
    def orbit(self) -> Orbit:
        """Where the eye is."""
        return self._orbit

    @property
    def field_of_view(self) -> float:
        """Degrees across the longer side of the photograph."""
        return self._field_of_view

    @property
    def uses_opengl(self) -> bool:
        """Whether OpenGL draws; False before anything was drawn."""
        return self._opengl is not None

    def set_map(
        self,
        depth: NDArray[np.float32] | None,
        image: NDArray[np.uint8] | None,
        valid_range: tuple[float, float] | None = None,
    ) -> None:
        """Show a depth map, float32 (h, w), coloured by its photograph, uint8 (H, W, 3); None for nothing.

        May be called for every preview of a refinement: points are made when the view is drawn, not oftener than
        is seen.
        """
        self._shown = (depth, image, valid_range) if depth is not None and image is not None else None
        self._cloud = None
        if not self._late.isActive():
            self._late.start()

    def set_field_of_view(self, degrees: float) -> None:
        """The camera's field of view, 5 to 170 degrees; what is not known of a photograph has to be chosen."""
        limited = min(max(degrees, 5.0), 170.0)
        if limited != self._field_of_view:
            self._field_of_view = limited
            self._cloud = None
            self.update()

    def set_orbit(self, orbit: Orbit) -> None:
        """Move the eye."""
        if orbit != self._orbit:
            self._orbit = orbit
            self.update()
            self.orbit_changed.emit()

    def reset(self) -> None:
        """Back to where the photograph was taken from."""
        self.set_orbit(Orbit())

    def sizeHint(self) -> QSize:
        """A small picture."""
        return QSize(480, 360)

    # --- mouse and keys ---

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._grabbed = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Turn."""
        if self._grabbed is not None and event.buttons() & Qt.MouseButton.LeftButton:
            moved, self._grabbed = event.position() - self._grabbed, event.position()
            self.set_orbit(self._orbit.turned(moved.x() * _DEGREES_PER_PX, -moved.y() * _DEGREES_PER_PX))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._grabbed = None
            self.setCursor(Qt.CursorShape.OpenHandCursor)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Back to the start."""
        self.reset()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Nearer or farther."""
        event.accept()
        self.set_orbit(self._orbit.zoomed(_CLOSER_PER_NOTCH ** (event.angleDelta().y() / _NOTCH)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows turn, plus and minus come nearer and go away, Home goes back."""
        key = event.key()
        if key in _TURNS:
            self.set_orbit(self._orbit.turned(*_TURNS[Qt.Key(key)]))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.set_orbit(self._orbit.zoomed(_CLOSER_PER_NOTCH))
        elif key == Qt.Key.Key_Minus:
            self.set_orbit(self._orbit.zoomed(1 / _CLOSER_PER_NOTCH))
        elif key == Qt.Key.Key_Home:
            self.reset()
        else:
            super().keyPressEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        """Give the graphics card's memory back, and leave no timer running."""
        super().hideEvent(event)
        self._late.stop()
        if self._opengl is not None:
            self._opengl.close()
            self._opengl, self._is_opengl_tried = None, False

    # --- drawing ---

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the points, or what is missing."""
        background = self._background()
        with QPainter(self) as painter:
            cloud = self._points()
            if self._shown is None or cloud is None or not len(cloud.positions):
                painter.fillRect(self.rect(), background)
                painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
                text = "No depth map" if self._shown is None else "Nothing is known of the depth"
                painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, text)
                return
            painter.drawImage(self.rect(), self._picture(cloud, self._shown[1].shape[:2], background))
            self._paint_hint(painter)

    def _points(self) -> PointCloud | None:
        if self._cloud is None and self._shown is not None:
            depth, image, valid_range = self._shown
            self._cloud = point_cloud(depth, image, self._field_of_view, valid_range)
        return self._cloud

    def _picture(self, cloud: PointCloud, image_size: tuple[int, ...], background: QColor) -> QImage:
        """The points at the screen's resolution by OpenGL, at logical pixels without."""
        colour = background.red(), background.green(), background.blue()
        if self._allow_opengl and not self._is_opengl_tried:
            self._is_opengl_tried = True
            self._opengl = OpenGlPoints.create()
        photo_size = image_size[0], image_size[1]
        if self._opengl is not None:
            ratio = self.devicePixelRatioF()
            size = max(round(self.height() * ratio), 1), max(round(self.width() * ratio), 1)
            focal = focal_px(size, photo_size, self._field_of_view)
            drawn = self._opengl.draw(cloud, self._orbit, size, focal, colour)
            if drawn is not None:
                return drawn
            self._opengl = None
        size = max(self.height(), 1), max(self.width(), 1)
        focal = focal_px(size, photo_size, self._field_of_view)
        pixels = draw_points(cloud, self._orbit, size, focal, colour)
        return QImage(pixels.data, size[1], size[0], 4 * size[1], QImage.Format.Format_RGB32).copy()

    def _paint_hint(self, painter: QPainter) -> None:
        if self._orbit == Orbit():
            font = QFont(self.font())
            font.setPixelSize(_FONT_PX)
            painter.setFont(font)
            area = QRectF(self.rect()).adjusted(_MARGIN_PX, _MARGIN_PX, -_MARGIN_PX, -_MARGIN_PX)
            for shift, colour in ((1, QColor(0, 0, 0, 180)), (0, QColor(255, 255, 255, 220))):
                painter.setPen(colour)
                painter.drawText(
                    area.translated(shift, shift), Qt.AlignmentFlag.AlignBottom, "Drag to turn, wheel to come nearer"
                )

    def _background(self) -> QColor:
        palette = self.palette()
        role = QPalette.ColorRole.Base if is_dark(palette) else QPalette.ColorRole.Mid
        return palette.color(role)
