"""The photograph as it is seen through a window of device pixels."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from app.rendering.pyramid import ImagePyramid
from app.rendering.resample import Axis, place
from app.state.viewport import DeviceWindow

NEAREST_FROM_ZOOM = 4.0
"""From this zoom on, pixels are drawn as squares."""


def render_photo(pyramid: ImagePyramid, window: DeviceWindow) -> NDArray[np.uint8]:
    """The visible part, uint8 (window.height, window.width, 4) in the order blue, green, red, 255.

    Within half a device pixel of its exact place; exact where pixels are drawn as squares.
    """
    if window.zoom >= NEAREST_FROM_ZOOM:
        return _squares(pyramid, window)
    level = pyramid.level_for(window.zoom)
    height, width = pyramid.levels[level].shape[:2]
    scale = window.zoom * 2**level
    rows = Axis(scale, window.origin_y - window.top, window.height)
    columns = Axis(scale, window.origin_x - window.left, window.width)
    row_span, column_span = rows.span(height), columns.span(width)
    pixels = pyramid.levels[level][row_span, column_span]
    # Until the level that is wanted is made, single pixels stand for it.
    interpolation = cv2.INTER_NEAREST if scale < 0.5 else cv2.INTER_LINEAR
    if scale > 1:  # fewer pixels before enlarging than after it
        pixels = _bgra(pixels)
    placed = place(
        pixels, rows.beginning_with(row_span.start), columns.beginning_with(column_span.start), interpolation
    )
    return np.ascontiguousarray(placed if scale > 1 else _bgra(placed))


def _bgra(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGRA), np.uint8)


def _squares(pyramid: ImagePyramid, window: DeviceWindow) -> NDArray[np.uint8]:
    rows = _nearest(Axis(window.zoom, window.origin_y - window.top, window.height), pyramid.size[0])
    columns = _nearest(Axis(window.zoom, window.origin_x - window.left, window.width), pyramid.size[1])
    crop = pyramid.levels[0][rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    # One 32-bit word per pixel: columns are repeated on the few rows there are, then whole rows.
    words = _bgra(crop).view(np.uint32)[:, :, 0]
    large = np.take(np.take(words, columns - columns[0], axis=1), rows - rows[0], axis=0)
    return np.asarray(large.view(np.uint8)).reshape(window.height, window.width, 4)


def _nearest(axis: Axis, count: int) -> NDArray[np.intp]:
    return np.clip(np.floor(axis.positions() + 0.5).astype(np.intp), 0, count - 1)
