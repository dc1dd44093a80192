"""Trimap: 8-bit grey PNG, 0 background, 128 unknown, 255 foreground. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gbrs_core.export.base import Exporter, FormatLimitError
from gbrs_core.export.png import encode_png
from gbrs_core.export.requests import AlphaMatteRequest
from gbrs_core.prediction import OutputKind


@dataclass(frozen=True)
class TrimapPng(Exporter[AlphaMatteRequest]):
    """What the matte was made from."""

    kind: ClassVar[OutputKind] = OutputKind.ALPHA_MATTE
    name: str = "trimap"
    title: str = "Trimap (PNG)"
    ending: str = "_trimap.png"
    description: str = "0 background, 128 unknown, 255 foreground."

    def encode(self, request: AlphaMatteRequest) -> bytes:
        """(H, W). Raises FormatLimitError if there is no trimap."""
        if request.trimap is None:
            raise FormatLimitError("this matte has no trimap")
        return encode_png(request.trimap)
