"""What the strips of view options have in common."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QToolButton, QWidget

from app.rendering.options import ViewOptions
from app.theme import icon
from app.widgets.compact_row import CompactRow
from app.widgets.fields import FIELD_HEIGHT, guard_wheel


class ViewOptionsBar(CompactRow):
    """A strip of fields; it holds nothing but what they show.

    Signals:
        options_changed(ViewOptions): something else was chosen; a new frozen value of the strip's kind.
        view_mode_requested(str): a view mode was switched on by its button, or the first one by switching it off.
    """

    options_changed = Signal(object)
    view_mode_requested = Signal(str)

    def __init__(self, options: ViewOptions, first_mode: str) -> None:
        super().__init__()
        self._options = options
        self._first_mode = first_mode
        self._icons: dict[QToolButton, str] = {}
        self._modes: dict[str, QToolButton] = {}
        self._row.setContentsMargins(8, 2, 8, 4)
        self._row.setSpacing(6)

    @property
    def options(self) -> ViewOptions:
        """What is chosen."""
        return self._options

    def show_mode(self, mode: str) -> None:
        """Show which view mode is on."""
        for name, button in self._modes.items():
            with QSignalBlocker(button):
                button.setChecked(name == mode)

    def paint_icons(self, palette: QPalette) -> None:
        """Draw the icons in the colours of the theme."""
        for button, name in self._icons.items():
            button.setIcon(icon(name, palette))

    def _choose(self, options: ViewOptions) -> None:
        """Take other options and tell of them."""
        if options != self._options:
            self._options = options
            self.options_changed.emit(options)

    def _add_field(self, field: QWidget, name: str, tip: str) -> None:
        field.setAccessibleName(name)
        field.setToolTip(tip)
        field.setMinimumHeight(FIELD_HEIGHT)
        guard_wheel(field)
        self._row.addWidget(field)

    def _add_button(self, text: str, tip: str, icon_name: str = "", *, is_checkable: bool = False) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setProperty("option", True)
        button.setToolTip(tip)
        button.setAccessibleName(text or tip)
        button.setCheckable(is_checkable)
        button.setMinimumHeight(FIELD_HEIGHT)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setIconSize(QSize(16, 16))
        if icon_name:
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            self._icons[button] = icon_name
            self._may_drop(button)
        self._row.addWidget(button)
        return button

    def _add_mode(self, mode: str, text: str, tip: str, icon_name: str) -> QToolButton:
        """A button that switches a view mode on and off."""
        button = self._add_button(text, tip, icon_name, is_checkable=True)
        button.toggled.connect(lambda is_on: self.view_mode_requested.emit(mode if is_on else self._first_mode))
        self._modes[mode] = button
        return button
