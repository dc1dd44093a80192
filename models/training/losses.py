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
