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


def cross_entropy(logits: Tensor, classes: Tensor, weights: Tensor) -> Tensor:
    """Weighted sum of -log softmax: L_r of equations 9 and 10, whose print lacks the minus sign.

    Args:
        logits: (K, P) of the supervised pixels.
        classes: (P,) int64, the wanted class of each.
        weights: (P,) of each pixel.
    """
    losses = F.cross_entropy(logits.transpose(0, 1), classes, reduction="none")
    return torch.dot(losses, weights)


def masked_cross_entropy(prediction: Tensor, classes: Tensor, ignored: int) -> Tensor:
    """L_c of equation 9 without its factor: 1 / HW times the sum of -log softmax of the previous classes.

    Args:
        prediction: logits (1, K, H, W).
        classes: previously predicted classes (1, H, W) int64, `ignored` where nothing is to be held.
        ignored: the label that takes no part.
    """
    losses = F.cross_entropy(prediction, classes, ignore_index=ignored, reduction="sum")
    return losses / (prediction.shape[-2] * prediction.shape[-1])


def squared_error(values: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """L_r of equations 11 to 13: the weighted sum of (l - f)^2.

    Args:
        values: f at the supervised pixels, (P,).
        targets: l of each, (P,).
        weights: of each, (P,).
    """
    return torch.dot((targets - values).square(), weights)
