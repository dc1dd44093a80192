"""Depth without rounding: TIFF of 32-bit floats, or NumPy array; metres, 0 unknown. Torch-free."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gbrs_core.depth_maps import with_zero_for_unknown
from gbrs_core.export.base import Exporter
from gbrs_core.export.requests import DepthMapRequest
from gbrs_core.export.tiff import encode_float_tiff
from gbrs_core.prediction import OutputKind


@dataclass(frozen=True)
class DepthTiff(Exporter[DepthMapRequest]):
    """Metres."""

    kind: ClassVar[OutputKind] = OutputKind.DEPTH_MAP
    name: str = "depth_tiff"
    title: str = "Depth in metres (32-bit float TIFF)"
    ending: str = "_depth.tif"
    description: str = "0 where the depth is unknown."

    def encode(self, request: DepthMapRequest) -> bytes:
        """(H, W) float32."""
        return encode_float_tiff(with_zero_for_unknown(request.depth_map))


@dataclass(frozen=True)
class DepthNpy(Exporter[DepthMapRequest]):
    """Metres; read with `numpy.load`."""

    kind: ClassVar[OutputKind] = OutputKind.DEPTH_MAP
    name: str = "depth_npy"
    title: str = "Depth in metres (NumPy array)"
    ending: str = "_depth.npy"
    description: str = "0 where the depth is unknown."

    def encode(self, request: DepthMapRequest) -> bytes:
        """(H, W) float32."""
        content = io.BytesIO()
        np.save(content, with_zero_for_unknown(request.depth_map), allow_pickle=False)
        return content.getvalue()
