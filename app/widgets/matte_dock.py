"""The panel of image matting: alpha targets, and where the trimap comes from."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QHBoxLayout, QLabel, QSlider, QToolButton, QVBoxLayout, QWidget

from app.actions import Actions
from app.state.dense import DenseLayer
from app.view_modes import TRIMAP_VALUES
from app.widgets.fields import guard_wheel
from app.widgets.objects_dock import flat_button
from app.widgets.target_form import TargetForm
from gbrs_core.interaction import TargetSpec
from gbrs_core.task_catalog import TASKS

_WIDEST = 100
_DEFAULT_WIDTH = 10
_SOURCES = (("trimap_from_object", "From Object"), ("import_trimap", "Import…"), ("clear_trimap", "All Unknown"))
_SETTLE_MS = 120
"""The trimap is made again when a slider rests for so long."""


class MatteDock(QWidget):
    """The panel.

    Signals:
        target_requested(float target, bool is_secondary)
        push_step_requested(float)
        from_object_requested(float erode, float dilate): widths in image pixels.
    """

    target_requested = Signal(float, bool)
    push_step_requested = Signal(float)
    from_object_requested = Signal(float, float)

    def __init__(self, actions: Actions) -> None:
        super().__init__()
        self.form = TargetForm(TASKS["matting"].target_spec, "alpha")
        self.form.target_requested.connect(self.target_requested)
        self.form.push_step_requested.connect(self.push_step_requested)
        self.state = QLabel()
        self.state.setProperty("hint", True)
        self.state.setWordWrap(True)
        self.erode = _width("Unknown band inside of the object's edge")
        self.dilate = _width("Unknown band outside of the object's edge")
        self._widths = (QLabel(), QLabel())
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._settle.timeout.connect(self.request_from_object)
        self._is_from_object = False
        self._values = QButtonGroup(self)
        self._lay_out(actions)
        for slider in (self.erode, self.dilate):
            slider.valueChanged.connect(self._on_width)
        self._show_widths()

    def show_layer(self, layer: DenseLayer, targets: TargetSpec) -> None:
        """Show targets and what there is of a trimap."""
        self.form.show_targets(targets)
        self.form.show_layer(layer)
        self._is_from_object = self._is_from_object and layer.trimap is not None
        self.state.setText(
            "" if layer.trimap is not None else "No trimap yet. Make one from an object, import or paint it."
        )
        self.state.setVisible(layer.trimap is None)

    def request_from_object(self) -> None:
        """Ask for a trimap from the active object with the widths of the sliders."""
        self._is_from_object = True
        self.from_object_requested.emit(float(self.erode.value()), float(self.dilate.value()))

    def paint_icons(self, palette: QPalette) -> None:
        """The icons are those of actions."""

    def _lay_out(self, actions: Actions) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 0, 8, 8)
        column.setSpacing(6)
        column.addWidget(_caption("Alpha of a click"))
        column.addWidget(self.form)
        column.addWidget(_caption("Trimap"))
        column.addWidget(self.state)
        column.addLayout(self._brush_row(actions))
        grid = QGridLayout()
        for row, (text, slider, shown) in enumerate(
            zip(("Band inside", "Band outside"), (self.erode, self.dilate), self._widths, strict=True)
        ):
            grid.addWidget(QLabel(text), row, 0)
            grid.addWidget(slider, row, 1)
            grid.addWidget(shown, row, 2)
        grid.setColumnStretch(1, 1)
        column.addLayout(grid)
        buttons = QHBoxLayout()
        for action_id, text in _SOURCES:
            buttons.addWidget(_text_button(actions, action_id, text))
        buttons.addStretch()
        column.addLayout(buttons)
        column.addStretch()

    def _brush_row(self, actions: Actions) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(2)
        brush = flat_button(actions, "trimap_tool")
        brush.setIconSize(QSize(18, 18))
        row.addWidget(brush)
        for name, _ in TRIMAP_VALUES:
            row.addWidget(_text_button(actions, f"paint_{name}", name.capitalize()))
        row.addStretch()
        return row

    def _on_width(self) -> None:
        self._show_widths()
        if self._is_from_object:
            self._settle.start()

    def _show_widths(self) -> None:
        for slider, shown in zip((self.erode, self.dilate), self._widths, strict=True):
            shown.setText(f"{slider.value()} px")


def _width(tip: str) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(0, _WIDEST)
    slider.setValue(_DEFAULT_WIDTH)
    slider.setToolTip(tip)
    slider.setAccessibleName(tip)
    guard_wheel(slider)
    return slider


def _text_button(actions: Actions, action_id: str, text: str) -> QToolButton:
    """A button with fewer words than the menu has; the panel says what they are about."""
    # Of the action, not of the button: every change of the action sets the button's own text again.
    actions[action_id].setIconText(text)
    button = flat_button(actions, action_id)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
    return button


def _caption(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("caption", True)
    return label
