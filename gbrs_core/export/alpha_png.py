"""Alpha matte: 8 or 16-bit grey PNG, full scale for alpha 1. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from gbrs_core.export.base import Exporter
from gbrs_core.export.png import encode_png
from gbrs_core.export.requests import AlphaMatteRequest
from gbrs_core.prediction import OutputKind


@dataclass(frozen=True)
class AlphaPng(Exporter[AlphaMatteRequest]):
    """Linear in alpha, rounded to the nearest step.

    Attributes:
        bits: per pixel.
    """

    kind: ClassVar[OutputKind] = OutputKind.ALPHA_MATTE
    bits: Literal[8, 16] = 8

    def encode(self, request: AlphaMatteRequest) -> bytes:
        """(H, W)."""
        return encode_png(scaled(request.alpha_matte, self.bits))


def scaled(values: NDArray[np.float32], bits: Literal[8, 16]) -> NDArray[Any]:
    """Values in [0, 1] as whole numbers up to the full scale; what lies outside is clipped."""
    full_scale, dtype = (255, np.uint8) if bits == 8 else (65535, np.uint16)
    return np.rint(np.clip(values, 0, 1) * full_scale).astype(dtype)
