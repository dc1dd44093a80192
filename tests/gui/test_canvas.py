"""What the canvas shows: image, masks, clicks, zoom, and the invitation to open a file."""

import threading

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from app.theme import apply_theme
from app.widgets.canvas import Canvas, ClickMarker, MaskLayer
from app.widgets.canvas_pyramid import PyramidBuilder

SIZE = (300, 400)
BLUE = (30, 144, 255)


@pytest.fixture
def canvas(qtbot):
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


class TestImage:
    def test_is_fitted_and_centred(self, canvas):
        image = grey()
        image[140:160, 190:210] = (250, 10, 20)
        canvas.set_image(image)
        assert canvas.zoom() == pytest.approx((600 - 28) / 300)
        assert colour_at(canvas, 199.5, 149.5) == (250, 10, 20)
        assert colour_at(canvas, 20, 20) == (120, 120, 120)
        assert canvas.image_at(QPointF(2, 300)) is None

    def test_may_be_read_only(self, canvas):
        image = grey()
        image.flags.writeable = False
        canvas.set_image(image)
        assert colour_at(canvas, 50, 50) == (120, 120, 120)

    def test_keeps_the_view_of_an_image_of_the_same_size(self, canvas):
        canvas.set_image(grey())
        canvas.zoom_100()
        canvas.center_on(100, 120)
        before = canvas.image_at(QPointF(400, 300))
        canvas.set_image(grey(30), keep_view=True)
        assert canvas.image_at(QPointF(400, 300)) == before
        assert colour_at(canvas, 100, 120) == (30, 30, 30)
        canvas.set_image(grey(30, (200, 200)), keep_view=True)
        assert canvas.zoom() != 1.0

    def test_takes_masks_and_markers_away(self, canvas):
        canvas.set_image(grey())
        canvas.set_layers((layer(disc(200, 150, 60)),))
        canvas.set_markers((ClickMarker(1, 200, 150, 20, True),))
        canvas.set_image(grey(40))
        assert colour_at(canvas, 200, 150) == (40, 40, 40)

    def test_large_image_is_drawn_at_once_and_better_later(self, canvas, qtbot):
        image = np.zeros((2000, 3000, 3), np.uint8)
        image[::2] = 200
        canvas.set_image(image)
        assert colour_at(canvas, 1500, 1000)[0] in (0, 200)  # single rows until the smaller copies are made
        qtbot.waitUntil(lambda: 90 < colour_at(canvas, 1500, 1000)[0] < 110)

    def test_what_was_made_of_an_image_that_is_gone_is_not_shown(self, canvas):
        canvas.set_image(np.zeros((2000, 3000, 3), np.uint8))
        for thread in threading.enumerate():
            if thread.name == "image-pyramid":
                thread.join()  # its pyramid is on its way to the canvas
        canvas.set_image(grey(90))
        QApplication.processEvents()
        assert colour_at(canvas, 200, 150) == (90, 90, 90)

    def test_the_newest_image_is_finished(self, qtbot):
        builder = PyramidBuilder()
        newest, built = np.zeros((1501, 1500, 3), np.uint8), []
        builder.built.connect(built.append)
        for _ in range(5):
            builder.start(np.zeros((2000, 2000, 3), np.uint8))
        assert not builder.start(newest).is_complete
        qtbot.waitUntil(lambda: bool(built) and built[-1].levels[0] is newest)
        assert built[-1].is_complete
        builder.stop()

    def test_hiding_ends_the_background_work_and_showing_takes_it_up(self, canvas, qtbot):
        image = np.zeros((2000, 3000, 3), np.uint8)
        image[::2] = 200
        canvas.set_image(image)
        canvas.hide()
        canvas.show()
        qtbot.waitUntil(lambda: 90 < colour_at(canvas, 1500, 1000)[0] < 110)

    @pytest.mark.parametrize("size", [(1, 1), (10, 30000), (30000, 7)])
    def test_extreme_sizes(self, canvas, size):
        canvas.set_image(grey(77, size))
        assert colour_at(canvas, (size[1] - 1) / 2, (size[0] - 1) / 2) == (77, 77, 77)
        for _ in range(60):
            canvas.zoom_out()
            canvas.grab()
        for _ in range(120):
            canvas.zoom_in()
        canvas.grab()

    def test_pixels_are_squares_with_a_grid_from_close_by(self, canvas):
        image = grey(0)
        image[150, 200] = 255
        canvas.set_image(image)
        canvas.center_on(200, 150)
        while canvas.zoom() < 16:
            canvas.zoom_in()
        inside, outside = 0.45, 0.6
        assert colour_at(canvas, 200 + inside, 150 + inside)[0] == 255
        assert colour_at(canvas, 200 + outside, 150)[0] == 0
        zoom = canvas.zoom()
        edges = canvas.grab().toImage()
        row = [edges.pixelColor(x, 300 - int(0.2 * zoom)).red() for x in range(400 - int(zoom), 400 + int(zoom))]
        assert any(0 < value < 255 for value in row)


class TestNoImage:
    def test_nothing_fails_without_an_image(self, canvas):
        for act in (canvas.fit, canvas.zoom_100, canvas.zoom_in, canvas.zoom_out, canvas.fit_object):
            act()
        canvas.center_on(3, 4)
        canvas.set_busy(True)
        canvas.set_layers((layer(disc(200, 150, 60)),))
        canvas.set_markers((ClickMarker(1, 200, 150, 20, True),))
        canvas.set_image(None)
        assert canvas.zoom() == 1.0
        assert canvas.image_at(QPointF(5, 5)) is None
        assert canvas.logit_at(5, 5) is None
        canvas.grab()

    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_the_invitation_is_legible(self, canvas, qapp, theme):
        palette, sheet = qapp.palette(), qapp.styleSheet()
        try:
            apply_theme(qapp, theme)
            canvas.set_empty_text("Open a photograph", "Drop it here")
            picture = canvas.grab().toImage()
            lightness = [picture.pixelColor(x, y).lightness() for x in range(200, 600) for y in range(200, 420, 2)]
            assert max(lightness) - min(lightness) > 120
        finally:
            qapp.setStyleSheet(sheet)
            qapp.setPalette(palette)


class TestMasks:
    def test_fill_blends_by_opacity(self, canvas):
        canvas.set_image(grey(100))
        canvas.set_layers((layer(disc(200, 150, 60)),))
        canvas.set_overlay_opacity(0.5)
        expected = [round((100 + channel) / 2) for channel in BLUE]
        assert colour_at(canvas, 200, 150) == pytest.approx(expected, abs=2)
        assert colour_at(canvas, 200 + 70, 150) == (100, 100, 100)
        canvas.set_overlay_opacity(0.0)
        assert colour_at(canvas, 200, 150) == (100, 100, 100)

    def test_outline_is_where_the_logits_cross_the_threshold(self, canvas):
        canvas.set_image(grey(100))
        canvas.set_layers((layer(disc(200, 150, 60), threshold=20.0),))
        canvas.set_view_mode("outline")
        assert colour_at(canvas, 240, 150) == pytest.approx(BLUE, abs=60)
        assert colour_at(canvas, 200, 150) == (100, 100, 100)
        assert colour_at(canvas, 255, 150) == (100, 100, 100)

    def test_previews_replace_each_other(self, canvas, qtbot):
        canvas.set_image(grey(100))
        canvas.set_overlay_opacity(1.0)
        for radius in (20, 80, 40):
            canvas.set_layers((layer(disc(200, 150, radius)),))
            QApplication.processEvents()
        assert colour_at(canvas, 200 + 30, 150) == pytest.approx(BLUE, abs=2)
        assert colour_at(canvas, 200 + 60, 150) == (100, 100, 100)

    def test_what_is_painted_again_is_enough(self, canvas, qtbot):
        """Updates of a part of the widget leave no remains: the screen equals a picture painted whole."""
        canvas.set_image(grey(100))
        canvas.set_layers((layer(disc(120, 150, 60)),))
        screen = Screen(canvas)
        for x, radius in ((120, 60), (220, 30), (300, 90), (60, 20)):
            canvas.set_layers((layer(disc(x, 150, radius)),))
            QApplication.processEvents()
        assert screen.differs_from_whole() == 0

    def test_other_objects_and_their_order(self, canvas):
        canvas.set_image(grey(100))
        canvas.set_overlay_opacity(1.0)
        red, green = (200, 0, 0), (0, 200, 0)
        below = layer(disc(180, 150, 60), 1, red, is_active=False)
        active = layer(disc(200, 150, 60), 2)
        above = layer(disc(220, 150, 30), 3, green, is_active=False)
        canvas.set_layers((below, active, above))
        assert colour_at(canvas, 130, 150) == pytest.approx(red, abs=2)
        assert colour_at(canvas, 160, 150) == pytest.approx(BLUE, abs=2)
        assert colour_at(canvas, 220, 150) == pytest.approx(green, abs=2)
        canvas.set_layers((above, below, active))
        assert colour_at(canvas, 220, 150) == pytest.approx(BLUE, abs=2)
        canvas.set_layers((above, active))
        assert colour_at(canvas, 130, 150) == (100, 100, 100)

    def test_hiding(self, canvas):
        canvas.set_image(grey(100))
        canvas.set_layers((layer(disc(200, 150, 60), is_visible=False),))
        assert colour_at(canvas, 200, 150) == (100, 100, 100)
        canvas.set_layers((layer(disc(200, 150, 60)),))
        assert colour_at(canvas, 200, 150) != (100, 100, 100)
        canvas.set_overlay_visible(False)
        assert colour_at(canvas, 200, 150) == (100, 100, 100)
        canvas.set_overlay_visible(True)
        assert colour_at(canvas, 200, 150) != (100, 100, 100)

    @pytest.mark.parametrize(("mode", "outside"), [("black", (0, 0, 0)), ("white", (255, 255, 255))])
    def test_cut_outs(self, canvas, mode, outside):
        canvas.set_image(grey(100))
        canvas.set_layers((layer(disc(200, 150, 60)),))
        canvas.set_view_mode(mode)
        assert colour_at(canvas, 200, 150) == (100, 100, 100)
        assert colour_at(canvas, 20, 20) == outside

    def test_raw_shows_the_logits(self, canvas):
        canvas.set_image(grey(100))
        canvas.set_layers((layer(disc(200, 150, 60)),))
        canvas.set_view_mode("raw")
        inside, outside = colour_at(canvas, 200, 150), colour_at(canvas, 20, 20)
        assert inside[0] > inside[2] and outside[2] > outside[0]

    def test_view_mode_is_reported_once(self, canvas, qtbot):
        with qtbot.waitSignal(canvas.view_mode_changed) as blocker:
            canvas.set_view_mode("checker")
        assert blocker.args == ["checker"]
        with qtbot.assertNotEmitted(canvas.view_mode_changed):
            canvas.set_view_mode("checker")
        with pytest.raises(ValueError, match="unknown view mode 'sideways'"):
            canvas.set_view_mode("sideways")

    def test_before_and_plain_image_while_held(self, canvas):
        canvas.set_image(grey(100))
        canvas.set_overlay_opacity(1.0)
        canvas.set_layers((layer(disc(200, 150, 60)),))
        canvas.set_before_layer(layer(disc(100, 150, 30)))
        canvas.set_hold("before")
        assert colour_at(canvas, 100, 150) == pytest.approx(BLUE, abs=2)
        assert colour_at(canvas, 200, 150) == (100, 100, 100)
        canvas.set_before_layer(None)
        assert colour_at(canvas, 100, 150) == (100, 100, 100)
        canvas.set_hold("image")
        assert colour_at(canvas, 200, 150) == (100, 100, 100)
        canvas.set_hold("none")
        assert colour_at(canvas, 200, 150) == pytest.approx(BLUE, abs=2)

    def test_logit_at_a_position(self, canvas):
        canvas.set_image(grey())
        assert canvas.logit_at(10, 10) is None
        columns = np.tile(np.arange(200, dtype=np.float32), (150, 1))
        canvas.set_layers((layer(columns + 100, 1, is_active=False), layer(columns, 2)))
        # Cells of 2 x 2 pixels: the middle of the first cell is at 0.5.
        assert canvas.logit_at(0.5, 10) == 0
        assert canvas.logit_at(21.5, 10) == pytest.approx(10.5)
        assert canvas.logit_at(400, 10) is None


class TestMarkers:
    def test_are_drawn_with_their_rings(self, canvas):
        canvas.set_image(grey(100))
        canvas.set_markers((ClickMarker(1, 100, 150, 40, True), ClickMarker(2, 300, 150, 40, False)))
        positive, negative = colour_at(canvas, 100 + 2.2, 150 - 2.2), colour_at(canvas, 300 + 2.2, 150 - 2.2)
        assert positive[1] > positive[0] + 60
        assert negative[0] > negative[1] + 60
        assert colour_at(canvas, 340, 150) != (100, 100, 100)
        assert colour_at(canvas, 320, 150) == (100, 100, 100)

    def test_hiding(self, canvas):
        canvas.set_image(grey(100))
        canvas.set_markers((ClickMarker(1, 100, 150, 40, True),))
        canvas.set_markers_visible(False)
        assert colour_at(canvas, 100, 150) == (100, 100, 100)
        canvas.set_markers_visible(True)
        canvas.set_hold("image")
        assert colour_at(canvas, 100, 150) == (100, 100, 100)

    def test_selected_one_looks_different(self, canvas):
        canvas.set_image(grey(100))
        canvas.set_markers((ClickMarker(1, 100, 150, 40, True),))
        before = canvas.grab().toImage()
        canvas.set_markers((ClickMarker(1, 100, 150, 40, True, is_selected=True),))
        assert canvas.grab().toImage() != before

    def test_thousands_are_painted(self, canvas):
        canvas.set_image(grey(100))
        generator = np.random.default_rng(0)
        places = generator.uniform((0, 0), (399, 299), (3000, 2))
        canvas.set_markers(tuple(ClickMarker(n + 1, x, y, 30, n % 2 == 0) for n, (x, y) in enumerate(places)))
        canvas.grab()

    def test_a_ring_larger_than_the_view_is_no_trouble(self, canvas):
        canvas.set_image(grey(100))
        canvas.set_markers((ClickMarker(1, 200, 150, 500, True),))
        for _ in range(30):
            canvas.zoom_in()
        assert colour_at(canvas, 201.0, 149.0) == (100, 100, 100)

    def test_busy_turns_at_the_newest(self, canvas, qtbot):
        canvas.set_image(grey(100))
        canvas.set_markers((ClickMarker(1, 100, 150, 40, True), ClickMarker(2, 300, 150, 40, False)))
        still = canvas.grab().toImage()
        canvas.set_busy(True)
        first = canvas.grab().toImage()
        assert first != still
        qtbot.waitUntil(lambda: canvas.grab().toImage() != first)
        canvas.set_busy(False)
        assert canvas.grab().toImage() == still


class TestZoom:
    def test_hundred_percent_is_a_device_pixel_per_pixel(self, canvas):
        canvas.set_image(grey())
        canvas.zoom_100()
        assert canvas.zoom() == 1.0
        left, right = (canvas.image_at(QPointF(x, 300))[0] for x in (300, 400))
        assert right - left == pytest.approx(100 * canvas.devicePixelRatioF())

    def test_fit_stays_fitted_when_the_widget_is_resized(self, canvas):
        canvas.set_image(grey())
        canvas.fit()
        canvas.resize(428, 900)
        assert canvas.zoom() == pytest.approx(1.0)

    def test_steps_and_signal(self, canvas, qtbot):
        canvas.set_image(grey())
        before = canvas.zoom()
        with qtbot.waitSignal(canvas.view_changed):
            canvas.zoom_in()
        assert canvas.zoom() == pytest.approx(1.2 * before)
        canvas.zoom_out()
        assert canvas.zoom() == pytest.approx(before)

    def test_fit_object_shows_the_mask(self, canvas):
        canvas.set_image(grey())
        canvas.set_layers((layer(disc(100, 100, 20)),))
        canvas.fit_object()
        assert canvas.image_at(QPointF(400, 300)) == pytest.approx((99.5, 99.5), abs=1.5)
        # 40 rows in 600 pixels less two margins of 40.
        assert canvas.zoom() == pytest.approx(520 / 40, rel=0.1)

    def test_fit_object_without_a_mask_shows_the_clicks_or_everything(self, canvas):
        canvas.set_image(grey())
        fitted = canvas.zoom()
        canvas.zoom_100()
        canvas.fit_object()
        assert canvas.zoom() == fitted
        canvas.set_markers((ClickMarker(1, 100, 150, 20, True), ClickMarker(2, 140, 150, 20, True)))
        canvas.fit_object()
        assert canvas.image_at(QPointF(400, 300)) == pytest.approx((120, 150))

    def test_fit_object_works_while_the_object_is_hidden(self, canvas):
        canvas.set_image(grey())
        canvas.set_layers((layer(disc(100, 100, 20), is_visible=False),))
        canvas.fit_object()
        assert canvas.zoom() > 10

    def test_a_moving_view_of_many_pixels_settles(self, canvas, qtbot):
        image = grey()
        image[:, ::2] = 0
        canvas.resize(2400, 1300)
        canvas.set_image(image)
        canvas.set_layers((layer(disc(170, 150, 60), 1, (200, 0, 0), is_active=False), layer(disc(230, 150, 40), 2)))
        canvas.zoom_100()
        sharp = canvas.grab().toImage()
        canvas.resize(2398, 1300)
        assert canvas.grab().toImage().copy(900, 600, 200, 50) != sharp.copy(900, 600, 200, 50)
        qtbot.waitUntil(lambda: canvas.grab().toImage().copy(1099, 600, 200, 50) == sharp.copy(1100, 600, 200, 50))


class TestDrop:
    def drag(self, canvas, paths):
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(path) for path in paths])
        return data, (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)

    def test_dropped_files_are_reported(self, canvas, qtbot, tmp_path):
        paths = [str(tmp_path / "één foto.jpg"), str(tmp_path)]
        _data, arguments = self.drag(canvas, paths)
        before = canvas.grab().toImage()
        enter = QDragEnterEvent(QPoint(100, 100), *arguments)
        QApplication.sendEvent(canvas, enter)
        assert enter.isAccepted()
        assert canvas.grab().toImage() != before
        with qtbot.waitSignal(canvas.paths_dropped) as blocker:
            QApplication.sendEvent(canvas, QDropEvent(QPointF(100, 100), *arguments))
        assert blocker.args == [paths]
        assert canvas.grab().toImage() == before

    def test_dragging_away_ends_the_highlight(self, canvas, tmp_path):
        _data, arguments = self.drag(canvas, [str(tmp_path)])
        before = canvas.grab().toImage()
        QApplication.sendEvent(canvas, QDragEnterEvent(QPoint(100, 100), *arguments))
        QApplication.sendEvent(canvas, QDragLeaveEvent())
        assert canvas.grab().toImage() == before

    def test_text_is_not_taken(self, canvas):
        data = QMimeData()
        data.setText("hello")
        enter = QDragEnterEvent(
            QPoint(100, 100), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        )
        enter.ignore()
        QApplication.sendEvent(canvas, enter)
        assert not enter.isAccepted()


def test_surroundings_follow_the_theme(canvas, qapp):
    palette, sheet = qapp.palette(), qapp.styleSheet()
    try:
        canvas.set_image(grey())
        lightness = {}
        for theme in ("light", "dark"):
            apply_theme(qapp, theme)
            lightness[theme] = QColor(canvas.grab().toImage().pixelColor(3, 300)).lightness()
        assert lightness["dark"] < 60 < 150 < lightness["light"]
    finally:
        qapp.setStyleSheet(sheet)
        qapp.setPalette(palette)


class Screen:
    """What was painted so far, update by update, as a window keeps it."""

    def __init__(self, canvas):
        self._canvas = canvas
        QApplication.processEvents()

    def differs_from_whole(self):
        """Number of pixels that a painting of the whole widget would change."""
        screen = self._canvas.screen().grabWindow(self._canvas.winId()).toImage()
        self._canvas.repaint()
        QApplication.processEvents()
        whole = self._canvas.screen().grabWindow(self._canvas.winId()).toImage()
        assert not whole.isNull()
        return sum(
            screen.pixel(x, y) != whole.pixel(x, y)
            for x in range(0, whole.width(), 2)
            for y in range(0, whole.height(), 2)
        )
