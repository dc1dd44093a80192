"""The solids that scenes are built of: boxes, ellipsoids and upright elliptic cylinders, turned about the vertical.

Each is a unit solid (from -1 to 1 on every axis) that is stretched, turned and moved, so a ray is carried into the unit
frame, where its parameter t stays what it was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Kind = Literal["box", "ball", "cylinder"]
_NEAREST = 1e-4
"""Least ray parameter that counts as in front."""
_TINY = np.float32(1e-9)


@dataclass(frozen=True, eq=False)
class Solid:
    """A solid of a scene.

    Attributes:
        kind: which unit solid.
        centre: (x, y, z) in metres, y down.
        half: half the extent along its own axes in metres.
        label: what it is, one of `models.training.scenes.render.LABELS`.
        texture: number of its texture in the scene.
        tile: metres that one repetition of the texture covers.
        yaw: turn about the vertical in radians.
        instance: solids of one object share a number; -1: an object of its own.
    """

    kind: Kind
    centre: tuple[float, float, float]
    half: tuple[float, float, float]
    label: int
    texture: int = 0
    tile: float = 1.0
    yaw: float = 0.0
    instance: int = -1

    def turn(self) -> Floats:
        """(3, 3) matrix from world directions to the solid's own axes, without the stretching."""
        cosine, sine = np.cos(self.yaw), np.sin(self.yaw)
        return np.array([[cosine, 0, -sine], [0, 1, 0], [sine, 0, cosine]], dtype=np.float32)

    def corners(self) -> Floats:
        """(3, 8) corners of its bounding box in the world."""
        signs = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, 8)
        own = signs * np.array(self.half)[:, None]
        return np.asarray(self.turn().T @ own + np.array(self.centre)[:, None], dtype=np.float32)

    def to_unit(self, origin: Floats, directions: Floats) -> tuple[Floats, Floats]:
        """Origins (3, 1) or (3, N) and directions (3, N) of rays in the frame of the unit solid."""
        matrix = self.turn() / np.array(self.half, dtype=np.float32)[:, None]
        moved = origin - np.array(self.centre, dtype=np.float32)[:, None]
        return np.asarray(matrix @ moved, np.float32), np.asarray(matrix @ directions, np.float32)

    def hit(self, origin: Floats, directions: Floats) -> Floats:
        """(N,) parameter t > 0 where each ray enters the solid, infinity where it does not."""
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            return _ENTRY[self.kind](*self.to_unit(origin, directions))

    def surface(self, origin: Floats, directions: Floats, t: Floats) -> tuple[Floats, Floats]:
        """What the rays see at parameter t.

        Returns:
            Outward unit normals (3, N) in the world, and texture coordinates (2, N) in metres.
        """
        start, heading = self.to_unit(origin, directions)
        point = start + t * heading
        normal, across, down = _SURFACE[self.kind](point, self.half)
        own = normal / np.array(self.half, dtype=np.float32)[:, None]
        own /= np.maximum(np.sqrt((own * own).sum(axis=0)), _TINY)
        return self.turn().T @ own, np.stack([across, down])


def _enter_box(start: Floats, heading: Floats) -> Floats:
    """The largest of the three slabs' entries, if it lies before the smallest exit."""
    inverse = 1 / np.where(np.abs(heading) < _TINY, _TINY, heading)
    low, high = (-1 - start) * inverse, (1 - start) * inverse
    near = np.minimum(low, high).max(axis=0)
    far = np.maximum(low, high).min(axis=0)
    return np.where((near < far) & (near > _NEAREST), near, np.float32(np.inf))


def _enter_ball(start: Floats, heading: Floats) -> Floats:
    square = (heading * heading).sum(axis=0)
    half = (start * heading).sum(axis=0)
    root = half * half - square * ((start * start).sum(axis=0) - 1)
    t = (-half - np.sqrt(np.maximum(root, 0))) / np.maximum(square, _TINY)
    return np.where((root > 0) & (t > _NEAREST), t, np.float32(np.inf))


def _enter_cylinder(start: Floats, heading: Floats) -> Floats:
    """The nearer of mantle and the cap that faces the ray."""
    x, y, z = start
    dx, dy, dz = heading
    square, half = dx * dx + dz * dz, x * dx + z * dz
    root = half * half - square * (x * x + z * z - 1)
    mantle = (-half - np.sqrt(np.maximum(root, 0))) / np.maximum(square, _TINY)
    on_mantle = (root > 0) & (np.abs(y + mantle * dy) <= 1) & (mantle > _NEAREST)
    cap = (-np.sign(dy) - y) / np.where(np.abs(dy) < _TINY, _TINY, dy)
    on_cap = ((x + cap * dx) ** 2 + (z + cap * dz) ** 2 <= 1) & (cap > _NEAREST)
    infinity = np.float32(np.inf)
    return np.minimum(np.where(on_mantle, mantle, infinity), np.where(on_cap, cap, infinity))


_ENTRY: dict[Kind, Callable[[Floats, Floats], Floats]] = {
    "box": _enter_box,
    "ball": _enter_ball,
    "cylinder": _enter_cylinder,
}

Surface = tuple[Floats, Floats, Floats]
"""Normals of the unit solid (3, N), and texture coordinates across and down in metres."""


def _box_surface(point: Floats, half: tuple[float, float, float]) -> Surface:
    axis = np.abs(point).argmax(axis=0)
    normal = np.zeros_like(point)
    columns = np.arange(point.shape[1])
    normal[axis, columns] = np.sign(point[axis, columns])
    across = np.where(axis == 0, point[2] * half[2], point[0] * half[0])
    down = np.where(axis == 1, point[2] * half[2], point[1] * half[1])
    return normal, across.astype(np.float32), down.astype(np.float32)


def _ball_surface(point: Floats, half: tuple[float, float, float]) -> Surface:
    return point, np.arctan2(point[0], point[2]) * np.float32(half[0]), point[1] * np.float32(half[1])


def _cylinder_surface(point: Floats, half: tuple[float, float, float]) -> Surface:
    is_cap = np.abs(point[1]) > np.hypot(point[0], point[2])
    normal = np.where(is_cap, point * np.array([[0], [1], [0]]), point * np.array([[1], [0], [1]]))
    mantle = np.arctan2(point[0], point[2]) * np.float32(half[0])
    across = np.where(is_cap, point[0] * half[0], mantle)
    down = np.where(is_cap, point[2] * half[2], point[1] * half[1])
    return normal.astype(np.float32), across.astype(np.float32), down.astype(np.float32)


_SURFACE: dict[Kind, Callable[[Floats, tuple[float, float, float]], Surface]] = {
    "box": _box_surface,
    "ball": _ball_surface,
    "cylinder": _cylinder_surface,
}
