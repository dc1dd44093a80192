"""The loss of BRS (Jang and Kim, CVPR 2019) as f-BRS has it: squared errors of the probability around the clicks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gbrs_core.fbrs.zoom_in import PlacedClick

REACH = 1
"""Clicks are squares of 2 * REACH + 1 pixels."""
_TINY = 1e-5


@dataclass(frozen=True, eq=False)
class ClickMasks:
    """Where clicks say object and background.

    Attributes:
        positive, negative: float32 (1, 1, h, w), 1 in the squares around the clicks, else 0.
    """

    positive: Tensor
    negative: Tensor


def click_masks(
    clicks: Sequence[PlacedClick],
    height: int,
    width: int,
    *,
    is_exact: bool = False,
    device: str | torch.device = "cpu",
) -> ClickMasks:
    """Squares of 3 x 3 pixels around all clicks, at pixels rounded half to even.

    Args:
        clicks: in pixels of the masks; those outside mark nothing but what of their square is inside.
        height: h of the masks.
        width: w of the masks.
        is_exact: do as published at the border: a square that begins before row or column 0 is empty, or, for clicks
            that lie further out, at the opposite border.
        device: where the masks are wanted.
    """
    masks = np.zeros((2, height, width), dtype=np.float32)
    for row, column, is_positive in clicks:
        rows, columns = _reach(row, height, is_exact), _reach(column, width, is_exact)
        masks[0 if is_positive else 1, rows, columns] = 1
    both = torch.from_numpy(masks).to(device)
    return ClickMasks(both[None, :1], both[None, 1:])


def _reach(position: float, side: int, is_exact: bool) -> slice:
    middle = round(position)
    first, end = middle - REACH, middle + REACH + 1
    if is_exact:
        return slice(first, end)
    return slice(max(first, 0), max(end, 0)) if first < side else slice(side, side)


def brs_loss(probabilities: Sequence[Tensor], masks: Sequence[ClickMasks]) -> Tensor:
    """sum(((1 - p) P)^2) / sum(P) + sum((p N)^2) / sum(N), the sums over the image and its mirror together.

    Args:
        probabilities: (1, 1, h, w) of the image, and of its mirror if that is predicted too.
        masks: of each.
    """
    positive = negative = probabilities[0].new_zeros(())
    for probability, mask in zip(probabilities, masks, strict=True):
        positive = positive + ((1 - probability) * mask.positive).square().sum()
        negative = negative + (probability * mask.negative).square().sum()
    positives = sum(mask.positive.sum() for mask in masks)
    negatives = sum(mask.negative.sum() for mask in masks)
    return positive / (positives + _TINY) + negative / (negatives + _TINY)


def worst_errors(probabilities: Sequence[Tensor], masks: Sequence[ClickMasks]) -> tuple[float, float]:
    """Largest 1 - p around object clicks and largest p around background clicks; 0 where there are none."""
    pairs = list(zip(probabilities, masks, strict=True))
    return (
        max(float(((1 - probability) * mask.positive).max()) for probability, mask in pairs),
        max(float((probability * mask.negative).max()) for probability, mask in pairs),
    )


def mean_overlap(first: Sequence[NDArray[np.bool_]], second: Sequence[NDArray[np.bool_]]) -> float | None:
    """Mean IoU of masks, those without a single pixel in either left out; None if none is left."""
    overlaps = [
        float((one & other).sum() / union)
        for one, other in zip(first, second, strict=True)
        if (union := int((one | other).sum()))
    ]
    return float(np.mean(overlaps)) if overlaps else None
