"""What the canvas shows over the image: masks and clicks."""

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from app.widgets.canvas import ClickMarker
from tests.helpers.canvases import BLUE, colour_at, disc, grey, layer, shown_canvas


@pytest.fixture
def canvas(qtbot):
    return shown_canvas(qtbot)


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
