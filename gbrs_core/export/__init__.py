"""Export formats. A new one is one file in this folder and one line in `EXPORTERS`. Torch-free."""

from __future__ import annotations

from gbrs_core.errors import ExportError
from gbrs_core.export.base import (
    Colour,
    Exporter,
    ExportObject,
    ExportRequest,
    export_paths,
    suggested_path,
    write_export,
)
from gbrs_core.export.cutout_png import CutoutPng
from gbrs_core.export.instance_png import InstancePng
from gbrs_core.export.mask_png import MaskPng
from gbrs_core.export.palette_png import PalettePng

__all__ = [
    "EXPORTERS",
    "Colour",
    "ExportObject",
    "ExportRequest",
    "Exporter",
    "export_paths",
    "exporter",
    "suggested_path",
    "write_export",
]

EXPORTERS: tuple[Exporter, ...] = (
    MaskPng(),
    InstancePng(),
    PalettePng(),
    CutoutPng(8, name="cutout", title="Cut-out (RGBA PNG)", ending="_cutout.png"),
    CutoutPng(16, name="cutout16", title="Cut-out (16-bit RGBA PNG)", ending="_cutout16.png"),
)


def exporter(name: str) -> Exporter:
    """The format of that name. Raises ExportError with the known names."""
    for candidate in EXPORTERS:
        if candidate.name == name:
            return candidate
    raise ExportError(f"unknown export format {name!r}; known formats: {', '.join(item.name for item in EXPORTERS)}")
