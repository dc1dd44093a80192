"""Losses of the depth network's training: metres where they are known, order and shape where only disparity is."""

from __future__ import annotations

import torch
from torch import Tensor

VARIANCE_FOCUS = 0.5
"""How far a common factor of all depths is forgiven: 0 not at all, 1 wholly (Eigen et al., NIPS 2014)."""
GRADIENT_WEIGHT = 0.5
GRADIENT_STEPS = (1, 2, 4, 8)
_LEAST = 1e-3
"""Metres below which predictions are not told apart."""


def depth_loss(depth: Tensor, target: Tensor) -> Tensor:
    """Mean over the pictures of `silog_loss` where depth is metric, else of `disparity_loss`, each with gradients.

    Args:
        depth: (B, 1, H, W) metres.
        target: (B, 2, H, W): metres or disparity, 0 unknown; and 1 for metres, 0 for disparity.

    Returns:
        Scalar.
    """
    values, is_metric = target[:, 0:1], target[:, 1, 0, 0] > 0.5
    known = (values > 0).to(depth.dtype)
    depth = depth.clamp(min=_LEAST)
    losses = []
    if bool(is_metric.any()):
        losses.append(silog_loss(depth[is_metric], values[is_metric], known[is_metric]))
    if not bool(is_metric.all()):
        losses.append(disparity_loss(depth[~is_metric], values[~is_metric], known[~is_metric]))
    return torch.cat(losses).mean()


def silog_loss(depth: Tensor, truth: Tensor, known: Tensor) -> Tensor:
    """Scale-invariant logarithmic error plus differences of its gradients; (B, 1, H, W) each -> (B,)."""
    error = (depth.log() - truth.clamp(min=_LEAST).log()) * known
    count = known.sum(dim=(1, 2, 3)).clamp(min=1)
    mean = error.sum(dim=(1, 2, 3)) / count
    square = error.square().sum(dim=(1, 2, 3)) / count
    spread = (square - VARIANCE_FOCUS * mean.square()).clamp(min=1e-6).sqrt()
    return spread + GRADIENT_WEIGHT * gradient_difference(error, known)


def disparity_loss(depth: Tensor, disparity: Tensor, known: Tensor) -> Tensor:
    """Error of inverse depth after the best scale and shift, in units of the disparity's spread (MiDaS, TPAMI 2022).

    (B, 1, H, W) each -> (B,).
    """
    inverse = 1 / depth
    count = known.sum(dim=(1, 2, 3), keepdim=True).clamp(min=1)

    def centred(values: Tensor) -> Tensor:
        return (values - (values * known).sum(dim=(1, 2, 3), keepdim=True) / count) * known

    own, wanted = centred(inverse), centred(disparity)
    spread = (wanted.square().sum(dim=(1, 2, 3), keepdim=True) / count).clamp(min=1e-6).sqrt()
    variance = own.square().sum(dim=(1, 2, 3), keepdim=True).clamp(min=1e-9)
    error = ((own * wanted).sum(dim=(1, 2, 3), keepdim=True) / variance * own - wanted) / spread
    plain = error.abs().sum(dim=(1, 2, 3)) / count.flatten()
    return plain + GRADIENT_WEIGHT * gradient_difference(error, known)


def gradient_difference(error: Tensor, known: Tensor) -> Tensor:
    """Mean absolute difference of neighbours in the error, at several distances; (B, 1, H, W) twice -> (B,)."""
    total = error.new_zeros(error.shape[0])
    for step in GRADIENT_STEPS:
        part, mask = error[:, :, ::step, ::step], known[:, :, ::step, ::step]
        for axis in (2, 3):
            if part.shape[axis] < 2:
                continue
            size = part.shape[axis] - 1
            both = mask.narrow(axis, 1, size) * mask.narrow(axis, 0, size)
            change = (part.narrow(axis, 1, size) - part.narrow(axis, 0, size)).abs() * both
            total = total + change.sum(dim=(1, 2, 3)) / both.sum(dim=(1, 2, 3)).clamp(min=1)
    return total / len(GRADIENT_STEPS)
