"""A user of the canvas: the window it is in, and a hand on the mouse and the keyboard."""

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from app.widgets.canvas import Canvas, ClickMarker

LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
SHIFT, CONTROL, NONE = (
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.NoModifier,
)
MARKERS = (ClickMarker(1, 100, 100, 40, True), ClickMarker(2, 300, 200, 30, False))


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


def canvas_window(qtbot):
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


def with_image(canvas):
    """The canvas with an image of 400 x 300 at 100 % in its middle."""
    canvas.set_image(np.full((300, 400, 3), 90, np.uint8))
    canvas.zoom_100()
    canvas.center_on(200, 150)
    canvas.set_radius(50)
    return canvas
