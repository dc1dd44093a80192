"""A binary mask per class: one 8-bit grey PNG each, 255 for the class, 0 for the rest. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from gbrs_core.export.base import Exporter, FormatLimitError
from gbrs_core.export.png import encode_png
from gbrs_core.export.requests import LabelMapRequest
from gbrs_core.prediction import OutputKind


@dataclass(frozen=True)
class ClassMasksPng(Exporter[LabelMapRequest]):
    """Files are named after the classes; a class without a pixel gets none."""

    kind: ClassVar[OutputKind] = OutputKind.LABEL_MAP
    name: str = "class_masks"
    title: str = "Binary masks, a file per class (PNG)"
    ending: str = "_class.png"
    splits: Literal["never", "optionally", "always"] = "always"
    description: str = "Classes that have no pixel get no file."

    def encode(self, request: LabelMapRequest) -> bytes:
        """The mask of `only_class`. Raises FormatLimitError if the request is not about a single class."""
        if request.only_class is None:
            raise FormatLimitError("a mask shows one class; ask for one file per class")
        return encode_png((request.label_map == request.only_class).astype(np.uint8) * np.uint8(255))
