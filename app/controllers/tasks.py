"""Which task is worked on, and with which tool: brings network, panels, views and gestures in line."""

from __future__ import annotations

from PySide6.QtCore import QObject

from app.controllers.annotation import AnnotationController
from app.controllers.dense import DenseController, Points
from app.controllers.network import NetworkController
from app.controllers.panels import PanelController
from app.controllers.refinement import RefinementController
from app.controllers.view import ViewController
from app.main_window import MainWindow
from gbrs_core.interaction import Mode
from gbrs_core.task_catalog import TASKS


class TaskController(QObject):
    """The task is part of the document, so that undo brings it back; this follows it."""

    def __init__(
        self,
        window: MainWindow,
        annotation: AnnotationController,
        refinement: RefinementController,
        network: NetworkController,
        dense: DenseController,
        view: ViewController,
        panels: PanelController,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._annotation = annotation
        self._refinement = refinement
        self._network = network
        self._dense = dense
        self._view = view
        self._panels = panels
        self._shown = ""
        annotation.document_changed.connect(self._follow)
        network.task_found.connect(self.set_task)
        network.changed.connect(self._show_network)
        network.ready.connect(self._show_defaults)
        canvas = window.canvas
        canvas.click_requested.connect(self._on_click_requested)
        canvas.painted.connect(self._on_painted)
        canvas.pick_requested.connect(dense.pick)
        canvas.push_held.connect(dense.hold_push)
        canvas.push_released.connect(dense.release_push)

    def set_task(self, task: str) -> None:
        """Work on another task; image, networks and everything that was made stay."""
        if task != self._annotation.document.task:
            self._annotation.show(self._annotation.document.switched(task))

    def set_tool(self, tool: str) -> None:
        """Use another tool, if the task has a use for it."""
        if self._dense.can_use(tool):
            self._view.set_tool(tool)
            self._panels.set_tool(tool)
            if tool == "trimap":
                self._view.set_mode("trimap")

    def _follow(self) -> None:
        """Show the task that the document is about; undo may have changed it."""
        task = self._annotation.document.task
        if task == self._shown:
            return
        self._shown = task
        self._window.messages.hide_hint()
        self._window.canvas.cancel_gesture()
        self._window.show_task(task)
        self._network.set_task(task)
        self._view.show_task(task)
        self.set_tool(self._view.tool if self._dense.can_use(self._view.tool) else "click")
        self._show_defaults()
        self._show_network()
        self._say_if_without_network(task)
        self._refinement.sync()

    def forget_hints(self) -> None:
        """What was said of the state before an edit is no longer true, but for a network that is still missing."""
        self._window.messages.hide_hint()
        self._say_if_without_network(self._annotation.document.task)

    def _say_if_without_network(self, task: str) -> None:
        if self._network.network is None and not self._network.has_default(task):
            self._window.messages.show_message(
                "warning",
                f"There is no network for {TASKS[task].title} yet",
                "None comes with this program. Load a checkpoint from the Model menu (Ctrl+M).",
            )

    def _show_network(self) -> None:
        network, status = self._network.network, self._window.status
        status.network.setText(network.title if network is not None else "no network")
        status.device.setText(network.device if network is not None else "")

    def _show_defaults(self) -> None:
        """Show the measured numbers of the task where a field of the refinement panel is left open."""
        engine, task = self._network.engine, self._annotation.document.task
        if engine is not None:
            numbers = {
                (layer, preset): found
                for (name, layer, preset, mode), found in engine.defaults.items()
                if name == task and mode is Mode.CLICK
            }
            self._window.refine_panel.set_defaults(numbers)

    def _on_click_requested(self, x: float, y: float, radius: float, is_positive: bool) -> None:
        if self._annotation.document.layer is None:
            self._annotation.add_click(x, y, radius, is_positive)
        else:
            self._dense.add_click(x, y, radius, is_positive)

    def _on_painted(self, points: Points, radius: float, is_secondary: bool) -> None:
        if self._view.tool == "trimap":
            self._dense.paint_trimap(points, radius, is_secondary)
        else:
            self._dense.add_stroke(points, radius, is_secondary)
