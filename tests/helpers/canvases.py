"""A canvas on the screen, what can be put on it, and what it shows."""

import numpy as np
from PySide6.QtCore import QPointF

from app.widgets.canvas import Canvas, MaskLayer

SIZE = (300, 400)
BLUE = (30, 144, 255)


def shown_canvas(qtbot):
    canvas = Canvas()
    qtbot.addWidget(canvas)
    canvas.resize(800, 600)
    canvas.show()
    qtbot.waitExposed(canvas)
    return canvas


def grey(value=120, size=SIZE):
    return np.full((*size, 3), value, np.uint8)


def disc(x, y, radius, size=SIZE):
    rows, columns = np.mgrid[: size[0] : 2, : size[1] : 2].astype(np.float32)
    return (radius - np.hypot(rows + 0.5 - y, columns + 0.5 - x)).astype(np.float32)


def layer(logits, object_id=1, colour=BLUE, *, is_active=True, is_visible=True, threshold=0.0):
    return MaskLayer(object_id, logits, colour, is_active, is_visible, is_locked=False, threshold=threshold)


def colour_at(canvas, x, y):
    """What the screen shows at an image position: red, green, blue."""
    place = view_of(canvas, x, y)
    picture = canvas.grab().toImage()
    ratio = picture.devicePixelRatio()
    colour = picture.pixelColor(int(place.x() * ratio), int(place.y() * ratio))
    return colour.red(), colour.green(), colour.blue()


def view_of(canvas, x, y):
    """The widget position of an image position, found through the canvas's public inverse."""
    left, top = canvas.image_at(QPointF(canvas.width() / 2, canvas.height() / 2))
    scale = canvas.zoom() / canvas.devicePixelRatioF()
    return QPointF(canvas.width() / 2 + (x - left) * scale, canvas.height() / 2 + (y - top) * scale)
