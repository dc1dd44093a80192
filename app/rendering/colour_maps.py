"""Perceptual colour maps as tables of 256 colours."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from app.rendering.options import ColourMapName

_CODES: dict[ColourMapName, int] = {
    "turbo": cv2.COLORMAP_TURBO,
    "viridis": cv2.COLORMAP_VIRIDIS,
    "magma": cv2.COLORMAP_MAGMA,
    "inferno": cv2.COLORMAP_INFERNO,
    "cividis": cv2.COLORMAP_CIVIDIS,
}


@lru_cache(maxsize=16)
def colour_table(name: ColourMapName, *, is_reversed: bool = False) -> NDArray[np.uint8]:
    """Read-only uint8 (256, 3) red, green, blue; not for changing."""
    steps = np.arange(256, dtype=np.uint8)
    if name == "grey":
        table = np.repeat(steps[:, None], 3, axis=1)
    else:
        table = np.asarray(cv2.applyColorMap(steps[:, None], _CODES[name]), np.uint8)[:, 0, ::-1]
    made = np.array(table[::-1] if is_reversed else table, np.uint8)
    made.flags.writeable = False
    return made
