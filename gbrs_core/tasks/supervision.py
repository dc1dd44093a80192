"""Which pixels the interactions supervise, and how much each of them weighs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gbrs_core.interaction import Click, Interaction


@dataclass(frozen=True, eq=False)
class ClickedPixels:
    """The supervised pixels of some clicks, on a device.

    Attributes:
        pixels: (P,) int64 flat indices row * W + col.
        owners: (P,) int64, which click each belongs to.
        targets: (P,) float32.
        weights: (P,) float32; those of a click sum to 1.
        click_count: number of clicks.
    """

    pixels: Tensor
    owners: Tensor
    targets: Tensor
    weights: Tensor
    click_count: int

    @classmethod
    def of(
        cls, clicks: Sequence[Click], disc_radius: float, height: int, width: int, device: torch.device
    ) -> ClickedPixels:
        """Those within `disc_radius` of the clicks, see `supervised_pixels`."""
        kept = newest_per_pixel(clicks, height, width)
        if not kept:
            nothing = torch.zeros(0, device=device)
            return cls(nothing.long(), nothing.long(), nothing, nothing, 0)
        pixels, owners = supervised_pixels(kept, disc_radius, height, width)
        sizes = np.bincount(owners, minlength=len(kept))
        targets = np.array([click.target for click in kept], dtype=np.float32)
        return cls(
            torch.from_numpy(pixels).to(device),
            torch.from_numpy(owners).to(device),
            torch.from_numpy(targets[owners]).to(device),
            torch.from_numpy((1.0 / sizes[owners]).astype(np.float32)).to(device),
            len(kept),
        )

    def worst(self, residuals: Tensor) -> Tensor:
        """The largest mean residual of a click, from those of the pixels (P,); 0 without clicks."""
        means = torch.zeros(max(self.click_count, 1), device=residuals.device)
        return means.index_add_(0, self.owners, residuals * self.weights).amax()


def clicks_of(interactions: Sequence[Interaction]) -> list[Click]:
    """The clicks among the interactions."""
    return [interaction for interaction in interactions if isinstance(interaction, Click)]


def newest_per_pixel(clicks: Sequence[Click], height: int, width: int) -> list[Click]:
    """The clicks without those whose own pixel was clicked again later: the annotator changed their mind."""
    newest = {own_pixel(click.x, click.y, height, width): index for index, click in enumerate(clicks)}
    return [clicks[index] for index in sorted(newest.values())]


def supervised_pixels(
    clicks: Sequence[Click], disc_radius: float, height: int, width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The pixels that each click supervises: those within `disc_radius` of its own pixel, clipped to the image.

    Never more than the click's attention radius says: who points at something thin means nothing beside it. A pixel
    that is strictly nearer to a click of another target is left to that one.

    Args:
        clicks: in pixels, with their attention radii; a click's own pixel is the nearest one inside the image.
        disc_radius: in pixels; 0 takes the click's own pixel alone.
        height: H.
        width: W.

    Returns:
        (P,) flat indices row * W + col, and (P,) the index of the click each belongs to; every click has at least one.
    """
    reach = math.floor(disc_radius)
    steps = np.arange(-reach, reach + 1)
    down, right = (grid.ravel() for grid in np.meshgrid(steps, steps, indexing="ij"))
    squared = down**2 + right**2
    centres = np.array([own_pixel(click.x, click.y, height, width) for click in clicks], dtype=np.int64)
    targets = np.array([click.target for click in clicks])
    pixels, owners = [], []
    for index, centre in enumerate(centres):
        rows, cols = centre[0] + down, centre[1] + right
        keeps = squared <= min(disc_radius, clicks[index].radius) ** 2
        keeps &= (rows >= 0) & (rows < height) & (cols >= 0) & (cols < width)
        near = np.abs(centres - centre).max(axis=1) <= 2 * reach
        for rival in centres[near & (targets != targets[index])]:
            keeps &= (rows - rival[0]) ** 2 + (cols - rival[1]) ** 2 >= squared
        pixels.append(rows[keeps] * width + cols[keeps])
        owners.append(np.full(int(keeps.sum()), index, dtype=np.int64))
    return np.concatenate(pixels), np.concatenate(owners)


def own_pixel(x: float, y: float, height: int, width: int) -> tuple[int, int]:
    """Row and column of the pixel under a place, or of the nearest one inside the image."""
    row = min(max(math.floor(y + 0.5), 0), height - 1)
    col = min(max(math.floor(x + 0.5), 0), width - 1)
    return row, col
