"""Losses of the embedded networks' training."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def normalised_focal_loss(logits: Tensor, target: Tensor, gamma: float = 2.0) -> Tensor:
    """Binary focal loss whose weights are scaled back to a mean of one per image (Sofiiuk et al., AdaptIS, ICCV 2019).

    The scaling keeps the gradient from vanishing as the prediction gets good.

    Args:
        logits: (B, 1, H, W) float.
        target: (B, 1, H, W) float, 1 object, 0 background, negative ignored.
        gamma: focusing exponent.

    Returns:
        Scalar, mean over the batch.
    """
    valid = (target >= 0).to(logits.dtype)
    truth = target.clamp(min=0)
    plain = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    with torch.no_grad():
        probability = torch.sigmoid(logits)
        weight = valid * torch.where(truth > 0.5, 1 - probability, probability) ** gamma
        scale = valid.sum(dim=(1, 2, 3)) / (weight.sum(dim=(1, 2, 3)) + 1e-6)
    per_image = (plain * weight).sum(dim=(1, 2, 3)) * scale / (valid.sum(dim=(1, 2, 3)) + 1e-6)
    return per_image.mean()


def soft_iou_loss(logits: Tensor, target: Tensor) -> Tensor:
    """1 - soft intersection over union per image, ignored pixels left out; scalar mean over the batch."""
    valid = (target >= 0).to(logits.dtype)
    truth = target.clamp(min=0)
    probability = torch.sigmoid(logits) * valid
    overlap = (probability * truth).sum(dim=(1, 2, 3))
    union = (probability + truth - probability * truth).sum(dim=(1, 2, 3))
    return (1 - (overlap + 1) / (union + 1)).mean()


KNOWN_WEIGHT = 0.05
"""How much a pixel counts that the trimap already knows."""
PYRAMID_LEVELS = 4


def matting_loss(alpha: Tensor, target: Tensor) -> Tensor:
    """Errors of alpha, of the composite, and of alpha's details (Deep Image Matting; Hou and Liu, ICCV 2019).

    Mean absolute error of alpha, the same weighted by how much foreground and background differ, which is the error of
    the composite, and the differences of the Laplacian pyramids. All over the unknown pixels; the known ones count a
    little in the first, so that the raw answer holds there too.

    Args:
        alpha: (B, 1, H, W) float, raw.
        target: (B, 3, H, W) float: true alpha, 1 where the trimap is unknown, contrast of the colours in [0, 1].

    Returns:
        Scalar.
    """
    truth, unknown, contrast = target[:, 0:1], target[:, 1:2], target[:, 2:3]
    error = alpha - truth
    size = error.abs()
    weight = unknown + KNOWN_WEIGHT * (1 - unknown)
    plain = (size * weight).sum() / weight.sum()
    composite = (size * contrast * unknown).sum() / unknown.sum().clamp(min=1)
    total: Tensor = plain + composite + 0.5 * _laplacian_difference(error * unknown, unknown)
    return total


def _laplacian_difference(error: Tensor, unknown: Tensor) -> Tensor:
    """Sum over the pyramid's bands of their mean absolute value, relative to the unknown share, coarser ones more."""
    total = error.new_zeros(())
    share = unknown.mean().clamp(min=1e-3)
    for level in range(PYRAMID_LEVELS):
        if min(error.shape[2:]) < 2:
            break
        coarse = F.avg_pool2d(error, 2, ceil_mode=True)
        spread = F.interpolate(coarse, size=error.shape[2:], mode="bilinear", align_corners=False)
        total = total + 2**level * (error - spread).abs().mean() / share
        error = coarse
    mean: Tensor = total / (2**PYRAMID_LEVELS - 1)
    return mean
