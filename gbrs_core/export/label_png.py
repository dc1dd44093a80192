"""Label ids: 8 or 16-bit grey PNG. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from gbrs_core.export.base import Exporter, FormatLimitError
from gbrs_core.export.png import encode_png
from gbrs_core.export.requests import LabelMapRequest
from gbrs_core.prediction import OutputKind


@dataclass(frozen=True)
class LabelPng(Exporter[LabelMapRequest]):
    """Class ids as they are, never spread over the range, so the picture looks black in a viewer.

    Attributes:
        bits: per pixel.
    """

    kind: ClassVar[OutputKind] = OutputKind.LABEL_MAP
    bits: Literal[8, 16] = 8

    def encode(self, request: LabelMapRequest) -> bytes:
        """One id per pixel; pixels of no class get `void_id`. Raises FormatLimitError past the largest id."""
        largest = 2**self.bits - 1
        check_class_count(len(request.class_names), largest + 1, f"{self.bits}-bit ids end at {largest}")
        return encode_png(request.label_map.astype(np.uint8 if self.bits == 8 else np.uint16))


def check_class_count(count: int, most: int, limit: str) -> None:
    """Raises FormatLimitError, with the limit in words, if there are too many classes."""
    if count > most:
        raise FormatLimitError(f"{limit}, there are {count} classes; choose a 16-bit format or the probabilities")
