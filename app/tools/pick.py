"""The eyedropper; Ctrl with the left button does the same with any tool."""

from __future__ import annotations

from app.tools.base import Gesture, Pick, PointerEvent, Surroundings


class PickTool:
    """Left button: the value becomes the first target; right button or Shift: the other one."""

    name = "pick"
    has_brush = False

    def begin(self, press: PointerEvent, surroundings: Surroundings) -> Gesture | None:
        """A press inside of the image; the value is taken where the button is released."""
        return _pick(press, surroundings) if surroundings.contains(press) else None


def _pick(press: PointerEvent, surroundings: Surroundings) -> Gesture:
    event = press
    while event.kind != "release":
        event = yield None
    return Pick(*surroundings.inside(event.x, event.y), press.is_secondary)
