"""Masks as fill and outline, as cut-outs and as raw logits.

The outline is drawn from the distance to it, not from pixels: the logits are enlarged bilinearly (never the mask), and
logits over slope is the distance in pixels to first order, so that outlines are smooth at any zoom and fill and outline
come from one byte per pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from app.rendering.layers import Colour, MaskLayer
from app.rendering.overlay import Levels, Overlay, Palette, stacked, two_tone_palette, two_toned
from app.rendering.patterns import CHECKER, checks, hatch
from app.rendering.resample import Axis, resample
from app.rendering.windows import axes
from app.state.viewport import Box, DeviceWindow

VIEW_MODES = ("fill", "outline", "black", "white", "checker", "raw")
CUTOUT_MODES = frozenset({"black", "white", "checker"})

EDGE_LEVEL = 128
LEVELS_PER_PX = 16
"""Levels per logical pixel of distance to the outline; EDGE_LEVEL is on it, more is inside."""
REACH_PX = 8
"""Logical pixels around the mask within which something may be drawn."""

_ACTIVE_LINE_PX = 2.0
_OTHER_LINE_PX = 1.4
_CASING_PX = 1.2
_CASING: Colour = (10, 12, 16)
_CASING_OPACITY = 0.5
_LOCKED_SHARE = 0.35
_FULL_RESOLUTION_PIXELS = 2_500_000
_RAW_NEGATIVE: Colour = (22, 60, 120)
_RAW_MIDDLE: Colour = (242, 240, 234)
_RAW_POSITIVE: Colour = (214, 110, 10)
_RAW_SCALE = 4.0
"""Logits at which tanh(1) of the way to the end of the colours is reached."""


@dataclass(frozen=True, eq=False)
class MaskField:
    """What is computed once per mask and used in every window.

    Attributes:
        values: float32 (h, w), logits less the threshold.
        slopes: float32 (h, w), > 0, steepest change of the logits per cell around each cell.
        bounds: cells (left, top, right, bottom), end exclusive, outside of which the mask is empty; None if it is.
    """

    values: NDArray[np.float32]
    slopes: NDArray[np.float32]
    bounds: tuple[int, int, int, int] | None


def mask_field(logits: NDArray[np.float32], threshold: float) -> MaskField:
    """Prepare a mask, float32 (h, w)."""
    values = logits - np.float32(threshold)
    return MaskField(
        values,
        np.asarray(cv2.magnitude(_steepest(values, 1), _steepest(values, 0))) + np.float32(1e-6),
        _bounds(values > 0),
    )


def object_box(field: MaskField, image_size: tuple[int, int]) -> Box | None:
    """Where the mask is, in image pixels; None if it is empty."""
    if field.bounds is None:
        return None
    left, top, right, bottom = field.bounds
    per_row, per_column = image_size[0] / field.values.shape[0], image_size[1] / field.values.shape[1]
    return left * per_column - 0.5, top * per_row - 0.5, right * per_column - 0.5, bottom * per_row - 0.5


def distance_levels(
    field: MaskField, window: DeviceWindow, image_size: tuple[int, int]
) -> tuple[int, int, Levels] | None:
    """Distance to the outline: left and top in the window, and levels uint8; None if the mask is not in the window.

    A level is EDGE_LEVEL + LEVELS_PER_PX * distance in logical pixels, inside positive, clipped to 0 and 255. Outside
    of what is returned the level is 0.
    """
    box = object_box(field, image_size)
    if box is None:
        return None
    reach = REACH_PX * window.pixel_ratio + window.zoom * image_size[1] / field.values.shape[1]
    left, right = _pixels(box[0], box[2], window.zoom, window.origin_x - window.left, reach, window.width)
    top, bottom = _pixels(box[1], box[3], window.zoom, window.origin_y - window.top, reach, window.height)
    if right <= left or bottom <= top:
        return None
    rows, columns = axes(field.values.shape, window, image_size, slice(top, bottom), slice(left, right))
    if (right - left) * (bottom - top) <= _FULL_RESOLUTION_PIXELS:
        return left, top, _levels(field, rows, columns, window.pixel_ratio)
    # Distances change evenly enough to be enlarged; on a large, dense screen that saves most of the time.
    coarse = _levels(field, _half_axis(rows), _half_axis(columns), window.pixel_ratio / 2)
    large = cv2.resize(coarse, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
    return left, top, np.asarray(large, np.uint8)[: rows.length, : columns.length]


def draw_mask(
    layer: MaskLayer, field: MaskField, window: DeviceWindow, image_size: tuple[int, int], fill_opacity: float
) -> Overlay | None:
    """Fill and outline of a mask; with a fill opacity of 0 only the outline.

    Args:
        layer: whose colour and state is drawn; its logits are those of the field.
        field: the mask.
        window: the visible part of the image.
        image_size: (H, W) of the image.
        fill_opacity: 0 to 1.
    """
    placed = distance_levels(field, window, image_size)
    if placed is None:
        return None
    left, top, levels = placed
    palette = fill_palette(layer.colour, fill_opacity, is_active=layer.is_active)
    if layer.is_locked and fill_opacity > 0:
        weak = fill_palette(layer.colour, fill_opacity * _LOCKED_SHARE, is_active=layer.is_active)
        levels = two_toned(levels, hatch(window, left, top, levels.shape))
        palette = two_tone_palette(palette, weak)
    return Overlay(left, top, levels, palette)


@lru_cache(maxsize=256)
def fill_palette(colour: Colour, fill_opacity: float, *, is_active: bool) -> Palette:
    """Colours by distance level: fill inside, line on the outline, and around the active mask a thin dark casing."""
    distance = (np.arange(256) - EDGE_LEVEL) / LEVELS_PER_PX
    line = _ACTIVE_LINE_PX if is_active else _OTHER_LINE_PX
    casing = np.clip(line / 2 + _CASING_PX + 0.5 + np.minimum(distance, 0), 0, 1) * (distance < 0)
    parts = [
        (colour, fill_opacity * np.clip(distance + 0.5, 0, 1)),
        (_CASING, _CASING_OPACITY * casing * is_active),
        (colour, np.clip(line / 2 + 0.5 - np.abs(distance), 0, 1)),
    ]
    return stacked(parts)


def draw_cutout(levels: Levels, mode: str, window: DeviceWindow) -> Overlay:
    """Everything but the objects covered: black, white or by a checkerboard.

    Args:
        levels: distance levels of the union of the masks, (window.height, window.width).
        mode: one of CUTOUT_MODES.
        window: the visible part of the image.
    """
    if mode == "checker":
        palette = two_tone_palette(_cover_palette(CHECKER[0]), _cover_palette(CHECKER[1]))
        return Overlay(0, 0, two_toned(levels, checks(window)), palette)
    return Overlay(0, 0, levels, _cover_palette((0, 0, 0) if mode == "black" else (255, 255, 255)))


def union_levels(
    fields: Sequence[MaskField], window: DeviceWindow, image_size: tuple[int, int], start: Levels | None = None
) -> Levels:
    """Distance levels of several masks together over the whole window, added to `start` (which is not changed)."""
    union = np.zeros((window.height, window.width), np.uint8) if start is None else start.copy()
    for field in fields:
        placed = distance_levels(field, window, image_size)
        if placed is not None:
            left, top, levels = placed
            part = union[top : top + levels.shape[0], left : left + levels.shape[1]]
            np.maximum(part, levels, out=part)
    return union


def draw_raw(field: MaskField, window: DeviceWindow, image_size: tuple[int, int]) -> Overlay:
    """The logits themselves: background blue, threshold white, object orange."""
    squeezed = np.tanh(field.values / _RAW_SCALE) * np.float32(127) + np.float32(128)
    rows, columns = axes(squeezed.shape, window, image_size, slice(0, window.height), slice(0, window.width))
    levels = cv2.convertScaleAbs(resample(squeezed, rows, columns))
    return Overlay(0, 0, np.asarray(levels, np.uint8), _raw_palette())


@lru_cache(maxsize=8)
def _cover_palette(colour: Colour) -> Palette:
    distance = (np.arange(256) - EDGE_LEVEL) / LEVELS_PER_PX
    return stacked([(colour, np.clip(0.5 - distance, 0, 1))])


@lru_cache(maxsize=1)
def _raw_palette() -> Palette:
    steps = np.array([0, 128, 255])
    channels = [
        np.interp(np.arange(256), steps, values)
        for values in zip(_RAW_NEGATIVE, _RAW_MIDDLE, _RAW_POSITIVE, strict=True)
    ]
    return np.asarray(np.rint(np.column_stack([*channels, np.full(256, 255.0)])), np.uint8)


def _levels(field: MaskField, rows: Axis, columns: Axis, pixel_ratio: float) -> Levels:
    levels_per_cell = LEVELS_PER_PX * (rows.scale * columns.scale) ** 0.5 / pixel_ratio
    distance = np.asarray(cv2.divide(resample(field.values, rows, columns), resample(field.slopes, rows, columns)))
    np.maximum(distance, -EDGE_LEVEL / levels_per_cell, out=distance)
    return np.asarray(cv2.convertScaleAbs(distance, alpha=levels_per_cell, beta=EDGE_LEVEL), np.uint8)


def _half_axis(axis: Axis) -> Axis:
    return Axis(axis.scale / 2, axis.offset / 2, -(-axis.length // 2))


def _steepest(values: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """The larger of the steps from each cell to its two neighbours along an axis."""
    steps = np.abs(np.diff(values, axis=axis))
    steepest = np.zeros_like(values)
    before, after = (slice(-1), slice(None)), (slice(1, None), slice(None))
    if axis == 1:
        before, after = before[::-1], after[::-1]
    steepest[before] = steps
    steepest[after] = np.maximum(steepest[after], steps)
    return steepest


def _bounds(mask: NDArray[np.bool_]) -> tuple[int, int, int, int] | None:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _pixels(first: float, end: float, zoom: float, offset: int, reach: float, length: int) -> tuple[int, int]:
    """Device pixels, clipped to the window, of an interval of image positions with `reach` pixels around it."""
    start = int((first + 0.5) * zoom + offset - reach)
    stop = int((end + 0.5) * zoom + offset + reach) + 1
    return max(start, 0), min(stop, length)
