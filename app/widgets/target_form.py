"""What both mouse buttons make of pixels where targets are numbers: value and slider each, and the push step."""

from __future__ import annotations

import math

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QFormLayout, QHBoxLayout, QLabel, QSizePolicy, QSlider, QWidget

from app.state.dense import DenseLayer
from app.widgets.fields import FIELD_HEIGHT, TargetSpinBox, guard_wheel
from gbrs_core.interaction import TargetSpec

_STEPS = 400
_LARGEST = 1000.0
"""The end of a range without one."""
_LARGEST_ON_SLIDER = 80.0


class TargetForm(QWidget):
    """The fields.

    Signals:
        target_requested(float target, bool is_secondary)
        push_step_requested(float)
    """

    target_requested = Signal(float, bool)
    push_step_requested = Signal(float)

    def __init__(self, targets: TargetSpec, what: str) -> None:
        super().__init__()
        self._targets = targets
        self.values = (self._value("Left button", what), self._value("Right button", what))
        self.sliders = (self._slider("Left button"), self._slider("Right button"))
        self.values[1].setSpecialValueText("not set")
        self.push_step = QDoubleSpinBox()
        self.push_step.setDecimals(3)
        self.push_step.setRange(0.001, _LARGEST)
        self.push_step.setSingleStep(0.05)
        self.push_step.setKeyboardTracking(False)
        self.push_step.setMinimumHeight(FIELD_HEIGHT)
        self.push_step.setToolTip(f"By how much one push (P) raises or lowers the {what}")
        self.push_step.setAccessibleName("Push step")
        if targets.unit:
            self.push_step.setSuffix(f" {targets.unit}")
        guard_wheel(self.push_step)
        self._lay_out()
        self._connect()
        self.show_targets(targets)

    def show_layer(self, layer: DenseLayer) -> None:
        """Show the targets of a layer without telling anybody."""
        for index, target in enumerate((layer.primary, layer.secondary)):
            with QSignalBlocker(self.values[index]), QSignalBlocker(self.sliders[index]):
                value = self.values[index]
                value.setValue(value.minimum() if target is None else target)
                self.sliders[index].setValue(self._step_of(target if target is not None else self._targets.minimum))
        with QSignalBlocker(self.push_step):
            self.push_step.setValue(layer.push_step)

    def show_targets(self, targets: TargetSpec) -> None:
        """The range that the network has."""
        self._targets = targets
        maximum = min(targets.maximum, _LARGEST)
        for index, value in enumerate(self.values):
            with QSignalBlocker(value):
                # One step below the range stands for "not set"; only the right button may have no target.
                below = 10.0 ** -value.decimals() if index == 1 else 0.0
                value.setRange(targets.minimum - below, maximum)

    def _value(self, name: str, what: str) -> TargetSpinBox:
        value = TargetSpinBox()
        value.setDecimals(3)
        value.setSingleStep(0.05 if math.isfinite(self._targets.maximum) else 0.1)
        value.setKeyboardTracking(False)
        value.setMinimumSize(92, FIELD_HEIGHT)
        value.setToolTip(f"The {what} that a click with the {name.lower()} gives")
        value.setAccessibleName(f"{name} target")
        if self._targets.unit:
            value.setSuffix(f" {self._targets.unit}")
        guard_wheel(value)
        return value

    def _slider(self, name: str) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, _STEPS)
        slider.setAccessibleName(f"{name} target")
        guard_wheel(slider)
        return slider

    def _lay_out(self) -> None:
        # Its rows are not squeezed where panels are short of height.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setVerticalSpacing(5)
        for text, value, slider in zip(("&Left", "Ri&ght"), self.values, self.sliders, strict=True):
            row = QHBoxLayout()
            row.addWidget(slider, 1)
            row.addWidget(value)
            label = QLabel(text)
            label.setBuddy(value)
            form.addRow(label, row)
        form.addRow("Pu&sh step", self.push_step)

    def _connect(self) -> None:
        for index in (0, 1):
            self.values[index].valueChanged.connect(lambda value, index=index: self._on_value(value, index))
            # Asked for all the same: who takes targets says why this one is not taken.
            self.values[index].refused.connect(
                lambda target, index=index: self.target_requested.emit(target, index == 1)
            )
            self.sliders[index].valueChanged.connect(lambda step, index=index: self._on_slider(step, index))
        self.push_step.valueChanged.connect(self.push_step_requested)

    def _on_value(self, value: float, index: int) -> None:
        if value >= self._targets.minimum:
            self.target_requested.emit(value, index == 1)

    def _on_slider(self, step: int, index: int) -> None:
        self.target_requested.emit(self._value_of(step), index == 1)

    @property
    def _is_logarithmic(self) -> bool:
        """Equal steps are equal ratios where the range has no zero in it: depths."""
        return self._targets.minimum > 0

    def _value_of(self, step: int) -> float:
        least, most = self._targets.minimum, min(self._targets.maximum, _LARGEST_ON_SLIDER)
        share = step / _STEPS
        if not self._is_logarithmic:
            return round(least + (most - least) * share, 3)
        return min(max(float(f"{least * (most / least) ** share:.3g}"), least), most)

    def _step_of(self, value: float) -> int:
        least, most = self._targets.minimum, min(self._targets.maximum, _LARGEST_ON_SLIDER)
        if not self._is_logarithmic:
            return round(_STEPS * (value - least) / (most - least))
        return round(_STEPS * math.log(max(value, least) / least) / math.log(most / least))
