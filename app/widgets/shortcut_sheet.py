"""The sheet of keys and mouse gestures, made from the table of actions."""

from __future__ import annotations

from html import escape

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QTextBrowser, QVBoxLayout, QWidget

from app.action_spec import MENUS, ActionSpec
from app.action_table import ACTIONS, MOUSE_GESTURES
from app.actions import shown_key


class ShortcutSheet(QDialog):
    """A searchable list of what every key does."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard and Mouse")
        self.resize(620, 640)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search keys and actions")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._show)
        self.sheet = QTextBrowser()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(self.search)
        column.addWidget(self.sheet, 1)
        column.addWidget(buttons)
        self._show("")

    def _show(self, wanted: str) -> None:
        self.sheet.setHtml(sheet_html(wanted))


def sheet_html(wanted: str = "") -> str:
    """The sheet as HTML; only lines that contain `wanted`, in any case of letters."""
    sections = [("Mouse", [(gesture, meaning) for gesture, meaning in MOUSE_GESTURES])]
    sections += [(menu, [_line(spec) for spec in ACTIONS if spec.menu == menu and spec.keys]) for menu in MENUS]
    parts = []
    for title, lines in sections:
        found = [line for line in lines if wanted.casefold() in " ".join(line).casefold()]
        if found:
            rows = "".join(
                f"<tr><td width='210'><b>{escape(keys)}</b></td><td>{escape(text)}</td></tr>" for keys, text in found
            )
            parts.append(f"<h3>{title}</h3><table cellpadding='3'>{rows}</table>")
    note = "<p>Single keys act while the image has the keyboard: click into it, or press Tab until it has.</p>"
    return "".join(parts) + note if parts else "<p>Nothing found.</p>"


def _line(spec: ActionSpec) -> tuple[str, str]:
    return ", ".join(shown_key(key) for key in spec.keys), spec.tip or spec.plain_text
