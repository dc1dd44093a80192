"""The line of a cross-section over the canvas: drawn, moved, and out of the way."""

import numpy as np
import pytest
from PySide6.QtCore import Qt

from app.widgets.canvas import Canvas
from app.widgets.section_line import SectionLine

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def canvas(qtbot):
    canvas = Canvas()
    qtbot.addWidget(canvas)
    canvas.resize(400, 300)
    canvas.show()
    canvas.set_image(np.zeros((60, 80, 3), np.uint8))
    return canvas


@pytest.fixture
def line(canvas):
    return SectionLine(canvas)


def place(canvas, x, y):
    return canvas.view_at(x, y).toPoint()


def drag(qtbot, line, canvas, start, end):
    qtbot.mousePress(line, LEFT, pos=place(canvas, *start))
    qtbot.mouseMove(line, place(canvas, *end))
    qtbot.mouseRelease(line, LEFT, pos=place(canvas, *end))


def test_a_drag_draws(qtbot, canvas, line):
    line.set_drawing(True)
    with qtbot.waitSignal(line.line_changed) as told:
        drag(qtbot, line, canvas, (10, 10), (60, 40))
    (start, end) = told.args[0]
    assert start == pytest.approx((10, 10), abs=0.3) and end == pytest.approx((60, 40), abs=0.3)
    assert line.line == told.args[0]


def test_an_end_is_moved(qtbot, canvas, line):
    line.set_drawing(True)
    line.set_line(((10.0, 10.0), (60.0, 40.0)))
    drag(qtbot, line, canvas, (60, 40), (70, 20))
    assert line.line[0] == (10.0, 10.0) and line.line[1] == pytest.approx((70, 20), abs=0.3)
    drag(qtbot, line, canvas, (10, 10), (15, 30))
    assert line.line[1] == pytest.approx((15, 30), abs=0.3) and line.line[0] == pytest.approx((70, 20), abs=0.3)


def test_clicks_reach_the_canvas_unless_lines_are_drawn(qtbot, canvas, line):
    line.set_line(((10.0, 10.0), (60.0, 40.0)))
    assert line.isVisible() and line.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    line.set_drawing(True)
    assert not line.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    with qtbot.assertNotEmitted(canvas.click_requested):
        drag(qtbot, line, canvas, (10, 20), (30, 30))


def test_a_press_beside_the_image_draws_nothing(qtbot, canvas, line):
    line.set_drawing(True)
    with qtbot.assertNotEmitted(line.line_changed):
        drag(qtbot, line, canvas, (-6, 10), (30, 30))


def test_line_and_mark_are_seen_and_move_with_the_view(canvas, line):
    plain = canvas.grab().toImage()
    line.set_line(((10.0, 30.0), (70.0, 30.0)))
    drawn = canvas.grab().toImage()
    assert drawn.pixelColor(place(canvas, 40, 30)).lightness() > 200
    line.mark((40.0, 30.0))
    marked = canvas.grab().toImage().pixelColor(place(canvas, 40, 30))
    assert marked.red() > 200 and marked.blue() < 60
    canvas.zoom_in()
    assert canvas.grab().toImage() != drawn
    line.set_line(None)
    canvas.fit()
    assert canvas.grab().toImage() == plain and not line.isVisible()


def test_it_stays_as_large_as_the_canvas(canvas, line):
    canvas.resize(500, 350)
    assert line.size() == canvas.size()


def test_nothing_happens_without_an_image(qtbot, canvas, line):
    canvas.set_image(None)
    line.set_drawing(True)
    with qtbot.assertNotEmitted(line.line_changed):
        qtbot.mousePress(line, LEFT, pos=line.rect().center())
    line.set_line(((1.0, 1.0), (2.0, 2.0)))
    assert not canvas.grab().isNull()
