"""Export formats. A new one is one file in this folder and one line in `EXPORTERS`. Torch-free."""

from __future__ import annotations

from typing import Any

from gbrs_core.errors import ExportError
from gbrs_core.export.base import Exporter, WrittenExport, export_paths, suggested_path, write_export
from gbrs_core.export.cutout_png import CutoutPng
from gbrs_core.export.instance_png import InstancePng
from gbrs_core.export.mask_png import MaskPng
from gbrs_core.export.palette_png import PalettePng
from gbrs_core.export.requests import (
    AlphaMatteRequest,
    DepthMapRequest,
    ExportObject,
    ExportRequest,
    LabelMapRequest,
    MaskRequest,
)
from gbrs_core.label_maps import Colour
from gbrs_core.prediction import OutputKind

__all__ = [
    "EXPORTERS",
    "AlphaMatteRequest",
    "Colour",
    "DepthMapRequest",
    "ExportObject",
    "ExportRequest",
    "Exporter",
    "LabelMapRequest",
    "MaskRequest",
    "WrittenExport",
    "export_paths",
    "exporter",
    "exporters_for",
    "suggested_path",
    "write_export",
]

EXPORTERS: tuple[Exporter[Any], ...] = (
    MaskPng(),
    InstancePng(),
    PalettePng(),
    CutoutPng("cutout", "Cut-out (RGBA PNG)", "_cutout.png", bits=8),
    CutoutPng("cutout16", "Cut-out (16-bit RGBA PNG)", "_cutout16.png", bits=16),
)


def exporter(name: str) -> Exporter[Any]:
    """The format of that name. Raises ExportError with the known names."""
    for candidate in EXPORTERS:
        if candidate.name == name:
            return candidate
    raise ExportError(f"unknown export format {name!r}; known formats: {', '.join(item.name for item in EXPORTERS)}")


def exporters_for(kind: OutputKind) -> tuple[Exporter[Any], ...]:
    """The formats for a kind of prediction that can be used on this machine, the usual one first."""
    return tuple(item for item in EXPORTERS if item.kind is kind and not item.unavailable)
