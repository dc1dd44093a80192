"""What the classes of a network are called: offered to be named when they are only numbered, and named from a file."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from app.checkpoint_messages import ClassListForgotten, ClassListRead, ForgetClassList, ReadClassList
from app.controllers.network import NetworkController
from app.main_window import MainWindow
from app.messages import Failed, NetworkLoaded, Report, Request
from app.state.settings import SettingsStore
from app.widgets.message_bar import MessageAction

_FILTER = "Class lists and palettes (*.json *.txt *.csv *.tsv *.gpl *.png);;All files (*)"


class ClassListController(QObject):
    """Lets the user choose a class list for the network in use; it is remembered for the network's checkpoint."""

    def __init__(
        self,
        window: MainWindow,
        network: NetworkController,
        settings: SettingsStore,
        post: Callable[[Request], None],
        request_ids: count[int],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._network = network
        self._settings = settings
        self._post = post
        self._request_ids = request_ids
        self._request_id = self._forget_id = 0
        self._offered: set[str] = set()
        network.changed.connect(self._offer)

    def choose(self) -> None:
        """Ask for the file that names the classes of the network in use."""
        network = self._network.network
        if network is None or network.spec.class_count is None:
            return
        folder = self._settings.current.folders.get("class_list", "")
        chosen, _ = QFileDialog.getOpenFileName(
            self._window, f"Class List with {network.spec.class_count} Classes", folder, _FILTER
        )
        if chosen:
            path = Path(chosen)
            self._settings.current = self._settings.current.with_folder("class_list", path.parent)
            self._request_id = next(self._request_ids)
            self._post(ReadClassList(self._request_id, path, network.sha256, network.spec.class_names))

    def forget(self) -> None:
        """Name the classes of the network in use as its checkpoint does."""
        network = self._network.network
        if network is not None and network.spec.class_count is not None:
            self._forget_id = next(self._request_ids)
            self._post(ForgetClassList(self._forget_id, network.sha256))

    def receive(self, report: Report) -> None:
        """Take a report of the checkpoint thread about the list that was chosen or forgotten last."""
        if report.request_id == self._forget_id:
            self._on_forgotten(report)
        elif report.request_id == self._request_id:
            self._on_read(report)

    def _on_read(self, report: Report) -> None:
        if isinstance(report, ClassListRead):
            self._network.name_classes(report.sha256, report.names, report.colours)
            self._window.messages.hide()
            self._window.messages.show_hint(
                f"The {len(report.names)} classes are named as in {report.path.name}, whenever this checkpoint is used."
            )
        elif isinstance(report, Failed):
            again = MessageAction("Choose Another…", self.choose)
            self._window.messages.show_message("error", report.what, report.reason, report.details, actions=(again,))

    def _on_forgotten(self, report: Report) -> None:
        messages = self._window.messages
        if isinstance(report, Failed):
            messages.show_message("error", report.what, report.reason, report.details)
        elif isinstance(report, ClassListForgotten) and report.was_there:
            self._network.reload(report.sha256)
            messages.hide()
            messages.show_hint("The class list is forgotten; the classes are named as the checkpoint names them.")
        elif isinstance(report, ClassListForgotten):
            messages.show_hint("No class list was chosen for this checkpoint, so there is none to forget.")

    def _offer(self, report: NetworkLoaded) -> None:
        """Say once per network that its classes have no names."""
        if report.has_named_classes or report.sha256 in self._offered or report is not self._network.network:
            return
        self._offered.add(report.sha256)
        self._window.messages.show_message(
            "info",
            f"The {report.spec.class_count} classes of this network have no names",
            "They are numbered until you choose a class list: JSON, lines of text, a GIMP palette, or the config.json "
            "of Mapillary Vistas. It is remembered for this checkpoint.",
            actions=(MessageAction("Choose Class List…", self.choose),),
        )
