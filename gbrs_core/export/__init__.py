"""Export formats. A new one is one file in this folder and one line in `EXPORTERS`. Torch-free."""

from __future__ import annotations

from typing import Any

from gbrs_core.errors import ExportError
from gbrs_core.export.alpha_png import AlphaPng
from gbrs_core.export.alpha_tiff import AlphaTiff
from gbrs_core.export.base import Exporter, WrittenExport, export_paths, suggested_path, write_export
from gbrs_core.export.cityscapes_png import CityscapesPng
from gbrs_core.export.class_masks_png import ClassMasksPng
from gbrs_core.export.composite_png import CompositePng
from gbrs_core.export.cutout_png import CutoutPng
from gbrs_core.export.depth_colour_png import DepthColourPng
from gbrs_core.export.depth_exr import DepthExr
from gbrs_core.export.depth_float import DepthNpy, DepthTiff
from gbrs_core.export.depth_png import DepthPng
from gbrs_core.export.instance_png import InstancePng
from gbrs_core.export.label_colour_png import LabelColourPng
from gbrs_core.export.label_palette_png import LabelPalettePng
from gbrs_core.export.label_png import LabelPng
from gbrs_core.export.mask_png import MaskPng
from gbrs_core.export.matte_cutout_png import MatteCutoutPng
from gbrs_core.export.palette_png import PalettePng
from gbrs_core.export.point_cloud_ply import PointCloudPly
from gbrs_core.export.probabilities_npz import ProbabilitiesNpz
from gbrs_core.export.requests import (
    AlphaMatteRequest,
    DepthMapRequest,
    ExportObject,
    ExportRequest,
    LabelMapRequest,
    MaskRequest,
)
from gbrs_core.export.trimap_png import TrimapPng
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

_LABEL_IDS = "Values are class ids, so the picture looks black in a viewer; 255 belongs to no class."

EXPORTERS: tuple[Exporter[Any], ...] = (
    MaskPng(),
    InstancePng(),
    PalettePng(),
    CutoutPng("cutout", "Cut-out (RGBA PNG)", "_cutout.png", bits=8),
    CutoutPng("cutout16", "Cut-out (16-bit RGBA PNG)", "_cutout16.png", bits=16),
    LabelPng("labels", "Label ids (8-bit PNG)", "_labels.png", description=_LABEL_IDS, bits=8),
    LabelPng("labels16", "Label ids (16-bit PNG)", "_labels16.png", description=_LABEL_IDS, bits=16),
    LabelPalettePng(),
    LabelColourPng(),
    CityscapesPng("cityscapes", "Cityscapes labelIds (PNG)", "_labelIds.png", ids="labelIds"),
    CityscapesPng("cityscapes_train", "Cityscapes trainIds (PNG)", "_labelTrainIds.png", ids="labelTrainIds"),
    ClassMasksPng(),
    ProbabilitiesNpz("probabilities", "Probabilities (NumPy, 16-bit floats)", "_probabilities.npz", bits=16),
    ProbabilitiesNpz("probabilities32", "Probabilities (NumPy, 32-bit floats)", "_probabilities32.npz", bits=32),
    AlphaPng("alpha", "Alpha matte (8-bit PNG)", "_alpha.png", bits=8),
    AlphaPng("alpha16", "Alpha matte (16-bit PNG)", "_alpha16.png", bits=16),
    AlphaTiff(),
    MatteCutoutPng("matte_cutout", "Cut-out, clean edges (RGBA PNG)", "_matte_cutout.png", bits=8),
    MatteCutoutPng("matte_cutout16", "Cut-out, clean edges (16-bit RGBA PNG)", "_matte_cutout16.png", bits=16),
    CompositePng(),
    TrimapPng(),
    DepthPng(
        "depth_mm", "Depth in millimetres (16-bit PNG, as NYU Depth)", "_depth_mm.png",
        description="Value 1000 is one metre, 0 unknown; ends at 65.535 m.", steps_per_metre=1000,
    ),
    DepthPng(
        "depth_256", "Depth in 1/256 m (16-bit PNG, as KITTI)", "_depth_256.png",
        description="Value 256 is one metre, 0 unknown; ends at 255.996 m.", steps_per_metre=256,
    ),
    DepthTiff(),
    DepthNpy(),
    DepthExr(),
    DepthColourPng(),
    PointCloudPly(),
)  # fmt: skip


def exporter(name: str) -> Exporter[Any]:
    """The format of that name. Raises ExportError with the known names."""
    for candidate in EXPORTERS:
        if candidate.name == name:
            return candidate
    raise ExportError(f"unknown export format {name!r}; known formats: {', '.join(item.name for item in EXPORTERS)}")


def exporters_for(kind: OutputKind) -> tuple[Exporter[Any], ...]:
    """The formats for a kind of prediction that can be used on this machine, the usual one first."""
    return tuple(item for item in EXPORTERS if item.kind is kind and not item.unavailable)
