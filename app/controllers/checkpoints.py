"""The checkpoint manager: looks for checkpoints in the background, loads, converts and shows them."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from app.checkpoint_messages import (
    CheckpointConverted,
    CheckpointFound,
    CheckpointProgress,
    ConvertCheckpoint,
    EstimateMemory,
    ListPublished,
    MemoryEstimated,
    PublishedListed,
    ScanEnded,
    ScanFolder,
    WorkCancelled,
)
from app.checkpoint_worker import CheckpointWorker
from app.controllers.class_lists import ClassListController
from app.controllers.network import NetworkController
from app.main_window import MainWindow
from app.messages import Failed, NetworkLoaded, Report, Request
from app.reveal import reveal
from app.state.checkpoints import CheckpointRow, found_text, rows
from app.state.settings import SettingsStore
from app.threads import WorkerThread
from app.widgets.checkpoint_manager import CheckpointManager
from app.widgets.message_bar import MessageBar

if TYPE_CHECKING:
    from models.published import PublishedCheckpoint
    from models.scan import FoundCheckpoint

_UPDATE_MS = 150
"""Between two updates of the table while files are found."""


class CheckpointController(QObject):
    """Owns the dialog and the checkpoint thread, which starts when it is first needed; and the class lists."""

    def __init__(
        self, window: MainWindow, network: NetworkController, settings: SettingsStore, request_ids: count[int]
    ) -> None:
        super().__init__(window)
        self._window = window
        self._network = network
        self._settings = settings
        self._request_ids = request_ids
        self._worker = CheckpointWorker()
        self._thread = WorkerThread(self._worker, "checkpoints")
        self._worker.reported.connect(self._on_report)
        self.class_lists = ClassListController(window, network, settings, self._post, request_ids)
        self.dialog: CheckpointManager | None = None
        self._published: tuple[PublishedCheckpoint, ...] = ()
        self._tasks: dict[str, str] = {}
        self._found: dict[Path, FoundCheckpoint] = {}
        self._seen: set[Path] = set()
        self._jobs: dict[int, str] = {}
        self._estimate_id = 0
        self._loading = ""
        self._update = QTimer(self, singleShot=True, interval=_UPDATE_MS)
        self._update.timeout.connect(self._show_rows)
        network.changed.connect(self._on_network_changed)
        network.loading_changed.connect(self._on_loading_changed)

    @property
    def folder(self) -> Path | None:
        """The folder that is searched, None while none was chosen."""
        folder = self._settings.current.folders.get("checkpoints", "")
        return Path(folder) if folder else None

    @property
    def is_busy(self) -> bool:
        """Whether a folder is being searched or a checkpoint converted."""
        return bool(self._jobs)

    @property
    def messages(self) -> MessageBar:
        """Where to say something about networks: in the dialog while it is open, else in the window."""
        is_open = self.dialog is not None and self.dialog.isVisible()
        return self.dialog.messages if self.dialog is not None and is_open else self._window.messages

    def open(self) -> None:
        """Show the dialog, and look what is in the folder now."""
        if self.dialog is None:
            self.dialog = self._new_dialog()
            self._post(ListPublished(next(self._request_ids)))
        if self.dialog.isHidden():
            self.dialog.show()
            self.scan()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def paint_icons(self) -> None:
        """Draw the icons in the colours of the theme."""
        if self.dialog is not None:
            self.dialog.paint_icons(QGuiApplication.palette())

    def stop(self) -> None:
        """Cancel what runs and end the thread."""
        self._thread.stop()

    # --- looking ---

    def set_folder(self, folder: Path) -> None:
        """Search another folder, from now on."""
        self._settings.current = self._settings.current.with_folder("checkpoints", folder)
        self._found.clear()
        self._show_rows()
        self.scan()

    def scan(self) -> None:
        """Search the folder; what was found before stays until it is known to be gone."""
        folder = self.folder
        if self.dialog is None or folder is None:
            return
        self.dialog.show_folder(folder)
        self._forget_jobs(self._worker.cancel((ScanFolder,)))
        self._seen.clear()
        self._begin(ScanFolder(next(self._request_ids), folder), "Searching")

    def cancel(self) -> None:
        """Stop what the dialog shows the progress of."""
        if self._network.is_loading:
            self._network.cancel_loading()
        else:
            self._forget_jobs(self._worker.cancel())

    # --- doing ---

    def load(self, path: Path) -> None:
        """Refine with a checkpoint."""
        self.messages.hide()
        self._loading = str(path)
        self._network.load(self._loading)

    def ask_and_convert(self, path: Path, proposed: Path) -> None:
        """Ask for a file, and write a checkpoint there as safetensors."""
        chosen, _ = QFileDialog.getSaveFileName(
            self.dialog, "Convert to safetensors", str(proposed), "safetensors (*.safetensors)"
        )
        if chosen:
            self.messages.hide()
            target = Path(chosen)
            if target.suffix.lower() != ".safetensors":
                target = target.with_name(f"{target.name}.safetensors")
                if target.exists():
                    # The question whether to replace it was about the name without the ending.
                    reason = f"{target} exists already. Choose another name."
                    self.messages.show_message("error", "The checkpoint was not converted", reason)
                    return
            self._begin(ConvertCheckpoint(next(self._request_ids), path, target), f"Converting {path.name}")

    # --- reports ---

    def _on_report(self, report: Report) -> None:
        self.class_lists.receive(report)
        if self.dialog is None:
            return
        if isinstance(report, PublishedListed):
            self._published, self._tasks = report.published, dict(report.tasks)
            self._show_rows()
        elif isinstance(report, MemoryEstimated) and report.request_id == self._estimate_id:
            self.dialog.show_memory(report)
        elif report.request_id in self._jobs:
            self._on_job_report(report, self.dialog)

    def _on_job_report(self, report: Report, dialog: CheckpointManager) -> None:
        if isinstance(report, CheckpointFound):
            self._take(report.found)
            return
        if isinstance(report, CheckpointProgress):
            if not self._network.is_loading:
                dialog.show_progress(f"{self._jobs[report.request_id]}: {report.text}", report.share)
            return
        del self._jobs[report.request_id]
        if isinstance(report, ScanEnded):
            self._on_scan_ended(report, dialog)
        elif isinstance(report, CheckpointConverted):
            self._take(report.found)
            self._show_rows()
            dialog.select_file(report.found.path)
            dialog.show_status(f"Written as {report.found.path}.")
        elif isinstance(report, WorkCancelled):
            dialog.show_status("The conversion was cancelled; nothing was written.")
        elif isinstance(report, Failed):
            dialog.show_status("")
            dialog.messages.show_message("error", report.what, report.reason, report.details)

    def _on_scan_ended(self, report: ScanEnded, dialog: CheckpointManager) -> None:
        if report.is_complete:
            self._found = {path: found for path, found in self._found.items() if path in self._seen}
        self._show_rows()
        text = found_text(self._found.values())
        dialog.show_status(text if report.is_complete else f"Stopped. {text}", is_warning=not report.is_complete)

    def _on_network_changed(self, report: NetworkLoaded) -> None:
        if self.dialog is None:
            return
        self._show_rows()
        if self._loading == report.source:
            self._loading = ""
            names = (
                "" if report.has_named_classes else " Its classes are numbered: Class > Choose Class List names them."
            )
            self.dialog.show_status(f"{report.title} is in use.{names}")

    def _on_loading_changed(self) -> None:
        if self.dialog is None:
            return
        if self._network.is_loading:
            self.dialog.show_progress(self._network.loading_text, self._network.loading_share)
        elif not self._jobs:
            self.dialog.show_status("")

    # --- plumbing ---

    def _new_dialog(self) -> CheckpointManager:
        dialog = CheckpointManager(self._window)
        dialog.folder_chosen.connect(self.set_folder)
        dialog.scan_requested.connect(self.scan)
        dialog.cancel_requested.connect(self.cancel)
        dialog.selected.connect(self._on_selected)
        dialog.load_requested.connect(self.load)
        dialog.convert_requested.connect(self.ask_and_convert)
        dialog.reveal_requested.connect(reveal)
        dialog.copy_requested.connect(self._copy)
        dialog.show_folder(self.folder)
        dialog.paint_icons(QGuiApplication.palette())
        return dialog

    def _begin(self, request: Request, text: str) -> None:
        self._jobs[request.request_id] = text
        if self.dialog is not None:
            self.dialog.show_progress(text, None)
        self._post(request)

    def _forget_jobs(self, request_ids: frozenset[int]) -> None:
        for request_id in request_ids:
            self._jobs.pop(request_id, None)
        if not self._jobs and request_ids and self.dialog is not None:
            self.dialog.show_status("Cancelled.")

    def _take(self, found: FoundCheckpoint) -> None:
        self._found[found.path] = found
        self._seen.add(found.path)
        if not self._update.isActive():
            self._update.start()

    def _show_rows(self) -> None:
        if self.dialog is not None:
            in_use = frozenset(network.sha256 for network in self._network.networks.values())
            self.dialog.show_rows(rows(self._published, self._found.values(), self._tasks, in_use))

    def _on_selected(self, row: CheckpointRow | None) -> None:
        """Estimate the memory of a network that could be loaded."""
        if self.dialog is None or row is None or row.found is None or not row.can_load:
            return
        self._estimate_id = next(self._request_ids)
        self.dialog.details.show_estimating()
        self._post(EstimateMemory(self._estimate_id, row.found.architecture, self._network.device))

    def _copy(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        if self.dialog is not None and not self._jobs and not self._network.is_loading:
            self.dialog.show_status("The SHA-256 is on the clipboard.")

    def _post(self, request: Request) -> None:
        self._worker.post(request)
        if not self._thread.is_running:
            self._thread.start()
        self._thread.wake()
