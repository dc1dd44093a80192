"""Depth: 16-bit grey PNG in steps of a millimetre (NYU Depth) or of 1/256 metre (KITTI), 0 unknown. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gbrs_core.depth_maps import known
from gbrs_core.export.base import Exporter
from gbrs_core.export.png import encode_png
from gbrs_core.export.requests import DepthMapRequest
from gbrs_core.prediction import OutputKind

_LARGEST = 65535


@dataclass(frozen=True)
class DepthPng(Exporter[DepthMapRequest]):
    """Rounded to the nearest step; known depths become 1 to 65535, nearer and farther ones are saturated.

    Attributes:
        steps_per_metre: 1000 or 256.
    """

    kind: ClassVar[OutputKind] = OutputKind.DEPTH_MAP
    steps_per_metre: int = 1000

    def encode(self, request: DepthMapRequest) -> bytes:
        """(H, W) uint16."""
        is_known = known(request.depth_map)
        steps = np.where(is_known, request.depth_map, 0).astype(np.float64)
        steps = np.clip(np.rint(steps * self.steps_per_metre), is_known, _LARGEST)
        return encode_png(steps.astype(np.uint16))

    def notes(self, request: DepthMapRequest) -> tuple[str, ...]:
        """How many pixels are saturated."""
        depths = request.depth_map[known(request.depth_map)].astype(np.float64) * self.steps_per_metre
        farthest, nearest = _LARGEST / self.steps_per_metre, 1 / self.steps_per_metre
        too_far, too_near = (int(np.count_nonzero(flags)) for flags in (depths >= _LARGEST + 0.5, depths < 0.5))
        found = (
            (too_far, f"beyond {farthest:.3f} m are written as {farthest:.3f} m"),
            (too_near, f"nearer than {nearest / 2:.5f} m are written as {nearest:.5f} m"),
        )
        return tuple(f"{count:,} pixel{'s' if count > 1 else ''} {text}" for count, text in found if count)
