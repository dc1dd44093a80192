"""Trimaps: made from an object mask, or painted. Torch-free.

A trimap is (H, W) uint8 with `BACKGROUND`, `UNKNOWN` and `FOREGROUND`; the alpha matte is only asked for where it is
unknown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from gbrs_core.interaction import Stroke

BACKGROUND, UNKNOWN, FOREGROUND = VALUES = (0, 128, 255)
"""The only values of a trimap."""

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in whole pixels; right and bottom are the first ones outside."""


def trimap_from_mask(mask: NDArray[np.bool_], erode: float, dilate: float) -> NDArray[np.uint8]:
    """The pixels near the edge of a mask become unknown.

    Distances are Euclidean, between pixel centres; the border of the image is no edge, because the object goes on
    behind it.

    Args:
        mask: (H, W) bool.
        erode: object pixels with a background pixel within this many pixels become unknown.
        dilate: background pixels with an object pixel within this many pixels become unknown.

    Returns:
        (H, W) uint8 trimap.

    Raises:
        ValueError: a width is negative or not finite.
    """
    for width in (erode, dilate):
        if not (math.isfinite(width) and width >= 0):
            raise ValueError(f"the widths of the unknown band must be at least 0, got {width}")
    trimap = np.where(mask, np.uint8(FOREGROUND), np.uint8(BACKGROUND))
    if mask.all() or not mask.any():
        return trimap
    inside = mask.astype(np.uint8)
    trimap[mask & (_distance_to_zero(inside) <= erode)] = UNKNOWN
    trimap[~mask & (_distance_to_zero(1 - inside) <= dilate)] = UNKNOWN
    return trimap


def suggested_width(height: int, width: int) -> int:
    """A width of the unknown band on either side of an edge that takes in hair on most portraits, in pixels."""
    return max(2, round(0.02 * max(height, width)))


def is_all_unknown(trimap: NDArray[np.uint8]) -> bool:
    """Whether it says nothing: networks then guess at what the object is."""
    return bool(np.all(trimap == UNKNOWN))


def painted(
    trimap: NDArray[np.uint8], points: Sequence[tuple[float, float]], radius: float, value: int
) -> tuple[NDArray[np.uint8], Box]:
    """What a round brush leaves on its way.

    Args:
        trimap: (H, W) uint8; not changed.
        points: (x, y) of the way in continuous image pixels, one at least; it may leave the image.
        radius: of the brush in image pixels, > 0; the pixel under the brush is always painted.
        value: `BACKGROUND`, `UNKNOWN` or `FOREGROUND`.

    Returns:
        The new trimap, and the box outside of which it is as before; the box is empty (0, 0, 0, 0) if the brush stayed
        outside of the image.

    Raises:
        ValueError: there is no point, the radius is not positive, or the value is no trimap's.
    """
    if not points or not radius > 0:
        raise ValueError("a brush stroke needs at least one point and a positive radius")
    if value not in VALUES:
        raise ValueError(f"a trimap has the values {', '.join(map(str, VALUES))}, not {value}")
    result = trimap.copy()
    try:
        stroke = Stroke.along(points, radius, value, *trimap.shape)
    except ValueError:  # nothing of it is inside the image
        return result, (0, 0, 0, 0)
    height, width = stroke.mask.shape
    box = (stroke.left, stroke.top, stroke.left + width, stroke.top + height)
    result[box[1] : box[3], box[0] : box[2]][stroke.mask] = value
    return result, box


def _distance_to_zero(values: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Exact Euclidean distance of each pixel to the nearest 0."""
    return np.asarray(cv2.distanceTransform(values, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)
