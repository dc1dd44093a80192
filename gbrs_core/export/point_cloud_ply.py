"""Depth as a coloured point cloud: binary little-endian PLY. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gbrs_core.depth_maps import camera_points, known
from gbrs_core.export.base import Exporter, FormatLimitError
from gbrs_core.export.requests import DepthMapRequest
from gbrs_core.prediction import OutputKind

_VERTEX = np.dtype(
    [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("red", "u1"), ("green", "u1"), ("blue", "u1")]
)  # packed: 15 bytes


@dataclass(frozen=True)
class PointCloudPly(Exporter[DepthMapRequest]):
    """A point for every pixel of known depth, row by row; the camera's field of view is an assumption and is noted."""

    kind: ClassVar[OutputKind] = OutputKind.DEPTH_MAP
    name: str = "point_cloud"
    title: str = "Point cloud (PLY)"
    ending: str = "_points.ply"
    description: str = "Metres; x to the right, y down, z away from the camera."

    def encode(self, request: DepthMapRequest) -> bytes:
        """Header and vertices."""
        try:
            points = camera_points(request.depth_map, request.field_of_view)
        except ValueError as error:
            raise FormatLimitError(str(error)) from error
        is_known = known(request.depth_map)
        vertices = np.empty(int(np.count_nonzero(is_known)), _VERTEX)
        for axis, name in enumerate(("x", "y", "z")):
            vertices[name] = points[..., axis][is_known]
        for channel, name in enumerate(("red", "green", "blue")):
            vertices[name] = request.image[..., channel][is_known]
        return _header(len(vertices), request.field_of_view).encode("ascii") + vertices.tobytes()

    def notes(self, request: DepthMapRequest) -> tuple[str, ...]:
        """The assumption about the camera."""
        return (f"a pinhole camera with a horizontal field of view of {request.field_of_view:g} degrees is assumed",)


def _header(count: int, field_of_view: float) -> str:
    properties = [f"property float {axis}" for axis in "xyz"]
    properties += [f"property uchar {colour}" for colour in ("red", "green", "blue")]
    lines = (
        "ply",
        "format binary_little_endian 1.0",
        f"comment pinhole camera, horizontal field of view {field_of_view:g} degrees",
        "comment metres; x to the right, y down, z away from the camera",
        f"element vertex {count}",
        *properties,
        "end_header",
    )
    return "\n".join(lines) + "\n"
