"""What an action of the table is: its menu, keys, and when it is there. Qt-free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from gbrs_core.task_catalog import TASKS

Menu = Literal[
    "File", "Edit", "View", "Task", "Object", "Class", "Trimap", "Depth", "Refine", "Model", "Window", "Help"
]
MENUS: tuple[Menu, ...] = (
    "File", "Edit", "View", "Task", "Object", "Class", "Trimap", "Depth", "Refine", "Model", "Window", "Help",
)  # fmt: skip
MENUS_OF_TASKS: Mapping[Menu, str] = {
    "Object": "interactive", "Class": "semantic", "Trimap": "matting", "Depth": "depth",
}  # fmt: skip
"""Menus that belong to one task."""
DENSE_TASKS = tuple(name for name in TASKS if name != "interactive")

Condition = Literal[
    "always",
    "image",
    "previous_image",
    "next_image",
    "exportable",
    "undo",
    "redo",
    "object",
    "objects",
    "clicks",
    "selected_click",
    "editable_clicks",
    "finishable",
    "finished",
    "refining",
    "engine",
    "classes",
    "strokable",
    "pushable",
    "pickable",
    "predictable",
    "maskable",
    "predicted",
    "compared",
    "truth",
]
"""What must hold for an action to be enabled; the controller says which conditions hold."""


@dataclass(frozen=True)
class ActionSpec:
    """One action.

    Attributes:
        action_id: how the code calls it.
        menu: the menu it is in.
        text: with the mnemonic marked by &.
        keys: shortcuts, the first is shown in the menu.
        tip: one sentence for tooltip and shortcut sheet, without the shortcut.
        icon_name: of qtawesome; empty for none.
        enabled_when: the condition.
        is_checkable: whether it is switched on and off.
        group: exclusive group of a checkable action, empty for none.
        on_canvas_only: whether the keys act only while the canvas has the keyboard; so it is with single keys.
        keys_are_shown_only: the keys are handled by the canvas itself (held keys, taps) and only shown here.
        begins_section: whether a separator goes before it.
        tasks: registry names of the tasks it is for; empty for all. In others it is not there.
    """

    action_id: str
    menu: Menu
    text: str
    keys: tuple[str, ...] = ()
    tip: str = ""
    icon_name: str = ""
    enabled_when: Condition = "always"
    is_checkable: bool = False
    group: str = ""
    on_canvas_only: bool = False
    keys_are_shown_only: bool = False
    begins_section: bool = False
    tasks: tuple[str, ...] = ()

    @property
    def plain_text(self) -> str:
        """The text without mnemonic and dots."""
        return self.text.replace("&", "").rstrip("…")
