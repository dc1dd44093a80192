"""The picture under the markers: surroundings, photograph, layers, each drawn again only when it changed."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPixmap

from app.rendering.base import Frame, Renderer, ViewStyle
from app.rendering.layers import Layer, look_the_same
from app.rendering.options import ViewOptions
from app.rendering.overlay import Drawing, Overlay, Palette
from app.rendering.photo import render_photo
from app.rendering.pyramid import ImagePyramid
from app.rendering.registry import RENDERERS
from app.state.viewport import Box, DeviceWindow, Viewport
from gbrs_core.prediction import OutputKind

Hold = Literal["none", "before", "image"]

_GRID_FROM_ZOOM = 16.0
_GRID_COLOUR = QColor(128, 128, 128, 70)
_SHADOW_PX = 7
_COSTLY_PIXELS = 2_500_000
_REACH_PX = 12.0
"""Logical pixels around an object within which its outline may be drawn."""


@dataclass(frozen=True, eq=False)
class _Placed:
    """A picture and where it goes, in pixels of the scene."""

    left: int
    top: int
    image: QImage


class CanvasScene:
    """Draws what is shown and keeps it: a pixmap of the photograph and the layers below the active one, the active
    layer, which may change 20 times a second, and the layers above it.
    """

    def __init__(self) -> None:
        self._kind = OutputKind.MASK
        self._renderer: Renderer[Any] = RENDERERS[self._kind]()
        self._pyramid: ImagePyramid | None = None
        self._viewport: Viewport | None = None
        self._background = QColor("black")
        self._layers: tuple[Layer, ...] = ()
        self._before_layer: Layer | None = None
        self._style = ViewStyle("fill", 0.45)
        self._hold: Hold = "none"
        self._are_layers_visible = True
        self._is_draft = False
        self._settled: QPixmap | None = None
        self._settled_layers: tuple[Layer, ...] = ()
        self._finishing: Generator[None, None, QPixmap] | None = None
        self._active: tuple[_Placed, ...] | None = None
        self._above: tuple[_Placed, ...] | None = None
        self._above_layers: tuple[Layer, ...] = ()

    @property
    def kind(self) -> OutputKind:
        """What the layers are."""
        return self._kind

    @property
    def view_modes(self) -> tuple[str, ...]:
        """The ways layers can be shown."""
        return self._renderer.view_modes

    @property
    def style(self) -> ViewStyle:
        """How layers are shown."""
        return self._style

    @property
    def hold(self) -> Hold:
        """What is shown instead while a key is held."""
        return self._hold

    @property
    def is_draft(self) -> bool:
        """Whether the picture is drawn at half resolution; `finish_step` draws it well."""
        return self._is_draft

    @property
    def has_all_levels(self) -> bool:
        """Whether the photograph's smaller copies are here."""
        return self._pyramid is not None and self._pyramid.is_complete

    @property
    def active_layer(self) -> Layer | None:
        """The layer that clicks go to, also while it is hidden."""
        return next((layer for layer in self._layers if layer.is_active), None)

    def box_of_active(self) -> Box | None:
        """Where the active object is, in image pixels."""
        layer = self.active_layer
        if layer is None or self._pyramid is None:
            return None
        return self._renderer.box_of(layer, self._pyramid.size)

    # --- what is to be drawn ---

    def set_kind(self, kind: OutputKind) -> None:
        """Draw layers of another kind from now on, in its first view mode; those there were are dropped."""
        if kind is not self._kind:
            self._kind, self._renderer = kind, RENDERERS[kind]()
            self._layers, self._before_layer = (), None
            self._style = ViewStyle(self._renderer.view_modes[0], self._style.opacity)
            self._forget_settled()

    def set_pyramid(self, pyramid: ImagePyramid | None) -> None:
        """Another photograph, or more levels of the same one."""
        self._pyramid = pyramid
        self._forget_settled()

    def set_viewport(self, viewport: Viewport | None, *, is_moving: bool = False) -> None:
        """Another view. While it moves, many pixels are drawn at half resolution."""
        if viewport != self._viewport:
            self._viewport = viewport
            self._is_draft = is_moving and viewport is not None and _is_costly(viewport)
            self._forget_settled()

    def finish_step(self) -> bool:
        """Draw a part of the good picture that replaces the draft. Returns False once there is nothing left to do."""
        if not self._is_draft or self._pyramid is None or self._viewport is None:
            return False
        below, _ = _around_active(self._shown_layers())
        if self._finishing is None:
            self._finishing = self._settled_steps(self._viewport, _frame(self._viewport, self._pyramid), below)
        try:
            next(self._finishing)
        except StopIteration as end:
            self._forget_settled()
            self._is_draft = False
            self._settled, self._settled_layers = end.value, below
        return self._is_draft

    def set_background(self, colour: QColor) -> None:
        """The colour around the photograph."""
        self._background = colour
        self._forget_settled()

    def set_layers(self, layers: tuple[Layer, ...]) -> QRect | None:
        """The layers, bottom to top, all of the scene's kind.

        Returns what of the view has to be painted again, in logical pixels: None for everything.
        """
        if look_the_same(layers, self._layers):
            return QRect()
        before, self._layers = self._layers, layers
        self._active = None
        is_only_active = all(map(look_the_same, _around_active(before), _around_active(layers)))
        if not is_only_active or self._hold != "none" or self._style.mode not in ("fill", "outline"):
            return None
        return self._area_of(before).united(self._area_of(layers))

    def set_before_layer(self, layer: Layer | None) -> None:
        """The active layer as it was before the newest click; None if there was none."""
        self._before_layer = layer
        if self._hold == "before":
            self._active = None

    def set_hold(self, hold: Hold) -> None:
        """Show the layers, the layers before the newest click, or the photograph alone."""
        self._hold = hold
        self._active = None

    def set_layers_visible(self, are_visible: bool) -> None:
        """Show or hide all layers."""
        self._are_layers_visible = are_visible
        self._active = None

    def set_style(
        self, *, mode: str | None = None, opacity: float | None = None, options: ViewOptions | None = None
    ) -> None:
        """How layers are shown."""
        changed = replace(
            self._style,
            mode=self._style.mode if mode is None else mode,
            opacity=self._style.opacity if opacity is None else opacity,
            options=self._style.options if options is None else options,
        )
        if changed != self._style:
            self._style = changed
            self._forget_settled()

    # --- drawing ---

    def paint(self, painter: QPainter) -> bool:
        """Draw everything, within the painter's clip. Returns False without a photograph."""
        if self._pyramid is None or self._viewport is None:
            return False
        viewport = _halved(self._viewport) if self._is_draft else self._viewport
        self._draw(self._pyramid, viewport, self._shown_layers())
        if self._settled is None:
            return False
        painter.save()
        # In pixels of the scene: one to one is several times faster than Qt's own scaling.
        painter.scale(1 / viewport.pixel_ratio, 1 / viewport.pixel_ratio)
        painter.drawPixmap(0, 0, self._settled)
        for placed in (*(self._active or ()), *(self._above or ())):
            painter.drawImage(placed.left, placed.top, placed.image)
        painter.restore()
        return True

    def _forget_settled(self) -> None:
        self._settled = self._active = self._above = self._finishing = None

    def _draw(self, pyramid: ImagePyramid, viewport: Viewport, layers: tuple[Layer, ...]) -> None:
        """Draw what changed."""
        below, above = _around_active(layers)
        frame = _frame(viewport, pyramid)
        if self._settled is None or not look_the_same(below, self._settled_layers):
            self._settled = _completed(self._settled_steps(viewport, frame, below))
            self._settled_layers = below
        if self._active is None:
            self._active = _placed(self._renderer.draw_active(layers, self._style, frame), frame) if frame else ()
        if self._above is None or not look_the_same(above, self._above_layers):
            self._above = _placed(self._renderer.draw_others(above, self._style, frame), frame) if frame else ()
            self._above_layers = above

    def _shown_layers(self) -> tuple[Layer, ...]:
        if self._hold == "image" or not self._are_layers_visible:
            return ()
        if self._hold == "none":
            return self._layers
        below, above = _around_active(self._layers)
        before = self._before_layer
        return (*below, *((before.as_active(),) if before is not None else ()), *above)

    def _area_of(self, layers: tuple[Layer, ...]) -> QRect:
        """Where the active layer is drawn, in logical pixels."""
        area = QRectF()
        for layer in layers:
            if layer.is_active and self._pyramid is not None and self._viewport is not None:
                box = self._renderer.box_of(layer, self._pyramid.size)
                if box is not None:
                    area = QRectF(
                        QPointF(*self._viewport.to_view(*box[:2])), QPointF(*self._viewport.to_view(*box[2:]))
                    )
        return (
            area.adjusted(-_REACH_PX, -_REACH_PX, _REACH_PX, _REACH_PX).toAlignedRect()
            if not area.isNull()
            else QRect()
        )

    def _settled_steps(
        self, viewport: Viewport, frame: Frame | None, layers: tuple[Layer, ...]
    ) -> Generator[None, None, QPixmap]:
        """Draw the photograph, then one layer after the other; each `yield` is a place to do something else."""
        height, width = (round(side * viewport.pixel_ratio) for side in viewport.view_size)
        settled = QPixmap(max(width, 1), max(height, 1))
        settled.fill(self._background)
        if frame is None or self._pyramid is None:
            return settled
        _draw_photo(settled, self._pyramid, frame.window)
        yield
        for overlay in self._renderer.draw_others(layers, self._style, frame):
            with QPainter(settled) as painter:
                for placed in _placed((overlay,), frame):
                    painter.drawImage(placed.left, placed.top, placed.image)
            yield
        return settled


def overlay_image(overlay: Drawing) -> QImage:
    """A drawing as Qt draws it fastest."""
    if not isinstance(overlay, Overlay):
        pixels = np.ascontiguousarray(overlay.pixels)
        height, width = pixels.shape[:2]
        picture = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32)
        return picture.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
    levels = np.ascontiguousarray(overlay.levels)
    height, width = levels.shape
    image = QImage(levels.data, width, height, width, QImage.Format.Format_Indexed8)
    image.setColorTable(_colour_table(overlay.palette))
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


def _colour_table(palette: Palette) -> list[int]:
    red, green, blue, opacity = palette.astype(np.uint32).T
    table: list[int] = (opacity << 24 | red << 16 | green << 8 | blue).tolist()
    return table


def _placed(overlays: Iterable[Drawing], frame: Frame) -> tuple[_Placed, ...]:
    left, top = frame.window.left, frame.window.top
    return tuple(_Placed(left + overlay.left, top + overlay.top, overlay_image(overlay)) for overlay in overlays)


def _draw_photo(settled: QPixmap, pyramid: ImagePyramid, window: DeviceWindow) -> None:
    with QPainter(settled) as painter:
        _draw_shadow(painter, window, pyramid.size)
        pixels = render_photo(pyramid, window)
        photo = QImage(pixels.data, window.width, window.height, 4 * window.width, QImage.Format.Format_RGB32)
        painter.drawImage(window.left, window.top, photo)
        if window.zoom >= _GRID_FROM_ZOOM:
            _draw_grid(painter, window)


def _draw_shadow(painter: QPainter, window: DeviceWindow, image_size: tuple[int, int]) -> None:
    """A soft shadow and a thin border around the photograph."""
    height, width = image_size
    photo = QRectF(window.origin_x, window.origin_y, width * window.zoom, height * window.zoom)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    reach = round(_SHADOW_PX * window.pixel_ratio)
    for distance in range(reach, 0, -1):
        share = 1 - distance / (reach + 1)
        painter.setPen(QPen(QColor(0, 0, 0, round(60 * share * share)), 1))
        painter.drawRect(photo.adjusted(-distance, -distance, distance - 1, distance - 1))
    painter.setPen(QPen(QColor(0, 0, 0, 110), 1))
    painter.drawRect(photo.adjusted(-1, -1, 0, 0))


def _draw_grid(painter: QPainter, window: DeviceWindow) -> None:
    """Lines between pixels, one device pixel thin."""
    painter.setPen(QPen(_GRID_COLOUR, 1))
    right, bottom = window.left + window.width - 1, window.top + window.height - 1
    for x in _grid_lines(window.left, right, window.origin_x, window.zoom):
        painter.drawLine(x, window.top, x, bottom)
    for y in _grid_lines(window.top, bottom, window.origin_y, window.zoom):
        painter.drawLine(window.left, y, right, y)


def _grid_lines(first: int, last: int, origin: int, zoom: float) -> list[int]:
    start, end = int((first - origin) / zoom) + 1, int((last - origin) / zoom)
    return [round(origin + index * zoom) for index in range(start, end + 1)]


def _completed(steps: Generator[None, None, QPixmap]) -> QPixmap:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            settled: QPixmap = end.value
            return settled


def _frame(viewport: Viewport, pyramid: ImagePyramid) -> Frame | None:
    window = viewport.window()
    return Frame(window, pyramid.size) if window is not None else None


def _is_costly(viewport: Viewport) -> bool:
    height, width = viewport.view_size
    return height * width * viewport.pixel_ratio**2 > _COSTLY_PIXELS


def _halved(viewport: Viewport) -> Viewport:
    """The same view on a screen of half the resolution."""
    return replace(viewport, zoom=viewport.zoom / 2, pixel_ratio=viewport.pixel_ratio / 2)


def _around_active(layers: tuple[Layer, ...]) -> tuple[tuple[Layer, ...], tuple[Layer, ...]]:
    """The layers below and above the active one; without one, all are below."""
    index = next((index for index, layer in enumerate(layers) if layer.is_active), len(layers))
    return layers[:index], layers[index + 1 :]
