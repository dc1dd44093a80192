"""Cut-out by an alpha matte: RGBA PNG with 8 or 16 bits per channel, colours cleaned of the background. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from gbrs_core.export.alpha_png import scaled
from gbrs_core.export.base import Exporter
from gbrs_core.export.png import encode_png
from gbrs_core.export.requests import AlphaMatteRequest
from gbrs_core.foreground import foreground_colours
from gbrs_core.prediction import OutputKind


@dataclass(frozen=True)
class MatteCutoutPng(Exporter[AlphaMatteRequest]):
    """At soft edges the colours are those of the foreground alone, not of its mixture with the old background.

    They are straight, not multiplied with alpha. Where alpha is 0 they are black: nothing of the background is in the
    file, not even hidden.

    Attributes:
        bits: per channel.
    """

    kind: ClassVar[OutputKind] = OutputKind.ALPHA_MATTE
    bits: Literal[8, 16] = 8

    def encode(self, request: AlphaMatteRequest) -> bytes:
        """(H, W, 4) RGBA."""
        colours = foreground_colours(request.image, request.alpha_matte)
        alpha = scaled(request.alpha_matte, self.bits)
        rgba = np.concatenate([scaled(colours, self.bits), alpha[..., np.newaxis]], axis=2)
        rgba[alpha == 0] = 0
        return encode_png(rgba)
