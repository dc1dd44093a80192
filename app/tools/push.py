"""The push tool: raises or lowers the value under the pointer for as long as the button is held."""

from __future__ import annotations

from app.tools.base import Gesture, PointerEvent, PushFeedback, Surroundings


class PushTool:
    """Left button: up or farther; right button or Shift: down or nearer."""

    name = "push"
    has_brush = False

    def begin(self, press: PointerEvent, surroundings: Surroundings) -> Gesture | None:
        """A hold that begins inside of the image and follows the pointer."""
        return _hold(press, surroundings) if surroundings.contains(press) else None


def _hold(press: PointerEvent, surroundings: Surroundings) -> Gesture:
    event = press
    while event.kind != "release":
        event = yield PushFeedback(*surroundings.inside(event.x, event.y), not press.is_secondary)
    return None
