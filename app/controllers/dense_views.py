"""The further views of label maps, mattes and depth maps: options, legend, cross-section, points in space."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

import cv2
import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QFileDialog

from app.controllers.annotation import AnnotationController
from app.controllers.files import FileController
from app.controllers.layers import LayerSource
from app.controllers.refinement import RefinementController
from app.controllers.view import ViewController
from app.file_messages import BackgroundRead, ReadBackground
from app.main_window import MainWindow
from app.messages import Failed, Report, Request, RgbImage
from app.rendering.depth_scale import scale_of
from app.rendering.layers import AlphaLayer, DepthLayer, Layer
from app.rendering.options import DepthOptions, ViewOptions
from app.rendering.profile import profile_along
from app.rendering.resample import value_at
from app.widgets.section_line import Line, SectionLine
from app.widgets.view_options_alpha import AlphaOptionsBar
from app.widgets.view_options_depth import DepthOptionsBar
from gbrs_core.errors import ExportError
from gbrs_core.prediction import OutputKind
from gbrs_core.task_catalog import TASKS

_POINT_IMAGE_SIDE = 1024
"""Of the photograph that colours the points; more would not be seen."""


class DenseViewController(QObject):
    """Keeps the further views in line with the prediction. What is not seen is not computed.

    Signals:
        failed(Failed): a background was not read, or a cross-section not written.
    """

    failed = Signal(object)

    def __init__(
        self,
        window: MainWindow,
        annotation: AnnotationController,
        refinement: RefinementController,
        files: FileController,
        source: LayerSource,
        view: ViewController,
        post: Callable[[Request], None],
        request_ids: count[int],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._annotation = annotation
        self._files = files
        self._source = source
        self._view = view
        self._post = post
        self._request_ids = request_ids
        self._reading: int | None = None
        self._small_image: RgbImage | None = None
        self._line = SectionLine(window.canvas)
        self._update = QTimer(self, singleShot=True, interval=0)
        self._update.timeout.connect(self.update_views)
        annotation.document_changed.connect(self._update.start)
        refinement.results_changed.connect(self._update.start)
        files.image_changed.connect(self._on_image_changed)
        view.view_changed.connect(self._follow_view)
        self._connect_options()
        self._connect_panels()
        self._follow_view()

    @property
    def line(self) -> SectionLine:
        """The line of the cross-section."""
        return self._line

    def receive(self, report: Report) -> None:
        """Take the background that was asked for last, or why there is none."""
        if report.request_id != self._reading:
            return
        self._reading = None
        if isinstance(report, BackgroundRead):
            self._alpha_bar().set_photo(report.photo, report.path.name)
        elif isinstance(report, Failed):
            self.failed.emit(report)

    def read_background(self, path: Path) -> None:
        """Put the photograph in a file behind what the matte cuts out."""
        self._reading = next(self._request_ids)
        self._post(ReadBackground(self._reading, path))

    def update_views(self) -> None:
        """Show the prediction as it is now."""
        layer = self._layer()
        self._show_legend(layer)
        self._show_section(layer)
        self._show_points(layer)

    def save_section(self, path: Path) -> None:
        """Write the values along the line."""
        try:
            self._window.section_panel.plot.save_csv(path)
        except ExportError as error:
            self.failed.emit(Failed(next(self._request_ids), "The cross-section was not saved", str(error)))

    # --- wiring ---

    def _connect_options(self) -> None:
        for bar in self._window.view_options.bars.values():
            bar.options_changed.connect(self._on_options_changed)
            bar.view_mode_requested.connect(self._view.set_mode)
        self._alpha_bar().photo_requested.connect(self._ask_for_background)
        legend, canvas = self._window.legend, self._window.canvas
        legend.range_requested.connect(self._depth_bar().set_range)
        legend.range_reset.connect(partial(self._depth_bar().set_range, None, None))
        canvas.cursor_moved.connect(self._on_cursor_moved)
        canvas.cursor_left.connect(partial(legend.mark, None))

    def _connect_panels(self) -> None:
        section, points = self._window.section_panel, self._window.points_panel
        section.drawing_toggled.connect(self._line.set_drawing)
        section.cleared.connect(partial(self._set_line, None))
        section.save_requested.connect(self._ask_for_csv)
        section.shown_changed.connect(self._on_section_shown)
        section.plot.hovered.connect(lambda x, y: self._line.mark((x, y)))
        section.plot.hover_ended.connect(partial(self._line.mark, None))
        self._line.line_changed.connect(self._set_line)
        points.shown_changed.connect(self._update.start)

    # --- what is shown ---

    def _kind(self) -> OutputKind:
        return TASKS[self._annotation.document.task].output_kind

    def _layer(self) -> Layer | None:
        if self._annotation.document.layer is None:
            return None
        return next(iter(self._source.layers()), None)

    def _show_legend(self, layer: Layer | None) -> None:
        options = self._depth_bar().options
        is_shown = isinstance(layer, DepthLayer) and self._view.mode != "difference"
        if isinstance(layer, DepthLayer) and is_shown and isinstance(options, DepthOptions):
            scale = scale_of(layer.depth, options, layer.unit, layer.valid_range)
            self._window.legend.set_scale(
                scale, options.colour_map, is_reversed=options.is_reversed, valid_range=layer.valid_range
            )
        self._window.legend.setVisible(is_shown)

    def _show_section(self, layer: Layer | None) -> None:
        panel, line, image = self._window.section_panel, self._line.line, self._files.image
        panel.show_has_line(line is not None)
        if not panel.isVisible():
            return
        if line is None or image is None or not isinstance(layer, AlphaLayer | DepthLayer):
            panel.plot.set_profile(None)
            return
        now = layer.alpha if isinstance(layer, AlphaLayer) else layer.depth
        name, unit = ("alpha", "") if isinstance(layer, AlphaLayer) else ("depth", "m" if layer.unit == "m" else "")
        size = (image.shape[0], image.shape[1])
        panel.plot.set_profile(profile_along(*line, size, now, layer.before, unit=unit, name=name))

    def _show_points(self, layer: Layer | None) -> None:
        panel, image = self._window.points_panel, self._files.image
        if not panel.isVisible():
            return
        if not isinstance(layer, DepthLayer) or image is None:
            panel.view.set_map(None, None)
            return
        if self._small_image is None:
            self._small_image = _shrunk(image)
        panel.view.set_map(layer.depth, self._small_image, layer.valid_range)

    def _set_line(self, line: Line | None) -> None:
        if line != self._line.line or line is None:
            self._line.set_line(line)
        self._show_section(self._layer())

    # --- slots ---

    def _follow_view(self) -> None:
        """Another task or view mode."""
        kind, options = self._kind(), self._window.view_options
        options.show_kind(kind)
        if kind in options.bars:
            options.bars[kind].show_mode(self._view.mode)
            self._window.canvas.set_view_options(options.bars[kind].options)
        self._update.start()

    def _on_options_changed(self, options: ViewOptions) -> None:
        self._window.canvas.set_view_options(options)
        self._show_legend(self._layer())

    def _on_image_changed(self) -> None:
        self._small_image = None
        self._set_line(None)
        self._window.points_panel.view.reset()
        self._update.start()

    def _on_section_shown(self, is_shown: bool) -> None:
        """The line is seen as long as its panel is."""
        self._line.setVisible(is_shown and (self._line.line is not None or self._line.is_drawing))
        self._update.start()

    def _on_cursor_moved(self, x: float, y: float) -> None:
        layer, image = self._layer(), self._files.image
        if isinstance(layer, DepthLayer) and image is not None and self._window.legend.isVisible():
            self._window.legend.mark(value_at(layer.depth, (image.shape[0], image.shape[1]), x, y))

    def _ask_for_background(self) -> None:
        folder = str(self._files.path.parent) if self._files.path is not None else ""
        path, _ = QFileDialog.getOpenFileName(self._window, "Photo Behind the Object", folder)
        if path:
            self.read_background(Path(path))

    def _ask_for_csv(self) -> None:
        folder = self._files.path.parent if self._files.path is not None else Path()
        start = str(folder / "cross_section.csv")
        path, _ = QFileDialog.getSaveFileName(self._window, "Save the Cross-Section", start, "CSV (*.csv)")
        if path:
            self.save_section(Path(path))

    def _alpha_bar(self) -> AlphaOptionsBar:
        bar = self._window.view_options.bars[OutputKind.ALPHA_MATTE]
        assert isinstance(bar, AlphaOptionsBar), "the strip of mattes"
        return bar

    def _depth_bar(self) -> DepthOptionsBar:
        bar = self._window.view_options.bars[OutputKind.DEPTH_MAP]
        assert isinstance(bar, DepthOptionsBar), "the strip of depth maps"
        return bar


def _shrunk(image: RgbImage) -> RgbImage:
    share = _POINT_IMAGE_SIDE / max(image.shape[:2])
    if share >= 1:
        return image
    small = cv2.resize(image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)
