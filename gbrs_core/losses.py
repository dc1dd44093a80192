"""Refinement and consistency losses (section 2.4) as pure functions of the prediction."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def hinge(values: Tensor, targets: Tensor) -> Tensor:
    """max(0, 1 - l f): how far each value is from its side of the margin, same shape.

    Args:
        values: logits f, any shape.
        targets: l, +1 or -1, same shape.
    """
    return torch.relu(1.0 - targets * values)


def squared_hinge_loss(hinges: Tensor, weights: Tensor) -> Tensor:
    """L_r of equation 8: the weighted sum of squared hinges.

    Args:
        hinges: max(0, 1 - l f) of the supervised pixels, (P,).
        weights: of each pixel, (P,); a click of n pixels gives each 1 / n and so weighs 1 in all.
    """
    return torch.dot(hinges.square(), weights)


def masked_squared_change(prediction: Tensor, masked_reference: Tensor, mask: Tensor) -> Tensor:
    """L_c of equations 8 and 11 without its factor: 1 / HW sum(((f_prev - f) M)^2).

    Args:
        prediction: f, (1, K, H, W).
        masked_reference: f_prev M, same shape; multiplied beforehand because it stays the same over all iterations.
        mask: M, (1, 1, H, W) or the same shape.
    """
    changes = F.mse_loss(prediction * mask, masked_reference, reduction="sum")
    return changes / (prediction.shape[-2] * prediction.shape[-1])
