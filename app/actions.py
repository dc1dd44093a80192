"""The actions of a window, made from the table."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QIcon, QKeySequence, QPalette, QPixmap
from PySide6.QtWidgets import QWidget

from app.action_spec import ActionSpec, Condition
from app.action_table import ACTIONS
from app.theme import icon
from app.view_modes import VIEW_MODES

_MENU_ROLES = {
    "quit": QAction.MenuRole.QuitRole,
    "about": QAction.MenuRole.AboutRole,
}


class Actions:
    """One action per entry of the table, by its id."""

    def __init__(self, window: QWidget, canvas: QWidget) -> None:
        self._actions: dict[str, QAction] = {}
        groups: dict[str, QActionGroup] = {}
        # Real icons come after the first painting; until then the buttons keep their size.
        blank = QIcon(_transparent())
        for spec in ACTIONS:
            action = QAction(spec.text, window)
            action.setObjectName(spec.action_id)
            action.setCheckable(spec.is_checkable)
            action.setToolTip(tooltip(spec))
            action.setStatusTip("")
            action.setMenuRole(_MENU_ROLES.get(spec.action_id, QAction.MenuRole.NoRole))
            action.setEnabled(spec.enabled_when == "always")
            if spec.group:
                group = groups.setdefault(spec.group, QActionGroup(window))
                group.addAction(action)
            if spec.icon_name:
                action.setIcon(blank)
            _set_keys(action, spec, window, canvas)
            self._actions[spec.action_id] = action

    def __getitem__(self, action_id: str) -> QAction:
        return self._actions[action_id]

    def enable(self, conditions: frozenset[Condition]) -> None:
        """Enable the actions whose condition holds and that are there for the task."""
        for spec in ACTIONS:
            action = self._actions[spec.action_id]
            is_possible = spec.enabled_when == "always" or spec.enabled_when in conditions
            action.setEnabled(is_possible and action.isVisible())

    def show_task(self, task: str) -> None:
        """Show the actions that are for a task; call `enable` after it."""
        for spec in ACTIONS:
            if spec.tasks:
                self._actions[spec.action_id].setVisible(task in spec.tasks)
        for mode, title in VIEW_MODES[task]:
            action = self._actions[f"view_{mode}"]
            action.setText(title)
            action.setToolTip(f"Show: {title.lower()}")

    def paint_icons(self, palette: QPalette) -> None:
        """Give every action its icon in the colours of the theme."""
        for spec in ACTIONS:
            if spec.icon_name:
                self._actions[spec.action_id].setIcon(icon(spec.icon_name, palette))


def _transparent() -> QPixmap:
    pixmap = QPixmap(1, 1)
    pixmap.fill(Qt.GlobalColor.transparent)
    return pixmap


def tooltip(spec: ActionSpec) -> str:
    """The tip with the shortcut behind it."""
    tip = spec.tip or spec.plain_text
    return f"{tip} ({shown_key(spec.keys[0])})" if spec.keys else tip


def shown_key(key: str) -> str:
    """A shortcut as this platform writes it."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


def _set_keys(action: QAction, spec: ActionSpec, window: QWidget, canvas: QWidget) -> None:
    if spec.keys_are_shown_only:
        # The tab puts the key where menus show shortcuts, without Qt acting on it.
        action.setText(f"{spec.text}\t{shown_key(spec.keys[0])}")
        window.addAction(action)
        return
    # Space is tapped or held, which only the canvas can tell.
    action.setShortcuts([QKeySequence(key) for key in spec.keys if key != "Space"])
    if spec.on_canvas_only:
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        canvas.addAction(action)
    else:
        window.addAction(action)
