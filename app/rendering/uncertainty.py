"""How sure a semantic network is of its classes, from its scores. Torch-free and quick enough for a preview."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from app.rendering.options import UncertaintyMeasure


def uncertainty_of(scores: NDArray[np.float32], measure: UncertaintyMeasure = "entropy") -> NDArray[np.float32]:
    """Uncertainty, float32 (h, w) in [0, 1], of logits (K, h, w): 0 is certain.

    Entropy is that of the classes' probabilities over its greatest value, log K. Probability is 1 - that of the most
    probable class. Cells with scores that are not finite are wholly uncertain.
    """
    if len(scores) < 2:
        return np.zeros(scores.shape[1:], np.float32)
    is_known = np.ones(scores.shape[1:], np.bool_)
    for score in scores:
        is_known &= np.isfinite(score)
    greatest = np.where(is_known, np.maximum.reduce(scores), np.float32(0))
    total = np.zeros_like(greatest)
    weighted = np.zeros_like(greatest)
    for plane in scores:  # plane by plane: no temporary of the size of all scores
        score = np.where(is_known, plane, np.float32(0))
        below = np.maximum(score - greatest, np.float32(-80))
        exponential = np.asarray(cv2.exp(below))
        total += exponential
        weighted += exponential * below
    if measure == "probability":
        values = 1 - 1 / total
    else:
        values = (np.asarray(cv2.log(total)) - weighted / total) / np.float32(math.log(len(scores)))
    return np.where(is_known, np.clip(values, 0, 1), np.float32(1)).astype(np.float32)
