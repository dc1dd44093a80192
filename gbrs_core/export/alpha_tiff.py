"""Alpha matte without rounding: TIFF of 32-bit floats. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gbrs_core.export.base import Exporter
from gbrs_core.export.requests import AlphaMatteRequest
from gbrs_core.export.tiff import encode_float_tiff
from gbrs_core.prediction import OutputKind


@dataclass(frozen=True)
class AlphaTiff(Exporter[AlphaMatteRequest]):
    """Alpha from 0 to 1."""

    kind: ClassVar[OutputKind] = OutputKind.ALPHA_MATTE
    name: str = "alpha_tiff"
    title: str = "Alpha matte (32-bit float TIFF)"
    ending: str = "_alpha.tif"

    def encode(self, request: AlphaMatteRequest) -> bytes:
        """(H, W)."""
        return encode_float_tiff(request.alpha_matte)
