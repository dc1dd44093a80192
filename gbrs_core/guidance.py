"""What the network gets from the user beside the image: click distance maps (f-BRS, section 3) and trimaps."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gbrs_core import trimap as trimaps

CLICKS_AT_ONCE = 16
"""Clicks whose distances are held at the same time; bounds the memory of a thousand clicks."""


def click_maps(
    clicks_row_col_positive: Sequence[tuple[float, float, bool]],
    height: int,
    width: int,
    norm_radius: float = 260,
    *,
    device: torch.device | str = "cpu",
) -> Tensor:
    """Distance maps of the object clicks and of the background clicks: tanh(2 d / norm_radius).

    Args:
        clicks_row_col_positive: (row, col, is_positive) of every click in pixels of the map, (0, 0) the centre of the
            top-left one; fractions are not rounded, and a click may lie outside the map.
        height: H.
        width: W.
        norm_radius: distance in pixels at which a map reaches tanh(2).
        device: where to compute.

    Returns:
        (2, H, W) float32 in [0, 1], object clicks first: d is the Euclidean distance to the nearest click of the kind,
        unclipped; exactly 1 everywhere if there is none.
    """
    rows = torch.arange(height, dtype=torch.float32, device=device)
    cols = torch.arange(width, dtype=torch.float32, device=device)
    maps = torch.ones(2, height, width, dtype=torch.float32, device=device)
    for channel, is_positive in enumerate((True, False)):
        points = [(row, col) for row, col, positive in clicks_row_col_positive if bool(positive) is is_positive]
        if points:
            squared = _nearest_squared(points, rows, cols)
            maps[channel] = squared.sqrt_().mul_(2.0 / norm_radius).tanh_()
    return maps


def _nearest_squared(points: list[tuple[float, float]], rows: Tensor, cols: Tensor) -> Tensor:
    """Squared distance of every pixel to the nearest point, (H, W)."""
    nearest: Tensor | None = None
    for start in range(0, len(points), CLICKS_AT_ONCE):
        chunk = torch.tensor(points[start : start + CLICKS_AT_ONCE], dtype=torch.float32, device=rows.device)
        by_row = (rows - chunk[:, :1]).square_()
        by_col = (cols - chunk[:, 1:]).square_()
        squared = (by_row[:, :, None] + by_col[:, None, :]).amin(dim=0)
        nearest = squared if nearest is None else torch.minimum(nearest, squared)
    if nearest is None:
        raise ValueError("no points")
    return nearest


def check_trimap(trimap: NDArray[np.generic], height: int, width: int) -> NDArray[np.uint8]:
    """The trimap (height, width) uint8 as given, if it is one. Raises ValueError saying what is wrong."""
    if trimap.shape != (height, width):
        raise ValueError(f"the trimap has shape {trimap.shape}, the image is {height} x {width} (height x width)")
    stray = np.setdiff1d(trimap, trimaps.VALUES)
    if trimap.dtype != np.uint8 or stray.size:
        found = ", ".join(str(value) for value in stray[:5])
        raise ValueError(f"a trimap has the values 0, 128 and 255 as uint8; this one is {trimap.dtype} with {found}")
    return np.asarray(trimap, dtype=np.uint8)


def resized_trimap(trimap: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """The trimap at another size, by its nearest pixels."""
    if trimap.shape == (height, width):
        return trimap
    return np.asarray(cv2.resize(trimap, (width, height), interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
