"""Draws the masks of objects: the other objects once, the active one over and over while it is refined."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from app.rendering.base import Frame, ViewStyle
from app.rendering.layers import MaskLayer, look_the_same
from app.rendering.mask import (
    CUTOUT_MODES,
    VIEW_MODES,
    MaskField,
    draw_cutout,
    draw_mask,
    draw_raw,
    mask_field,
    object_box,
    union_levels,
)
from app.rendering.overlay import Drawing, Levels, Overlay
from app.state.viewport import Box


class MaskRenderer:
    """The renderer of OutputKind.MASK."""

    view_modes: tuple[str, ...] = VIEW_MODES

    def __init__(self) -> None:
        self._fields: dict[int, tuple[MaskLayer, MaskField]] = {}
        self._union: tuple[tuple[MaskLayer, ...], Frame, Levels] | None = None

    def draw_others(self, layers: Sequence[MaskLayer], style: ViewStyle, frame: Frame) -> Iterator[Drawing]:
        """Fill or outline of every visible layer that is not active."""
        if style.mode in ("fill", "outline"):
            others = (layer for layer in layers if layer.is_visible and not layer.is_active)
            yield from self._drawn(others, style, frame)

    def draw_active(self, layers: Sequence[MaskLayer], style: ViewStyle, frame: Frame) -> list[Drawing]:
        """The active layer, or what depends on it: a cut-out covers what no visible layer holds."""
        self._forget_all_but(layers)
        visible = tuple(layer for layer in layers if layer.is_visible)
        active = tuple(layer for layer in visible if layer.is_active)
        if style.mode in CUTOUT_MODES:
            # Without any object there is nothing to cut out, and a photograph that is covered whole cannot be clicked.
            return [self._cutout(visible, style, frame)] if any(map(self._is_something, visible)) else []
        if style.mode == "raw":
            return [draw_raw(self._field(layer), frame.window, frame.image_size) for layer in active]
        return list(self._drawn(active, style, frame))

    def box_of(self, layer: MaskLayer, image_size: tuple[int, int]) -> Box | None:
        """Where the object is."""
        return object_box(self._field(layer), image_size)

    def _drawn(self, layers: Iterable[MaskLayer], style: ViewStyle, frame: Frame) -> Iterator[Overlay]:
        fill_opacity = style.opacity if style.mode == "fill" else 0.0
        for layer in layers:
            overlay = draw_mask(layer, self._field(layer), frame.window, frame.image_size, fill_opacity)
            if overlay is not None:
                yield overlay

    def _cutout(self, visible: tuple[MaskLayer, ...], style: ViewStyle, frame: Frame) -> Overlay:
        others = tuple(layer for layer in visible if not layer.is_active)
        known = self._union
        if known is None or known[1] != frame or not look_the_same(known[0], others):
            levels = union_levels([self._field(layer) for layer in others], frame.window, frame.image_size)
            known = self._union = (others, frame, levels)
        active = [self._field(layer) for layer in visible if layer.is_active]
        levels = union_levels(active, frame.window, frame.image_size, start=known[2])
        return draw_cutout(levels, style.mode, frame.window)

    def _is_something(self, layer: MaskLayer) -> bool:
        return self._field(layer).bounds is not None

    def _field(self, layer: MaskLayer) -> MaskField:
        known = self._fields.get(layer.object_id)
        if known is None or known[0].logits is not layer.logits or known[0].threshold != layer.threshold:
            known = self._fields[layer.object_id] = (layer, mask_field(layer.logits, layer.threshold))
        return known[1]

    def _forget_all_but(self, layers: Sequence[MaskLayer]) -> None:
        kept = {layer.object_id for layer in layers}
        self._fields = {object_id: known for object_id, known in self._fields.items() if object_id in kept}
