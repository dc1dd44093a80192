"""A picture with its true dense output, on which refinement is measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class DenseExample:
    """A picture and the truth about it.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        target: (H, W): integer 1 object and 0 background, integer classes, float32 alpha in [0, 1], or float32 metres.
        valid: (H, W) bool, where the truth is known and counts.
        guidance: (H, W) uint8 trimap of 0, 128 and 255 for matting, else None.
        name: what reports call it.
    """

    image: NDArray[np.uint8]
    target: NDArray[Any]
    valid: NDArray[np.bool_]
    guidance: NDArray[np.uint8] | None = None
    name: str = ""


def reduced(example: DenseExample, longest_side: int) -> DenseExample:
    """The example at a longest side of so many pixels, if it is longer; mattes are averaged, all else is sampled."""
    height, width = example.target.shape
    scale = longest_side / max(height, width)
    if scale >= 1:
        return example
    size = (max(1, round(width * scale)), max(1, round(height * scale)))

    def sampled(values: NDArray[Any]) -> NDArray[Any]:
        rows = ((np.arange(size[1]) + 0.5) * height / size[1]).astype(np.intp)
        columns = ((np.arange(size[0]) + 0.5) * width / size[0]).astype(np.intp)
        return np.ascontiguousarray(values[np.ix_(rows, columns)])

    def averaged(values: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), dtype=values.dtype)

    return DenseExample(
        averaged(example.image),
        sampled(example.target) if example.guidance is None else averaged(example.target),
        sampled(example.valid),
        None if example.guidance is None else sampled(example.guidance),
        example.name,
    )
