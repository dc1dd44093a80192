"""The click tool: click, click with a drawn radius, move or select a click that is there."""

from __future__ import annotations

from app.tools.base import (
    DRAG_THRESHOLD_PX,
    AddClick,
    Gesture,
    MoveClick,
    MoveFeedback,
    PointerEvent,
    RingFeedback,
    SelectClick,
    Surroundings,
)


class ClickTool:
    """Left button: object or first target; right button or Shift: the other one; on a marker: move or select it."""

    name = "click"
    has_brush = False

    def begin(self, press: PointerEvent, surroundings: Surroundings) -> Gesture | None:
        """A click inside of the image, or a drag of the marker under the pointer."""
        if surroundings.marker_index is not None and not press.is_secondary:
            return _drag_marker(press, surroundings, surroundings.marker_index)
        return _draw_click(press, surroundings) if surroundings.contains(press) else None


def _draw_click(press: PointerEvent, surroundings: Surroundings) -> Gesture:
    """A click at the press; its radius is the length of the drag, the default one if it was not dragged."""
    x, y = surroundings.inside(press.x, press.y)
    is_positive = not press.is_secondary
    event = press
    while event.kind != "release":
        radius, is_drag = _radius(press, event, surroundings)
        event = yield RingFeedback(x, y, radius, is_positive, is_drag)
    return AddClick(x, y, _radius(press, event, surroundings)[0], is_positive)


def _radius(press: PointerEvent, event: PointerEvent, surroundings: Surroundings) -> tuple[float, bool]:
    if event.view_distance(press) <= DRAG_THRESHOLD_PX:
        return surroundings.radius, False
    return surroundings.limited_radius(event.image_distance(press)), True


def _drag_marker(press: PointerEvent, surroundings: Surroundings, index: int) -> Gesture:
    """The marker follows the pointer from where it was taken; without a drag it is selected."""
    marker = surroundings.markers[index]
    event, was_dragged = press, False
    place = marker.x, marker.y
    while event.kind != "release":
        event = yield MoveFeedback(index, *place) if was_dragged else None
        was_dragged = was_dragged or event.view_distance(press) > DRAG_THRESHOLD_PX
        if was_dragged:
            place = surroundings.inside(marker.x + event.x - press.x, marker.y + event.y - press.y)
    return MoveClick(index, *place) if was_dragged else SelectClick(index)
