"""Reports of `main.py evaluate` in the system's browser: the one that comes with the program, and earlier ones."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from app.main_window import MainWindow
from app.state.settings import SettingsStore
from resources import sample_report_path

_FILTER = "Reports (*.html);;All files (*)"
_FAILED = "The report could not be opened"


def open_sample(window: MainWindow) -> None:
    """Open the report about the sample photographs."""
    open_report(window, sample_report_path())


def choose_report(window: MainWindow, settings: SettingsStore) -> None:
    """Ask for a report and open it."""
    folder = settings.current.folders.get("report", "")
    path, _ = QFileDialog.getOpenFileName(window, "Open Evaluation Report", folder, _FILTER)
    if path:
        settings.current = settings.current.with_folder("report", Path(path).parent)
        open_report(window, Path(path))


def open_report(window: MainWindow, path: Path) -> None:
    """Hand a report to the browser; the window says so where that fails."""
    if not path.is_file():
        window.messages.show_message("error", _FAILED, f"There is no file {path}.")
    elif not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
        reason = f"This desktop has no program for it. Open it in a web browser: {path}"
        window.messages.show_message("error", _FAILED, reason)
