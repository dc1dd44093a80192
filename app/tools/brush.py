"""The brushes: one paints targets (strokes), the other one the trimap. They differ in what is made of the way."""

from __future__ import annotations

from app.tools.base import AddStroke, Gesture, PointerEvent, StrokeFeedback, Surroundings

_STEP = 0.35
"""Share of the radius that the brush moves before its way gets another point."""


class BrushTool:
    """Left button: first target; right button or Shift: the other one."""

    has_brush = True

    def __init__(self, name: str) -> None:
        self.name = name

    def begin(self, press: PointerEvent, surroundings: Surroundings) -> Gesture | None:
        """A way that begins inside of the image; it may leave it."""
        return _paint(press, surroundings.radius) if surroundings.contains(press) else None


def _paint(press: PointerEvent, radius: float) -> Gesture:
    points: tuple[tuple[float, float], ...] = ((press.x, press.y),)
    event = press
    while event.kind != "release":
        event = yield StrokeFeedback(points, radius, press.is_secondary)
        far = max(abs(event.x - points[-1][0]), abs(event.y - points[-1][1]))
        if far >= max(radius * _STEP, 0.5):
            points = (*points, (event.x, event.y))
    return AddStroke(points, radius, press.is_secondary)
