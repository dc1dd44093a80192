"""What the canvas and the panels show of the document and its predictions."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QObject, QTimer, Signal

from app.controllers.annotation import AnnotationController
from app.controllers.files import FileController
from app.controllers.layers import LayerSource
from app.controllers.refinement import RefinementController
from app.messages import RefineProgress
from app.state.dense import INTERACTIVE
from app.state.results import ClickOutcome
from app.state.settings import SettingsStore
from app.tools.registry import TOOLS
from app.view_modes import VIEW_MODES
from app.widgets.canvas import Canvas
from app.widgets.clicks_dock import ClicksDock
from app.widgets.objects_dock import ObjectsDock
from app.widgets.refine_dock import RefineDock
from app.widgets.status_bar import StatusBar
from app.widgets.view_bar import ViewBar
from gbrs_core.task_catalog import TASKS

Hold = Literal["before", "image"]

PEEK_MS = 1500
OPACITY_STEP = 0.1


class ViewController(QObject):
    """Draws once per turn of the event loop, however many changes there were in it.

    Signals:
        view_changed(): view mode, visibility or tool differ, and with them the check marks of actions.
    """

    view_changed = Signal()

    def __init__(
        self,
        canvas: Canvas,
        panels: tuple[ObjectsDock, ClicksDock, RefineDock, ViewBar, StatusBar],
        annotation: AnnotationController,
        refinement: RefinementController,
        files: FileController,
        source: LayerSource,
        settings: SettingsStore,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._source = source
        self._objects, self._clicks, self._refine, self._bar, self._status = panels
        self._annotation = annotation
        self._refinement = refinement
        self._files = files
        self._settings = settings
        self._tool = "click"
        self._mode = "fill"
        self._modes: dict[str, str] = {}
        self.is_overlay_visible = True
        self.are_markers_visible = True
        self._cursor: tuple[float, float] | None = None
        self._layers = QTimer(self, singleShot=True, interval=0)
        self._layers.timeout.connect(self.draw_layers)
        self._document = QTimer(self, singleShot=True, interval=0)
        self._document.timeout.connect(self.draw_document)
        self._peek_end = QTimer(self, singleShot=True, interval=PEEK_MS)
        self._peek_end.timeout.connect(self._end_peek)
        self._bar.hold_requested.connect(canvas.set_hold)
        annotation.document_changed.connect(self._document.start)
        annotation.selection_changed.connect(self._document.start)
        refinement.results_changed.connect(self._layers.start)
        refinement.click_refined.connect(self._on_click_refined)
        refinement.progressed.connect(self._on_progressed)
        canvas.cursor_moved.connect(self._on_cursor_moved)
        canvas.cursor_left.connect(self._on_cursor_left)
        canvas.radius_changed.connect(self._show_radius)
        canvas.radius_stepped.connect(self._remember_radius)
        canvas.view_changed.connect(self._on_view_changed)
        canvas.view_mode_changed.connect(self._on_mode_changed)

    @property
    def mode(self) -> str:
        """How the prediction is drawn, one of the task's `VIEW_MODES`."""
        return self._mode

    @property
    def tool(self) -> str:
        """What the left button does, a name of `app.tools.registry`."""
        return self._tool

    # --- image ---

    def show_image(self) -> None:
        """Show the image that was opened, with nothing annotated."""
        self._canvas.set_image(self._files.image)
        self._status.clear_pixel()
        self._status.show_outcome(None)
        self._refine.loss_plot.set_curve((), 0)
        self._place_radius()

    # --- settings of the view ---

    def set_radius(self, radius: float) -> None:
        """Attention radius of the next click, or radius of the brush, image pixels; remembered for the task."""
        self._canvas.set_radius(radius)
        self._show_radius(radius)
        self._remember_radius()

    def set_opacity(self, opacity: float) -> None:
        """Opacity of the prediction, 0 to 1."""
        opacity = min(1.0, max(0.0, opacity))
        self._canvas.set_overlay_opacity(opacity)
        self._bar.show_opacity(opacity)
        self._settings.update(overlay_opacity=opacity)

    def step_opacity(self, steps: int) -> None:
        """More or less opaque."""
        self.set_opacity(round(self._settings.current.overlay_opacity + steps * OPACITY_STEP, 2))

    def set_mode(self, mode: str) -> None:
        """Draw the prediction in another way."""
        self._canvas.set_view_mode(mode)
        self._on_mode_changed(mode)

    def step_mode(self, steps: int) -> None:
        """Draw the prediction in the next or previous way."""
        modes = [mode for mode, _ in VIEW_MODES[self._annotation.document.task]]
        self.set_mode(modes[(modes.index(self._mode) + steps) % len(modes)])

    def set_overlay_visible(self, is_visible: bool) -> None:
        """Show or hide masks and maps."""
        self.is_overlay_visible = is_visible
        self._canvas.set_overlay_visible(is_visible)
        self.view_changed.emit()

    def set_markers_visible(self, is_visible: bool) -> None:
        """Show or hide click markers and rings."""
        self.are_markers_visible = is_visible
        self._canvas.set_markers_visible(is_visible)
        self.view_changed.emit()

    def toggle_uncertainty(self) -> None:
        """Show where the network is unsure, or the classes again."""
        self.set_mode("fill" if self._mode == "uncertainty" else "uncertainty")

    def show_task(self, task: str) -> None:
        """Draw what the task predicts."""
        mode = self._modes.get(task, VIEW_MODES[task][0][0])
        self._bar.show_task(VIEW_MODES[task], has_threshold=task == INTERACTIVE)
        self._canvas.set_layers(())
        self._canvas.set_before_layer(None)
        self._canvas.set_output_kind(TASKS[task].output_kind)
        self.set_mode(mode)
        self._place_radius()
        self._document.start()

    def set_tool(self, tool: str) -> None:
        """What the left button does from now on."""
        self._tool = tool
        self._canvas.set_tool(tool)
        self._place_radius()
        self.view_changed.emit()

    def peek(self, hold: Hold) -> None:
        """Show the prediction "before" the newest click or the plain "image" for a moment."""
        self._canvas.set_hold(hold)
        self._peek_end.start()

    # --- drawing ---

    def draw_document(self) -> None:
        """Show the document in the panels and on the canvas."""
        document = self._annotation.document
        active = document.active
        self._objects.show_document(document)
        self._refine.show_config(document.current_config)
        self._bar.show_threshold(active.threshold if active is not None and active.clicks else None)
        self._canvas.set_markers(self._source.markers())
        self.draw_layers()

    def draw_layers(self) -> None:
        """Show the predictions and what is known of the clicks."""
        self._layers.stop()
        current = self._annotation.document.current
        self._canvas.set_layers(self._source.layers())
        self._show_pixel()  # the prediction changed under a resting pointer
        self._canvas.set_before_layer(self._source.before())
        self._canvas.set_busy(self._refinement.is_active_busy)
        outcomes = self._refinement.outcomes(current) if current is not None else ()
        self._clicks.show_clicks(current, outcomes, self._annotation.selected_click, self._source.markers())
        self._canvas.crop_frame.show(outcomes[-1].crop if outcomes else None)
        if not self._refinement.is_active_busy:
            self._show_outcome(outcomes[-1] if outcomes else None)

    def _show_outcome(self, outcome: ClickOutcome | None) -> None:
        self._status.show_outcome(outcome)
        if outcome is None:
            self._refine.loss_plot.set_curve((), 0)
        else:
            self._refine.loss_plot.set_curve(outcome.losses, len(outcome.losses))

    def _place_radius(self) -> None:
        """Give the next click the radius of the task, in proportion to the image; a brush keeps its own."""
        image, task = self._files.image, self._annotation.document.task
        if image is not None and not TOOLS[self._tool].has_brush:
            chosen, side = self._settings.current.radius_shares.get(task), max(image.shape[:2])
            offered = round(TASKS[task].radius_share * side)
            self._canvas.set_radius(offered if chosen is None else round(chosen * side, 1))

    def _remember_radius(self) -> None:
        """Keep what somebody chose; limits of the canvas and a change of tool or task choose nothing."""
        image, task, settings = self._files.image, self._annotation.document.task, self._settings
        if image is not None and not TOOLS[self._tool].has_brush:
            share = self._canvas.radius() / max(image.shape[:2])
            settings.update(radius_shares={**settings.current.radius_shares, task: share})

    def _show_radius(self, radius: float) -> None:
        self._bar.show_radius(radius)
        self._refine.show_radius(radius)

    # --- slots ---

    def _end_peek(self) -> None:
        self._canvas.set_hold("none")

    def _on_progressed(self, report: RefineProgress) -> None:
        self._status.show_progress(report)
        self._refine.loss_plot.set_curve(report.losses, report.iterations)

    def _on_click_refined(self, outcome: ClickOutcome) -> None:
        self._show_outcome(outcome)

    def _on_cursor_left(self) -> None:
        self._cursor = None
        self._status.clear_pixel()

    def _on_cursor_moved(self, x: float, y: float) -> None:
        self._cursor = (x, y)
        self._show_pixel()

    def _show_pixel(self) -> None:
        image = self._files.image
        if self._cursor is not None and image is not None:
            size = (image.shape[0], image.shape[1])
            self._status.show_pixel(*self._cursor, self._source.value_text(*self._cursor, size))

    def _on_view_changed(self) -> None:
        self._status.zoom.setText(f"{self._canvas.zoom():.0%}".replace("%", " %"))

    def _on_mode_changed(self, mode: str) -> None:
        self._mode = mode
        self._modes[self._annotation.document.task] = mode
        self._bar.show_view_mode(mode)
        self.view_changed.emit()
