"""Draws alpha mattes: as grey, over backgrounds, with the trimap, and what changed.

Where alpha is 1 the photograph is seen, where it is 0 the background covers it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from app.rendering.base import Frame, ViewStyle
from app.rendering.diverging import change_of, draw_difference
from app.rendering.label_field import boundary_coverage
from app.rendering.layers import AlphaLayer, Colour
from app.rendering.options import AlphaOptions, BackgroundPhoto
from app.rendering.overlay import Drawing, Levels, Overlay, Palette, Picture, two_tone_palette, two_toned
from app.rendering.patterns import CHECKER, checks
from app.rendering.photo import render_photo
from app.rendering.resample import place, resample
from app.rendering.windows import whole_axes, whole_box
from app.state.viewport import Box, DeviceWindow

VIEW_MODES = ("checker", "alpha", "black", "white", "colour", "photo", "trimap", "difference")

_DIFFERENCE_SCALE = 0.5
"""Change of alpha with the full colour."""
_TRIMAP_COLOURS: tuple[Colour, Colour, Colour] = ((226, 58, 48), (120, 150, 220), (34, 178, 94))
"""Background, unknown, foreground."""
_TRIMAP_OPACITIES = (1.0, 0.3, 0.8)
"""Of the view's opacity; the unknown part has to be seen best."""
_TRIMAP_PHASES = 16
_TRIMAP_LINE: Colour = (255, 255, 255)

_TrimapSlots = NDArray[np.uint8]


class AlphaRenderer:
    """The renderer of OutputKind.ALPHA_MATTE."""

    view_modes: tuple[str, ...] = VIEW_MODES

    def __init__(self) -> None:
        self._bytes: tuple[NDArray[np.float32], Levels] | None = None
        self._background: tuple[BackgroundPhoto, Frame, NDArray[np.uint8]] | None = None

    def draw_others(self, layers: Sequence[AlphaLayer], style: ViewStyle, frame: Frame) -> Iterator[Drawing]:
        """Nothing: there is one matte, and it is the active layer."""
        yield from ()

    def draw_active(self, layers: Sequence[AlphaLayer], style: ViewStyle, frame: Frame) -> list[Drawing]:
        """The matte over the whole window."""
        layer = next((layer for layer in layers if layer.is_active and layer.is_visible), None)
        if layer is None or layer.alpha.size == 0:
            return []
        if style.mode == "trimap":
            return [_drawn_trimap(layer.trimap, style.opacity, frame)] if layer.trimap is not None else []
        if style.mode == "difference":
            if layer.before is None:
                return []
            return [draw_difference(change_of(layer.before, layer.alpha), _DIFFERENCE_SCALE, frame)]
        options = style.options if isinstance(style.options, AlphaOptions) else AlphaOptions()
        return [self._drawn_matte(layer, style.mode, options, frame)]

    def box_of(self, layer: AlphaLayer, image_size: tuple[int, int]) -> Box | None:
        """The whole image."""
        return whole_box(image_size)

    def _drawn_matte(self, layer: AlphaLayer, mode: str, options: AlphaOptions, frame: Frame) -> Drawing:
        values = self._alpha_bytes(layer.alpha)
        rows, columns = whole_axes(values.shape, frame.window, frame.image_size)
        levels = resample(values, rows, columns)
        if mode == "alpha":
            return Overlay(0, 0, levels, _grey_palette())
        if mode == "photo" and options.photo is not None:
            pixels = self._background_pixels(options.photo, frame).copy()
            cv2.insertChannel(cv2.bitwise_not(levels), pixels, 3)
            return Picture(0, 0, pixels)
        if mode in ("checker", "photo"):
            palette = two_tone_palette(_cover_palette(CHECKER[0]), _cover_palette(CHECKER[1]))
            return Overlay(0, 0, two_toned(levels, checks(frame.window)), palette)
        colours: dict[str, Colour] = {"black": (0, 0, 0), "white": (255, 255, 255), "colour": options.colour}
        return Overlay(0, 0, levels, _cover_palette(colours[mode]))

    def _alpha_bytes(self, alpha: NDArray[np.float32]) -> Levels:
        if self._bytes is None or self._bytes[0] is not alpha:
            scaled = np.clip(np.nan_to_num(alpha, nan=0.0, posinf=0.0, neginf=0.0), 0, 1) * np.float32(255)
            self._bytes = alpha, np.asarray(np.rint(scaled), np.uint8)
        return self._bytes[1]

    def _background_pixels(self, photo: BackgroundPhoto, frame: Frame) -> NDArray[np.uint8]:
        """The background where the window is: it covers the image, its middle in the middle of the image."""
        known = self._background
        if known is None or known[0] is not photo or known[1] != frame:
            pixels = render_photo(photo.pyramid, cover_window(photo.pyramid.size, frame))
            known = self._background = (photo, frame, pixels)
        return known[2]


def cover_window(background_size: tuple[int, int], frame: Frame) -> DeviceWindow:
    """The frame's window on a background (H, W) that is scaled to cover the image and cut where it reaches beyond."""
    window, (height, width) = frame.window, frame.image_size
    scale = max(height / background_size[0], width / background_size[1])
    zoom = window.zoom * scale
    return DeviceWindow(
        window.left,
        window.top,
        window.width,
        window.height,
        round(window.origin_x + (width * window.zoom - background_size[1] * zoom) / 2),
        round(window.origin_y + (height * window.zoom - background_size[0] * zoom) / 2),
        zoom,
        window.pixel_ratio,
    )


def trimap_slots(trimap: NDArray[np.uint8]) -> _TrimapSlots:
    """0 background, 1 unknown, 2 foreground; values between count as unknown."""
    slots = np.ones(256, np.uint8)
    slots[0], slots[255] = 0, 2
    return np.asarray(cv2.LUT(np.ascontiguousarray(trimap), slots), np.uint8)


def _drawn_trimap(trimap: NDArray[np.uint8], opacity: float, frame: Frame) -> Overlay:
    """Background red, foreground green, and a line around the unknown part, which is nearly clear."""
    rows, columns = whole_axes(trimap.shape, frame.window, frame.image_size)
    row_span, column_span = rows.span(trimap.shape[0]), columns.span(trimap.shape[1])
    part = place(
        trimap[row_span, column_span],
        rows.beginning_with(row_span.start),
        columns.beginning_with(column_span.start),
        cv2.INTER_NEAREST,
    )
    slots = trimap_slots(part)
    steps = cv2.convertScaleAbs(boundary_coverage(slots, frame.window.pixel_ratio), alpha=(_TRIMAP_PHASES - 1) / 255)
    levels = cv2.add(cv2.LUT(slots, _first_phases()), steps)
    return Overlay(0, 0, np.asarray(levels, np.uint8), _trimap_palette(opacity))


def _first_phases() -> NDArray[np.uint8]:
    return np.minimum(np.arange(256) * _TRIMAP_PHASES, 255).astype(np.uint8)


@lru_cache(maxsize=8)
def _trimap_palette(opacity: float) -> Palette:
    palette = np.zeros((256, 4))
    share = np.linspace(0, 1, _TRIMAP_PHASES)[:, None]
    for slot, (colour, weight) in enumerate(zip(_TRIMAP_COLOURS, _TRIMAP_OPACITIES, strict=True)):
        whole = share + opacity * weight * (1 - share)
        part = np.divide(share, whole, out=np.zeros_like(whole), where=whole > 0)
        mixed = np.array(_TRIMAP_LINE) * part + np.array(colour) * (1 - part)
        palette[slot * _TRIMAP_PHASES : (slot + 1) * _TRIMAP_PHASES] = np.hstack([mixed, 255 * whole])
    return np.asarray(np.rint(palette), np.uint8)


@lru_cache(maxsize=1)
def _grey_palette() -> Palette:
    steps = np.arange(256)
    return np.asarray(np.column_stack([steps, steps, steps, np.full(256, 255)]), np.uint8)


@lru_cache(maxsize=16)
def _cover_palette(colour: Colour) -> Palette:
    """The background where alpha is 0, nothing where it is 255."""
    return np.asarray(np.column_stack([np.tile(colour, (256, 1)), 255 - np.arange(256)]), np.uint8)
