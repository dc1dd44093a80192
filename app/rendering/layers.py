"""What the canvas draws over the photograph: masks and click markers. Plain values, no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]
"""Red, green, blue, each 0 to 255."""


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

    def _looks(self) -> tuple[object, ...]:
        return self.object_id, self.colour, self.is_active, self.is_visible, self.is_locked, self.threshold


@dataclass(frozen=True)
class ClickMarker:
    """One click of the active object as it is drawn.

    Attributes:
        number: what is written beside it, from 1.
        x, y: image pixels.
        radius: attention radius in image pixels.
        is_positive: object or background.
        is_selected: whether it is selected in the list of clicks.
    """

    number: int
    x: float
    y: float
    radius: float
    is_positive: bool
    is_selected: bool = False


def look_the_same(first: Sequence[MaskLayer], second: Sequence[MaskLayer]) -> bool:
    """Whether both sequences of layers draw the same."""
    return len(first) == len(second) and all(a.looks_like(b) for a, b in zip(first, second, strict=True))
