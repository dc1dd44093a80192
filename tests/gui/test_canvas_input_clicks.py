"""Clicking, and taking hold of clicks, on the canvas: real mouse and key events."""

import math

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QKeySequence

from app.widgets.canvas import ClickMarker
from tests.helpers.canvas_user import LEFT, MARKERS, MIDDLE, NONE, RIGHT, SHIFT, Hand, canvas_window, with_image


@pytest.fixture
def window(qtbot):
    return canvas_window(qtbot)


@pytest.fixture
def canvas(window):
    return with_image(window.canvas)


@pytest.fixture
def hand(canvas, qtbot):
    return Hand(canvas, qtbot)


class TestClicking:
    def test_left_is_object(self, hand):
        hand.click(120, 80)
        assert hand.record == [("click_requested", 120, 80, 50, True)]

    @pytest.mark.parametrize(("button", "modifiers"), [(RIGHT, NONE), (LEFT, SHIFT), (RIGHT, SHIFT)])
    def test_right_or_shift_is_background(self, hand, button, modifiers):
        hand.click(120, 80, button, modifiers)
        assert hand.record == [("click_requested", 120, 80, 50, False)]

    @pytest.mark.parametrize("zoom_steps", [-4, 0, 5])
    def test_positions_are_image_pixels_at_any_zoom(self, hand, canvas, zoom_steps):
        canvas.center_on(150, 120)
        for _ in range(abs(zoom_steps)):
            canvas.zoom_in() if zoom_steps > 0 else canvas.zoom_out()
        hand.click(180, 90)
        _, x, y, radius, _ = hand.record[0]
        assert (x, y) == pytest.approx((180, 90), abs=0.6 / canvas.zoom())
        assert radius == 50

    def test_dragging_sets_the_radius(self, hand):
        hand.drag((200, 150), (230, 190))
        assert hand.record == [("click_requested", 200, 150, pytest.approx(50), True)]
        hand.drag((200, 150), (206, 158), RIGHT)
        assert hand.record[1] == ("click_requested", 200, 150, pytest.approx(10), False)

    def test_a_shaky_hand_does_not(self, hand):
        hand.drag((200, 150), (203, 150))
        assert hand.record == [("click_requested", 200, 150, 50, True)]

    def test_beside_the_image_nothing_is_clicked(self, hand, canvas):
        hand.qtbot.mouseClick(canvas, LEFT, NONE, QPoint(5, 5))
        assert hand.record == []

    def test_middle_button_clicks_nothing(self, hand):
        hand.click(120, 80, MIDDLE)
        assert hand.record == []

    def test_a_double_click_is_two_clicks(self, hand, canvas):
        place = hand.place(120, 80)
        hand.qtbot.mouseClick(canvas, LEFT, NONE, place)
        canvas.set_markers((ClickMarker(1, 120, 80, 50, True),))
        hand.qtbot.mouseDClick(canvas, LEFT, NONE, place)  # sends what follows the first release, without the second
        hand.qtbot.mouseRelease(canvas, LEFT, NONE, place)
        assert hand.record == [("click_requested", 120, 80, 50, True)] * 2

    def test_fast_clicking(self, hand, canvas):
        for number in range(50):
            hand.click(20 + 7 * number, 150)
            canvas.set_markers(tuple(ClickMarker(n + 1, 20 + 7 * n, 150, 50, True) for n in range(number + 1)))
        # Markers are 7 pixels apart and reach 11: each press beside the last click would hit the one before.
        assert len(hand.record) == 50

    def test_another_button_during_a_press_is_ignored(self, hand):
        hand.press(120, 80)
        hand.press(130, 90, RIGHT)
        hand.release(130, 90, RIGHT)
        assert hand.record == []
        hand.release(120, 80)
        assert hand.record == [("click_requested", 120, 80, 50, True)]

    def test_works_while_busy(self, hand, canvas):
        canvas.set_markers(MARKERS)
        canvas.set_busy(True)
        hand.click(200, 50)
        hand.drag((200, 150), (230, 190))
        assert len(hand.record) == 2

    def test_the_ring_grows_with_the_drag(self, hand, canvas):
        hand.press(200, 150)
        hand.point(220, 150, LEFT)
        small = canvas.grab().toImage()
        hand.point(280, 150, LEFT)
        assert canvas.grab().toImage() != small
        on_ring = hand.place(200, 150 + 80)
        colour = canvas.grab().toImage().pixelColor(on_ring)
        assert colour.green() > colour.red() + 60

    def test_shift_shows_the_colour_of_background(self, hand, canvas):
        def ring_shows(channel, other):
            """Whether dashes of a colour are on the ring, which is 50 pixels around the pointer."""
            picture = canvas.grab().toImage()
            colours = [picture.pixelColor(place).getRgb() for place in around]
            return sum(colour[channel] > colour[other] + 40 for colour in colours) > len(colours) / 3

        angles = [step * math.tau / 64 for step in range(64)]
        around = [hand.place(200 + 50 * math.cos(angle), 150 + 50 * math.sin(angle)) for angle in angles]
        red, green = 0, 1
        hand.point(200, 150)
        assert ring_shows(green, red) and not ring_shows(red, green)
        cursor = canvas.cursor().pixmap().toImage()
        hand.down(Qt.Key.Key_Shift, SHIFT)
        assert ring_shows(red, green) and not ring_shows(green, red)
        assert canvas.cursor().pixmap().toImage() != cursor
        hand.up(Qt.Key.Key_Shift)
        assert canvas.cursor().pixmap().toImage() == cursor


class TestCancel:
    def test_escape_cancels_the_gesture_silently(self, hand, canvas):
        before = canvas.grab().toImage()
        hand.press(200, 150)
        hand.point(260, 150, LEFT)
        hand.qtbot.keyClick(canvas, Qt.Key.Key_Escape)
        hand.release(260, 150)
        assert hand.record == []
        hand.move(QPoint(3, 3))
        assert canvas.grab().toImage() == before

    def test_escape_during_a_gesture_is_not_the_windows(self, hand, canvas, window):
        escaped = []
        action = QAction(window)
        action.setShortcut(QKeySequence("Esc"))
        action.triggered.connect(lambda: escaped.append(True))
        window.addAction(action)
        hand.press(200, 150)
        hand.qtbot.keyClick(canvas, Qt.Key.Key_Escape)
        assert escaped == []
        hand.release(200, 150)
        hand.qtbot.keyClick(canvas, Qt.Key.Key_Escape)
        assert escaped == [True]
        assert hand.record == []

    def test_says_whether_there_was_a_gesture(self, hand, canvas):
        assert not canvas.cancel_gesture()
        hand.press(200, 150)
        assert canvas.cancel_gesture()
        assert not canvas.cancel_gesture()

    def test_a_lost_release_ends_the_gesture(self, hand):
        hand.press(200, 150)
        hand.point(260, 150)
        hand.click(120, 80)
        assert hand.record == [("click_requested", 120, 80, 50, True)]

    @pytest.mark.parametrize("disturb", ["set_image", "hide", "set_tool"])
    def test_what_takes_the_ground_away_cancels(self, hand, canvas, disturb):
        hand.press(200, 150)
        {
            "set_image": lambda: canvas.set_image(np.zeros((300, 400, 3), np.uint8)),
            "hide": canvas.hide,
            "set_tool": lambda: canvas.set_tool("pan"),
        }[disturb]()
        assert not canvas.cancel_gesture()


class TestMarkers:
    def test_dragging_moves(self, hand, canvas):
        canvas.set_markers(MARKERS)
        hand.point(300, 200)
        hand.drag((300, 200), (340, 170))
        assert hand.record == [("click_move_requested", 1, 340, 170)]

    def test_without_a_move_before_the_press_too(self, hand, canvas):
        canvas.set_markers(MARKERS)
        hand.drag((102, 100), (142, 90))
        assert hand.record == [("click_move_requested", 0, 140, 90)]

    def test_clicking_selects(self, hand, canvas):
        canvas.set_markers(MARKERS)
        hand.point(300, 200)
        hand.click(301, 199)
        assert hand.record == [("click_selected", 1)]

    def test_clicking_beside_the_image_deselects(self, hand, canvas):
        canvas.set_markers((ClickMarker(1, 100, 100, 40, True, is_selected=True),))
        hand.qtbot.mouseClick(canvas, LEFT, NONE, QPoint(3, 3))
        assert hand.record == [("click_selected", -1)]

    def test_ghost_and_marker_are_shown_while_dragging(self, hand, canvas):
        canvas.set_markers(MARKERS)
        hand.point(100, 100)
        hand.press(100, 100)
        hand.point(200, 150, LEFT)
        picture = canvas.grab().toImage()
        at_pointer = picture.pixelColor(hand.place(200, 150) + QPoint(3, 3))
        ghost = picture.pixelColor(hand.place(100, 100) + QPoint(3, 3))
        assert at_pointer.green() > at_pointer.red() + 60
        assert 90 < ghost.green() < at_pointer.green()
        canvas.cancel_gesture()
        assert hand.record == []

    def test_hovering_highlights(self, hand, canvas):
        canvas.set_markers(MARKERS)
        hand.point(200, 20)
        shape = canvas.cursor().shape()
        hand.point(102, 99)
        assert canvas.cursor().shape() != shape
        hand.point(200, 20)
        assert canvas.cursor().shape() == shape

    def test_hidden_markers_cannot_be_grabbed(self, hand, canvas):
        canvas.set_markers(MARKERS)
        canvas.set_markers_visible(False)
        hand.point(100, 100)
        hand.click(100, 100)
        assert hand.record == [("click_requested", 100, 100, 50, True)]

    def test_the_newest_of_two_at_one_place_is_meant(self, hand, canvas):
        canvas.set_markers((MARKERS[0], ClickMarker(2, 100, 100, 20, False)))
        hand.point(100, 100)
        hand.click(100, 100)
        assert hand.record == [("click_selected", 1)]

    def test_a_drag_ends_when_its_click_is_gone(self, hand, canvas):
        canvas.set_markers(MARKERS)
        hand.point(300, 200)
        hand.press(300, 200)
        hand.point(340, 170, LEFT)
        canvas.set_markers(MARKERS[:1])
        hand.release(340, 170)
        canvas.grab()
        assert hand.record == []

    def test_a_drag_goes_on_when_only_looks_change(self, hand, canvas):
        canvas.set_markers(MARKERS)
        hand.point(300, 200)
        hand.press(300, 200)
        hand.point(330, 180, LEFT)
        canvas.set_markers((MARKERS[0], ClickMarker(2, 300, 200, 30, False, is_selected=True)))
        hand.point(340, 170, LEFT)
        hand.release(340, 170)
        assert hand.record == [("click_move_requested", 1, 340, 170)]

    def test_del_deletes_the_one_under_the_pointer(self, hand, canvas):
        canvas.set_markers((MARKERS[0], ClickMarker(2, 300, 200, 30, False, is_selected=True)))
        hand.point(100, 100)
        hand.qtbot.keyClick(canvas, Qt.Key.Key_Delete)
        assert hand.record == [("click_delete_requested", 0)]

    def test_del_deletes_the_selected_one(self, hand, canvas):
        canvas.set_markers((MARKERS[0], ClickMarker(2, 300, 200, 30, False, is_selected=True)))
        hand.point(200, 20)
        hand.qtbot.keyClick(canvas, Qt.Key.Key_Delete)
        assert hand.record == [("click_delete_requested", 1)]

    def test_del_is_the_windows_otherwise(self, hand, canvas):
        deleted = []
        action = QAction(canvas)
        action.setShortcut(QKeySequence("Del"))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(lambda: deleted.append(True))
        canvas.addAction(action)
        canvas.set_markers(MARKERS)
        hand.point(200, 20)
        hand.qtbot.keyClick(canvas, Qt.Key.Key_Delete)
        assert (deleted, hand.record) == ([True], [])
        hand.point(100, 100)
        hand.qtbot.keyClick(canvas, Qt.Key.Key_Delete)
        assert (deleted, hand.record) == ([True], [("click_delete_requested", 0)])
