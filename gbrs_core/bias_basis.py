"""Maps that follow the colours of the image, as a basis for the bias map: b_m = free map + sum_g a_g Phi_g.

With them a click can move a whole region of one colour by one number, where the free map of the paper moves every cell
by itself. The regions are soft superpixels at the size of the feature map, at several granularities.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True)
class BasisSettings:
    """How the regions are made.

    Attributes:
        counts: regions per granularity, coarse to fine.
        compactness: weight of position against colour; larger makes rounder regions.
        sharpness: how fast the share of a cell falls with its distance to a region; larger makes harder regions.
        rounds: rounds of k-means.
    """

    counts: tuple[int, ...] = (16, 64, 256)
    compactness: float = 20.0
    sharpness: float = 1.0
    rounds: int = 4


DEFAULT_SETTINGS = BasisSettings()


def bias_basis(image: NDArray[np.uint8], height: int, width: int, settings: BasisSettings = DEFAULT_SETTINGS) -> Tensor:
    """Soft superpixels of an image.

    Args:
        image: (H, W, 3) uint8 RGB.
        height: h of the feature map.
        width: w of the feature map.
        settings: how the regions are made.

    Returns:
        (G, h, w) float32 in [0, 1]; per granularity the values of a cell sum to 1. The same image gives the same maps.
    """
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    colours = cv2.cvtColor(small.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    return torch.cat([_granularity(torch.from_numpy(colours), count, settings) for count in settings.counts])


def _granularity(colours: Tensor, count: int, settings: BasisSettings) -> Tensor:
    """About `count` regions: k-means on colour and position from a regular grid, then soft shares (k, h, w)."""
    height, width = colours.shape[:2]
    spacing = (height * width / count) ** 0.5
    scale = settings.compactness / spacing
    grid_rows, grid_cols = max(1, round(height / spacing)), max(1, round(width / spacing))
    rows = torch.arange(height, dtype=torch.float32)[:, None].expand(height, width)
    cols = torch.arange(width, dtype=torch.float32)[None, :].expand(height, width)
    cells = torch.cat([colours, (rows * scale)[..., None], (cols * scale)[..., None]], dim=2).reshape(-1, 5)
    row_of = (torch.arange(height) * grid_rows // height)[:, None].expand(height, width)
    col_of = (torch.arange(width) * grid_cols // width)[None, :].expand(height, width)
    owner = (row_of * grid_cols + col_of).reshape(-1)
    centres = _means(cells, owner, grid_rows * grid_cols, None)
    for _ in range(settings.rounds):
        centres = _means(cells, _squared_distances(cells, centres).argmin(dim=1), len(centres), centres)
    distances = _squared_distances(cells, centres)
    variance = distances.amin(dim=1).mean().clamp_min(1e-6)
    shares = torch.softmax(distances.mul_(-settings.sharpness / variance), dim=1)
    return shares.t().reshape(-1, height, width).contiguous()


def _squared_distances(cells: Tensor, centres: Tensor) -> Tensor:
    """(n, k) squared distances up to a term per cell that is the same for all centres is avoided: exact values."""
    return (cells.square().sum(1, keepdim=True) + centres.square().sum(1) - 2.0 * cells @ centres.t()).clamp_min_(0.0)


def _means(cells: Tensor, owner: Tensor, count: int, fallback: Tensor | None) -> Tensor:
    """Mean of the cells of every region; a region without cells keeps its centre."""
    sums = torch.zeros(count, cells.shape[1]).index_add_(0, owner, cells)
    sizes = torch.bincount(owner, minlength=count)
    means = sums / sizes.clamp_min(1)[:, None]
    return means if fallback is None else torch.where((sizes > 0)[:, None], means, fallback)
