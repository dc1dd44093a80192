"""Working predictions at the size of the image: bilinear between pixel centres. Torch-free."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from gbrs_core.trimap import BACKGROUND, FOREGROUND

Working = NDArray[np.float32]


def enlarged(values: Working, height: int, width: int) -> Working:
    """Values (h, w) at (height, width); the array itself where it has that size."""
    if values.shape == (height, width):
        return values
    return np.asarray(cv2.resize(values, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def label_map(scores: Working, height: int, width: int) -> NDArray[np.int32]:
    """The most probable class (height, width) of the enlarged logits (K, h, w).

    Class by class: all logits of a large photograph at once would not fit into memory.
    """
    labels = np.zeros((height, width), dtype=np.int32)
    best = enlarged(scores[0], height, width).copy()
    for index, plane in enumerate(scores[1:], start=1):
        resized = enlarged(plane, height, width)
        is_better = resized > best
        labels[is_better] = index
        best[is_better] = resized[is_better]
    return labels


def imposed(alpha: Working, trimap: NDArray[np.uint8] | None) -> Working:
    """Alpha (h, w) with 0 and 1 where the trimap of the same size says so; read-only."""
    if trimap is not None:
        alpha = np.where(trimap == BACKGROUND, np.float32(0), alpha)
        alpha = np.where(trimap == FOREGROUND, np.float32(1), alpha)
    alpha.flags.writeable = False
    return alpha
