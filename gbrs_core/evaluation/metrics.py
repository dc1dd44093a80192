"""Scores of dense predictions as pure functions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gbrs_core.errors import ShapeError


def intersection_over_union(prediction: NDArray[np.bool_], target: NDArray[np.integer]) -> np.float32:
    """IoU of a mask, kept as float32 as the f-BRS evaluation does.

    Args:
        prediction: (H, W) bool.
        target: (H, W) integers, 1 object, 0 background, -1 ignored.

    Returns:
        |prediction and object| / |prediction or object| over the pixels that count; 1 when both are empty.

    Raises:
        ShapeError: the two differ in size.
    """
    if prediction.shape != target.shape:
        raise ShapeError("prediction", prediction.shape, f"the target's {target.shape}")
    counts = target >= 0
    is_object = target == 1
    union = int(((prediction | is_object) & counts).sum())
    return np.float32((prediction & is_object).sum() / union) if union else np.float32(1.0)


def number_of_clicks(scores: NDArray[np.floating], threshold: float, maximum: int = 20) -> int:
    """NoC: the first click (from 1) whose score reaches the threshold, else `maximum` (f-BRS convention).

    Args:
        scores: (clicks,) score after each click.
        threshold: for example 0.85.
        maximum: what an object that never gets there counts.
    """
    reached = np.flatnonzero(np.asarray(scores)[:maximum] >= np.float32(threshold))
    return int(reached[0]) + 1 if len(reached) else maximum
