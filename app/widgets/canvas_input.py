"""Reads wheels, trackpads and held keys: what the user means, not what the device sends."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QInputDevice, QWheelEvent

TAP_SECONDS = 0.3
ZOOM_PER_NOTCH = 1.2
_NOTCH = 120.0
"""Qt's unit: eighths of a degree per notch of a common mouse wheel."""
_TRACKPAD_PX_PER_NOTCH = 60.0

HOLD_KEYS: dict[int, Literal["before", "image"]] = {
    Qt.Key.Key_Backslash: "before",
    Qt.Key.Key_QuoteLeft: "image",
    Qt.Key.Key_Dead_Grave: "image",
}


@dataclass(frozen=True)
class WheelStep:
    """What a turn of the wheel is for.

    Attributes:
        kind: zoom, radius or pan.
        notches: for zoom and radius, may be a fraction.
        dx, dy: for pan, logical pixels.
    """

    kind: Literal["zoom", "radius", "pan"]
    notches: float = 0.0
    dx: float = 0.0
    dy: float = 0.0


def read_wheel(event: QWheelEvent) -> WheelStep:
    """Shift: radius; trackpad without Ctrl: pan; else zoom."""
    angle, pixels = event.angleDelta(), event.pixelDelta()
    modifiers = event.modifiers()
    if modifiers & Qt.KeyboardModifier.ShiftModifier:
        # macOS, and some drivers elsewhere, turn a wheel with Shift into a horizontal one.
        return WheelStep("radius", notches=(angle.y() or angle.x()) / _NOTCH)
    if _is_trackpad(event) and not modifiers & Qt.KeyboardModifier.ControlModifier:
        if not pixels.isNull():
            return WheelStep("pan", dx=pixels.x(), dy=pixels.y())
        per_unit = _TRACKPAD_PX_PER_NOTCH / _NOTCH
        return WheelStep("pan", dx=angle.x() * per_unit, dy=angle.y() * per_unit)
    return WheelStep("zoom", notches=angle.y() / _NOTCH)


def dropped_paths(data: QMimeData) -> list[str]:
    """The local files among what is dragged."""
    return [url.toLocalFile() for url in data.urls() if url.isLocalFile()]


class SpaceKey:
    """Tells a tap of the space bar from a hold: short, and without a press of the mouse meanwhile."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pressed_at: float | None = None
        self._is_used = False

    @property
    def is_down(self) -> bool:
        """Whether the space bar is held."""
        return self._pressed_at is not None

    def press(self) -> None:
        """The key went down."""
        self._pressed_at, self._is_used = self._clock(), False

    def use(self) -> None:
        """The mouse was pressed: if the key is held, it is held for that."""
        self._is_used = True

    def release(self) -> bool:
        """The key went up. Returns whether that was a tap."""
        pressed_at, self._pressed_at = self._pressed_at, None
        return pressed_at is not None and not self._is_used and self._clock() - pressed_at < TAP_SECONDS

    def forget(self) -> None:
        """The keyboard went elsewhere; its release will not be seen."""
        self._pressed_at = None


def _is_trackpad(event: QWheelEvent) -> bool:
    device = event.device()
    if device is not None and device.type() == QInputDevice.DeviceType.TouchPad:
        return True
    return not event.pixelDelta().isNull() and event.phase() != Qt.ScrollPhase.NoScrollPhase
