"""How clicks correct the prediction: the methods that fit the network, in the refinement panel and in its menu."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAction, QActionGroup

from app.controllers.annotation import AnnotationController
from app.controllers.network import NetworkController
from app.main_window import MainWindow
from gbrs_core.config import GBRS, MethodName
from gbrs_core.method_catalog import METHODS, MethodDescription, methods_for


class MethodController(QObject):
    """Keeps the list of methods in step with the network, and menu and panel in step with the settings."""

    def __init__(self, window: MainWindow, annotation: AnnotationController, network: NetworkController) -> None:
        super().__init__(window)
        self._window = window
        self._annotation = annotation
        self._network = network
        self._group = QActionGroup(self)
        self._group.triggered.connect(self._on_chosen)
        self._listed: tuple[MethodDescription, ...] = ()
        self._show = QTimer(self, singleShot=True, interval=0)
        self._show.timeout.connect(self.show_methods)
        annotation.document_changed.connect(self._show.start)
        network.changed.connect(self._show.start)
        self.show_methods()

    @property
    def usable(self) -> tuple[MethodDescription, ...]:
        """The methods that fit the network of the task; while there is none, G-BRS and the one that was chosen."""
        network = self._network.network
        if network is not None:
            return methods_for(network.spec)
        return tuple(METHODS[name] for name in dict.fromkeys((GBRS, self._annotation.document.current_config.method)))

    def choose(self, name: MethodName) -> None:
        """Correct by another method; what is not finished is corrected again."""
        self._annotation.set_config(replace(self._annotation.document.current_config, method=name))

    def show_methods(self) -> None:
        """Bring panel and menu up to date."""
        network = self._network.network
        self._window.refine_panel.set_methods(self.usable)
        self._window.refine_panel.set_mirroring(gains=network is not None and network.spec.gains_from_mirror)
        if self.usable != self._listed:
            self._listed = self.usable
            self._fill_menu()
        chosen = self._annotation.document.current_config.method
        for action in self._group.actions():
            action.setChecked(action.data() == chosen)

    def _fill_menu(self) -> None:
        menu = self._window.method_menu
        menu.clear()
        for action in self._group.actions():
            self._group.removeAction(action)
        for method in self._listed:
            action = menu.addAction(method.title)
            action.setToolTip(method.tip)
            action.setCheckable(True)
            action.setData(method.name)
            self._group.addAction(action)

    def _on_chosen(self, action: QAction) -> None:
        self.choose(action.data())
