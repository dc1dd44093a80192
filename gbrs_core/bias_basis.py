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
        sharpness: how fast the share of a cell falls with its squared distance to a region, in units of the mean
            squared distance of a cell to its nearest one; larger makes harder regions.
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
    count = min(count, max(1, height * width // 4))
    spacing = (height * width / count) ** 0.5
    scale = settings.compactness / spacing
    grid = (max(1, round(height / spacing)), max(1, round(width / spacing)))
    rows = (torch.arange(height) * scale)[:, None, None].expand(height, width, 1)
    cols = (torch.arange(width) * scale)[None, :, None].expand(height, width, 1)
    cells = torch.cat([colours, rows, cols], dim=2)
    # A quarter of the cells is enough to find the centres, unless a region has few.
    step = 2 if spacing >= 6 else 1
    sample = cells[::step, ::step]
    owner = _grid_owner(sample.shape[0], sample.shape[1], grid)
    sample = sample.reshape(-1, 5)
    centres = torch.zeros(grid[0] * grid[1], 5)
    for _ in range(settings.rounds):
        centres = _means(sample, owner, centres)
        owner = _distances(sample, centres).argmin(dim=1)
    cells = cells.reshape(-1, 5)
    distances = _distances(cells, centres)
    spread = (distances.amin(dim=1) + cells.square().sum(dim=1)).mean().clamp_min(1e-6)
    shares = torch.softmax(distances.mul_(-settings.sharpness / spread), dim=1)
    return shares.t().reshape(-1, height, width)


def _grid_owner(height: int, width: int, grid: tuple[int, int]) -> Tensor:
    """Which region of a regular grid each cell starts in, (height * width) int64."""
    rows = torch.arange(height) * grid[0] // height
    cols = torch.arange(width) * grid[1] // width
    return (rows[:, None] * grid[1] + cols[None, :]).reshape(-1)


def _distances(cells: Tensor, centres: Tensor) -> Tensor:
    """Squared distance of every cell to every centre, less the same number for all centres of a cell; (n, k)."""
    return torch.addmm(centres.square().sum(dim=1), cells, centres.t(), alpha=-2.0)


def _means(cells: Tensor, owner: Tensor, fallback: Tensor) -> Tensor:
    """Mean of the cells of every region, (k, 5); a region without cells keeps its old centre."""
    count = len(fallback)
    sums = torch.zeros_like(fallback).index_add_(0, owner, cells)
    sizes = torch.bincount(owner, minlength=count)[:, None]
    return torch.where(sizes > 0, sums / sizes.clamp_min(1), fallback)
