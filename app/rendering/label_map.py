"""Draws label maps: tinted, outlined, in their own colours, cut out, their uncertainty, and what changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from app.rendering.base import Frame, ViewStyle
from app.rendering.colour_maps import colour_table
from app.rendering.label_field import (
    MAX_SLOTS,
    UNKNOWN,
    LabelField,
    boundary_coverage,
    class_slots,
    label_field,
    slot_table,
)
from app.rendering.layers import Colour, LabelMapLayer
from app.rendering.options import LabelMapOptions
from app.rendering.overlay import Drawing, Levels, Overlay, Palette
from app.rendering.patterns import hatch
from app.rendering.resample import resample
from app.rendering.uncertainty import uncertainty_of
from app.rendering.windows import whole_axes, whole_box
from app.state.viewport import Box

VIEW_MODES = ("fill", "outline", "raw", "black", "uncertainty", "difference")

_MOST_PHASES = 16
"""Steps of a line's opacity, as long as there are few classes."""
_NOTHING = (0, 0, 0, 0.0)
_VEIL = (12, 14, 18, 0.62)
"""Over what did not change."""
_UNKNOWN_COLOUR: Colour = (128, 128, 134)
_UNKNOWN_STRIPE: Colour = (196, 196, 202)
_CHANGED_OPACITY = 0.6
_LINE_LIGHTER = 0.3
_UNCERTAIN_FROM = 0.02
"""Uncertainties below leave the photograph as it is."""

Fill = tuple[int, int, int, float]
"""Red, green, blue, 0 to 255, and opacity, 0 to 1."""


class LabelMapRenderer:
    """The renderer of OutputKind.LABEL_MAP."""

    view_modes: tuple[str, ...] = VIEW_MODES

    def __init__(self) -> None:
        self._after: tuple[LabelMapLayer, LabelField] | None = None
        self._compared: tuple[LabelMapLayer, LabelField, LabelField] | None = None
        self._uncertainty: tuple[object, str, Levels] | None = None

    def draw_others(self, layers: Sequence[LabelMapLayer], style: ViewStyle, frame: Frame) -> Iterator[Drawing]:
        """Nothing: there is one label map, and it is the active layer."""
        yield from ()

    def draw_active(self, layers: Sequence[LabelMapLayer], style: ViewStyle, frame: Frame) -> list[Drawing]:
        """The label map over the whole window."""
        layer = next((layer for layer in layers if layer.is_active and layer.is_visible), None)
        if layer is None or layer.labels.size == 0:
            return []
        options = style.options if isinstance(style.options, LabelMapOptions) else LabelMapOptions()
        if style.mode == "uncertainty":
            return self._drawn_uncertainty(layer, options, frame)
        if style.mode == "difference":
            return [self._drawn_difference(layer, frame)] if layer.before is not None else []
        return [self._drawn_classes(layer, style, options, frame)]

    def box_of(self, layer: LabelMapLayer, image_size: tuple[int, int]) -> Box | None:
        """The whole image."""
        return whole_box(image_size)

    def _drawn_classes(self, layer: LabelMapLayer, style: ViewStyle, options: LabelMapOptions, frame: Frame) -> Overlay:
        field = self._field(layer)
        table = slot_table(field)
        slots = class_slots(field, table, frame.window, frame.image_size)
        fills, lines = {0: _NOTHING}, {}
        for class_id, slot in table.items():
            is_shown = class_id not in layer.hidden
            colour = _colour_of(layer, class_id)
            fills[slot] = _fill(colour, style, is_shown=is_shown)
            if is_shown and (style.mode in ("outline", "black") or (style.mode == "fill" and options.has_outlines)):
                lines[slot] = _lighter(colour)
        return _overlay(slots, fills, lines, frame, unknown=table.get(UNKNOWN))

    def _drawn_difference(self, layer: LabelMapLayer, frame: Frame) -> Overlay:
        """Changed pixels in the colours of their new classes; all others are darkened.

        Where the map that is compared with has no class, nothing is known to have changed.
        """
        after, before = self._compared_fields(layer)
        table = slot_table(after, before)
        now, then = (class_slots(field, table, frame.window, frame.image_size) for field in (after, before))
        is_changed = cv2.compare(now, then, cv2.CMP_NE)
        if UNKNOWN in before.class_ids:
            is_changed = cv2.bitwise_and(is_changed, (then != table[UNKNOWN]).view(np.uint8) * np.uint8(255))
        slots = cv2.copyTo(now, is_changed)
        fills: dict[int, Fill] = {0: _VEIL}
        lines: dict[int, Colour] = {}
        for class_id in after.class_ids:
            colour = _colour_of(layer, class_id)
            fills[table[class_id]], lines[table[class_id]] = (*colour, _CHANGED_OPACITY), (255, 255, 255)
        unknown = table[UNKNOWN] if UNKNOWN in after.class_ids else None
        return _overlay(np.asarray(slots, np.uint8), fills, lines, frame, unknown)

    def _drawn_uncertainty(self, layer: LabelMapLayer, options: LabelMapOptions, frame: Frame) -> list[Drawing]:
        # What the layer brings is entropy; the other measure needs the scores.
        has_own = layer.uncertainty is not None and (options.measure == "entropy" or layer.scores is None)
        source = layer.uncertainty if has_own else layer.scores
        if source is None:
            return []
        known = self._uncertainty
        if known is None or known[0] is not source or known[1] != options.measure:
            values = source if has_own else uncertainty_of(source, options.measure)
            scaled = np.clip(np.nan_to_num(values, nan=1.0), 0, 1) * np.float32(255)
            known = self._uncertainty = (source, options.measure, np.asarray(np.rint(scaled), np.uint8))
        rows, columns = whole_axes(known[2].shape, frame.window, frame.image_size)
        return [Overlay(0, 0, resample(known[2], rows, columns), _uncertainty_palette())]

    def _field(self, layer: LabelMapLayer) -> LabelField:
        known = self._after
        if (
            known is None
            or known[0].labels is not layer.labels
            or known[0].scores is not layer.scores
            or len(known[0].palette) != len(layer.palette)
        ):
            known = self._after = (layer, label_field(layer.labels, len(layer.palette), layer.scores))
        return known[1]

    def _compared_fields(self, layer: LabelMapLayer) -> tuple[LabelField, LabelField]:
        """After and before, both from labels alone: boundaries that moved within a cell are no difference."""
        known = self._compared
        if (
            known is None
            or known[0].labels is not layer.labels
            or known[0].before is not layer.before
            or len(known[0].palette) != len(layer.palette)
        ):
            before = layer.before if layer.before is not None else layer.labels
            after, before_field = (label_field(labels, len(layer.palette)) for labels in (layer.labels, before))
            known = self._compared = (layer, after, before_field)
        return known[1], known[2]


def _fill(colour: Colour, style: ViewStyle, *, is_shown: bool) -> Fill:
    if style.mode == "black":  # what is shown keeps its photograph
        return _NOTHING if is_shown else (0, 0, 0, 1.0)
    if not is_shown or style.mode == "outline":
        return _NOTHING
    return (*colour, 1.0 if style.mode == "raw" else style.opacity)


def _colour_of(layer: LabelMapLayer, class_id: int) -> Colour:
    if class_id == UNKNOWN:
        return _UNKNOWN_COLOUR
    red, green, blue = layer.palette[class_id].tolist()
    return red, green, blue


def _lighter(colour: Colour) -> Colour:
    """Lines in the darker colours of a palette would not be seen on the road."""
    red, green, blue = (round(part + (255 - part) * _LINE_LIGHTER) for part in colour)
    return red, green, blue


def _overlay(
    slots: Levels, fills: dict[int, Fill], lines: dict[int, Colour], frame: Frame, unknown: int | None
) -> Overlay:
    """Slots in their colours with lines between them; a level is slot * phases + opacity of the line."""
    count = max(fills) + 1
    has_stripes = unknown is not None and fills[unknown][3] > 0 and count <= MAX_SLOTS
    phases = min(_MOST_PHASES, 256 // (count + has_stripes)) if lines else 1
    coverage = boundary_coverage(slots, frame.window.pixel_ratio) if phases > 1 else None
    if has_stripes and unknown is not None:
        stripes = hatch(frame.window, 0, 0, slots.shape).view(np.uint8) * np.uint8(255)
        is_stripe = cv2.bitwise_and((slots == unknown).view(np.uint8), stripes)
        slots = np.asarray(cv2.copyTo(np.full_like(slots, count), is_stripe, slots.copy()), np.uint8)
        fills = {**fills, count: (*_UNKNOWN_STRIPE, fills[unknown][3])}
    levels = slots
    if coverage is not None:
        steps = cv2.convertScaleAbs(coverage, alpha=(phases - 1) / 255)
        first = np.minimum(np.arange(256) * phases, 255).astype(np.uint8)
        levels = np.asarray(cv2.add(cv2.LUT(slots, first), steps), np.uint8)
    return Overlay(0, 0, levels, _palette(tuple(fills.items()), tuple(lines.items()), phases))


@lru_cache(maxsize=32)
def _palette(fills: tuple[tuple[int, Fill], ...], lines: tuple[tuple[int, Colour], ...], phases: int) -> Palette:
    palette = np.zeros((256, 4))
    share = np.linspace(0, 1, phases)[:, None] if phases > 1 else np.zeros((1, 1))
    colours = dict(lines)
    for slot, (red, green, blue, opacity) in fills:
        line = share * (slot in colours)
        whole = line + opacity * (1 - line)
        part = np.divide(line, whole, out=np.zeros_like(whole), where=whole > 0)
        colour = np.array(colours.get(slot, (0, 0, 0))) * part + np.array([red, green, blue]) * (1 - part)
        palette[slot * phases : (slot + 1) * phases] = np.hstack([colour, 255 * whole])
    return np.asarray(np.rint(palette), np.uint8)


@lru_cache(maxsize=1)
def _uncertainty_palette() -> NDArray[np.uint8]:
    """From nothing over dark red to light yellow."""
    share = np.arange(256) / 255
    opacity = np.clip((share - _UNCERTAIN_FROM) * 4, 0, 0.9)
    return np.asarray(
        np.column_stack([colour_table("inferno")[64 + (share * 180).astype(int)], 255 * opacity]), np.uint8
    )
