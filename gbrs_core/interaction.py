"""What the annotator does: clicks, strokes, modes, and what a task accepts as a target. Torch-free."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Push:
    """One step of the push mode (equation 12): raise or lower the value of a pixel, nothing else.

    Attributes:
        x: column in continuous image pixels, as of a click.
        y: row in continuous image pixels, as of a click.
        direction: +1 raises (more opaque, farther), -1 lowers.
        step: by how much, the epsilon of the paper; in units of the prediction, > 0.
    """

    x: float
    y: float
    direction: Literal[1, -1]
    step: float = 0.1

    def __post_init__(self) -> None:
        if not all(math.isfinite(value) for value in (self.x, self.y, self.step)):
            raise ValueError(f"a push needs finite numbers, got {self!r}")
        if self.direction not in (1, -1):
            raise ValueError(f"a push goes up (1) or down (-1), got {self.direction}")
        if self.step <= 0:
            raise ValueError(f"the step of a push must be positive, got {self.step}")


@dataclass(frozen=True, eq=False)
class Stroke:
    """Painted pixels with a target: one entry of the finetune mask T (equation 10). Compared by content.

    Attributes:
        mask: (h, w) bool, true where painted, at least once; made read-only.
        target: wanted value at the painted pixels.
        left: column of the mask's first column in the image.
        top: row of the mask's first row in the image.
    """

    mask: NDArray[np.bool_]
    target: float
    left: int = 0
    top: int = 0
    _digest: bytes = field(init=False, repr=False, default=b"")

    def __post_init__(self) -> None:
        if self.mask.ndim != 2 or self.mask.dtype != np.bool_ or not self.mask.any():
            raise ValueError("a stroke needs a two-dimensional boolean mask with at least one painted pixel")
        if not math.isfinite(self.target):
            raise ValueError(f"a stroke needs a finite target, got {self.target}")
        self.mask.flags.writeable = False
        content = np.packbits(self.mask).tobytes()
        object.__setattr__(self, "_digest", hashlib.blake2b(content, digest_size=16).digest())

    @classmethod
    def along(
        cls, points: Sequence[tuple[float, float]], radius: float, target: float, height: int, width: int
    ) -> Stroke:
        """What a round brush paints on its way.

        Args:
            points: (x, y) of the way in image pixels; one point paints a disc.
            radius: of the brush in image pixels, > 0; the pixel under a point is always painted.
            target: wanted value.
            height: H of the image.
            width: W of the image.

        Raises:
            ValueError: there are no points, the radius is not positive, or nothing of the way is inside the image.
        """
        if not points or not radius > 0:
            raise ValueError("a stroke needs at least one point and a positive radius")
        columns, rows = ([point[axis] for point in points] for axis in (0, 1))
        left, right = (_clipped(edge, width) for edge in (min(columns) - radius, max(columns) + radius + 1))
        top, bottom = (_clipped(edge, height) for edge in (min(rows) - radius, max(rows) + radius + 1))
        mask = np.zeros((bottom - top, right - left), dtype=np.bool_)
        if mask.size:
            shifted = [(x - left, y - top) for x, y in points]
            for start, end in zip(shifted, shifted[1:] or shifted, strict=False):
                _paint_segment(mask, start, end, radius)
        if not mask.any():
            raise ValueError("the stroke is outside of the image")
        return cls(mask, target, left, top)

    @property
    def _key(self) -> tuple[object, ...]:
        return self._digest, self.mask.shape, self.target, self.left, self.top

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stroke) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def painted(self, height: int, width: int) -> NDArray[np.bool_]:
        """The mask (height, width) of the whole image; what lies outside of it is left out."""
        whole = np.zeros((height, width), dtype=np.bool_)
        rows = slice(max(self.top, 0), max(self.top + self.mask.shape[0], 0))
        columns = slice(max(self.left, 0), max(self.left + self.mask.shape[1], 0))
        target = whole[rows, columns]
        down, right = max(-self.top, 0), max(-self.left, 0)
        target[:] = self.mask[down : down + target.shape[0], right : right + target.shape[1]]
        return whole


Box = tuple[float, float, float, float]
"""(left, top, right, bottom): the outer edges of a part of an image, in pixels with their centres at whole numbers."""

Interaction = Click | Push | Stroke
"""Anything the annotator does to correct a prediction."""


def mode_of(interaction: Interaction) -> Mode:
    """The mode an interaction belongs to."""
    if isinstance(interaction, Push):
        return Mode.PUSH
    return Mode.STROKE if isinstance(interaction, Stroke) else Mode.CLICK


def _clipped(edge: float, size: int) -> int:
    return min(max(math.floor(edge), 0), size)


def _paint_segment(
    mask: NDArray[np.bool_], start: tuple[float, float], end: tuple[float, float], radius: float
) -> None:
    """Paint the pixels whose centres are within `radius` of the segment, and the pixel under its end."""
    (x0, y0), (x1, y1) = start, end
    height, width = mask.shape
    left, right = (_clipped(edge, width) for edge in (min(x0, x1) - radius, max(x0, x1) + radius + 1))
    top, bottom = (_clipped(edge, height) for edge in (min(y0, y1) - radius, max(y0, y1) + radius + 1))
    rows, columns = np.ogrid[top:bottom, left:right]
    along_x, along_y = x1 - x0, y1 - y0
    length = along_x * along_x + along_y * along_y
    share = ((columns - x0) * along_x + (rows - y0) * along_y) / length if length else np.zeros((1, 1))
    nearest = np.clip(share, 0.0, 1.0)
    distance = (columns - x0 - nearest * along_x) ** 2 + (rows - y0 - nearest * along_y) ** 2
    mask[top:bottom, left:right] |= distance <= radius * radius
    row, column = math.floor(y1 + 0.5), math.floor(x1 + 0.5)
    if 0 <= row < height and 0 <= column < width:
        mask[row, column] = True


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

    @property
    def range_text(self) -> str:
        """The targets in words, for messages."""
        if self.kind == "binary":
            return "targets are 1 (object) and -1 (background)"
        unit = f" {self.unit}" if self.unit else ""
        what = "classes are whole numbers from" if self.kind == "classes" else "targets are from"
        upper = "" if math.isinf(self.maximum) else f" to {self.maximum:g}{unit}"
        return f"{what} {self.minimum:g}{unit}{upper}" + (" up" if not upper else "")
