"""Depth maps: what counts as known, and the points they stand for. Torch-free."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def known(depth_map: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(H, W) bool: finite and above 0. Everything else means that the depth is not known."""
    return np.isfinite(depth_map) & (depth_map > 0)


def with_zero_for_unknown(depth_map: NDArray[np.float32]) -> NDArray[np.float32]:
    """The map with 0 wherever the depth is not known."""
    return np.where(known(depth_map), depth_map, np.float32(0)).astype(np.float32)


def camera_points(depth_map: NDArray[np.float32], field_of_view: float) -> NDArray[np.float32]:
    """The points a depth map stands for, seen by a pinhole camera that looks through the centre of the image.

    Args:
        depth_map: (H, W) metres along the viewing axis.
        field_of_view: horizontal, in degrees, above 0 and below 180.

    Returns:
        (H, W, 3) float32 metres: x to the right, y down, z away from the camera.

    Raises:
        ValueError: the field of view is out of range.
    """
    if not 0 < field_of_view < 180:
        raise ValueError(f"a field of view is above 0 and below 180 degrees, got {field_of_view}")
    height, width = depth_map.shape
    focal_length = width / 2 / math.tan(math.radians(field_of_view) / 2)  # in pixels
    right = (np.arange(width) - (width - 1) / 2) / focal_length
    down = (np.arange(height)[:, np.newaxis] - (height - 1) / 2) / focal_length
    points = np.empty((height, width, 3), np.float32)
    points[..., 0] = depth_map * right
    points[..., 1] = depth_map * down
    points[..., 2] = depth_map
    return points
