"""A picture with its true dense output, on which refinement is measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
