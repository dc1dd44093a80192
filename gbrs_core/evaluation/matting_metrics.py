"""Errors of alpha mattes as the Composition-1k evaluation in MATLAB defines them (Xu et al., CVPR 2017).

Alphas are (H, W), either uint8 of 0 .. 255 or float of 0 .. 1; `unknown` is (H, W) bool, the pixels that count, those
whose trimap is 128. All functions raise ShapeError when the sizes differ. Smaller is better throughout.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from gbrs_core.errors import ShapeError

Alpha = NDArray[np.uint8] | NDArray[np.floating[Any]]
SIGMA = 1.4
"""Standard deviation of the gradient's filters in pixels."""
CONNECTIVITY_STEP = 0.1
CONNECTIVITY_TOLERANCE = 0.15


def sad(alpha: Alpha, target: Alpha, unknown: NDArray[np.bool_]) -> float:
    """Sum of absolute differences, in thousands."""
    first, second = _checked(alpha, target, unknown)
    return float(np.abs(first - second)[unknown].sum() / 1000)


def mse(alpha: Alpha, target: Alpha, unknown: NDArray[np.bool_]) -> float:
    """Mean squared difference; 0 when nothing is unknown."""
    first, second = _checked(alpha, target, unknown)
    return float(((first - second)[unknown] ** 2).mean()) if unknown.any() else 0.0


def gradient_error(alpha: Alpha, target: Alpha, unknown: NDArray[np.bool_]) -> float:
    """Sum of the squared differences of gradient magnitudes, in thousands.

    Both mattes are stretched to [0, 1] first; the gradients are those of Gaussians of `SIGMA`.
    """
    first, second = _checked(alpha, target, unknown)
    difference = _gradient_magnitude(_stretched(first)) - _gradient_magnitude(_stretched(second))
    return float((difference**2)[unknown].sum() / 1000)


def connectivity_error(alpha: Alpha, target: Alpha, unknown: NDArray[np.bool_]) -> float:
    """Sum of the differences in how firmly pixels hang on the region that is opaque in both, in thousands.

    A pixel's level is the threshold up to which it belongs to the largest 4-connected region where both mattes reach
    the threshold; alpha past its level by less than 0.15 does not count.
    """
    first, second = (side.astype(np.float32) for side in _checked(alpha, target, unknown))
    level = _connection_level(first, second)
    return float(np.abs(_connectivity(first, level) - _connectivity(second, level))[unknown].sum() / 1000)


def _checked(
    alpha: Alpha, target: Alpha, unknown: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both as float64 in [0, 1]."""
    if alpha.shape != target.shape:
        raise ShapeError("alpha", alpha.shape, f"the target's {target.shape}")
    if unknown.shape != target.shape:
        raise ShapeError("unknown", unknown.shape, f"the target's {target.shape}")
    return _unit(alpha), _unit(target)


def _unit(alpha: Alpha) -> NDArray[np.float64]:
    scale = 255.0 if alpha.dtype == np.uint8 else 1.0
    return alpha.astype(np.float64) / scale


def _stretched(alpha: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = float(alpha.min()), float(alpha.max())
    return (alpha - low) / (high - low) if high > low else np.zeros_like(alpha)


def _gradient_magnitude(alpha: NDArray[np.float64]) -> NDArray[np.float64]:
    half = math.ceil(SIGMA * math.sqrt(-2 * math.log(math.sqrt(2 * math.pi) * SIGMA * 0.01)))
    offsets = np.arange(-half, half + 1, dtype=np.float64)
    gaussian = np.exp(-(offsets**2) / (2 * SIGMA**2)) / (SIGMA * math.sqrt(2 * math.pi))
    derivative = -offsets * gaussian / SIGMA**2
    kernel = np.outer(gaussian, derivative)
    kernel /= np.sqrt((kernel**2).sum())
    # filter2D correlates; the kernel's sign, which a convolution would turn, does not matter to the magnitude.
    across = cv2.filter2D(alpha, cv2.CV_64F, kernel, borderType=cv2.BORDER_REPLICATE)
    down = cv2.filter2D(alpha, cv2.CV_64F, kernel.T, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(np.hypot(across, down), dtype=np.float64)


def _connection_level(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    level = np.full(first.shape, -1.0)
    steps = round(1 / CONNECTIVITY_STEP)
    thresholds = [step / steps for step in range(steps + 1)]
    for lower, threshold in itertools.pairwise(thresholds):
        region = _largest_region((first >= threshold) & (second >= threshold))
        if region is not None:
            level[(level == -1) & ~region] = lower
    level[level == -1] = 1
    return level


def _largest_region(mask: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """The largest 4-connected region, the first of equals; None when the mask is empty."""
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    if count < 2:
        return None
    return np.asarray(labels == 1 + int(statistics[1:, cv2.CC_STAT_AREA].argmax()))


def _connectivity(alpha: NDArray[np.float32], level: NDArray[np.float64]) -> NDArray[np.float64]:
    past = alpha - level
    return np.asarray(1 - past * (past >= CONNECTIVITY_TOLERANCE), dtype=np.float64)
