"""Differences as overlays: nothing where nothing changed, blue where a value fell, orange where it rose."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from app.rendering.base import Frame
from app.rendering.layers import Colour
from app.rendering.overlay import Overlay, Palette
from app.rendering.resample import resample
from app.rendering.windows import whole_axes

FALLEN: Colour = (44, 128, 255)
RISEN: Colour = (255, 132, 20)

_VEIL_OPACITY = 0.45
"""Darkens the photograph, so that small differences are seen."""


def change_of(before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much a map rose, float32 (h, w): NaN where it was or is not finite.

    Raises ValueError if the maps are of different sizes.
    """
    if before.shape != after.shape:
        raise ValueError(f"maps of shapes {before.shape} and {after.shape} cannot be compared")
    known = np.isfinite(before) & np.isfinite(after)
    change = np.full(after.shape, np.nan, np.float32)
    np.subtract(after, before, out=change, where=known)
    return change


def draw_difference(change: NDArray[np.float32], full_scale: float, frame: Frame) -> Overlay:
    """A change, float32 (h, w) over the whole image; not finite is drawn as no change.

    Changes of `full_scale` (> 0) and more have the full colour; smaller ones are raised so that they are seen.
    """
    share = np.clip(np.nan_to_num(change / np.float32(full_scale), nan=0.0, posinf=0.0, neginf=0.0), -1, 1)
    rows, columns = whole_axes(share.shape, frame.window, frame.image_size)
    values = resample(np.asarray(share, np.float32), rows, columns)
    levels = cv2.convertScaleAbs(values, alpha=127.0, beta=128.0)
    return Overlay(0, 0, np.asarray(levels, np.uint8), _palette())


@lru_cache(maxsize=1)
def _palette() -> Palette:
    share = (np.arange(256) - 128) / 127
    strength = np.sqrt(np.abs(share)) * (np.abs(share) > 1.5 / 127)
    opacity = _VEIL_OPACITY + (0.92 - _VEIL_OPACITY) * strength
    colour = np.where(share[:, None] < 0, FALLEN, RISEN) * strength[:, None]
    return np.asarray(np.rint(np.column_stack([colour, 255 * opacity])), np.uint8)
