"""Label map in the colours of the classes: 8-bit RGB PNG. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gbrs_core.export.base import Exporter
from gbrs_core.export.png import encode_png
from gbrs_core.export.requests import LabelMapRequest
from gbrs_core.label_maps import coloured
from gbrs_core.prediction import OutputKind


@dataclass(frozen=True)
class LabelColourPng(Exporter[LabelMapRequest]):
    """For pictures in slides and reports, and for data sets whose labels are colours; without a legend."""

    kind: ClassVar[OutputKind] = OutputKind.LABEL_MAP
    name: str = "labels_colour"
    title: str = "Class colours (RGB PNG)"
    ending: str = "_colour.png"
    description: str = "Pixels that belong to no class are black."

    def encode(self, request: LabelMapRequest) -> bytes:
        """(H, W, 3)."""
        return encode_png(coloured(request.label_map, request.class_colours))

    def notes(self, request: LabelMapRequest) -> tuple[str, ...]:
        """Classes of the same colour cannot be told apart again."""
        by_colour: dict[tuple[int, int, int], list[str]] = {}
        for name, colour in zip(request.class_names, request.class_colours, strict=True):
            by_colour.setdefault(colour, []).append(name)
        return tuple(
            f"{', '.join(names)} have the same colour and cannot be told apart in the file"
            for names in by_colour.values()
            if len(names) > 1
        )
