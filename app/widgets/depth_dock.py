"""The panel of depth estimation: depth targets, "same as there", ratios."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.actions import Actions
from app.state.dense import DenseLayer
from app.widgets.objects_dock import flat_button
from app.widgets.target_form import TargetForm
from gbrs_core.interaction import TargetSpec
from gbrs_core.task_catalog import TASKS


class DepthDock(QWidget):
    """The panel.

    Signals:
        target_requested(float metres, bool is_secondary)
        push_step_requested(float metres)
    """

    target_requested = Signal(float, bool)
    push_step_requested = Signal(float)

    def __init__(self, actions: Actions) -> None:
        super().__init__()
        self.form = TargetForm(TASKS["depth"].target_spec, "depth")
        self.form.target_requested.connect(self.target_requested)
        self.form.push_step_requested.connect(self.push_step_requested)
        self.range = QLabel()
        self.range.setProperty("hint", True)
        self.range.setWordWrap(True)
        buttons = QHBoxLayout()
        for action_id in ("pick_tool", "half_as_far", "twice_as_far", "swap_targets"):
            button = flat_button(actions, action_id)
            if action_id in ("half_as_far", "twice_as_far"):
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            buttons.addWidget(button)
        buttons.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 0, 8, 8)
        column.setSpacing(6)
        column.addWidget(self.form)
        column.addLayout(buttons)
        column.addWidget(self.range)
        column.addStretch()

    def show_layer(self, layer: DenseLayer, targets: TargetSpec) -> None:
        """Show targets and the range that the network has."""
        self.form.show_targets(targets)
        self.form.show_layer(layer)
        self.range.setText(f"Depths in metres; {targets.range_text}.")

    def focus_secondary(self) -> None:
        """Ask for the depth of the right button."""
        self.form.values[1].setFocus(Qt.FocusReason.OtherFocusReason)
        self.form.values[1].selectAll()

    def paint_icons(self, palette: QPalette) -> None:
        """The icons are those of actions."""
