"""Label map as palette PNG (mode P): the index is the class id, shown in the colour of the class. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gbrs_core.export.base import Exporter
from gbrs_core.export.label_png import check_class_count
from gbrs_core.export.png import LARGEST_INDEX, encode_palette_png
from gbrs_core.export.requests import LabelMapRequest
from gbrs_core.prediction import OutputKind


@dataclass(frozen=True)
class LabelPalettePng(Exporter[LabelMapRequest]):
    """The palette holds all classes, present or not, so that it is the same in every file of a data set."""

    kind: ClassVar[OutputKind] = OutputKind.LABEL_MAP
    name: str = "labels_palette"
    title: str = "Label ids with a palette (PNG)"
    ending: str = "_classes.png"
    description: str = "Values are class ids, shown in the colours of the classes; 255 belongs to no class."

    def encode(self, request: LabelMapRequest) -> bytes:
        """8-bit indices and the palette. Raises FormatLimitError past 256 classes."""
        check_class_count(len(request.class_names), LARGEST_INDEX + 1, f"a palette ends at index {LARGEST_INDEX}")
        return encode_palette_png(request.label_map.astype(np.uint8), request.class_colours)
