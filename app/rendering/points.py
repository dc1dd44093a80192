"""A photograph as points in space: back-projected with a pinhole camera, turned, and drawn without OpenGL.

Axes as the camera's: x to the right, y down, z forward; depth is z. Lengths are in the depth map's unit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from app.rendering.depth_scale import is_known
from app.rendering.layers import Colour

MOST_POINTS = 60_000
DEFAULT_FIELD_OF_VIEW = 60.0
"""Degrees, across the longer side of the image."""

_NEAREST_SHARE = 0.02
"""Of the cloud's size: what is nearer to the eye is not drawn."""
_MAX_TILT = 89.0
_OVERLAP = 1.5
"""Of a point's size, so that a surface seen a little from the side has no gaps."""
MOST_POINT_PX = 12


@dataclass(frozen=True, eq=False)
class PointCloud:
    """Points with colours.

    Attributes:
        positions: float32 (n, 3), x, y, z.
        colours: uint8 (n, 3), red, green, blue.
        extents: float32 (n,), side of the square that a point stands for.
        pivot: (x, y, z) about which the view turns: the middle of the points.
        size: half the diagonal of the box that holds nearly all points, > 0.
    """

    positions: NDArray[np.float32]
    colours: NDArray[np.uint8]
    extents: NDArray[np.float32]
    pivot: tuple[float, float, float]
    size: float


@dataclass(frozen=True)
class Orbit:
    """Where the eye is, relative to the cloud's pivot.

    Attributes:
        turn: degrees to the right about the vertical axis, 0 as the photograph was taken.
        tilt: degrees upwards, -89 to 89.
        closeness: how many times nearer than the starting distance; > 0.
    """

    turn: float = 0.0
    tilt: float = 0.0
    closeness: float = 1.0

    def turned(self, turn: float, tilt: float) -> Orbit:
        """Turned and tilted by degrees."""
        tilted = min(max(self.tilt + tilt, -_MAX_TILT), _MAX_TILT)
        return replace(self, turn=(self.turn + turn + 180) % 360 - 180, tilt=tilted)

    def zoomed(self, factor: float) -> Orbit:
        """Nearer by a factor, within reason."""
        return replace(self, closeness=min(max(self.closeness * factor, 0.1), 20.0))


def point_cloud(
    depth: NDArray[np.float32],
    image: NDArray[np.uint8],
    field_of_view: float = DEFAULT_FIELD_OF_VIEW,
    valid_range: tuple[float, float] | None = None,
) -> PointCloud:
    """Points of the known depths, at most MOST_POINTS of them, evenly spread over the image.

    Args:
        depth: float32 (h, w), covering the image.
        image: uint8 (H, W, 3), the photograph.
        field_of_view: degrees across the longer side, 5 to 170.
        valid_range: see `DepthLayer`.
    """
    step = max(math.sqrt(depth.size / MOST_POINTS), 1.0)
    rows, columns = (((np.arange(int(side / step)) + 0.5) * step).astype(int) for side in depth.shape)
    z = depth[np.ix_(rows, columns)]
    # Pixels are square in the image, which has other proportions than the map where sizes were rounded.
    height, width = image.shape[:2]
    x = (columns + 0.5) * (width / depth.shape[1]) - width / 2
    y = (rows + 0.5) * (height / depth.shape[0]) - height / 2
    focal = max(height, width) / 2 / math.tan(math.radians(min(max(field_of_view, 5.0), 170.0)) / 2)
    known = is_known(z, valid_range)
    grid = np.stack([np.broadcast_to(x, z.shape) / focal * z, y[:, None] / focal * z, z], axis=-1)
    small = cv2.resize(image, (depth.shape[1], depth.shape[0]), interpolation=cv2.INTER_AREA)
    positions = np.asarray(grid[known], np.float32)
    colours = np.asarray(small[np.ix_(rows, columns)][known], np.uint8)
    extents = np.asarray(positions[:, 2] * (_OVERLAP * step * width / depth.shape[1] / focal), np.float32)
    if not len(positions):
        return PointCloud(positions, colours, extents, (0.0, 0.0, 1.0), 1.0)
    low, high = np.percentile(positions, (2, 98), axis=0)
    pivot = (low + high) / 2
    size = max(float(np.linalg.norm(high - low)) / 2, float(np.abs(pivot).max()) * 1e-3, 1e-6)
    return PointCloud(positions, colours, extents, (float(pivot[0]), float(pivot[1]), float(pivot[2])), size)


def view_matrix(cloud: PointCloud, orbit: Orbit) -> NDArray[np.float64]:
    """(4, 4): from the cloud's axes to those of the eye, which looks along +z.

    At rest the eye is where the camera was.
    """
    turn, tilt = math.radians(orbit.turn), math.radians(orbit.tilt)
    about_y = np.array(
        [[math.cos(turn), 0, math.sin(turn)], [0, 1, 0], [-math.sin(turn), 0, math.cos(turn)]], np.float64
    )
    about_x = np.array(
        [[1, 0, 0], [0, math.cos(tilt), -math.sin(tilt)], [0, math.sin(tilt), math.cos(tilt)]], np.float64
    )
    rotation = about_x @ about_y
    pivot = np.array(cloud.pivot)
    distance = max(pivot[2], cloud.size * 0.5)
    # The pivot stays where it is seen; only its distance changes with closeness.
    seen = np.array([pivot[0], pivot[1], distance]) / orbit.closeness
    seen[:2] /= max(abs(orbit.closeness), 1.0) ** 0.5
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = seen - rotation @ pivot
    return matrix


def focal_px(size: tuple[int, int], image_size: tuple[int, int], field_of_view: float) -> float:
    """Focal length in pixels of a picture (height, width) in which the photograph (H, W) fits whole."""
    scale = min(size[0] / image_size[0], size[1] / image_size[1])
    return max(image_size) * scale / 2 / math.tan(math.radians(min(max(field_of_view, 5.0), 170.0)) / 2)


def nearest_distance(cloud: PointCloud) -> float:
    """What is nearer to the eye is not drawn."""
    return cloud.size * _NEAREST_SHARE


def draw_points(
    cloud: PointCloud, orbit: Orbit, size: tuple[int, int], focal: float, background: Colour
) -> NDArray[np.uint8]:
    """The cloud seen by the eye, uint8 (height, width, 4): blue, green, red, 255; nearer points cover farther ones.

    The picture is of size (height, width); `focal` is the focal length in its pixels, see `focal_px`.
    """
    height, width = size
    picture = np.empty((height, width, 4), np.uint8)
    picture[:] = *background[::-1], 255
    matrix = view_matrix(cloud, orbit).astype(np.float32)
    seen = cloud.positions @ matrix[:3, :3].T + matrix[:3, 3]
    in_front = seen[:, 2] > nearest_distance(cloud)
    seen, colours = seen[in_front], cloud.colours[in_front]
    columns = np.rint(seen[:, 0] / seen[:, 2] * focal + (width - 1) / 2)
    rows = np.rint(seen[:, 1] / seen[:, 2] * focal + (height - 1) / 2)
    sides = np.clip(np.ceil(cloud.extents[in_front] * focal / seen[:, 2]), 1, MOST_POINT_PX).astype(np.int32)
    in_picture = (np.abs(columns - width / 2) < width) & (np.abs(rows - height / 2) < height)
    order = np.flatnonzero(in_picture)
    order = order[np.argsort(-seen[order, 2], kind="stable")]
    words = np.column_stack([colours[order, ::-1], np.full(len(order), 255, np.uint8)])
    _splat(
        picture.view(np.uint32)[:, :, 0],
        rows[order].astype(np.int32),
        columns[order].astype(np.int32),
        sides[order],
        np.ascontiguousarray(words).view(np.uint32)[:, 0],
    )
    return picture


def _splat(
    words: NDArray[np.uint32],
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
    sides: NDArray[np.int32],
    colours: NDArray[np.uint32],
) -> None:
    """Squares, later ones over earlier ones.

    All pixels of every square are written in the points' order, so that a far large square never covers a near one.
    """
    order = np.repeat(np.arange(len(rows)), sides * sides)
    if not len(order):
        return
    first = np.repeat(np.cumsum(sides * sides) - sides * sides, sides * sides)
    within, side = np.arange(len(order)) - first, sides[order]
    y = rows[order] + within // side - side // 2
    x = columns[order] + within % side - side // 2
    inside = (y >= 0) & (y < words.shape[0]) & (x >= 0) & (x < words.shape[1])
    words[y[inside], x[inside]] = colours[order[inside]]
