"""The controller of the window: the only place where widgets, state and workers meet."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from app.action_spec import Condition
from app.controllers.annotation import AnnotationController
from app.controllers.checkpoints import CheckpointController
from app.controllers.commands import connect_actions
from app.controllers.comparison import ComparisonController
from app.controllers.dense import DenseController
from app.controllers.dense_views import DenseViewController
from app.controllers.export import ExportController
from app.controllers.failures import show_failure
from app.controllers.files import FileController
from app.controllers.layers import LayerSource
from app.controllers.methods import MethodController
from app.controllers.network import NetworkController
from app.controllers.panels import PanelController
from app.controllers.refinement import RefinementController
from app.controllers.score_panel import ScorePanelController
from app.controllers.tasks import TaskController
from app.controllers.view import ViewController
from app.file_messages import Exported
from app.io_worker import IoWorker
from app.mailbox import Mailbox
from app.main_window import MainWindow
from app.messages import Failed, NetworkLoaded, Report, Request
from app.state.dense import INTERACTIVE, LAYER_IDS, DenseLayer
from app.state.document import DocumentState
from app.state.settings import RefinementSettings, SettingsStore, Theme
from app.theme import apply_theme
from app.threads import WorkerThread
from app.worker import EngineWorker, NetworkLoader

_log = logging.getLogger(__name__)


class Controller(QObject):
    """Builds the controllers of the parts, connects them, and starts and stops the threads."""

    def __init__(self, window: MainWindow, settings: SettingsStore, load_network: NetworkLoader | None = None) -> None:
        super().__init__(window)
        self.window = window
        self.settings = settings
        request_ids = count(1)
        self._mailbox = Mailbox()
        self._engine = WorkerThread(EngineWorker(self._mailbox, load_network), "engine")
        self._io_worker = IoWorker()
        self._io = WorkerThread(self._io_worker, "files")
        self.annotation = AnnotationController(self)
        self.files = FileController(settings, self._post_to_io, request_ids, self)
        self.refinement = RefinementController(self.annotation, self._mailbox, self._engine.wake, request_ids, self)
        self.network = NetworkController(settings, self._mailbox, self._engine.wake, request_ids, self)
        self.checkpoints = CheckpointController(window, self.network, settings, request_ids)
        self.exports = ExportController(
            self.annotation, self.refinement, self.network, self.files, settings, self._post_to_io, request_ids, window
        )
        panels = (window.objects_panel, window.clicks_panel, window.refine_panel, window.view_bar, window.status)
        self.source = LayerSource(self.annotation, self.refinement, self.network)
        self.view = ViewController(
            window.canvas, panels, self.annotation, self.refinement, self.files, self.source, settings, self
        )
        self.dense = DenseController(
            self.annotation, self.refinement, self.network, self.files, self.source, self._post_to_io, request_ids, self
        )
        self.comparison = ComparisonController(
            self.annotation, self.network, self.files, self.source, self._post_to_io, request_ids, self
        )
        dense_panels = (window.classes_panel, window.matte_panel, window.depth_panel)
        self.panels = PanelController(
            dense_panels, window.canvas, self.annotation, self.refinement, self.network, self.dense, self.source, self
        )
        self.tasks = TaskController(
            window, self.annotation, self.refinement, self.network, self.dense, self.view, self.panels
        )
        self.methods = MethodController(window, self.annotation, self.network)
        self.dense_views = DenseViewController(
            window, self.annotation, self.refinement, self.files, self.source, self.view, self._post_to_io, request_ids
        )
        self.scores = ScorePanelController(
            window, self.annotation, self.refinement, self.network, self.files, self.dense, request_ids
        )
        self._connect()
        connect_actions(self)
        self._restore()

    # --- life ---

    def start(self, paths: Sequence[Path], checkpoint: Path | None, device: str, task: str = INTERACTIVE) -> None:
        """Start the threads and open images; called when the window is on the screen."""
        self._io.start()
        if paths:
            self.files.open_several(paths)
        self.paint_icons()
        self.tasks.set_task(task)  # after the icons: buttons without them need room for their words
        self._engine.start()
        self.network.start(checkpoint, device)

    def close(self) -> None:
        """Close the window, after asking about unexported work."""
        self.exports.ask_then(self.close_now)

    def close_now(self) -> None:
        """Stop the threads, remember the settings, close."""
        self.stop()
        self._save_settings()
        self.window.close_for_good()

    def stop(self) -> None:
        """Cancel what runs and end every thread."""
        self.scores.stop()
        self.checkpoints.stop()
        self._engine.stop()
        self._io.stop()

    def leave_image(self, action: Callable[[], None]) -> None:
        """Do something that closes the image, after asking about unexported work."""
        self.exports.ask_then(action)

    # --- appearance ---

    def set_theme(self, theme: Theme) -> None:
        """Use the light or dark colours, or those of the desktop."""
        self.settings.update(theme=theme)
        apply_theme(_application(), theme)
        self.paint_icons()

    def paint_icons(self) -> None:
        """Draw the icons in the colours of the theme."""
        self.window.paint_icons(_application().palette())
        self.checkpoints.paint_icons()

    def show_failure(self, failed: Failed) -> None:
        """Say in the window what failed, why, and what to do."""
        show_failure(self.window.messages, failed, self.network)

    # --- wiring ---

    def _connect(self) -> None:
        window, annotation = self.window, self.annotation
        self._engine.worker.reported.connect(self._on_engine_report)
        self._io.worker.reported.connect(self._on_io_report)
        window.close_requested.connect(self.close)
        documents = (self.files, self.exports, self.dense, self.dense_views, self.comparison, self.scores)
        for source in (self.refinement, *documents):
            source.failed.connect(self.show_failure)
        self.network.failed.connect(lambda failed: show_failure(self.checkpoints.messages, failed, self.network))
        self.comparison.compared.connect(self._on_compared)
        self.dense.warned.connect(partial(window.messages.show_message, "warning"))
        for hinting in (annotation, self.exports, self.dense, self.comparison, self.scores):
            hinting.hinted.connect(window.messages.show_hint)
        self._connect_canvas()
        self._connect_panels()
        self.files.image_changed.connect(self._on_image_changed)
        self.files.network_dropped.connect(self.network.load)
        self.files.reading_changed.connect(self._on_reading_changed)
        self.network.ready.connect(self._show_device)
        self.network.changed.connect(self._on_network_changed)
        self.network.failed.connect(self._show_device)
        self.network.loading_changed.connect(self._on_loading_changed)
        window.progress.cancelled.connect(self.network.cancel_loading)
        self.exports.exported.connect(self._on_exported)
        # At once, for the next key may be waiting already.
        for changed in (
            annotation.document_changed,
            self.dense.brush_changed,
            annotation.undo_stack.indexChanged,
            self.refinement.results_changed,
            self.exports.dirty_changed,
            self.view.view_changed,
            self.scores.changed,
        ):
            changed.connect(self._refresh)
        annotation.document_changed.connect(self._remember_config)
        # A slot of this object, which is gone before the stack: that is emptied, and says so, while the window ends.
        annotation.undo_stack.indexChanged.connect(self._on_edited)
        _application().styleHints().colorSchemeChanged.connect(self._on_desktop_scheme_changed)

    def _connect_canvas(self) -> None:
        canvas, annotation = self.window.canvas, self.annotation
        canvas.click_move_requested.connect(annotation.move_click)
        canvas.click_delete_requested.connect(annotation.delete_click)
        canvas.click_selected.connect(annotation.select_click)
        canvas.paths_dropped.connect(self.open_dropped)
        canvas.space_tapped.connect(self.finish_active)
        canvas.press_missed.connect(
            partial(self.window.messages.show_hint, "That is beside the image: nothing changed.")
        )

    def _connect_panels(self) -> None:
        window, annotation = self.window, self.annotation
        objects, clicks, refine, bar = window.objects_panel, window.clicks_panel, window.refine_panel, window.view_bar
        objects.activate_requested.connect(annotation.activate)
        objects.visibility_requested.connect(annotation.set_visible)
        objects.lock_requested.connect(annotation.set_locked)
        objects.rename_requested.connect(annotation.rename)
        objects.recolour_requested.connect(self.recolour)
        objects.delete_requested.connect(annotation.delete_object)
        clicks.change_requested.connect(annotation.replace_click)
        clicks.delete_requested.connect(annotation.delete_click)
        clicks.select_requested.connect(annotation.select_click)
        refine.config_requested.connect(annotation.set_config)
        refine.device_requested.connect(self.network.set_device)
        for panel in (refine, bar):
            panel.radius_requested.connect(self.view.set_radius)
        bar.threshold_requested.connect(annotation.set_threshold)
        bar.opacity_requested.connect(self.view.set_opacity)
        bar.view_mode_requested.connect(self.view.set_mode)

    def _restore(self) -> None:
        settings = self.settings.current
        self.window.restore_layout(base64.b64decode(settings.window_geometry), base64.b64decode(settings.window_layout))
        layers = tuple(
            DenseLayer.blank(task, settings.dense_refinement.get(task, RefinementSettings()).to_config())
            for task in LAYER_IDS
        )
        self.annotation.reset(DocumentState(config=settings.refinement.to_config(), layers=layers))
        self.view.set_opacity(settings.overlay_opacity)
        self.tasks.set_tool("click")
        self.window.canvas.set_empty_text("Open a photograph", "Drop an image or a folder here, or press Ctrl+O")
        self._refresh()

    # --- small decisions ---

    def open_dropped(self, paths: list[Path]) -> None:
        """Open what was dropped: an image, a folder, or a checkpoint."""
        images = self.files.without_networks([Path(path) for path in paths])
        if images:
            self.leave_image(lambda: self.files.open_several(images))

    def finish_active(self) -> None:
        """Finish the active object."""
        active = self.annotation.document.active
        if active is not None:
            self.annotation.finish(active.object_id)

    def end_comparison(self) -> None:
        """Compare with the automatic prediction again."""
        self.comparison.end()
        self.view.draw_layers()
        self._refresh()

    def recolour(self, object_id: int) -> None:
        """Ask for another colour of an object."""
        from app.controllers.commands import choose_colour

        item = self.annotation.document.get(object_id)
        choose_colour(self.window, item.colour, lambda colour: self.annotation.recolour(object_id, colour))

    def _post_to_io(self, request: Request) -> None:
        self._io_worker.post(request)
        self._io.wake()

    def _save_settings(self) -> None:
        geometry, layout = self.window.saved_layout()
        self.settings.update(
            window_geometry=base64.b64encode(geometry).decode(), window_layout=base64.b64encode(layout).decode()
        )
        try:
            self.settings.save()
        except OSError as error:
            _log.warning("settings could not be saved: %s", error)

    # --- slots ---

    def _on_engine_report(self, report: Report) -> None:
        self.network.receive(report)
        self.refinement.receive(report)

    def _on_io_report(self, report: Report) -> None:
        self.files.receive(report)
        self.dense.receive(report)
        self.comparison.receive(report)
        self.exports.receive(report)
        self.dense_views.receive(report)

    def _on_image_changed(self) -> None:
        self.refinement.set_image(self.files.image)
        self.annotation.reset(self.annotation.document.emptied())
        self.view.show_image()
        self.window.messages.hide()
        if self.files.note:
            self.window.messages.show_hint(f"{self.files.path}: {self.files.note}")
        self._refresh()

    def _on_reading_changed(self) -> None:
        if self.files.is_reading:
            self.window.status.showMessage("Opening…")
        else:
            self.window.status.clearMessage()

    def _on_network_changed(self, report: NetworkLoaded) -> None:
        self.refinement.set_network(report.sha256, report.task)
        self._show_device()
        self._refresh()

    def _on_loading_changed(self) -> None:
        progress = self.window.progress
        if self.network.is_loading:
            progress.show_progress(
                self.network.loading_text, self.network.loading_share, self.network.can_cancel_loading
            )
        else:
            progress.hide()
        self._refresh()

    def _show_device(self) -> None:
        if self.network.engine is not None:
            self.window.refine_panel.set_devices(self.network.engine.devices, self.network.device)

    def _on_compared(self, title: str, text: str) -> None:
        self.view.set_mode("difference")
        self.view.draw_layers()
        self.window.messages.show_message("info", title, text, stays=True)
        self._refresh()

    def _on_exported(self, report: Exported) -> None:
        paths = report.paths
        names = paths[0].name if len(paths) == 1 else f"{len(paths)} files"
        notes = (f"{note[:1].upper()}{note[1:]}." for note in report.notes)
        self.window.messages.show_hint(" ".join((f"Exported {names} to {paths[0].parent}.", *notes)))

    def _remember_config(self) -> None:
        document = self.annotation.document
        self.settings.update(
            refinement=RefinementSettings.from_config(document.config),
            dense_refinement={layer.task: RefinementSettings.from_config(layer.config) for layer in document.layers},
        )

    def _on_edited(self) -> None:
        self.tasks.forget_hints()

    def _on_desktop_scheme_changed(self) -> None:
        if self.settings.current.theme == "system":
            apply_theme(_application(), "system")
            self.paint_icons()

    def _refresh(self) -> None:
        """Bring title, enabled actions and check marks up to date."""
        from app.controllers.commands import show_state

        show_state(self)

    def conditions(self) -> frozenset[Condition]:
        """What holds right now, for the actions' `enabled_when`."""
        document, stack = self.annotation.document, self.annotation.undo_stack
        active = document.active
        current, image = document.current, self.files.image
        has_clicks = current is not None and bool(current.clicks)
        holds: dict[Condition, bool] = {
            "image": image is not None,
            "previous_image": self.files.images.neighbour(-1) is not None,
            "next_image": self.files.images.neighbour(1) is not None,
            "exportable": self.exports.is_possible,
            "undo": stack.canUndo(),
            "redo": stack.canRedo(),
            "object": active is not None,
            "objects": len(document.objects) > 1,
            "clicks": has_clicks,
            "editable_clicks": has_clicks and current is not None and current.is_editable,
            "finishable": active is not None and bool(active.clicks) and active.is_editable,
            "finished": active is not None and active.is_finished,
            "refining": self.refinement.is_active_busy,
            "engine": self.network.engine is not None,
            "classes": self.network.has_classes,
            "strokable": image is not None and self.dense.can_use("stroke"),
            "pushable": image is not None and self.dense.can_use("push"),
            "pickable": image is not None and self.dense.can_use("pick"),
            "predictable": image is not None and document.layer is not None and document.layer.is_predictable,
            "predicted": document.layer is not None and self.source.estimate is not None,
            "compared": document.task in self.source.references,
            "truth": image is not None and self.scores.has_truth,
            "maskable": image is not None and self.dense.can_make_trimap,
        }
        return frozenset(condition for condition, is_held in holds.items() if is_held)


def _application() -> QApplication:
    application = QApplication.instance()
    assert isinstance(application, QApplication), "the controller lives in a running application"
    return application
