"""Draws depth maps: in colours over the photograph, as lines of equal depth, and what changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from app.rendering.base import Frame, ViewStyle
from app.rendering.colour_maps import colour_table
from app.rendering.depth_scale import DepthScale, contour_step, is_known, round_step, scale_of
from app.rendering.diverging import change_of, draw_difference
from app.rendering.label_field import boundary_coverage
from app.rendering.layers import Colour, DepthLayer
from app.rendering.options import ColourMapName, DepthOptions
from app.rendering.overlay import Drawing, Levels, Overlay, Palette
from app.rendering.patterns import hatch
from app.rendering.resample import resample
from app.rendering.windows import whole_axes, whole_box
from app.state.viewport import Box

VIEW_MODES = ("colours", "contours", "difference")

_COLOUR_COUNT = 254
_HOLE, _HOLE_STRIPE = 254, 255
"""Levels; the second is the first plus one."""
_HOLE_COLOUR = (20, 22, 26, 0.28)
_STRIPE_COLOUR = (235, 237, 240, 0.26)
_MOST_BANDS = 200
_LINE_OPACITY = 0.85


@dataclass(frozen=True, eq=False)
class _Field:
    """What is computed once per depth map.

    Attributes:
        known: uint8 (h, w), 255 where the depth is known.
        filled: float32 (h, w), the depth, and beside known cells a depth near theirs.
        has_holes: whether anything is not known.
    """

    known: NDArray[np.uint8]
    filled: NDArray[np.float32]
    has_holes: bool


class DepthRenderer:
    """The renderer of OutputKind.DEPTH_MAP."""

    view_modes: tuple[str, ...] = VIEW_MODES

    def __init__(self) -> None:
        self._field: tuple[DepthLayer, _Field] | None = None
        self._scale: tuple[DepthLayer, DepthOptions, DepthScale] | None = None

    def draw_others(self, layers: Sequence[DepthLayer], style: ViewStyle, frame: Frame) -> Iterator[Drawing]:
        """Nothing: there is one depth map, and it is the active layer."""
        yield from ()

    def draw_active(self, layers: Sequence[DepthLayer], style: ViewStyle, frame: Frame) -> list[Drawing]:
        """The depth map over the whole window; holes are hatched."""
        layer = next((layer for layer in layers if layer.is_active and layer.is_visible), None)
        if layer is None or layer.depth.size == 0:
            return []
        if style.mode == "difference":
            if layer.before is None:
                return []
            change = depth_change(layer)
            return [draw_difference(change, difference_scale(change), frame)]
        options = style.options if isinstance(style.options, DepthOptions) else DepthOptions()
        field, scale = self._field_of(layer), self._scale_of(layer, options)
        drawn: list[Drawing] = []
        if style.mode == "colours":
            drawn.append(_drawn_colours(field, scale, options, style.opacity, frame))
        if style.mode == "contours" or options.has_contours:
            drawn.append(_drawn_contours(field, scale, options, frame, is_alone=style.mode == "contours"))
        return drawn

    def box_of(self, layer: DepthLayer, image_size: tuple[int, int]) -> Box | None:
        """The whole image."""
        return whole_box(image_size)

    def _field_of(self, layer: DepthLayer) -> _Field:
        known = self._field
        if known is None or known[0].depth is not layer.depth or known[0].valid_range != layer.valid_range:
            known = self._field = (layer, _depth_field(layer))
        return known[1]

    def _scale_of(self, layer: DepthLayer, options: DepthOptions) -> DepthScale:
        known = self._scale
        if known is None or not known[0].looks_like(layer) or known[1] != options:
            scale = scale_of(layer.depth, options, layer.unit, layer.valid_range)
            known = self._scale = (layer, options, scale)
        return known[2]


def depth_change(layer: DepthLayer) -> NDArray[np.float32]:
    """Depth now less depth before, float32 (h, w); NaN where one of them is not known, or without a depth before."""
    if layer.before is None:
        return np.full(layer.depth.shape, np.nan, np.float32)
    change = change_of(layer.before, layer.depth)
    change[~(is_known(layer.before, layer.valid_range) & is_known(layer.depth, layer.valid_range))] = np.nan
    return change


def difference_scale(change: NDArray[np.float32]) -> float:
    """The change that has the full colour: a round number that nearly all changes are below; 1 without any."""
    finite = np.abs(change[np.isfinite(change)])
    greatest = float(np.percentile(finite, 99.0)) if finite.size else 0.0
    return round_step(greatest) if greatest > 1e-6 else 1.0


def _depth_field(layer: DepthLayer) -> _Field:
    known = is_known(layer.depth, layer.valid_range)
    has_holes = not known.all()
    filled = np.where(known, layer.depth, np.float32(0)).astype(np.float32)
    if has_holes:
        # Half a cell of the border of a hole is drawn: it gets the depth beside it, not one mixed with nothing.
        sums, counts = (
            np.asarray(cv2.boxFilter(values, -1, (3, 3), normalize=False), np.float32)
            for values in (filled, known.astype(np.float32))
        )
        beside = np.where(counts > 0.5, sums / np.maximum(counts, np.float32(1)), filled.max(initial=1.0))
        filled = np.where(known, filled, beside).astype(np.float32)
    return _Field(known.astype(np.uint8) * np.uint8(255), filled, has_holes)


def _drawn_colours(field: _Field, scale: DepthScale, options: DepthOptions, opacity: float, frame: Frame) -> Overlay:
    rows, columns = whole_axes(field.filled.shape, frame.window, frame.image_size)
    steps = np.asarray(np.rint(scale.positions(field.filled) * (_COLOUR_COUNT - 1)), np.uint8)
    levels = resample(steps, rows, columns)
    if field.has_holes:
        _put_holes(levels, resample(field.known, rows, columns), frame)
    return Overlay(0, 0, levels, _colour_palette(options.colour_map, options.is_reversed, opacity))


def _put_holes(levels: Levels, known: Levels, frame: Frame) -> None:
    stripes = hatch(frame.window, 0, 0, levels.shape).view(np.uint8) + np.uint8(_HOLE)
    cv2.copyTo(stripes, _thresholded(cv2.bitwise_not(known)), levels)


def _thresholded(values: NDArray[Any]) -> NDArray[np.uint8]:
    """255 from 128 on, else 0."""
    return np.asarray(cv2.threshold(values, 127, 255, cv2.THRESH_BINARY)[1], np.uint8)


def _drawn_contours(
    field: _Field, scale: DepthScale, options: DepthOptions, frame: Frame, *, is_alone: bool
) -> Overlay:
    """Lines between bands of a step's depth; white, or in the colours of the map where nothing else is drawn."""
    step = max(contour_step(scale, options), (scale.far - scale.near) / _MOST_BANDS)
    first = int(scale.near / step) - 1
    rows, columns = whole_axes(field.filled.shape, frame.window, frame.image_size)
    near, far = (first + 0.5) * step, scale.far + step  # beyond the range there are no lines
    clipped = np.clip(field.filled, max(near, 0.0), far)
    # Rounding down, not to the nearest: a band begins at a multiple of the step.
    bands = cv2.convertScaleAbs(resample(clipped, rows, columns), alpha=1 / step, beta=-first - 0.5)
    coverage = boundary_coverage(np.asarray(bands, np.uint8), frame.window.pixel_ratio)
    if field.has_holes:
        coverage = np.asarray(cv2.copyTo(coverage, _thresholded(resample(field.known, rows, columns))), np.uint8)
    if not is_alone:
        return Overlay(0, 0, np.asarray(coverage, np.uint8), _line_palette())
    colours = np.asarray(np.rint(scale.positions(field.filled) * 15), np.uint8)
    tone = resample(colours, rows, columns) << 4
    levels = cv2.add(tone, cv2.convertScaleAbs(coverage, alpha=15 / 255))
    return Overlay(0, 0, np.asarray(levels, np.uint8), _tinted_lines(options.colour_map, options.is_reversed))


@lru_cache(maxsize=64)
def _colour_palette(name: ColourMapName, is_reversed: bool, opacity: float) -> Palette:
    palette = np.zeros((256, 4))
    places = np.rint(np.linspace(0, 255, _COLOUR_COUNT)).astype(int)
    palette[:_COLOUR_COUNT, :3] = colour_table(name, is_reversed=is_reversed)[places]
    palette[:_COLOUR_COUNT, 3] = 255 * opacity
    for level, (*colour, strength) in ((_HOLE, _HOLE_COLOUR), (_HOLE_STRIPE, _STRIPE_COLOUR)):
        palette[level] = *colour, 255 * strength
    return np.asarray(np.rint(palette), np.uint8)


@lru_cache(maxsize=1)
def _line_palette() -> Palette:
    colour: Colour = (255, 255, 255)
    return np.asarray(np.column_stack([np.tile(colour, (256, 1)), np.arange(256) * _LINE_OPACITY]), np.uint8)


@lru_cache(maxsize=16)
def _tinted_lines(name: ColourMapName, is_reversed: bool) -> Palette:
    """Sixteen colours, sixteen opacities of each."""
    places = np.rint(np.linspace(0, 255, 16)).astype(int)
    colours = np.repeat(colour_table(name, is_reversed=is_reversed)[places], 16, axis=0)
    return np.asarray(np.column_stack([colours, np.tile(np.arange(16) * 17, 16)]), np.uint8)
