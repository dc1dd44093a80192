"""The canvas on screens with more than one device pixel per logical pixel."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QPixmap

from app.widgets.canvas import Canvas, ClickMarker, MaskLayer

SIZE = (300, 400)


class DenseCanvas(Canvas):
    """A canvas that finds itself on a dense screen; the offscreen platform has none."""

    ratio = 2.0

    def devicePixelRatioF(self):
        return self.ratio

    def picture(self):
        """What the screen shows, in device pixels."""
        pixmap = QPixmap(round(self.width() * self.ratio), round(self.height() * self.ratio))
        pixmap.setDevicePixelRatio(self.ratio)
        self.render(pixmap)
        return pixmap.toImage()


@pytest.fixture(params=[1.25, 1.5, 2.0, 3.0])
def canvas(qtbot, request):
    canvas = DenseCanvas()
    canvas.ratio = request.param
    qtbot.addWidget(canvas)
    canvas.resize(800, 600)
    canvas.show()
    qtbot.waitExposed(canvas)
    image = np.full((*SIZE, 3), 100, np.uint8)
    image[149:151, 199:201] = (255, 0, 0)
    canvas.set_image(image)
    return canvas


def device_place(canvas, x, y):
    """The device pixel that shows an image position."""
    middle = canvas.image_at(QPointF(400, 300))
    return tuple(
        int(side * canvas.ratio / 2 + (at - centre) * canvas.zoom())
        for side, at, centre in zip((800, 600), (x, y), middle, strict=True)
    )


def test_hundred_percent_is_a_device_pixel_per_pixel(canvas):
    canvas.zoom_100()
    picture = canvas.picture()
    reds = [
        (x, y)
        for x in range(picture.width() // 2 - 8, picture.width() // 2 + 8)
        for y in range(picture.height() // 2 - 8, picture.height() // 2 + 8)
        if picture.pixelColor(x, y).red() == 255
    ]
    assert len(reds) == 4


def test_fits(canvas):
    assert canvas.zoom() == pytest.approx(canvas.ratio * (600 - 28) / 300)


def test_masks_are_where_the_image_is(canvas):
    columns = np.tile(np.arange(400, dtype=np.float32), (300, 1))
    canvas.set_layers((MaskLayer(1, columns - 99.5, (0, 0, 255), True, True, False),))
    canvas.set_overlay_opacity(1.0)
    picture = canvas.picture()
    y = device_place(canvas, 0, 60)[1]
    edge = device_place(canvas, 99.5, 60)[0]
    reach = round(4 * canvas.ratio)
    assert picture.pixelColor(edge + 1, y).getRgb()[:3] == (0, 0, 255)
    assert picture.pixelColor(edge - reach, y).getRgb()[:3] == (100, 100, 100)
    blues = [x for x in range(edge - reach, edge) if picture.pixelColor(x, y).blue() > 200]
    # Half of the line, one logical pixel, is left of the edge.
    assert len(blues) == pytest.approx(canvas.ratio, abs=1.1)


def test_clicks_are_where_the_pointer_is(canvas, qtbot):
    clicks = []
    canvas.click_requested.connect(lambda *arguments: clicks.append(arguments))
    canvas.zoom_100()
    canvas.center_on(200, 150)
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(420, 290))
    (x, y, _, _), *_ = clicks
    assert (x, y) == pytest.approx((200 + 20 * canvas.ratio, 150 - 10 * canvas.ratio))


def test_markers_are_where_their_clicks_are(canvas):
    canvas.set_markers((ClickMarker(1, 100, 80, 20, False),))
    x, y = device_place(canvas, 100, 80)
    offset = round(4 * canvas.ratio)
    colour = canvas.picture().pixelColor(x + offset, y - offset)
    assert colour.red() > colour.green() + 60


def test_moving_to_another_screen_keeps_what_is_seen(canvas):
    canvas.zoom_100()
    canvas.center_on(120, 90)
    corner, zoom, ratio = canvas.image_at(QPointF(390, 290)), canvas.zoom(), canvas.ratio
    canvas.ratio = 1.0
    canvas.resize(801, 600)
    canvas.resize(800, 600)
    assert canvas.zoom() == pytest.approx(zoom / ratio)
    assert canvas.image_at(QPointF(390, 290)) == pytest.approx(corner)
