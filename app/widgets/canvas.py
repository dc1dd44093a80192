"""The canvas: a photograph with masks and clicks; turns mouse and keys into requests and decides nothing."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import (
    QCursor,
    QEnterEvent,
    QFocusEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QSinglePointEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from app.rendering.layers import ClickMarker, MaskLayer
from app.state.viewport import Viewport
from app.tools.base import (
    AddClick,
    AddStroke,
    Interaction,
    MoveClick,
    MoveFeedback,
    PanFeedback,
    Pick,
    PointerEvent,
    PointerEventKind,
    Surroundings,
)
from app.tools.registry import TOOLS
from app.widgets.canvas_cursors import Cursors
from app.widgets.canvas_input import HOLD_KEYS, SpaceKey, read_wheel
from app.widgets.canvas_pointer import Pointer, PointerPicture
from app.widgets.canvas_situation import Situation
from app.widgets.canvas_tools import CanvasTools

__all__ = ["Canvas", "ClickMarker", "MaskLayer"]

_BUTTONS = (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton)


class Canvas(CanvasTools):
    """Mouse and keys on top of what `CanvasTools` holds and `CanvasView` shows; works the same while a refinement runs.

    Signals (positions and radii in image pixels):
        click_requested(float x, float y, float radius, bool is_positive): a click was made.
        click_move_requested(int index, float x, float y): a marker was dragged and released.
        click_delete_requested(int index): Del over a marker, or with one selected.
        click_selected(int index): a marker was clicked; -1 for a click beside the image.
        press_missed(): a press beside the image that there was nothing to deselect for.
        cursor_moved(float x, float y): the pointer is over the image.
        cursor_left(): the pointer is no longer over the image.
        space_tapped(): the space bar was tapped, not held.
        painted(tuple points, float radius, bool is_secondary): a brush was moved along (x, y) points.
        pick_requested(float x, float y, bool is_secondary): the value there is to be a target.
    """

    click_requested = Signal(float, float, float, bool)
    click_move_requested = Signal(int, float, float)
    click_delete_requested = Signal(int)
    click_selected = Signal(int)
    press_missed = Signal()
    cursor_moved = Signal(float, float)
    cursor_left = Signal()
    space_tapped = Signal()
    painted = Signal(tuple, float, bool)
    pick_requested = Signal(float, float, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._gesture_button = Qt.MouseButton.NoButton
        self._space = SpaceKey()
        self._is_hold_key_down = False
        self._pointer = Pointer()
        self._emphasis: tuple[int | None, int | None] = None, None
        self._is_over_image = False
        self._picture = PointerPicture()
        self._cursors = Cursors()
        self._shown_cursor: QCursor | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Image")
        self.view_changed.connect(self._follow_view)

    # --- mouse ---

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a gesture, unless one is under way."""
        self._follow(event)
        if self._viewport is None or self._gestures.is_running or event.button() not in _BUTTONS:
            return
        self._space.use()
        is_left = event.button() == Qt.MouseButton.LeftButton
        is_pan = event.button() == Qt.MouseButton.MiddleButton or (is_left and self._space.is_down)
        is_pick = is_left and self._targets is not None and event.modifiers() & Qt.KeyboardModifier.ControlModifier
        tool = TOOLS["pan"] if is_pan else TOOLS["pick"] if is_pick else self._tool
        if tool is TOOLS["pan"] and event.button() == Qt.MouseButton.RightButton:
            return
        self._gesture_button = event.button()
        surroundings = Surroundings(self._viewport.image_size, self.radius(), self._markers, self._pointer.hovered)
        self._gestures.start(tool.begin(self._pointer_event("press", event, self._viewport), surroundings))
        if not self._gestures.is_running and any(marker.is_selected for marker in self._markers):
            self.click_selected.emit(-1)
        elif not self._gestures.is_running:
            self.press_missed.emit()
        self._report_push()
        self._refresh()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """The second of two presses, nothing else: fast clicking is safe."""
        self.mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with the gesture, or hover."""
        if self._gestures.is_running and not event.buttons() & self._gesture_button:
            self.cancel_gesture()  # the release went to another window
        self._follow(event)
        if self._viewport is not None and self._gestures.is_running:
            self._gestures.send(self._pointer_event("move", event, self._viewport))
            feedback = self._gestures.feedback
            if isinstance(feedback, PanFeedback):
                self._show(self._viewport.panned(feedback.dx, feedback.dy), is_moving=True)
        self._report_push()
        self._refresh()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the gesture and report what it was for."""
        if self._viewport is None or event.button() != self._gesture_button or not self._gestures.is_running:
            return
        interaction = self._gestures.send(self._pointer_event("release", event, self._viewport))
        self._report_push()
        self._follow(event)
        if interaction is not None:
            self._report(interaction)

    def enterEvent(self, event: QEnterEvent) -> None:
        """The pointer came."""
        self._follow(event)

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer left."""
        self._pointer.leave()
        self._report_position()
        self._refresh()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom at the pointer, pan, or change the radius."""
        if self._viewport is None:
            event.ignore()
            return
        event.accept()
        self._follow(event)
        step = read_wheel(event)
        if step.kind == "radius":
            self.step_radius(step.notches)
        elif step.kind == "pan":
            self._show(self._viewport.panned(step.dx, step.dy), is_moving=True)
        elif step.notches:
            self._zoom_by(step.notches, event.position(), is_moving=True)

    def event(self, event: QEvent) -> bool:
        """Pinches, and keys that are the canvas's own before they are anybody's shortcut."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._takes_key(event):
            event.accept()
            return True
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self._pinch(event)
            return True
        return super().event(event)

    def _pinch(self, event: QNativeGestureEvent) -> None:
        if self._viewport is not None:
            place, zoom = event.position(), self._viewport.zoom * max(1.0 + event.value(), 0.1)
            self._show(self._viewport.zoomed_to(zoom, (place.x(), place.y())), is_moving=True)

    # --- keys ---

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Held keys, Esc during a gesture, Del at a marker; everything else is the window's."""
        key = event.key()
        if key == Qt.Key.Key_Shift:
            self._set_shift(True)
        if not self._takes_key(event):
            super().keyPressEvent(event)
        elif event.isAutoRepeat():
            return
        elif key == Qt.Key.Key_Space:
            self._space.press()
            self._refresh()
        elif key in HOLD_KEYS:
            self._is_hold_key_down = True
            self.set_hold(HOLD_KEYS[key])
        elif key == Qt.Key.Key_Escape:
            self.cancel_gesture()
        elif (index := self._marker_to_delete()) is not None:
            self.click_delete_requested.emit(index)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """The end of a held key."""
        if event.isAutoRepeat():
            return
        if event.key() == Qt.Key.Key_Space:
            is_tap = self._space.release()
            self._refresh()
            if is_tap:
                self.space_tapped.emit()
        elif event.key() in HOLD_KEYS:
            self._release_hold()
        elif event.key() == Qt.Key.Key_Shift:
            self._set_shift(False)
        else:
            super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Held keys are released unseen once another widget has the keyboard."""
        super().focusOutEvent(event)
        self._space.forget()
        self._release_hold()
        self._set_shift(False)

    def hideEvent(self, event: QHideEvent) -> None:
        """Leave neither gesture nor timer behind."""
        super().hideEvent(event)
        self.cancel_gesture()
        self._label_timer.stop()

    def _takes_key(self, event: QKeyEvent) -> bool:
        key = event.key()
        if key == Qt.Key.Key_Escape:
            return self._gestures.is_running
        if key == Qt.Key.Key_Delete:
            return self._marker_to_delete() is not None
        return self._viewport is not None and (key == Qt.Key.Key_Space or key in HOLD_KEYS)

    def _release_hold(self) -> None:
        if self._is_hold_key_down:
            self._is_hold_key_down = False
            self.set_hold("none")

    def _set_shift(self, has_shift: bool) -> None:
        self._pointer.has_shift = has_shift
        self._refresh()

    # --- gestures and pointer ---

    def _pointer_event(self, kind: PointerEventKind, event: QMouseEvent, viewport: Viewport) -> PointerEvent:
        place = event.position()
        is_secondary = self._pointer.has_shift or self._gesture_button == Qt.MouseButton.RightButton
        return PointerEvent(kind, *viewport.to_image(place.x(), place.y()), place.x(), place.y(), is_secondary)

    def _report(self, interaction: Interaction) -> None:
        if isinstance(interaction, AddClick):
            self.click_requested.emit(interaction.x, interaction.y, interaction.radius, interaction.is_positive)
        elif isinstance(interaction, MoveClick):
            self.click_move_requested.emit(interaction.index, interaction.x, interaction.y)
        elif isinstance(interaction, AddStroke):
            self.painted.emit(interaction.points, interaction.radius, interaction.is_secondary)
        elif isinstance(interaction, Pick):
            self.pick_requested.emit(interaction.x, interaction.y, interaction.is_secondary)
        else:
            self.click_selected.emit(interaction.index)

    def _follow(self, event: QSinglePointEvent) -> None:
        """The pointer is where the event says."""
        self._pointer.has_shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self._pointer.move_to(event.position(), self._viewport, self._markers_to_hover())
        self._report_position()
        self._refresh()

    def _follow_view(self) -> None:
        """The image moved under the pointer."""
        if self._pointer.place is not None:
            self._pointer.move_to(self._pointer.place, self._viewport, self._markers_to_hover())
        self._report_position()
        self._refresh()

    def _report_position(self) -> None:
        position = self.image_at(self._pointer.place) if self._pointer.place is not None else None
        was_over_image, self._is_over_image = self._is_over_image, position is not None
        if position is not None:
            self.cursor_moved.emit(*position)
        elif was_over_image:
            self.cursor_left.emit()

    def _on_markers_replaced(self) -> None:
        if self._ghost_marker() is not None:
            self.cancel_gesture()
        self._pointer.stay()
        self._refresh()

    def _markers_to_hover(self) -> tuple[ClickMarker, ...]:
        can_hover = self._are_markers_visible and self._tool is TOOLS["click"] and not self._gestures.is_running
        return self._markers if can_hover else ()

    def _marker_to_delete(self) -> int | None:
        under = self._pointer.over(self._viewport, self._markers_to_hover())
        selected = (index for index, marker in enumerate(self._markers) if marker.is_selected)
        return under if under is not None else next(selected, None)

    # --- drawing ---

    def _refresh(self) -> None:
        """Bring cursor and pointer picture in line with the state, repainting only what they cover."""
        emphasis = self._hovered_marker(), self._ghost_marker()
        if emphasis != self._emphasis:
            self._emphasis = emphasis
            self._repaint_markers()
        situation = self._situation()
        cursor = self._cursors.get(situation.cursor_name, self.devicePixelRatioF(), situation.cursor_colour)
        if cursor is not self._shown_cursor:
            self._shown_cursor = cursor
            self.setCursor(cursor)
        before, self._picture = self._picture, situation.picture()
        if self._viewport is not None and before != self._picture:
            self.update(before.covered(self._viewport, self.font()))
            self.update(self._picture.covered(self._viewport, self.font()))

    def _situation(self) -> Situation:
        """All that what follows the mouse depends on."""
        return Situation(
            viewport=self._viewport,
            place=self._pointer.place,
            feedback=self._gestures.feedback,
            markers=self._markers,
            targets=self._targets,
            tool="pan" if self._space.is_down else self._tool.name,
            radius=self.radius(),
            shows_radius=self._label_timer.isActive(),
            has_shift=self._pointer.has_shift,
            is_over_marker=self._pointer.hovered is not None,
            is_over_image=self._is_over_image,
        )

    def _hovered_marker(self) -> int | None:
        return self._pointer.hovered

    def _ghost_marker(self) -> int | None:
        feedback = self._gestures.feedback
        return feedback.index if isinstance(feedback, MoveFeedback) else None

    def _paint_pointer(self, painter: QPainter, viewport: Viewport) -> None:
        self._picture.paint(painter, viewport, self._marker_painter, self.font())
