"""What the canvas shows: the image, its zoom, the invitation to open a file, and where files are dropped."""

import threading

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from app.theme import apply_theme
from app.widgets.canvas import ClickMarker
from app.widgets.canvas_pyramid import PyramidBuilder
from tests.helpers.canvases import colour_at, disc, grey, layer, shown_canvas


@pytest.fixture
def canvas(qtbot):
    return shown_canvas(qtbot)


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
