"""Instance ids: 16-bit grey PNG, 0 background, 1 the first object. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gbrs_core.export.base import Exporter, FormatLimitError
from gbrs_core.export.overlap import instance_ids
from gbrs_core.export.png import encode_png
from gbrs_core.export.requests import MaskRequest
from gbrs_core.prediction import OutputKind

_LARGEST_ID = 65535


@dataclass(frozen=True)
class InstancePng(Exporter[MaskRequest]):
    """Ids as they are, not spread over the range, so the picture looks black in a viewer; overlaps: `overlap.py`."""

    kind: ClassVar[OutputKind] = OutputKind.MASK
    name: str = "instances"
    title: str = "Instance ids (16-bit PNG)"
    ending: str = "_instances.png"

    def encode(self, request: MaskRequest) -> bytes:
        """One id per pixel. Raises FormatLimitError past 65535 objects."""
        if len(request.objects) > _LARGEST_ID:
            raise FormatLimitError(f"16-bit ids end at {_LARGEST_ID}, there are {len(request.objects)} objects")
        return encode_png(instance_ids(request.objects, request.size))
