"""Starts the window: theme, log, last line of defence against errors, orderly end."""

from __future__ import annotations

import logging
import logging.handlers
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.controller import Controller
from app.main_window import MainWindow
from app.state.settings import APP_NAME, SettingsStore, log_folder
from app.theme import apply_theme
from app.worker import NetworkLoader
from resources import sample_path

LOG_BYTES = 1_000_000
LOG_FILES = 3

_log = logging.getLogger(__name__)


def run(paths: Sequence[Path | str], *, task: str, checkpoint: Path | str | None, device: str) -> int:
    """Open the window and work until it is closed.

    Args:
        paths: images to page through, or a folder; none opens the bundled sample photograph.
        task: registry name of the task to begin with.
        checkpoint: network to begin with, None for the embedded one.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".

    Returns:
        The exit status.
    """
    _start_log()
    application = QApplication(sys.argv[:1])
    controller = build(application)
    _show_unexpected_errors(controller)
    opened = [Path(path) for path in paths] or [sample_path()]
    network = Path(checkpoint) if checkpoint is not None else None
    # Not before the window is painted: both threads begin with slow imports that hold the interpreter.
    controller.window.first_painted.connect(
        lambda: QTimer.singleShot(0, controller, lambda: controller.start(opened, network, device, task))
    )
    # Nobody does this for windows where there is no window manager, or a careless one.
    controller.window.resize(controller.window.size().boundedTo(application.primaryScreen().availableSize()))
    controller.window.show()
    status = application.exec()
    controller.stop()
    return status


def build(
    application: QApplication, settings: SettingsStore | None = None, load_network: NetworkLoader | None = None
) -> Controller:
    """The window with everything behind it, not shown and no thread started yet."""
    application.setApplicationName(APP_NAME)
    application.setApplicationDisplayName("G-BRS Annotator")
    application.setStyle("Fusion")
    settings = settings or SettingsStore()
    apply_theme(application, settings.current.theme)
    window = MainWindow()
    return Controller(window, settings, load_network)


def _start_log() -> None:
    folder = log_folder()
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handlers.append(
            logging.handlers.RotatingFileHandler(
                folder / f"{APP_NAME}.log", maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8"
            )
        )
    except OSError as error:
        sys.stderr.write(f"no log file: {error}\n")
    for handler in handlers:
        handler.setFormatter(formatter)
        logging.getLogger().addHandler(handler)


def _show_unexpected_errors(controller: Controller) -> None:
    """Show an error nobody expected in the window instead of ending the program."""

    def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            controller.close_now()
            return
        details = "".join(traceback.format_exception(kind, error, trace))
        _log.error("unexpected error\n%s", details)
        reason = f"{error or kind.__name__}. Your annotation is still here; the details are in the log."
        controller.window.messages.show_message("error", "Something went wrong", reason, details)

    sys.excepthook = show
