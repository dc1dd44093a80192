"""Palette PNG (mode P): one index per pixel, shown in the colours of the objects. Torch-free."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from gbrs_core.export.base import ExportRequest, FormatLimitError
from gbrs_core.export.overlap import instance_ids
from gbrs_core.prediction import OutputKind

_LARGEST_INDEX = 255


@dataclass(frozen=True)
class PalettePng:
    """Index 0 is the black background, index 1 the first object of the list; overlaps: `overlap.py`."""

    name: str = "palette"
    title: str = "Coloured palette (PNG)"
    ending: str = "_palette.png"
    kinds: tuple[OutputKind, ...] = (OutputKind.MASK,)
    can_split: bool = False

    def encode(self, request: ExportRequest) -> bytes:
        """8-bit indices and the palette. Raises FormatLimitError past 255 objects."""
        if len(request.objects) > _LARGEST_INDEX:
            raise FormatLimitError(
                f"a palette ends at index {_LARGEST_INDEX}, there are {len(request.objects)} objects"
            )
        image = Image.fromarray(instance_ids(request.objects, request.size).astype(np.uint8), "P")
        colours = bytes(value for item in request.objects for value in item.colour)
        # All 256 entries, because Pillow would pack few of them into 1, 2 or 4 bits, which some readers refuse.
        image.putpalette((bytes(3) + colours).ljust(3 * (_LARGEST_INDEX + 1), b"\0"))
        content = io.BytesIO()
        image.save(content, "PNG")
        return content.getvalue()
