"""Brings the scores to the window: their thread, their panel, the ring of a suggestion, and what their actions do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QFileDialog

from app.controllers.annotation import AnnotationController
from app.controllers.dense import DenseController
from app.controllers.files import FileController
from app.controllers.network import NetworkController
from app.controllers.refinement import RefinementController
from app.controllers.score import ScoreController
from app.controllers.simulation import SimulatedAnnotator
from app.main_window import MainWindow
from app.messages import Report, Request
from app.score_messages import PlaceSuggested, TruthRead
from app.score_worker import ScoreWorker
from app.threads import WorkerThread
from app.widgets.suggestion_ring import SuggestionRing

_TRUTH_FILTER = "Masks and maps (*.png *.tif *.tiff *.npy);;All files (*)"


class ScorePanelController(QObject):
    """The thread is started when there is something to do for it.

    Signals:
        failed(Failed): something asked for here could not be done.
        hinted(str): why nothing was done, or what was done.
        changed(): what can be done here differs.
    """

    failed = Signal(object)
    hinted = Signal(str)
    changed = Signal()

    def __init__(
        self,
        window: MainWindow,
        annotation: AnnotationController,
        refinement: RefinementController,
        network: NetworkController,
        files: FileController,
        dense: DenseController,
        request_ids: count[int],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._files = files
        self._worker = ScoreWorker()
        self._thread = WorkerThread(self._worker, "scores")
        self.score = ScoreController(annotation, refinement, network, files, self._post, request_ids, self)
        self.annotator = SimulatedAnnotator(
            self.score, annotation, refinement, dense, files, self._post, request_ids
        )  # fmt: skip
        self._ring = SuggestionRing(window.canvas)
        self._show = QTimer(self, singleShot=True, interval=0)
        self._show.timeout.connect(self._show_scores)
        self._worker.reported.connect(self._on_report)
        for source in (self.score, self.annotator):
            source.failed.connect(self.failed)
            source.hinted.connect(self.hinted)
            source.changed.connect(self._show.start)
        self.score.loaded.connect(self._on_loaded)
        window.score_panel.clicker_chosen.connect(self._set_clicker)
        self.annotator.told.connect(partial(window.messages.show_message, "info"))
        self.annotator.suggested.connect(self._on_suggested)
        self.annotator.suggestion_over.connect(self._ring.clear)
        files.image_changed.connect(self._ring.clear)

    @property
    def suggestion(self) -> tuple[float, float] | None:
        """The place that is suggested, (x, y) in image pixels."""
        return self._ring.place

    @property
    def has_truth(self) -> bool:
        """Whether the ground truth of the task is loaded."""
        return self.score.truth is not None

    def commands(self) -> Mapping[str, Callable[[], object]]:
        """What the actions do."""
        return {
            "load_truth": self._ask_for_truth,
            "forget_truth": self.score.forget,
            "click_once": self.annotator.click_once,
            "click_to_end": self._run_or_stop,
            "suggest_click": self.annotator.suggest,
            "export_curve": self._ask_for_csv,
        }

    def load(self, path: Path) -> None:
        """Read the ground truth and show the panel."""
        self._window.show_panel(self._window.score_panel)
        self.score.load(path)

    def cancel(self) -> bool:
        """End the simulated annotator, or remove a suggestion. Returns whether there was anything to end."""
        return self.annotator.stop() or self._ring.clear()

    def stop(self) -> None:
        """End the thread."""
        self._thread.stop()

    # --- plumbing ---

    def _post(self, request: Request) -> None:
        self._worker.post(request)
        if self._thread.is_running:
            self._thread.wake()
        else:
            self._thread.start()

    def _set_clicker(self, clicker: str) -> None:
        self.annotator.clicker = clicker

    def _run_or_stop(self) -> None:
        if not self.annotator.stop():
            self.annotator.click_to_end()

    def _show_scores(self) -> None:
        self._window.score_panel.show_curve(
            self.score.curve, is_reading=self.score.is_reading, is_clicking=self.annotator.is_running
        )
        self.changed.emit()

    def _ask_for_truth(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self._window, "Load Ground Truth", self._folder(), _TRUTH_FILTER)
        if path:
            self.load(Path(path))

    def _ask_for_csv(self) -> None:
        name = f"{self._files.path.stem}_scores.csv" if self._files.path is not None else "scores.csv"
        start = str(Path(self._folder()) / name)
        path, _ = QFileDialog.getSaveFileName(self._window, "Export Curve", start, "CSV (*.csv)")
        if path:
            self.score.save_curve(Path(path))

    def _folder(self) -> str:
        return str(self._files.path.parent) if self._files.path is not None else ""

    # --- slots ---

    def _on_report(self, report: Report) -> None:
        self.score.receive(report)
        self.annotator.receive(report)

    def _on_loaded(self, report: TruthRead) -> None:
        if report.notes:
            text = ". ".join(f"{note[0].upper()}{note[1:]}" for note in report.notes)
            self._window.messages.show_message("info", f"Ground truth: {report.path.name}", text)

    def _on_suggested(self, report: PlaceSuggested) -> None:
        if report.place is not None:
            self._ring.show_place(report.place, report.radius, f"unsure {report.uncertainty * 100:.0f} %")
