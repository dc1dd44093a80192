"""The strip above the canvas: attention radius, threshold, opacity and the way predictions are drawn."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QSlider,
    QToolButton,
    QWidget,
)

from app.action_table import icon_name
from app.actions import Actions
from app.theme import icon
from app.widgets.compact_row import CompactRow
from app.widgets.fields import FIELD_HEIGHT, guard_wheel
from app.widgets.objects_dock import flat_button

_STEPS = 100
_ARROW_WIDTH = 44
"""What a combo box needs besides its text, logical pixels."""


class ViewBar(CompactRow):
    """The strip.

    Signals:
        radius_requested(float): attention radius of the next click, image pixels.
        threshold_requested(float): probability in (0, 1), of the active object.
        opacity_requested(float): 0 to 1.
        view_mode_requested(str)
        hold_requested(str): "before", "image", or "none" when the button is released.
    """

    radius_requested = Signal(float)
    threshold_requested = Signal(float)
    opacity_requested = Signal(float)
    view_mode_requested = Signal(str)
    hold_requested = Signal(str)

    def __init__(self, actions: Actions) -> None:
        super().__init__()
        self.radius = QDoubleSpinBox()
        self.radius.setDecimals(0)
        self.radius.setRange(1, 100_000)
        self.radius.setSuffix(" px")
        self.radius.setFixedWidth(92)
        self.radius.setKeyboardTracking(False)
        self.radius.setToolTip(
            "Attention radius of the next click, or radius of the brush, in image pixels ([ and ], Shift+wheel)"
        )
        self.radius.setAccessibleName("Attention radius")
        self.threshold = _slider("Threshold", "From which probability a pixel belongs to the active object (T)")
        self.threshold.setRange(1, _STEPS - 1)
        self.opacity = _slider("Opacity", "Opacity of the prediction (, and .)")
        self.opacity.setRange(0, _STEPS)
        self._threshold_value = _value_label()
        self._opacity_value = _value_label()
        self.view_mode = QComboBox()
        self.view_mode.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.view_mode.setMinimumContentsLength(9)
        self.view_mode.setToolTip("How the prediction is drawn (O)")
        self.view_mode.setAccessibleName("View mode")
        for field in (self.radius, self.view_mode):
            guard_wheel(field)
            field.setMinimumHeight(FIELD_HEIGHT)
        self._icons = {name: QLabel() for name in ("mdi6.radius-outline", "mdi6.contrast-circle", "mdi6.opacity")}
        self._hold_buttons: dict[str, QToolButton] = {}
        self._threshold_widgets: tuple[QWidget, ...] = ()
        self._lay_out(actions)
        self._connect()

    def paint_icons(self, palette: QPalette) -> None:
        """Draw the icons in the colours of the theme."""
        for name, label in self._icons.items():
            label.setPixmap(icon(name, palette).pixmap(QSize(16, 16)))
        for action_id, button in self._hold_buttons.items():
            button.setIcon(icon(icon_name(action_id), palette))

    def show_radius(self, radius: float) -> None:
        """Show the attention radius of the next click."""
        with QSignalBlocker(self.radius):
            self.radius.setValue(radius)

    def show_threshold(self, threshold: float | None) -> None:
        """Show the threshold of the active object; None switches the slider off."""
        self.threshold.setEnabled(threshold is not None)
        with QSignalBlocker(self.threshold):
            self.threshold.setValue(round((threshold if threshold is not None else 0.5) * _STEPS))
        self._threshold_value.setText(f"{self.threshold.value() / _STEPS:.2f}")

    def show_opacity(self, opacity: float) -> None:
        """Show the opacity of the masks."""
        with QSignalBlocker(self.opacity):
            self.opacity.setValue(round(opacity * _STEPS))
        self._opacity_value.setText(f"{self.opacity.value()} %")

    def show_task(self, modes: tuple[tuple[str, str], ...], *, has_threshold: bool) -> None:
        """The ways to show a prediction: mode and title each; and whether a threshold means something."""
        with QSignalBlocker(self.view_mode):
            self.view_mode.clear()
            for mode, title in modes:
                self.view_mode.addItem(title, mode)
            longest = max(self.view_mode.fontMetrics().horizontalAdvance(title) for _, title in modes)
            self.view_mode.setMaximumWidth(longest + _ARROW_WIDTH)
            # Beside a threshold there is no room on a small screen for the longest title.
            self.view_mode.setMinimumWidth(0 if has_threshold else longest + _ARROW_WIDTH)
        for widget in self._threshold_widgets:
            widget.setVisible(has_threshold)

    def show_view_mode(self, mode: str) -> None:
        """Show how the masks are drawn."""
        with QSignalBlocker(self.view_mode):
            self.view_mode.setCurrentIndex(max(0, self.view_mode.findData(mode)))

    def _lay_out(self, actions: Actions) -> None:
        row = self._row
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(6)
        radius, threshold, opacity = self._icons.values()
        for label, text, fields in (
            (radius, "Radius", (self.radius,)),
            (threshold, "Threshold", (self.threshold, self._threshold_value)),
            (opacity, "Opacity", (self.opacity, self._opacity_value)),
        ):
            caption = QLabel(text)
            row.addWidget(label)
            row.addWidget(caption)
            self._may_drop(caption)
            if label is threshold:
                self._threshold_widgets = (label, caption, *fields)
            for field in fields:
                row.addWidget(field, 2 if isinstance(field, QSlider) else 0)
            row.addSpacing(8)
        row.addWidget(self.view_mode, 6)
        row.addStretch(1)
        row.addWidget(flat_button(actions, "overlay"))
        for action_id, hold in (("hold_before", "before"), ("hold_image", "image")):
            button = QToolButton()
            button.setIconSize(QSize(18, 18))
            button.setProperty("flat", True)
            button.setToolTip(actions[action_id].toolTip())
            button.setAccessibleName(actions[action_id].toolTip())
            button.pressed.connect(partial(self.hold_requested.emit, hold))
            button.released.connect(partial(self.hold_requested.emit, "none"))
            self._hold_buttons[action_id] = button
            row.addWidget(button)
        for button in self.findChildren(QToolButton):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def _connect(self) -> None:
        self.radius.valueChanged.connect(self.radius_requested)
        self.threshold.valueChanged.connect(self._on_threshold)
        self.opacity.valueChanged.connect(self._on_opacity)
        self.view_mode.currentIndexChanged.connect(self._on_view_mode)

    def _on_threshold(self, value: int) -> None:
        self._threshold_value.setText(f"{value / _STEPS:.2f}")
        self.threshold_requested.emit(value / _STEPS)

    def _on_opacity(self, value: int) -> None:
        self._opacity_value.setText(f"{value} %")
        self.opacity_requested.emit(value / _STEPS)

    def _on_view_mode(self) -> None:
        self.view_mode_requested.emit(self.view_mode.currentData())


def _slider(name: str, tip: str) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setMinimumWidth(48)
    slider.setMaximumWidth(120)
    slider.setPageStep(5)
    slider.setToolTip(tip)
    slider.setAccessibleName(name)
    guard_wheel(slider)
    return slider


def _value_label() -> QLabel:
    label = QLabel()
    label.setMinimumWidth(label.fontMetrics().horizontalAdvance("100 %"))
    return label
