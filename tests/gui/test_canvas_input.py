"""What the user does on the canvas: real mouse, wheel and key events."""

import math

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import (
    QAction,
    QInputDevice,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QNativeGestureEvent,
    QPointingDevice,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from app.widgets.canvas import Canvas, ClickMarker
from app.widgets.canvas_input import TAP_SECONDS, SpaceKey

LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
SHIFT, CONTROL, NONE = (
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.NoModifier,
)


class Hand:
    """A user with a mouse over an image of 400 x 300 at 100 %, and a record of what the canvas asked for."""

    def __init__(self, canvas, qtbot):
        self.canvas, self.qtbot, self.record = canvas, qtbot, []
        for name in (
            "click_requested",
            "click_move_requested",
            "click_delete_requested",
            "click_selected",
            "space_tapped",
        ):
            signal = getattr(canvas, name)
            signal.connect(lambda *arguments, name=name: self.record.append((name, *arguments)))

    def place(self, x, y):
        """The widget position of an image position, rounded to whole pixels."""
        middle = self.canvas.rect().center() + QPoint(1, 1)
        left, top = self.canvas.image_at(QPointF(middle))
        zoom = self.canvas.zoom()
        return middle + QPoint(round((x - left) * zoom), round((y - top) * zoom))

    def point(self, x, y, buttons=Qt.MouseButton.NoButton, modifiers=NONE):
        """Move the mouse to an image position."""
        self.move(self.place(x, y), buttons, modifiers)

    def move(self, place, buttons=Qt.MouseButton.NoButton, modifiers=NONE):
        where = QPointF(place)
        everywhere = self.canvas.mapToGlobal(where)
        none = Qt.MouseButton.NoButton
        QApplication.sendEvent(
            self.canvas, QMouseEvent(QEvent.Type.MouseMove, where, everywhere, none, buttons, modifiers)
        )

    def click(self, x, y, button=LEFT, modifiers=NONE):
        self.qtbot.mouseClick(self.canvas, button, modifiers, self.place(x, y))

    def press(self, x, y, button=LEFT, modifiers=NONE):
        self.qtbot.mousePress(self.canvas, button, modifiers, self.place(x, y))

    def release(self, x, y, button=LEFT, modifiers=NONE):
        self.qtbot.mouseRelease(self.canvas, button, modifiers, self.place(x, y))

    def drag(self, start, end, button=LEFT, modifiers=NONE):
        begin, finish = self.place(*start), self.place(*end)
        self.qtbot.mousePress(self.canvas, button, modifiers, begin)
        for share in (0.3, 0.7, 1.0):
            self.move(begin + (finish - begin) * share, button, modifiers)
        self.qtbot.mouseRelease(self.canvas, button, modifiers, finish)

    def turn(self, notches, x=200, y=150, modifiers=NONE, horizontal=0.0):
        """The wheel of a common mouse."""
        self.wheel(QPoint(0, 0), QPoint(round(120 * horizontal), round(120 * notches)), x, y, modifiers)

    def wheel(self, pixels, angle, x=200, y=150, modifiers=NONE, phase=Qt.ScrollPhase.NoScrollPhase, device=None):
        where = QPointF(self.place(x, y))
        everywhere = self.canvas.mapToGlobal(where)
        arguments = (where, everywhere, pixels, angle, Qt.MouseButton.NoButton, modifiers, phase, False)
        source = Qt.MouseEventSource.MouseEventNotSynthesized
        event = QWheelEvent(*arguments, source, device) if device is not None else QWheelEvent(*arguments)
        QApplication.sendEvent(self.canvas, event)

    def down(self, key, modifiers=NONE, *, is_repeat=False):
        QApplication.sendEvent(self.canvas, QKeyEvent(QEvent.Type.KeyPress, key, modifiers, "", is_repeat))

    def up(self, key, modifiers=NONE, *, is_repeat=False):
        QApplication.sendEvent(self.canvas, QKeyEvent(QEvent.Type.KeyRelease, key, modifiers, "", is_repeat))


@pytest.fixture
def window(qtbot):
    """A window with the canvas and another field that can have the keyboard."""
    window = QWidget()
    window.canvas, window.other = Canvas(), QWidget()
    window.other.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    column = QVBoxLayout(window)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(window.canvas, 1)
    column.addWidget(window.other)
    window.resize(828, 640)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    window.canvas.setFocus()
    qtbot.waitUntil(window.canvas.hasFocus)
    return window


@pytest.fixture
def canvas(window):
    canvas = window.canvas
    canvas.set_image(np.full((300, 400, 3), 90, np.uint8))
    canvas.zoom_100()
    canvas.center_on(200, 150)
    canvas.set_radius(50)
    return canvas


@pytest.fixture
def hand(canvas, qtbot):
    return Hand(canvas, qtbot)


MARKERS = (ClickMarker(1, 100, 100, 40, True), ClickMarker(2, 300, 200, 30, False))


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
