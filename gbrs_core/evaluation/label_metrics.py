"""Scores of label maps. The data-set mIoU and the mean of per-image mIoUs are different numbers: never mix them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def confusion_matrix(
    predicted: NDArray[np.integer], target: NDArray[np.integer], class_count: int, valid: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Counts of pixels by (true class, predicted class).

    Args:
        predicted: (H, W) classes, 0 .. class_count - 1.
        target: (H, W) classes; anything where `valid` is false.
        class_count: K.
        valid: (H, W), which pixels count.

    Returns:
        (K, K); sum those of a data set for its mIoU.
    """
    pairs = target[valid].astype(np.int64) * class_count + predicted[valid].astype(np.int64)
    return np.bincount(pairs, minlength=class_count * class_count).reshape(class_count, class_count)


def class_iou(matrix: NDArray[np.int64]) -> NDArray[np.float64]:
    """Intersection over union per class (K,); NaN for a class that neither truth nor prediction has."""
    intersection = np.diag(matrix).astype(np.float64)
    union = matrix.sum(axis=0) + matrix.sum(axis=1) - np.diag(matrix)
    scores: NDArray[np.float64] = np.full(len(matrix), np.nan)
    np.divide(intersection, union, out=scores, where=union > 0)
    return scores


def mean_iou(matrix: NDArray[np.int64]) -> float:
    """Mean over the classes that occur in truth or prediction; NaN if none does."""
    scores = class_iou(matrix)
    return float(np.nanmean(scores)) if np.isfinite(scores).any() else float("nan")


def pixel_accuracy(matrix: NDArray[np.int64]) -> float:
    """Share of the pixels that have their true class; NaN if none counts."""
    count = int(matrix.sum())
    return float(np.trace(matrix) / count) if count else float("nan")
