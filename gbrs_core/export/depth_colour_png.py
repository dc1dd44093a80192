"""Depth as a colour picture: 8-bit RGB PNG that carries its range as text. Torch-free."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from gbrs_core.depth_maps import known
from gbrs_core.export.base import Exporter, FormatLimitError
from gbrs_core.export.requests import DepthMapRequest
from gbrs_core.prediction import OutputKind


@dataclass(frozen=True)
class DepthColourPng(Exporter[DepthMapRequest]):
    """To look at, not to measure with. Black where the depth is unknown; beyond the range the last colour."""

    kind: ClassVar[OutputKind] = OutputKind.DEPTH_MAP
    name: str = "depth_colour"
    title: str = "Depth in colours (RGB PNG)"
    ending: str = "_depth_colour.png"
    description: str = "The range of depths is in the file's text fields."

    def encode(self, request: DepthMapRequest) -> bytes:
        """(H, W, 3), and the text fields "depth near (m)" and "depth far (m)"."""
        near, far = _range(request)
        is_known = known(request.depth_map)
        share = (np.where(is_known, request.depth_map, near) - near) / max(far - near, 1e-9)
        levels = np.rint(np.clip(share, 0, 1) * 255).astype(np.uint8)
        table = default_colour_map() if request.colour_map is None else request.colour_map
        colours = table[levels]
        colours[~is_known] = 0
        text = PngImagePlugin.PngInfo()
        text.add_text("depth near (m)", f"{near:.6g}")
        text.add_text("depth far (m)", f"{far:.6g}")
        content = io.BytesIO()
        Image.fromarray(colours, "RGB").save(content, "PNG", pnginfo=text)
        return content.getvalue()

    def notes(self, request: DepthMapRequest) -> tuple[str, ...]:
        """The range, and how much of the map is outside of it."""
        near, far = _range(request)
        depths = request.depth_map[known(request.depth_map)]
        outside = float(np.mean((depths < near) | (depths > far)))
        beyond = f"; {outside:.1%} of the known pixels are outside of it" if outside else ""
        return (f"the colours go from {near:.3g} m to {far:.3g} m{beyond}",)


def default_colour_map() -> NDArray[np.uint8]:
    """(256, 3) RGB uint8: viridis, even to the eye, from near to far."""
    ramp = np.arange(256, dtype=np.uint8)[np.newaxis]
    return np.asarray(cv2.applyColorMap(ramp, cv2.COLORMAP_VIRIDIS)[0, :, ::-1], np.uint8)


def _range(request: DepthMapRequest) -> tuple[float, float]:
    if request.colour_range is None:
        depths = request.depth_map[known(request.depth_map)]
        return float(depths.min()), float(depths.max())
    near, far = request.colour_range
    if not 0 <= near < far:
        raise FormatLimitError(f"the range of colours must go up from 0 m or more, got {near:g} to {far:g} m")
    return near, far
