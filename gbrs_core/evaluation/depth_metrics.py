"""Depth scores of Eigen et al. (NIPS 2014) as the BTS evaluation computes them, crops and alignment. Torch-free.

All take a prediction and a truth (H, W) in metres and a mask of the pixels that count. The score of a data set is the
mean of its pictures' scores, not the score of all pixels together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Depth = NDArray[np.floating]
Mask = NDArray[np.bool_]
NEAREST = 1e-3
"""Metres at which predictions are clamped from below, and above which truth counts."""


@dataclass(frozen=True)
class DepthScores:
    """Scores of one picture, or their mean.

    Attributes:
        d1: share of pixels with max(truth / prediction, prediction / truth) < 1.25.
        d2: the same for 1.25 squared.
        d3: the same for 1.25 cubed.
        abs_rel: mean of |truth - prediction| / truth.
        sq_rel: mean of (truth - prediction)^2 / truth, metres.
        rmse: root of the mean squared error, metres.
        rmse_log: the same of natural logarithms.
        log10: mean absolute difference of decimal logarithms.
        silog: 100 times the standard deviation of the difference of natural logarithms.
    """

    d1: float
    d2: float
    d3: float
    abs_rel: float
    sq_rel: float
    rmse: float
    rmse_log: float
    log10: float
    silog: float


def depth_scores(prediction: Depth, truth: Depth, counts: Mask) -> DepthScores:
    """The scores over the pixels where `counts` is true.

    Args:
        prediction: (H, W) metres, positive; see `clamped`.
        truth: (H, W) metres, positive where it counts.
        counts: (H, W) pixels to score.

    Raises:
        ValueError: no pixel counts, or the shapes differ.
    """
    if not prediction.shape == truth.shape == counts.shape:
        raise ValueError(f"shapes differ: {prediction.shape}, {truth.shape}, {counts.shape}")
    if not counts.any():
        raise ValueError("no pixel counts")
    guess, true = prediction[counts].astype(np.float64), truth[counts].astype(np.float64)
    ratio = np.maximum(true / guess, guess / true)
    error, log_error = true - guess, np.log(true) - np.log(guess)
    return DepthScores(
        d1=float((ratio < 1.25).mean()),
        d2=float((ratio < 1.25**2).mean()),
        d3=float((ratio < 1.25**3).mean()),
        abs_rel=float((np.abs(error) / true).mean()),
        sq_rel=float((error**2 / true).mean()),
        rmse=float(np.sqrt((error**2).mean())),
        rmse_log=float(np.sqrt((log_error**2).mean())),
        log10=float(np.abs(log_error).mean() / np.log(10)),
        silog=float(100 * log_error.std()),
    )


def mean_scores(scores: Sequence[DepthScores]) -> DepthScores:
    """The mean of each score over pictures. Raises ValueError for none."""
    if not scores:
        raise ValueError("no scores to average")
    return DepthScores(*(float(np.mean([getattr(each, one.name) for each in scores])) for one in fields(DepthScores)))


def clamped(prediction: Depth, maximum: float) -> NDArray[np.float32]:
    """(H, W) float32 in [NEAREST, maximum]; infinity becomes the maximum, what is not a number NEAREST."""
    return np.clip(np.nan_to_num(prediction, nan=NEAREST, posinf=maximum), NEAREST, maximum).astype(np.float32)


def countable(truth: Depth, maximum: float, crop: Mask | None = None) -> Mask:
    """(H, W) pixels whose truth lies strictly between NEAREST and `maximum` metres, inside the crop."""
    known = np.isfinite(truth) & (truth > NEAREST) & (truth < maximum)
    return known if crop is None else known & crop


def eigen_crop_nyu(height: int, width: int) -> Mask:
    """(H, W): rows 45 to 470 and columns 41 to 600 of the 480 x 640 frame. Raises ValueError for another size."""
    if (height, width) != (480, 640):
        raise ValueError(f"the NYU crop is for 480 x 640, got {height} x {width}")
    return _rectangle(height, width, slice(45, 471), slice(41, 601))


def eigen_crop_kitti(height: int, width: int) -> Mask:
    """(H, W): the crop of Eigen et al. for KITTI, in shares of the frame."""
    rows = slice(int(0.3324324 * height), int(0.91351351 * height))
    return _rectangle(height, width, rows, slice(int(0.0359477 * width), int(0.96405229 * width)))


def garg_crop(height: int, width: int) -> Mask:
    """(H, W): the crop of Garg et al. (ECCV 2016) for KITTI, in shares of the frame."""
    rows = slice(int(0.40810811 * height), int(0.99189189 * height))
    return _rectangle(height, width, rows, slice(int(0.03594771 * width), int(0.96405229 * width)))


def aligned_by_scale(prediction: Depth, truth: Depth, counts: Mask) -> NDArray[np.float32]:
    """The prediction times the median of truth / prediction: what is left when the scale is given."""
    factor = float(np.median(truth[counts] / prediction[counts]))
    return np.asarray(prediction * factor, dtype=np.float32)


def aligned_to_disparity(prediction: Depth, disparity: Depth, counts: Mask) -> NDArray[np.float32]:
    """Inverse depth scaled and shifted to a disparity of unknown scale and offset.

    Args:
        prediction: (H, W) metres, positive.
        disparity: (H, W), larger is nearer.
        counts: (H, W) pixels with known disparity.

    Returns:
        (H, W) a x 1 / prediction + b, with a and b of the least squared error.
    """
    inverse = 1 / prediction.astype(np.float64)
    system = np.stack([inverse[counts], np.ones(int(counts.sum()))], axis=1)
    scale, shift = np.linalg.lstsq(system, disparity[counts].astype(np.float64), rcond=None)[0]
    return np.asarray(scale * inverse + shift, dtype=np.float32)


def _rectangle(height: int, width: int, rows: slice, cols: slice) -> Mask:
    mask = np.zeros((height, width), dtype=bool)
    mask[rows, cols] = True
    return mask
