"""The panel of the cross-section: its plot, drawing the line, saving the values."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QPalette, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from app.theme import icon
from app.widgets.profile_plot import ProfilePlot


class SectionDock(QWidget):
    """The panel.

    Signals:
        drawing_toggled(bool): lines are to be drawn on the canvas, or not any more.
        save_requested(): the values are to be saved.
        cleared(): the line is to go.
        shown_changed(bool): the panel is seen, or not any more.
    """

    drawing_toggled = Signal(bool)
    save_requested = Signal()
    cleared = Signal()
    shown_changed = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.plot = ProfilePlot()
        self.draw = _button("Draw Line", "Draw a line across the image with the left button", is_checkable=True)
        self.clear = _button("Clear", "Remove the line")
        self.save = _button("Save CSV…", "Save the values along the line")
        self._icons = {
            self.draw: "mdi6.vector-line", self.clear: "mdi6.close", self.save: "mdi6.content-save-outline",
        }  # fmt: skip
        buttons = QHBoxLayout()
        for button in self._icons:
            buttons.addWidget(button)
        buttons.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 0, 8, 8)
        column.setSpacing(6)
        column.addLayout(buttons)
        column.addWidget(self.plot, 1)
        self.draw.toggled.connect(self.drawing_toggled)
        self.clear.clicked.connect(self.cleared)
        self.save.clicked.connect(self.save_requested)
        self.show_has_line(False)

    def show_has_line(self, has_line: bool) -> None:
        """Whether there is something to clear and to save."""
        self.clear.setEnabled(has_line)
        self.save.setEnabled(has_line)

    def paint_icons(self, palette: QPalette) -> None:
        """Draw the icons in the colours of the theme."""
        for button, name in self._icons.items():
            button.setIcon(icon(name, palette))

    def showEvent(self, event: QShowEvent) -> None:
        """The panel is seen."""
        super().showEvent(event)
        self.shown_changed.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """The panel is closed, or behind another one: no more lines are drawn."""
        super().hideEvent(event)
        self.draw.setChecked(False)
        self.shown_changed.emit(False)


def _button(text: str, tip: str, *, is_checkable: bool = False) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setAccessibleName(text)
    button.setCheckable(is_checkable)
    button.setProperty("option", True)
    button.setIconSize(QSize(16, 16))
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    return button
