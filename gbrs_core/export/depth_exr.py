"""Depth as OpenEXR, where the optional library OpenEXR is installed. Torch-free."""

from __future__ import annotations

import importlib
import importlib.util
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from gbrs_core.depth_maps import with_zero_for_unknown
from gbrs_core.export.base import Exporter
from gbrs_core.export.requests import DepthMapRequest
from gbrs_core.prediction import OutputKind


@dataclass(frozen=True)
class DepthExr(Exporter[DepthMapRequest]):
    """One channel Z of 32-bit floats, as renderers write it."""

    kind: ClassVar[OutputKind] = OutputKind.DEPTH_MAP
    name: str = "depth_exr"
    title: str = "Depth in metres (OpenEXR)"
    ending: str = "_depth.exr"
    description: str = "Channel Z, 0 where the depth is unknown. Needs the library OpenEXR: pip install OpenEXR"

    @property
    def unavailable(self) -> str:
        """The library is missing."""
        if importlib.util.find_spec("OpenEXR") is not None:
            return ""
        return "OpenEXR files need the library OpenEXR; install it with: pip install OpenEXR"

    def encode(self, request: DepthMapRequest) -> bytes:
        """(H, W) float32 with lossless compression."""
        library = importlib.import_module("OpenEXR")
        header = {"compression": library.ZIP_COMPRESSION, "type": library.scanlineimage}
        picture = library.File(header, {"Z": with_zero_for_unknown(request.depth_map)})
        with tempfile.TemporaryDirectory() as folder:  # the library writes files only
            path = Path(folder) / "depth.exr"
            picture.write(str(path))
            return path.read_bytes()
