"""What the canvas draws over the photograph: masks, label maps, mattes, depth maps and click markers.

Plain values, no Qt. Arrays are never written to once they are in a layer: whether a layer changed is told by identity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]
"""Red, green, blue, each 0 to 255."""
DepthUnit = Literal["m", "relative"]


class Layer(Protocol):
    """What the canvas has to know of a layer; everything else is between the layer and its renderer."""

    @property
    def is_active(self) -> bool:
        """Whether it is the layer that clicks go to. At most one is."""
        ...

    @property
    def is_visible(self) -> bool:
        """Whether it is drawn."""
        ...

    def looks_like(self, other: Any) -> bool:
        """Whether another layer of the same kind draws the same; compares arrays by identity."""
        ...

    def as_active(self) -> Self:
        """The same layer, active and visible."""
        ...


@dataclass(frozen=True, eq=False)
class MaskLayer:
    """The mask of one object.

    Attributes:
        object_id: the object.
        logits: float32 (h, w) at working size, covering the whole image; the mask is `logits > threshold`.
        colour: colour of the object.
        is_active: whether it is the object that clicks go to.
        is_visible: whether it is drawn.
        is_locked: whether it is protected from changes.
        threshold: where the mask is cut.
    """

    object_id: int
    logits: NDArray[np.float32]
    colour: Colour
    is_active: bool
    is_visible: bool
    is_locked: bool
    threshold: float = 0.0

    def looks_like(self, other: MaskLayer) -> bool:
        """Whether both draw the same; compares arrays by identity, they are never written to."""
        return self.logits is other.logits and self._looks() == other._looks()

    def as_active(self) -> MaskLayer:
        """The same mask, active and visible."""
        return replace(self, is_active=True, is_visible=True)

    def _looks(self) -> tuple[object, ...]:
        return self.object_id, self.colour, self.is_active, self.is_visible, self.is_locked, self.threshold


@dataclass(frozen=True)
class ClickMarker:
    """One click of the active object as it is drawn.

    Attributes:
        number: what is written beside it, from 1.
        x, y: image pixels.
        radius: attention radius in image pixels; 0 for strokes and pushes, which have no ring.
        is_positive: object or background; up or down.
        is_selected: whether it is selected in the list of clicks.
        colour: of its target, for example of a class; None for the colours of object and background.
        label: its target in a few characters, written behind the number; empty where the sign says it.
    """

    number: int
    x: float
    y: float
    radius: float
    is_positive: bool
    is_selected: bool = False
    colour: Colour | None = None
    label: str = ""


@dataclass(frozen=True)
class TargetLook:
    """How a target looks at the pointer and at markers: its colour and a few characters."""

    colour: Colour
    label: str = ""


@dataclass(frozen=True, eq=False)
class LabelMapLayer:
    """The label map of a semantic network. There is one, and it is the active layer.

    Attributes:
        labels: integer (h, w) at working size, covering the whole image: class ids. Ids beyond the palette, and
            negative ones, are drawn as unknown.
        palette: uint8 (K, 3), the colour of every class.
        hidden: ids of the classes that are not drawn.
        scores: float32 (K, h, w), logits or probabilities of which `labels` is the argmax. With them boundaries lie
            between the cells where the scores cross, without them they are the smoothed boundaries of the labels.
        uncertainty: float32 (h, w) in [0, 1] at any size, the entropy over its greatest value, for the view
            "uncertainty"; without it, it is computed from the scores when that view is asked for.
        before: labels before the newest click or the refinement, for the view "difference"; None if there were none.
        is_active, is_visible: see `Layer`.
    """

    labels: NDArray[np.integer[Any]]
    palette: NDArray[np.uint8]
    hidden: frozenset[int] = frozenset()
    scores: NDArray[np.float32] | None = None
    uncertainty: NDArray[np.float32] | None = None
    before: NDArray[np.integer[Any]] | None = None
    is_active: bool = True
    is_visible: bool = True

    def looks_like(self, other: LabelMapLayer) -> bool:
        """Whether both draw the same."""
        return (
            self.labels is other.labels
            and self.scores is other.scores
            and self.uncertainty is other.uncertainty
            and self.before is other.before
            and (self.hidden, self.is_active, self.is_visible) == (other.hidden, other.is_active, other.is_visible)
            and np.array_equal(self.palette, other.palette)
        )

    def as_active(self) -> LabelMapLayer:
        """The same label map, active and visible."""
        return replace(self, is_active=True, is_visible=True)


@dataclass(frozen=True, eq=False)
class AlphaLayer:
    """The alpha matte of a matting network. There is one, and it is the active layer.

    Attributes:
        alpha: float32 (h, w) in [0, 1] at working size, covering the whole image. What is not finite counts as 0.
        before: alpha before the newest click or the refinement, for the view "difference"; None if there was none.
        trimap: uint8 (H', W') of any size, 0 background, 128 unknown, 255 foreground, for the view "trimap".
        is_active, is_visible: see `Layer`.
    """

    alpha: NDArray[np.float32]
    before: NDArray[np.float32] | None = None
    trimap: NDArray[np.uint8] | None = None
    is_active: bool = True
    is_visible: bool = True

    def looks_like(self, other: AlphaLayer) -> bool:
        """Whether both draw the same."""
        return (
            self.alpha is other.alpha
            and self.before is other.before
            and self.trimap is other.trimap
            and (self.is_active, self.is_visible) == (other.is_active, other.is_visible)
        )

    def as_active(self) -> AlphaLayer:
        """The same matte, active and visible."""
        return replace(self, is_active=True, is_visible=True)


@dataclass(frozen=True, eq=False)
class DepthLayer:
    """The depth map of a depth network. There is one, and it is the active layer.

    Attributes:
        depth: float32 (h, w) at working size, covering the whole image. What is not finite or not positive is a hole,
            and so is what lies outside of the valid range.
        before: depth before the newest click or the refinement, for the view "difference"; None if there was none.
        unit: "m", or "relative" where only ratios mean something.
        valid_range: (least, greatest) depth the network can say; None if it is not known.
        is_active, is_visible: see `Layer`.
    """

    depth: NDArray[np.float32]
    before: NDArray[np.float32] | None = None
    unit: DepthUnit = "m"
    valid_range: tuple[float, float] | None = None
    is_active: bool = True
    is_visible: bool = True

    def looks_like(self, other: DepthLayer) -> bool:
        """Whether both draw the same."""
        return self.depth is other.depth and self.before is other.before and self._looks() == other._looks()

    def as_active(self) -> DepthLayer:
        """The same depth map, active and visible."""
        return replace(self, is_active=True, is_visible=True)

    def _looks(self) -> tuple[object, ...]:
        return self.unit, self.valid_range, self.is_active, self.is_visible


def look_the_same(first: Sequence[Layer], second: Sequence[Layer]) -> bool:
    """Whether both sequences of layers draw the same."""
    return len(first) == len(second) and all(
        type(a) is type(b) and a.looks_like(b) for a, b in zip(first, second, strict=True)
    )
