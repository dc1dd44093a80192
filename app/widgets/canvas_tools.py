"""Which tool is in the annotator's hand: its radius, its targets, and the gesture under way."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from app.rendering.layers import TargetLook
from app.tools.base import (
    DEFAULT_BRUSH_RADIUS,
    DEFAULT_RADIUS,
    MIN_BRUSH_RADIUS,
    MIN_RADIUS,
    RADIUS_PER_NOTCH,
    GestureRunner,
    PushFeedback,
    limited_radius,
)
from app.tools.registry import TOOLS
from app.widgets.canvas_view import CanvasView

_LABEL_MS = 900


class CanvasTools(CanvasView):
    """What the next gesture will be; mouse and keys are `Canvas`'s.

    Signals (positions and radii in image pixels):
        radius_changed(float radius): the attention radius of the next click, or that of the brush, changed.
        radius_stepped(): somebody changed it by wheel or keys.
        push_held(float x, float y, bool is_positive): the button of the push tool is held here.
        push_released(): no longer.
    """

    radius_changed = Signal(float)
    radius_stepped = Signal()
    push_held = Signal(float, float, bool)
    push_released = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._radii = {False: DEFAULT_RADIUS, True: DEFAULT_BRUSH_RADIUS}
        self._targets: tuple[TargetLook, TargetLook] | None = None
        self._pushed: PushFeedback | None = None
        self._tool = TOOLS["click"]
        self._gestures = GestureRunner()
        self._label_timer = QTimer(self, singleShot=True, interval=_LABEL_MS)
        self._label_timer.timeout.connect(self._refresh)

    def set_image(self, rgb: NDArray[np.uint8] | None, *, keep_view: bool = False) -> None:
        """See `CanvasView`; cancels a gesture."""
        self.cancel_gesture()
        super().set_image(rgb, keep_view=keep_view)
        self.set_radius(self.radius())

    def set_radius(self, radius: float) -> None:
        """The attention radius of the next click, or that of the brush where the tool has one, from 2 image pixels
        (half a one for a brush) to the image's diagonal.
        """
        view, has_brush = self._viewport, self._tool.has_brush
        least = MIN_BRUSH_RADIUS if has_brush else MIN_RADIUS
        limited = max(radius, least) if view is None else limited_radius(radius, view.image_size, least)
        if limited != self._radii[has_brush]:
            self._radii[has_brush] = limited
            self._refresh()
            self.radius_changed.emit(limited)

    def radius(self) -> float:
        """The attention radius of the next click, or that of the brush where the tool has one, in image pixels."""
        return self._radii[self._tool.has_brush]

    def set_targets(self, targets: tuple[TargetLook, TargetLook] | None) -> None:
        """How the targets of the left and the right button look; None for object and background."""
        self._targets = targets
        self._refresh()

    def step_radius(self, notches: float) -> None:
        """Change the radius by 15 % per notch, and show it in figures for a moment."""
        self.set_radius(self.radius() * RADIUS_PER_NOTCH**notches)
        self.radius_stepped.emit()
        self._label_timer.start()
        self._refresh()

    def set_tool(self, name: str) -> None:
        """Use a tool of `app.tools.registry`. Raises ValueError for another one."""
        if name not in TOOLS:
            raise ValueError(f"unknown tool {name!r}; known ones: {', '.join(TOOLS)}")
        self.cancel_gesture()
        self._tool = TOOLS[name]
        self._refresh()
        self.radius_changed.emit(self.radius())

    def cancel_gesture(self) -> bool:
        """Drop the gesture under way as if it had not begun. Returns whether there was one."""
        was_running = self._gestures.cancel()
        self._report_push()
        self._refresh()
        return was_running

    def _report_push(self) -> None:
        """Say where the button of the push tool is held, and when it no longer is."""
        feedback = self._gestures.feedback
        before, self._pushed = self._pushed, feedback if isinstance(feedback, PushFeedback) else None
        if self._pushed is not None and self._pushed != before:
            self.push_held.emit(self._pushed.x, self._pushed.y, self._pushed.is_positive)
        elif self._pushed is None and before is not None:
            self.push_released.emit()

    def _refresh(self) -> None:
        """Bring cursor and pointer picture in line with the state."""
