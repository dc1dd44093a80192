"""Gestures as generators: the code before the first `yield` is the press, each `yield` waits for the next move or the
release, and the returned value is what the gesture was for. No Qt, so that gestures are tested without a window.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal, Protocol

from app.rendering.layers import ClickMarker

DRAG_THRESHOLD_PX = 4.0
"""Logical pixels beyond which a press that moves is a drag."""
MIN_RADIUS = 2.0
"""Smallest attention radius, in image pixels."""
DEFAULT_RADIUS = 60.0
"""Attention radius before anybody chose one, in image pixels."""
DEFAULT_BRUSH_RADIUS = 16.0
"""Radius of the brush before anybody chose one, in image pixels."""
MIN_BRUSH_RADIUS = 0.5
"""Smallest radius of the brush, in image pixels: it paints a single pixel."""
RADIUS_PER_NOTCH = 1.15
"""Factor on the attention radius per notch of the wheel."""


PointerEventKind = Literal["press", "move", "release"]


@dataclass(frozen=True)
class PointerEvent:
    """What the pointer did.

    Attributes:
        kind: press, move or release.
        x, y: image pixels; may lie outside of the image.
        view_x, view_y: logical pixels of the widget.
        is_secondary: whether the gesture is made with the right button, or with the left one and Shift.
    """

    kind: PointerEventKind
    x: float
    y: float
    view_x: float
    view_y: float
    is_secondary: bool = False

    def view_distance(self, other: PointerEvent) -> float:
        """Distance to another event in logical pixels."""
        return math.hypot(self.view_x - other.view_x, self.view_y - other.view_y)

    def image_distance(self, other: PointerEvent) -> float:
        """Distance to another event in image pixels."""
        return math.hypot(self.x - other.x, self.y - other.y)


@dataclass(frozen=True)
class Surroundings:
    """What a gesture finds when it begins.

    Attributes:
        image_size: (H, W).
        radius: attention radius of the next click, or radius of the brush, in image pixels.
        markers: the clicks that are shown.
        marker_index: which of them is under the pointer; None for none.
    """

    image_size: tuple[int, int]
    radius: float
    markers: tuple[ClickMarker, ...] = ()
    marker_index: int | None = None

    def limited_radius(self, radius: float) -> float:
        """The nearest radius that a click may have."""
        return limited_radius(radius, self.image_size)

    def contains(self, event: PointerEvent) -> bool:
        """Whether an event is on the image."""
        height, width = self.image_size
        return -0.5 <= event.x < width - 0.5 and -0.5 <= event.y < height - 0.5

    def inside(self, x: float, y: float) -> tuple[float, float]:
        """The nearest position between the middles of the outermost pixels."""
        return nearest_inside(x, y, self.image_size)


# --- feedback: what the canvas shows while a gesture runs ---


@dataclass(frozen=True)
class RingFeedback:
    """The ring of the click to be; `is_drag` once its radius is being drawn."""

    x: float
    y: float
    radius: float
    is_positive: bool
    is_drag: bool


@dataclass(frozen=True)
class MoveFeedback:
    """A marker on its way to another place."""

    index: int
    x: float
    y: float


@dataclass(frozen=True)
class PanFeedback:
    """The image is to be moved by logical pixels since the last feedback."""

    dx: float
    dy: float


@dataclass(frozen=True)
class StrokeFeedback:
    """What a brush painted so far: the way of its middle in image pixels, and its radius."""

    points: tuple[tuple[float, float], ...]
    radius: float
    is_secondary: bool


@dataclass(frozen=True)
class PushFeedback:
    """The button is held here, in image pixels: the value is to be raised, or lowered."""

    x: float
    y: float
    is_positive: bool


Feedback = RingFeedback | MoveFeedback | PanFeedback | StrokeFeedback | PushFeedback

# --- interactions: what a gesture was for ---


@dataclass(frozen=True)
class AddClick:
    """A click was made, in image pixels."""

    x: float
    y: float
    radius: float
    is_positive: bool


@dataclass(frozen=True)
class MoveClick:
    """A click was moved to another place."""

    index: int
    x: float
    y: float


@dataclass(frozen=True)
class SelectClick:
    """A click was selected."""

    index: int


@dataclass(frozen=True)
class AddStroke:
    """Something was painted: the way of the brush in image pixels, and its radius."""

    points: tuple[tuple[float, float], ...]
    radius: float
    is_secondary: bool


@dataclass(frozen=True)
class Pick:
    """The value under the pointer is to be the target of a button, in image pixels."""

    x: float
    y: float
    is_secondary: bool


Interaction = AddClick | MoveClick | SelectClick | AddStroke | Pick
Gesture = Generator[Feedback | None, PointerEvent, Interaction | None]


class Tool(Protocol):
    """What a press begins.

    Attributes:
        name: registry name.
        has_brush: whether it paints; its radius is that of the brush then, else the attention radius.
    """

    name: str
    has_brush: bool

    def begin(self, press: PointerEvent, surroundings: Surroundings) -> Gesture | None:
        """The gesture that begins with this press; None if it begins nothing."""
        ...


class GestureRunner:
    """Runs at most one gesture."""

    def __init__(self) -> None:
        self._gesture: Gesture | None = None
        self.feedback: Feedback | None = None

    @property
    def is_running(self) -> bool:
        """Whether a gesture waits for its next event."""
        return self._gesture is not None

    def start(self, gesture: Gesture | None) -> None:
        """Begin a gesture in place of the one before."""
        self.cancel()
        if gesture is not None:
            self.feedback = next(gesture)
            self._gesture = gesture

    def send(self, event: PointerEvent) -> Interaction | None:
        """Give the gesture its next event; returns what it was for once it is over."""
        if self._gesture is None:
            return None
        try:
            self.feedback = self._gesture.send(event)
        except StopIteration as end:
            self._gesture, self.feedback = None, None
            interaction: Interaction | None = end.value
            return interaction
        return None

    def cancel(self) -> bool:
        """Drop the gesture without a trace. Returns whether there was one."""
        gesture, self._gesture, self.feedback = self._gesture, None, None
        if gesture is not None:
            gesture.close()
        return gesture is not None


def limited_radius(radius: float, image_size: tuple[int, int], least: float = MIN_RADIUS) -> float:
    """The nearest radius between the least one and the diagonal of an image of size (H, W)."""
    return min(max(radius, least), max(math.hypot(*image_size), least))


def nearest_inside(x: float, y: float, image_size: tuple[int, int]) -> tuple[float, float]:
    """The nearest position between the middles of the outermost pixels of an image of size (H, W)."""
    height, width = image_size
    return min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0)
