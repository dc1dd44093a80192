"""Binary mask: 8-bit grey PNG, 255 object, 0 background. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gbrs_core.export.base import ExportRequest
from gbrs_core.export.png import encode_png
from gbrs_core.prediction import OutputKind


@dataclass(frozen=True)
class MaskPng:
    """All objects together, or one file per object; a pixel of two objects is then in both files."""

    name: str = "mask"
    title: str = "Binary mask (PNG)"
    ending: str = "_mask.png"
    kinds: tuple[OutputKind, ...] = (OutputKind.MASK,)
    can_split: bool = True

    def encode(self, request: ExportRequest) -> bytes:
        """The union of the masks."""
        union = np.zeros(request.size, np.uint8)
        for item in request.objects:
            union[item.mask] = 255
        return encode_png(union)
