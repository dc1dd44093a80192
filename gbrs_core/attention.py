"""Attention masks of section 2.3: where the consistency loss holds the prediction. Pixels, x right, y down."""

from __future__ import annotations

import torch
from torch import Tensor


def squared_distance(x: float, y: float, height: int, width: int, *, device: torch.device | str = "cpu") -> Tensor:
    """Squared Euclidean distance of every pixel centre to (x, y), (H, W) float32."""
    rows = torch.arange(height, dtype=torch.float32, device=device).sub_(y).square_()
    cols = torch.arange(width, dtype=torch.float32, device=device).sub_(x).square_()
    return rows[:, None] + cols[None, :]


def outside_disc(
    x: float, y: float, radius: float, height: int, width: int, *, device: torch.device | str = "cpu"
) -> Tensor:
    """The binary mask M of equation 8: 0 within `radius` of (x, y), the circle itself included, 1 beyond.

    Returns:
        (H, W) float32 of zeros and ones.
    """
    return (squared_distance(x, y, height, width, device=device) > radius * radius).float()


def inverse_gaussian(
    x: float, y: float, sigma: float, height: int, width: int, *, device: torch.device | str = "cpu"
) -> Tensor:
    """The weighting mask M of equation 11: 1 - exp(-d^2 / (2 sigma^2)), 0 at (x, y) and towards 1 far from it.

    Returns:
        (H, W) float32 in [0, 1].
    """
    squared = squared_distance(x, y, height, width, device=device)
    return 1.0 - torch.exp(squared.mul_(-0.5 / (sigma * sigma)))
