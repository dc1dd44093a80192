"""Keys that act while they are held, which shortcuts cannot tell."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QWidget


class HoldKeys(QObject):
    """Checks an action while a key is held over a widget and unchecks it on release, or when the keyboard leaves."""

    def __init__(self, widget: QWidget, actions: Mapping[Qt.Key, QAction]) -> None:
        super().__init__(widget)
        self._actions = dict(actions)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the keys that are held, leave every other event alone."""
        if isinstance(event, QKeyEvent) and event.type() in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            action = self._actions.get(Qt.Key(event.key()))
            has_modifier = event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
            # Backslash and backtick need AltGr, which some systems report as Ctrl+Alt: the text tells.
            if action is not None and (not has_modifier or event.text() in ("\\", "`")):
                if not event.isAutoRepeat():
                    action.setChecked(event.type() == QEvent.Type.KeyPress and action.isEnabled())
                return True
        if event.type() == QEvent.Type.FocusOut:
            for action in self._actions.values():
                action.setChecked(False)
        return False
