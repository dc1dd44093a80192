"""What the annotator does: clicks, strokes, modes, and what a task accepts as a target. Torch-free."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import Literal

import numpy as np
from numpy.typing import NDArray


class Mode(Enum):
    """How an interaction corrects the prediction (sections 2.4.2 and 2.4.3 of the paper)."""

    CLICK = "click"
    STROKE = "stroke"
    PUSH = "push"


@dataclass(frozen=True)
class Click:
    """One click (u, v, r, l) of the paper.

    Attributes:
        x: column in continuous image pixels, 0 at the centre of the leftmost pixel, to the right.
        y: row in continuous image pixels, 0 at the centre of the topmost pixel, down.
        radius: attention radius r in image pixels, > 0; outside of it the prediction is to stay.
        target: wanted value: object +1 / background -1, class id, alpha in [0, 1], or depth.
    """

    x: float
    y: float
    radius: float
    target: float

    def __post_init__(self) -> None:
        if not all(math.isfinite(value) for value in (self.x, self.y, self.radius, self.target)):
            raise ValueError(f"a click needs finite numbers, got {self!r}")
        if self.radius <= 0:
            raise ValueError(f"the attention radius must be positive, got {self.radius}")

    @property
    def is_positive(self) -> bool:
        """Whether the target is above zero: an object click in interactive segmentation."""
        return self.target > 0


@dataclass(frozen=True, eq=False)
class Stroke:
    """Painted pixels with a target: one entry of the finetune mask T (equation 10).

    Attributes:
        mask: (H, W) bool, at image size, true where painted.
        target: wanted value at the painted pixels.
    """

    mask: NDArray[np.bool_]
    target: float


@dataclass(frozen=True)
class TargetSpec:
    """Which targets a task accepts; panels and parsers are built from it.

    Attributes:
        kind: "binary" (+1 / -1), "classes" (0 .. class_count - 1) or "range" (minimum .. maximum).
        minimum: least target of a range.
        maximum: largest target of a range, inf if unbounded.
        unit: unit of a range, for example "m"; empty if it has none.
        default: target of the primary button.
        secondary: target of the other button.
    """

    kind: Literal["binary", "classes", "range"]
    minimum: float = -1.0
    maximum: float = 1.0
    unit: str = ""
    default: float = 1.0
    secondary: float = -1.0

    def accepts(self, target: float) -> bool:
        """Whether a click may have this target."""
        if self.kind == "binary":
            return target in (-1.0, 1.0)
        if self.kind == "classes":
            return float(target).is_integer() and self.minimum <= target <= self.maximum
        return self.minimum <= target <= self.maximum
