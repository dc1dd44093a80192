"""Input fields that behave in docks: the wheel scrolls past them unless they have the keyboard."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QSlider, QSpinBox, QWidget

FIELD_HEIGHT = 26
"""Logical pixels; combo boxes and spin boxes would differ otherwise."""

Field = QComboBox | QDoubleSpinBox | QSlider | QSpinBox


class _WheelGuard(QObject):
    """Lets a wheel event through only to a widget that has the keyboard."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ignore the wheel over a field without focus, so that the panel scrolls and no value changes by accident."""
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


def guard_wheel(field: QWidget) -> None:
    """Keep the wheel from changing a field that was not clicked or tabbed into."""
    field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    field.installEventFilter(_WheelGuard(field))


class OptionalSpinBox(QSpinBox):
    """A whole number that may be left to the default; its least value stands for that."""

    def __init__(self, minimum: int, maximum: int) -> None:
        super().__init__()
        self.setRange(minimum - 1, maximum)
        self.setKeyboardTracking(False)
        guard_wheel(self)

    def set_default_text(self, text: str) -> None:
        """What is shown while the default is taken."""
        self.setSpecialValueText(text)

    def optional_value(self) -> int | None:
        """The number, None for the default."""
        return None if self.value() == self.minimum() else self.value()

    def set_optional_value(self, value: int | None) -> None:
        """Show a number, or the default for None, without telling anybody."""
        self.blockSignals(True)
        self.setValue(self.minimum() if value is None else value)
        self.blockSignals(False)


class OptionalDoubleSpinBox(QDoubleSpinBox):
    """A number of at least 0 that may be left to the default; below 0 stands for that."""

    def __init__(self, maximum: float, decimals: int) -> None:
        super().__init__()
        self.setDecimals(decimals)
        self.setRange(-(10.0**-decimals), maximum)
        self.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        self.setKeyboardTracking(False)
        guard_wheel(self)

    def set_default_text(self, text: str) -> None:
        """What is shown while the default is taken."""
        self.setSpecialValueText(text)

    def optional_value(self) -> float | None:
        """The number, None for the default."""
        return None if self.value() < 0 else self.value()

    def set_optional_value(self, value: float | None) -> None:
        """Show a number, or the default for None, without telling anybody."""
        self.blockSignals(True)
        self.setValue(self.minimum() if value is None else value)
        self.blockSignals(False)
