"""The simulated annotator of section 3.1: where the next click goes and how large its attention radius is."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gbrs_core.errors import ShapeError
from gbrs_core.interaction import Click


@dataclass(frozen=True)
class ErrorMasks:
    """Where a mask is wrong.

    Attributes:
        missed: (H, W) bool, object pixels that are not in the prediction.
        spilled: (H, W) bool, predicted pixels that are not object.
    """

    missed: NDArray[np.bool_]
    spilled: NDArray[np.bool_]


def error_masks(prediction: NDArray[np.bool_], target: NDArray[np.integer]) -> ErrorMasks:
    """Split the error of a mask by its sign; pixels with target -1 are ignored.

    Args:
        prediction: (H, W) bool.
        target: (H, W) integers, 1 object, 0 background, -1 ignored.

    Raises:
        ShapeError: the two differ in size.
    """
    if prediction.shape != target.shape:
        raise ShapeError("prediction", prediction.shape, f"the target's {target.shape}")
    return ErrorMasks(missed=(target == 1) & ~prediction, spilled=(target == 0) & prediction)


def inner_distance(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(H, W) float32 Euclidean distance of every pixel to the nearest pixel outside; outside the image counts too."""
    padded = np.pad(mask.astype(np.uint8), 1)
    distances = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    inner: NDArray[np.float32] = np.asarray(distances[1:-1, 1:-1], dtype=np.float32)
    return inner


def first_maximum(values: NDArray[np.floating]) -> tuple[int, int]:
    """(row, col) of the largest value, the first in row-major order among equals."""
    row, col = np.unravel_index(int(np.argmax(values)), values.shape)
    return int(row), int(col)


def attention_radius(error: NDArray[np.bool_], row: int, col: int) -> float:
    """Largest Euclidean distance from the click to the boundary of the connected error component it lies in.

    Components are 4-connected. At least 1 pixel.
    """
    _, components = cv2.connectedComponents(error.astype(np.uint8), connectivity=4)
    rows, cols = np.nonzero(components == components[row, col])
    return max(1.0, float(np.sqrt(((rows - row) ** 2 + (cols - col) ** 2).max())))


def next_click(
    prediction: NDArray[np.bool_], target: NDArray[np.integer], clicks: tuple[Click, ...] | list[Click] = ()
) -> Click | None:
    """The click an annotator would place next, equation 14, with its automatic radius.

    The pixel deepest inside the error of either sign; a tie between the signs gives a background click, a tie within
    a sign the first pixel in row-major order (the conventions of the f-BRS evaluation). Pixels clicked before are not
    clicked again.

    Args:
        prediction: (H, W) bool.
        target: (H, W) integers, 1 object, 0 background, -1 ignored.
        clicks: earlier clicks.

    Returns:
        The click, or None when no error is left.
    """
    errors = error_masks(prediction, target)
    depth_missed, depth_spilled = inner_distance(errors.missed), inner_distance(errors.spilled)
    for click in clicks:
        row, col = round(click.y), round(click.x)
        depth_missed[row, col] = depth_spilled[row, col] = 0.0
    if max(depth_missed.max(), depth_spilled.max()) <= 0.0:
        return None
    is_positive = bool(depth_missed.max() > depth_spilled.max())
    row, col = first_maximum(depth_missed if is_positive else depth_spilled)
    radius = attention_radius(errors.missed if is_positive else errors.spilled, row, col)
    return Click(x=float(col), y=float(row), radius=radius, target=1.0 if is_positive else -1.0)
