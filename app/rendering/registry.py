"""Which renderer draws which kind of output: one file and one line per kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.rendering.alpha import AlphaRenderer
from app.rendering.base import Renderer
from app.rendering.depth import DepthRenderer
from app.rendering.label_map import LabelMapRenderer
from app.rendering.mask_renderer import MaskRenderer
from gbrs_core.prediction import OutputKind

RENDERERS: Mapping[OutputKind, Callable[[], Renderer[Any]]] = {
    OutputKind.MASK: MaskRenderer,
    OutputKind.LABEL_MAP: LabelMapRenderer,
    OutputKind.ALPHA_MATTE: AlphaRenderer,
    OutputKind.DEPTH_MAP: DepthRenderer,
}
"""Makes the renderer of an output kind."""
