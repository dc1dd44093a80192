"""Zooming, panning, the held keys, the radius and the position on the canvas: real mouse, wheel and key events."""

import math

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QInputDevice, QNativeGestureEvent, QPointingDevice, QWheelEvent
from PySide6.QtWidgets import QApplication

from app.widgets.canvas_input import TAP_SECONDS, SpaceKey
from tests.helpers.canvas_user import (
    CONTROL,
    LEFT,
    MARKERS,
    MIDDLE,
    NONE,
    RIGHT,
    SHIFT,
    Hand,
    canvas_window,
    with_image,
)


@pytest.fixture
def window(qtbot):
    return canvas_window(qtbot)


@pytest.fixture
def canvas(window):
    return with_image(window.canvas)


@pytest.fixture
def hand(canvas, qtbot):
    return Hand(canvas, qtbot)


class TestWheel:
    @pytest.mark.parametrize("modifiers", [NONE, CONTROL])
    @pytest.mark.parametrize("notches", [1, -1, 0.25])
    def test_zooms_at_the_cursor(self, hand, canvas, modifiers, notches):
        place = hand.place(120, 80)
        before = canvas.image_at(QPointF(place))
        hand.turn(notches, 120, 80, modifiers)
        assert canvas.zoom() == pytest.approx(1.2**notches)
        assert canvas.image_at(QPointF(place)) == pytest.approx(before, abs=1e-6)

    @pytest.mark.parametrize(("notches", "horizontal"), [(2, 0), (0, 2)])
    def test_with_shift_changes_the_radius(self, hand, canvas, notches, horizontal):
        zoom = canvas.zoom()
        with hand.qtbot.waitSignal(canvas.radius_changed) as blocker:
            hand.turn(notches, modifiers=SHIFT, horizontal=horizontal)
        assert blocker.args == [pytest.approx(50 * 1.15**2)]
        assert canvas.radius() == pytest.approx(50 * 1.15**2)
        assert canvas.zoom() == zoom

    def test_trackpad_pans(self, hand, canvas):
        before = canvas.image_at(QPointF(400, 300))
        hand.wheel(QPoint(-30, 20), QPoint(-60, 40), phase=Qt.ScrollPhase.ScrollUpdate)
        after = canvas.image_at(QPointF(400, 300))
        assert (after[0] - before[0], after[1] - before[1]) == pytest.approx((30, -20))
        assert canvas.zoom() == 1.0

    def test_trackpad_that_sends_no_pixels_pans(self, hand, canvas):
        device = QPointingDevice(
            "touchpad",
            77,
            QInputDevice.DeviceType.TouchPad,
            QPointingDevice.PointerType.Finger,
            QInputDevice.Capability.Position,
            1,
            0,
        )
        before = canvas.image_at(QPointF(400, 300))
        hand.wheel(QPoint(0, 0), QPoint(0, 40), device=device)
        after = canvas.image_at(QPointF(400, 300))
        assert (after[0] - before[0], after[1] - before[1]) == pytest.approx((0, -20))

    def test_trackpad_with_control_zooms(self, hand, canvas):
        hand.wheel(QPoint(0, 20), QPoint(0, 60), modifiers=CONTROL, phase=Qt.ScrollPhase.ScrollUpdate)
        assert canvas.zoom() == pytest.approx(1.2**0.5)

    def test_pinch_zooms_at_the_fingers(self, hand, canvas):
        place = QPointF(hand.place(120, 80))
        before = canvas.image_at(place)
        device = QPointingDevice.primaryPointingDevice()
        kind = Qt.NativeGestureType.ZoomNativeGesture
        everywhere = canvas.mapToGlobal(place)
        event = QNativeGestureEvent(kind, device, 2, place, place, everywhere, 0.25, QPointF())
        QApplication.sendEvent(canvas, event)
        assert canvas.zoom() == pytest.approx(1.25)
        assert canvas.image_at(place) == pytest.approx(before, abs=1e-6)

    def test_during_a_drag_zooms_and_the_click_stays(self, hand, canvas):
        hand.press(200, 150)
        hand.turn(1, 200, 150)
        hand.release(200, 150)
        assert hand.record == [("click_requested", 200, 150, 50, True)]


class TestPan:
    def panned_by(self, canvas, act):
        before = canvas.image_at(QPointF(400, 300))
        act()
        after = canvas.image_at(QPointF(400, 300))
        return before[0] - after[0], before[1] - after[1]

    @pytest.mark.parametrize("tool", ["click", "pan"])
    def test_middle_button_with_any_tool(self, hand, canvas, tool):
        canvas.set_tool(tool)
        assert self.panned_by(canvas, lambda: hand.drag((200, 150), (230, 140), MIDDLE)) == pytest.approx((30, -10))
        assert hand.record == []

    def test_space_and_drag(self, hand, canvas):
        hand.down(Qt.Key.Key_Space)
        assert self.panned_by(canvas, lambda: hand.drag((200, 150), (230, 140))) == pytest.approx((30, -10))
        hand.up(Qt.Key.Key_Space)
        assert hand.record == []

    def test_pan_tool(self, hand, canvas):
        canvas.set_tool("pan")
        assert self.panned_by(canvas, lambda: hand.drag((200, 150), (230, 140))) == pytest.approx((30, -10))
        hand.click(120, 80, RIGHT)
        assert hand.record == []

    def test_unknown_tool(self, canvas):
        with pytest.raises(ValueError, match="unknown tool 'lasso'"):
            canvas.set_tool("lasso")

    def test_over_a_marker_moves_the_image(self, hand, canvas):
        canvas.set_markers(MARKERS)
        hand.point(100, 100)
        assert self.panned_by(canvas, lambda: hand.drag((100, 100), (130, 90), MIDDLE)) == pytest.approx((30, -10))
        assert hand.record == []


class TestSpace:
    def test_a_tap(self, hand):
        hand.down(Qt.Key.Key_Space)
        hand.up(Qt.Key.Key_Space)
        assert hand.record == [("space_tapped",)]

    def test_a_held_key_repeats_without_tapping(self, hand):
        hand.down(Qt.Key.Key_Space)
        for _ in range(3):
            hand.up(Qt.Key.Key_Space, is_repeat=True)
            hand.down(Qt.Key.Key_Space, is_repeat=True)
        assert hand.record == []

    def test_not_after_a_press_of_the_mouse(self, hand):
        hand.down(Qt.Key.Key_Space)
        hand.click(120, 80)
        hand.up(Qt.Key.Key_Space)
        assert hand.record == []

    def test_not_after_the_keyboard_went_elsewhere(self, hand, window):
        hand.down(Qt.Key.Key_Space)
        window.other.setFocus()
        hand.qtbot.waitUntil(window.other.hasFocus)
        hand.up(Qt.Key.Key_Space)
        hand.click(120, 80)
        assert hand.record == [("click_requested", 120, 80, 50, True)]

    @pytest.mark.parametrize(
        ("seconds", "is_tap"), [(0.0, True), (TAP_SECONDS - 0.01, True), (TAP_SECONDS + 0.01, False)]
    )
    def test_is_short(self, seconds, is_tap):
        now = [100.0]
        key = SpaceKey(clock=lambda: now[0])
        key.press()
        assert key.is_down
        now[0] += seconds
        assert key.release() is is_tap
        assert not key.is_down

    def test_a_release_without_press_is_nothing(self):
        assert not SpaceKey().release()


class TestHold:
    def test_keys_show_the_image_alone_while_held(self, hand, canvas, window):
        canvas.set_markers(MARKERS)
        shown, there = canvas.grab().toImage(), hand.place(100, 100) + QPoint(3, 3)
        hand.down(Qt.Key.Key_QuoteLeft)
        hand.down(Qt.Key.Key_QuoteLeft, is_repeat=True)
        assert canvas.grab().toImage().pixelColor(there).red() == 90
        hand.up(Qt.Key.Key_QuoteLeft)
        assert canvas.grab().toImage() == shown

    def test_end_when_the_keyboard_goes_elsewhere(self, hand, canvas, window):
        canvas.set_markers(MARKERS)
        there = hand.place(100, 100) + QPoint(3, 3)
        hand.down(Qt.Key.Key_QuoteLeft)
        window.other.setFocus()
        hand.qtbot.waitUntil(window.other.hasFocus)
        assert canvas.grab().toImage().pixelColor(there).red() != 90

    def test_of_the_window_stays_when_the_keyboard_goes_elsewhere(self, hand, canvas, window):
        canvas.set_markers(MARKERS)
        there = hand.place(100, 100) + QPoint(3, 3)
        canvas.set_hold("image")
        window.other.setFocus()
        hand.qtbot.waitUntil(window.other.hasFocus)
        assert canvas.grab().toImage().pixelColor(there).red() == 90


class TestRadius:
    def test_limits(self, canvas):
        canvas.set_radius(0.1)
        assert canvas.radius() == 2
        canvas.set_radius(1e9)
        assert canvas.radius() == pytest.approx(math.hypot(300, 400))

    def test_a_smaller_image_limits_it(self, canvas, qtbot):
        canvas.set_radius(400)
        with qtbot.waitSignal(canvas.radius_changed) as blocker:
            canvas.set_image(np.zeros((30, 40, 3), np.uint8))
        assert blocker.args == [pytest.approx(50)]

    def test_is_reported_only_when_it_changes(self, canvas, qtbot):
        with qtbot.assertNotEmitted(canvas.radius_changed):
            canvas.set_radius(50)

    def test_steps(self, canvas):
        canvas.step_radius(2)
        canvas.step_radius(-2)
        assert canvas.radius() == pytest.approx(50)

    def test_figures_are_shown_for_a_moment(self, hand, canvas):
        hand.point(200, 150)
        canvas.step_radius(1)
        beside = hand.place(200, 150) + QPoint(40, 0)
        assert canvas.grab().toImage().pixelColor(beside).lightness() != 90
        hand.qtbot.waitUntil(lambda: canvas.grab().toImage().pixelColor(beside).lightness() == 90)


class TestPosition:
    def test_is_reported_over_the_image(self, hand, canvas, qtbot):
        with qtbot.waitSignal(canvas.cursor_moved) as blocker:
            hand.point(120, 80)
        assert blocker.args == pytest.approx([120, 80])

    def test_leaving_the_image_is_reported_once(self, hand, canvas, qtbot):
        left = []
        canvas.cursor_left.connect(lambda: left.append(True))
        hand.point(120, 80)
        hand.move(QPoint(3, 3))
        hand.move(QPoint(4, 4))
        assert left == [True]
        hand.point(120, 80)
        QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
        assert left == [True, True]

    def test_is_reported_when_the_image_moves_under_the_pointer(self, hand, canvas, qtbot):
        hand.point(120, 80)
        with qtbot.waitSignal(canvas.cursor_moved) as blocker:
            canvas.center_on(150, 150)
        assert blocker.args == pytest.approx([70, 80])

    def test_the_ring_leaves_with_the_pointer(self, hand, canvas):
        before = canvas.grab().toImage()
        hand.point(200, 150)
        assert canvas.grab().toImage() != before
        QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
        assert canvas.grab().toImage() == before


def test_everything_is_harmless_without_an_image(window, qtbot):
    window.canvas.set_image(None)
    hand = Hand(window.canvas, qtbot)
    for button in (LEFT, RIGHT, MIDDLE):
        qtbot.mouseClick(window.canvas, button, NONE, QPoint(100, 100))
        qtbot.mouseDClick(window.canvas, button, NONE, QPoint(100, 100))
        qtbot.mouseRelease(window.canvas, button, NONE, QPoint(100, 100))
    hand.move(QPoint(50, 50))
    where = QPointF(50, 50)
    wheel = QWheelEvent(
        where, where, QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton, NONE, Qt.ScrollPhase.NoScrollPhase, False
    )
    QApplication.sendEvent(window.canvas, wheel)
    for key in (Qt.Key.Key_Space, Qt.Key.Key_Delete, Qt.Key.Key_Escape, Qt.Key.Key_Backslash, Qt.Key.Key_Shift):
        qtbot.keyClick(window.canvas, key)
    assert hand.record == []
