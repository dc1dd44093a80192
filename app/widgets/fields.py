"""Input fields that behave in docks: the wheel scrolls past them unless they have the keyboard."""

from __future__ import annotations

import re

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QSlider, QSpinBox, QWidget

FIELD_HEIGHT = 26
"""Logical pixels; combo boxes and spin boxes would differ otherwise."""

_NUMBER = re.compile(r"[-+]?\d*\.?\d{0,3}")

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


def bare_text(field: QDoubleSpinBox | QSpinBox, text: str) -> str:
    """What was typed into a field, without its prefix and its unit."""
    return text.removeprefix(field.prefix()).removesuffix(field.suffix()).strip()


class TargetSpinBox(QDoubleSpinBox):
    """A number in a range of which a typed number beyond is told; Qt would swallow digits until it is within.

    Signals:
        refused(float): a number out of the range was typed; the one before stays.
    """

    refused = Signal(float)

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Let any number be typed; whether it is within the range is seen when it is entered."""
        # A comma is a decimal one: as a sign between thousands, 3,5 would be 35.
        text = text.replace(",", ".")
        found = super().validate(text, position)
        is_number = bool(_NUMBER.fullmatch(bare_text(self, text)))
        invalid = QValidator.State.Invalid
        return (QValidator.State.Intermediate, text, position) if is_number and found[0] == invalid else found

    def fixup(self, text: str) -> str:
        """A number that was entered is not within the range."""
        number, is_number = self.locale().toDouble(bare_text(self, text))
        if is_number and not self.minimum() <= number <= self.maximum():
            self.refused.emit(number)
        return super().fixup(text)


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

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """An emptied field is left to the default."""
        is_empty = not bare_text(self, text)
        return (QValidator.State.Acceptable, text, position) if is_empty else super().validate(text, position)

    def valueFromText(self, text: str) -> int:
        """The number; the one that stands for the default if there is none."""
        return super().valueFromText(text) if bare_text(self, text) else self.minimum()

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

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """An emptied field is left to the default."""
        is_empty = not bare_text(self, text)
        return (QValidator.State.Acceptable, text, position) if is_empty else super().validate(text, position)

    def valueFromText(self, text: str) -> float:
        """The number; the one that stands for the default if there is none."""
        return super().valueFromText(text) if bare_text(self, text) else self.minimum()

    def optional_value(self) -> float | None:
        """The number, None for the default."""
        return None if self.value() < 0 else self.value()

    def set_optional_value(self, value: float | None) -> None:
        """Show a number, or the default for None, without telling anybody."""
        self.blockSignals(True)
        self.setValue(self.minimum() if value is None else value)
        self.blockSignals(False)
