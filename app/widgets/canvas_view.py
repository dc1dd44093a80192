"""What the canvas shows: the photograph, the masks over it, how far it is zoomed, and the invitation to open a file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QHideEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.rendering.layers import ClickMarker, Layer, MaskLayer
from app.rendering.options import ViewOptions
from app.rendering.pyramid import ImagePyramid
from app.rendering.resample import value_at
from app.state.viewport import Box, Viewport
from app.theme import is_dark
from app.widgets.canvas_crop import CropFrame
from app.widgets.canvas_empty import paint_drop_frame, paint_empty, paint_frame
from app.widgets.canvas_input import ZOOM_PER_NOTCH, dropped_paths
from app.widgets.canvas_items import MarkerPainter
from app.widgets.canvas_pyramid import PyramidBuilder
from app.widgets.canvas_scene import CanvasScene, Hold
from app.widgets.canvas_spinner import Spinner
from gbrs_core.prediction import OutputKind

_SETTLE_MS = 120
_OBJECT_MARGIN_PX = 40.0


class CanvasView(QWidget):
    """Shows; what the user does with mouse and keys is `Canvas`'s.

    Signals:
        view_changed(): zoom or position changed.
        view_mode_changed(str mode): layers are shown in another way.
        paths_dropped(list[str]): files or folders were dropped.
    """

    view_changed = Signal()
    view_mode_changed = Signal(str)
    paths_dropped = Signal(list)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewport: Viewport | None = None
        self._image: NDArray[np.uint8] | None = None
        self._scene = CanvasScene()
        self._builder = PyramidBuilder()
        self._builder.built.connect(self._on_pyramid_built)
        self._settle = QTimer(self, singleShot=True)
        self._settle.timeout.connect(self._on_settled)
        self._markers: tuple[ClickMarker, ...] = ()
        self._are_markers_visible = True
        self.crop_frame = CropFrame(self.update)
        self._marker_painter = MarkerPainter()
        self._spinner = Spinner(self)
        self._is_busy = False
        self._empty_title, self._empty_hint = "", ""
        self._is_drop_target = False
        self.setAcceptDrops(True)
        self.setMinimumSize(240, 180)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._scene.set_background(self._surroundings_colour())

    # --- what is shown ---

    def set_image(self, rgb: NDArray[np.uint8] | None, *, keep_view: bool = False) -> None:
        """Show an image, uint8 (H, W, 3), or none; without `keep_view` fitted, and without masks and clicks until
        they are set.

        Returns at once: a large image is drawn from single pixels until its smaller copies are made in the background.
        """
        self._builder.cancel()
        before, self._image = self._viewport, rgb
        pyramid = self._builder.start(rgb) if rgb is not None else None
        self._scene.set_pyramid(pyramid)
        if rgb is None:
            self._viewport = None
        else:
            size = (int(rgb.shape[0]), int(rgb.shape[1]))
            is_kept = keep_view and before is not None and before.image_size == size
            self._viewport = before if is_kept else Viewport(size, self._view_size(), self.devicePixelRatioF()).fitted()
        if not keep_view:
            self.set_markers(())
            self._scene.set_layers(())
            self._scene.set_before_layer(None)
        self._show(self._viewport, is_moving=pyramid is not None and not pyramid.is_complete)

    def set_output_kind(self, kind: OutputKind) -> None:
        """Show layers of another kind from now on; those there were are dropped, the first view mode is chosen."""
        if kind is not self._scene.kind:
            self._scene.set_kind(kind)
            self.update()
            self.view_mode_changed.emit(self._scene.style.mode)

    @property
    def view_modes(self) -> tuple[str, ...]:
        """The view modes of the kind that is shown."""
        return self._scene.view_modes

    def set_layers(self, layers: tuple[Layer, ...]) -> None:
        """The layers to draw, bottom to top, all of the kind that is shown."""
        area = self._scene.set_layers(layers)
        self.update(self.rect() if area is None else area)

    def set_before_layer(self, layer: Layer | None) -> None:
        """The active layer before its newest click, shown while "before" is held; None if there was none."""
        self._scene.set_before_layer(layer)
        self.update()

    def set_overlay_opacity(self, opacity: float) -> None:
        """How much fills cover the image, 0 to 1."""
        self._scene.set_style(opacity=min(max(opacity, 0.0), 1.0))
        self.update()

    def set_overlay_visible(self, is_visible: bool) -> None:
        """Show or hide every layer."""
        self._scene.set_layers_visible(is_visible)
        self.update()

    def set_view_mode(self, mode: str) -> None:
        """Show layers in one of `view_modes`. Raises ValueError for another one."""
        if mode not in self._scene.view_modes:
            raise ValueError(f"unknown view mode {mode!r}; known ones: {', '.join(self._scene.view_modes)}")
        if mode != self._scene.style.mode:
            self._scene.set_style(mode=mode)
            self.update()
            self.view_mode_changed.emit(mode)

    def set_view_options(self, options: ViewOptions) -> None:
        """What else is chosen for the kind that is shown: colours, backgrounds, ranges."""
        self._scene.set_style(options=options)
        self.update()

    def set_hold(self, hold: Hold) -> None:
        """Show, for as long as a key is held, the masks "before" the newest click or the "image" alone; else "none"."""
        if hold != self._scene.hold:
            self._scene.set_hold(hold)
            self.update()

    def set_empty_text(self, title: str, hint: str) -> None:
        """What is written where no image is."""
        self._empty_title, self._empty_hint = title, hint
        self.update()

    def logit_at(self, x: float, y: float) -> float | None:
        """The active mask's logit at an image position, bilinear; None without an active mask or outside."""
        layer = self._scene.active_layer
        if not isinstance(layer, MaskLayer) or self._viewport is None or not self._viewport.contains(x, y):
            return None
        return value_at(layer.logits, self._viewport.image_size, x, y)

    # --- clicks ---

    def set_markers(self, markers: tuple[ClickMarker, ...]) -> None:
        """The clicks of the active object, oldest first. If clicks came or went, a drag of one is cancelled."""
        if markers == self._markers:
            return
        if len(markers) != len(self._markers):
            self._on_markers_replaced()
        self._markers = markers
        self._repaint_markers()

    def set_markers_visible(self, are_visible: bool) -> None:
        """Show or hide markers and their rings; hidden ones cannot be dragged."""
        self._are_markers_visible = are_visible
        self._on_markers_replaced()
        self._repaint_markers()

    def set_busy(self, is_busy: bool) -> None:
        """Show at the newest marker that its click is being refined; nothing is blocked."""
        self._is_busy = is_busy
        self._place_spinner()

    # --- zoom and position ---

    def zoom(self) -> float:
        """Device pixels per image pixel; 1 is 100 %, also without an image."""
        return self._viewport.zoom if self._viewport is not None else 1.0

    def fit(self) -> None:
        """Show the whole image and keep it whole while the canvas is resized."""
        if self._viewport is not None:
            self._show(self._viewport.fitted())

    def zoom_100(self) -> None:
        """One image pixel per device pixel."""
        if self._viewport is not None:
            self._show(self._viewport.zoomed_to(1.0))

    def zoom_in(self) -> None:
        """One step closer, at the middle."""
        self._zoom_by(1.0, None)

    def zoom_out(self) -> None:
        """One step farther, at the middle."""
        self._zoom_by(-1.0, None)

    def center_on(self, x: float, y: float) -> None:
        """Bring an image position to the middle."""
        if self._viewport is not None:
            self._show(self._viewport.centred(x, y))

    def fit_object(self) -> None:
        """Show the active object as large as possible; without one, the whole image."""
        box = self._object_box()
        if self._viewport is not None and box is not None:
            self._show(self._viewport.showing(box, _OBJECT_MARGIN_PX))
        else:
            self.fit()

    def image_at(self, place: QPointF) -> tuple[float, float] | None:
        """The image position at a place of the widget, between the middles of the outermost pixels; None outside."""
        if self._viewport is None:
            return None
        x, y = self._viewport.to_image(place.x(), place.y())
        if not self._viewport.contains(x, y):
            return None
        height, width = self._viewport.image_size
        return min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0)

    def view_at(self, x: float, y: float) -> QPointF | None:
        """The place of the widget at an image position, which may lie outside of both; None without an image."""
        return QPointF(*self._viewport.to_view(x, y)) if self._viewport is not None else None

    def sizeHint(self) -> QSize:
        """As much as there is."""
        return QSize(960, 640)

    # --- for Canvas ---

    def _paint_pointer(self, painter: QPainter, viewport: Viewport) -> None:
        """Paint what follows the mouse, in logical pixels."""

    def _on_markers_replaced(self) -> None:
        """Other markers are about to be shown."""

    def _hovered_marker(self) -> int | None:
        """The marker that is drawn larger."""
        return None

    def _ghost_marker(self) -> int | None:
        """The marker that is on its way to another place."""
        return None

    def _repaint_markers(self) -> None:
        """Markers are to be drawn in another way."""
        self._place_spinner()
        self.update()

    def _show(self, viewport: Viewport | None, *, is_moving: bool = False) -> None:
        """Show another part of the image; more views may follow at once where it is moving."""
        self._viewport = viewport
        self._scene.set_viewport(viewport, is_moving=is_moving)
        if self._scene.is_draft:
            self._settle.start(_SETTLE_MS)
        self._place_spinner()
        self.update()
        self.view_changed.emit()

    def _zoom_by(self, notches: float, anchor: QPointF | None, *, is_moving: bool = False) -> None:
        if self._viewport is not None:
            place = (anchor.x(), anchor.y()) if anchor is not None else None
            zoom = self._viewport.zoom * ZOOM_PER_NOTCH**notches
            self._show(self._viewport.zoomed_to(zoom, place), is_moving=is_moving)

    def _paint_markers(self, painter: QPainter, viewport: Viewport, area: QRectF) -> None:
        self._marker_painter.paint_all(
            painter, viewport, area, self._markers, self._hovered_marker(), self._ghost_marker()
        )

    def _place_spinner(self) -> None:
        is_shown = self._is_busy and self._are_markers_visible and self._ghost_marker() is None and self.isVisible()
        if is_shown and self._markers and self._viewport is not None:
            newest = self._markers[-1]
            self._spinner.show_at(QPointF(*self._viewport.to_view(newest.x, newest.y)))
        else:
            self._spinner.show_at(None)

    def _object_box(self) -> Box | None:
        """The active mask; before there is one, the clicks with their rings."""
        box = self._scene.box_of_active()
        if box is not None or not self._markers:
            return box
        return (
            min(marker.x - marker.radius for marker in self._markers),
            min(marker.y - marker.radius for marker in self._markers),
            max(marker.x + marker.radius for marker in self._markers),
            max(marker.y + marker.radius for marker in self._markers),
        )

    # --- events ---

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture, or the invitation to open one."""
        area = QRectF(self.rect())
        with QPainter(self) as painter:
            if self._scene.paint(painter) and self._viewport is not None:
                if self._are_markers_visible and self._scene.hold != "image":
                    self.crop_frame.paint(painter, self._viewport)
                    self._paint_markers(painter, self._viewport, QRectF(event.rect()))
                self._spinner.paint(painter)
                self._paint_pointer(painter, self._viewport)
            else:
                painter.fillRect(area, self.palette().color(QPalette.ColorRole.AlternateBase))
                paint_frame(painter, area, self.palette())
                paint_empty(painter, area, self.palette(), self._empty_title, self._empty_hint)
            if self._is_drop_target:
                paint_drop_frame(painter, area, self.palette())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the view: fitted, or its middle."""
        super().resizeEvent(event)
        self._on_surface_changed()

    def event(self, event: QEvent) -> bool:
        """Follow the screen's pixel density."""
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._on_surface_changed()
        return super().event(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._scene.set_background(self._surroundings_colour())
            self.update()

    def showEvent(self, event: QShowEvent) -> None:
        """Go on with what a hidden canvas does not do."""
        super().showEvent(event)
        self._place_spinner()
        if self._scene.is_draft:
            self._settle.start(_SETTLE_MS)
        if self._image is not None and not self._scene.has_all_levels:
            self._scene.set_pyramid(self._builder.start(self._image))

    def hideEvent(self, event: QHideEvent) -> None:
        """Leave neither thread nor timer running."""
        super().hideEvent(event)
        self._builder.stop()
        self._settle.stop()
        self._spinner.show_at(None)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files, and show that they are taken."""
        if dropped_paths(event.mimeData()):
            event.acceptProposedAction()
            self._set_drop_target(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """The files are dragged elsewhere."""
        self._set_drop_target(False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Report the files."""
        self._set_drop_target(False)
        event.acceptProposedAction()
        self.paths_dropped.emit(dropped_paths(event.mimeData()))

    def _set_drop_target(self, is_drop_target: bool) -> None:
        self._is_drop_target = is_drop_target
        self.update()

    def _on_surface_changed(self) -> None:
        if self._viewport is not None:
            self._show(self._viewport.resized(self._view_size(), self.devicePixelRatioF()), is_moving=True)

    def _on_pyramid_built(self, pyramid: ImagePyramid) -> None:
        if pyramid.levels[0] is self._image:
            self._scene.set_pyramid(pyramid)
            self.update()

    def _on_settled(self) -> None:
        """The view rests: draw it well, with time for other events in between."""
        if self._scene.finish_step():
            self._settle.start(0)
        else:
            self.update()

    def _view_size(self) -> tuple[float, float]:
        return float(self.height()), float(self.width())

    def _surroundings_colour(self) -> QColor:
        """A soft neutral, darker than the panels, that makes neither dark nor light photographs look wrong."""
        palette = self.palette()
        if is_dark(palette):
            return palette.color(QPalette.ColorRole.Base).darker(125)
        return palette.color(QPalette.ColorRole.Mid).darker(108)
