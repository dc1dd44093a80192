"""The pan tool; the middle button and Space do the same with any tool."""

from __future__ import annotations

from app.tools.base import Gesture, PanFeedback, PointerEvent, Surroundings


class PanTool:
    """The image follows the pointer."""

    name = "pan"
    has_brush = False

    def begin(self, press: PointerEvent, surroundings: Surroundings) -> Gesture | None:
        """A drag from anywhere."""
        return _drag(press)


def _drag(press: PointerEvent) -> Gesture:
    before = event = press
    while event.kind != "release":
        before, event = event, (yield PanFeedback(event.view_x - before.view_x, event.view_y - before.view_y))
    return None
