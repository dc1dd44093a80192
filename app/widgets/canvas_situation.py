"""What follows the mouse: cursor, ring, label, the stroke being painted, all from one frozen description."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF

from app.rendering.layers import ClickMarker, Colour, TargetLook
from app.state.viewport import Viewport
from app.tools.base import Feedback, MoveFeedback, PanFeedback, RingFeedback, StrokeFeedback
from app.widgets.canvas_cursors import CursorName
from app.widgets.canvas_pointer import PointerPicture


@dataclass(frozen=True)
class Situation:
    """All that what follows the mouse depends on.

    Attributes:
        viewport: None without an image.
        place: where the pointer is, logical pixels; None while it is elsewhere.
        feedback: of the gesture under way; None without one.
        markers: the clicks that are shown.
        targets: how the targets of both buttons look; None for object and background.
        tool: name of the tool that a press would begin.
        radius: attention radius of the next click, or radius of the brush, image pixels.
        shows_radius: whether the radius is written at the pointer.
        has_shift: whether Shift is held: it makes the left button the other one.
        is_over_marker: whether a marker is under the pointer.
        is_over_image: whether the image is.
    """

    viewport: Viewport | None
    place: QPointF | None
    feedback: Feedback | None
    markers: tuple[ClickMarker, ...]
    targets: tuple[TargetLook, TargetLook] | None
    tool: str
    radius: float
    shows_radius: bool
    has_shift: bool
    is_over_marker: bool
    is_over_image: bool

    @property
    def cursor_name(self) -> CursorName:
        """Which cursor there is."""
        if self.viewport is None:
            return "arrow"
        if isinstance(self.feedback, PanFeedback):
            return "grab"
        if self.tool == "pan":
            return "hand"
        if self.is_over_marker:
            return "marker"
        if not self.is_over_image:
            return "arrow"
        if self.tool == "pick":
            return "pick"
        if self.targets is not None:
            return "target"
        return "background" if self.has_shift else "object"

    @property
    def cursor_colour(self) -> Colour | None:
        """The colour of the target in the cursor; None where it has a sign."""
        is_coloured = self.targets is not None and self.cursor_name == "target"
        return self.targets[self.has_shift].colour if is_coloured and self.targets is not None else None

    def picture(self) -> PointerPicture:
        """What is drawn at the pointer."""
        feedback, place = self.feedback, self.place
        if isinstance(feedback, MoveFeedback):
            return PointerPicture(replace(self.markers[feedback.index], x=feedback.x, y=feedback.y), has_dot=True)
        if place is None or self.viewport is None:
            return PointerPicture()
        if isinstance(feedback, RingFeedback):
            click = self._next_click(feedback.x, feedback.y, feedback.radius, feedback.is_positive)
            label = f"{feedback.radius:.0f} px" if feedback.is_drag else ""
            return PointerPicture(click, True, label, place.x(), place.y())
        if self.cursor_name not in ("object", "background", "target"):
            return PointerPicture()
        radius = 0.0 if self.tool == "push" else self.radius
        x, y = self.viewport.to_image(place.x(), place.y())
        click = self._next_click(x, y, radius, not self.has_shift)
        label = f"{self.radius:.0f} px" if self.shows_radius else ""
        stroke = feedback if isinstance(feedback, StrokeFeedback) else None
        look = self.targets[stroke.is_secondary] if stroke is not None and self.targets is not None else None
        return PointerPicture(click, False, label, place.x(), place.y(), stroke, look)

    def _next_click(self, x: float, y: float, radius: float, is_positive: bool) -> ClickMarker:
        number = len(self.markers) + 1
        if self.targets is None:
            return ClickMarker(number, x, y, radius, is_positive)
        look = self.targets[not is_positive]
        return ClickMarker(number, x, y, radius, is_positive, False, look.colour, look.label)
