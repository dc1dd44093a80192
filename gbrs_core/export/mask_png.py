"""Binary mask: 8-bit grey PNG, 255 object, 0 background. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from gbrs_core.export.base import Exporter
from gbrs_core.export.png import encode_png
from gbrs_core.export.requests import MaskRequest
from gbrs_core.prediction import OutputKind


@dataclass(frozen=True)
class MaskPng(Exporter[MaskRequest]):
    """All objects together, or one file per object; a pixel of two objects is then in both files."""

    kind: ClassVar[OutputKind] = OutputKind.MASK
    name: str = "mask"
    title: str = "Binary mask (PNG)"
    ending: str = "_mask.png"
    splits: Literal["never", "optionally", "always"] = "optionally"

    def encode(self, request: MaskRequest) -> bytes:
        """The union of the masks."""
        union = np.zeros(request.size, np.uint8)
        for item in request.objects:
            union[item.mask] = 255
        return encode_png(union)
