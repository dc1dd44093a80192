"""Palette PNG (mode P): one index per pixel, shown in the colours of the objects. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gbrs_core.export.base import Exporter, FormatLimitError
from gbrs_core.export.overlap import instance_ids
from gbrs_core.export.png import LARGEST_INDEX, encode_palette_png
from gbrs_core.export.requests import MaskRequest
from gbrs_core.prediction import OutputKind


@dataclass(frozen=True)
class PalettePng(Exporter[MaskRequest]):
    """Index 0 is the black background, index 1 the first object of the list; overlaps: `overlap.py`."""

    kind: ClassVar[OutputKind] = OutputKind.MASK
    name: str = "palette"
    title: str = "Coloured palette (PNG)"
    ending: str = "_palette.png"

    def encode(self, request: MaskRequest) -> bytes:
        """8-bit indices and the palette. Raises FormatLimitError past 255 objects."""
        if len(request.objects) > LARGEST_INDEX:
            raise FormatLimitError(f"a palette ends at index {LARGEST_INDEX}, there are {len(request.objects)} objects")
        indices = instance_ids(request.objects, request.size).astype(np.uint8)
        return encode_palette_png(indices, ((0, 0, 0), *(item.colour for item in request.objects)))
