"""The simulated annotator of section 3.1 for label maps, mattes and depth: the next click and its radius."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from gbrs_core.evaluation.auto_click import attention_radius, first_maximum, inner_distance
from gbrs_core.interaction import Click

DILATION = 15
"""Side of the kernel that widens a regression error before its radius is measured, in pixels."""


def next_class_click(
    predicted: NDArray[np.integer],
    target: NDArray[np.integer],
    valid: NDArray[np.bool_],
    clicks: Sequence[Click] = (),
) -> Click | None:
    """Equation 14 over the classes: the pixel deepest inside the error mask of any class, with that class.

    Args:
        predicted: (H, W) classes.
        target: (H, W) classes, anything where `valid` is false.
        valid: (H, W), pixels with a known class; others are never an error.
        clicks: earlier clicks; their pixels are not clicked again.

    Returns:
        The click, or None when nothing is wrong. Ties go to the lower class, then to the first pixel in row order.
    """
    is_wrong = (predicted != target) & valid
    best: tuple[float, int, NDArray[np.float32], NDArray[np.bool_]] | None = None
    for label in np.unique(target[is_wrong]):
        error = is_wrong & (target == label)
        depth = _without(clicks, inner_distance(error))
        deepest = float(depth.max())
        if deepest > 0 and (best is None or deepest > best[0]):
            best = deepest, int(label), depth, error
    if best is None:
        return None
    _, label, depth, error = best
    row, col = first_maximum(depth)
    return Click(float(col), float(row), attention_radius(error, row, col), float(label))


def next_value_click(
    predicted: NDArray[np.floating],
    target: NDArray[np.floating],
    valid: NDArray[np.bool_],
    clicks: Sequence[Click] = (),
) -> Click | None:
    """The regression rule of section 3.1: Otsu's threshold on the absolute error, split by sign, deepest pixel.

    The radius is measured in the error mask of that sign, dilated by a 15 x 15 kernel: too small a radius keeps the
    surroundings from following.

    Args:
        predicted: (H, W).
        target: (H, W), anything where `valid` is false.
        valid: (H, W), pixels that count.
        clicks: earlier clicks; their pixels are not clicked again.

    Returns:
        The click with the true value at its pixel, or None when nothing is wrong. Ties go to the pixels whose value
        has to rise, then to the first pixel in row order.
    """
    error = np.where(valid, target.astype(np.float64) - predicted, 0.0)
    largest = float(np.abs(error).max(initial=0.0))
    if not largest > 0:
        return None
    is_large = (np.abs(error) / largest * 255 > _otsu(np.abs(error)[valid] / largest)) & valid
    signs = (is_large & (error > 0), is_large & (error < 0))
    depths = [_without(clicks, inner_distance(mask)) for mask in signs]
    index = 0 if depths[0].max() >= depths[1].max() else 1
    if depths[index].max() <= 0:
        return None
    row, col = first_maximum(depths[index])
    widened = cv2.dilate(signs[index].astype(np.uint8), np.ones((DILATION, DILATION), np.uint8)) > 0
    return Click(float(col), float(row), attention_radius(widened, row, col), float(target[row, col]))


def _otsu(shares: NDArray[np.floating]) -> float:
    """Otsu's threshold of values in [0, 1], on the scale of 0 to 255."""
    levels = np.round(shares * 255).astype(np.uint8)
    threshold, _ = cv2.threshold(levels.reshape(1, -1), 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return float(threshold)


def _without(clicks: Sequence[Click], depth: NDArray[np.float32]) -> NDArray[np.float32]:
    for click in clicks:
        depth[round(click.y), round(click.x)] = 0.0
    return depth
