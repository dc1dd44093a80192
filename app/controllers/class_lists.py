"""What the classes of a network are called: offered to be named when they are only numbered, and named from a file."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from app.checkpoint_messages import ClassListRead, ReadClassList
from app.controllers.network import NetworkController
from app.main_window import MainWindow
from app.messages import Failed, NetworkLoaded, Report, Request
from app.state.settings import SettingsStore
from app.widgets.message_bar import MessageAction

_FILTER = "Class lists (*.json);;All files (*)"


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
        self._request_id = 0
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
            self._post(ReadClassList(self._request_id, path, network.sha256, network.spec.class_count))

    def receive(self, report: Report) -> None:
        """Take a report of the checkpoint thread about the list that was chosen last."""
        if report.request_id != self._request_id:
            return
        if isinstance(report, ClassListRead):
            self._network.name_classes(report.sha256, report.names, report.colours)
            self._window.messages.hide()
            self._window.messages.show_hint(
                f"The {len(report.names)} classes are named as in {report.path.name}, whenever this checkpoint is used."
            )
        elif isinstance(report, Failed):
            again = MessageAction("Choose Another…", self.choose)
            self._window.messages.show_message("error", report.what, report.reason, report.details, actions=(again,))

    def _offer(self, report: NetworkLoaded) -> None:
        """Say once per network that its classes have no names."""
        if report.has_named_classes or report.sha256 in self._offered or report is not self._network.network:
            return
        self._offered.add(report.sha256)
        self._window.messages.show_message(
            "info",
            f"The {report.spec.class_count} classes of this network have no names",
            "They are numbered until you choose a class list: a JSON list of names and colours, or the config.json of "
            "Mapillary Vistas. It is remembered for this checkpoint.",
            actions=(MessageAction("Choose Class List…", self.choose),),
        )
