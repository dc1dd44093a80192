"""The table of everything the user can do from a menu, a button or a key; the shortcut sheet shows it. Qt-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Menu = Literal["File", "Edit", "View", "Object", "Refine", "Model", "Window", "Help"]
MENUS: tuple[Menu, ...] = ("File", "Edit", "View", "Object", "Refine", "Model", "Window", "Help")

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

    @property
    def plain_text(self) -> str:
        """The text without mnemonic and dots."""
        return self.text.replace("&", "").rstrip("…")


def _spec(action_id: str, menu: Menu, text: str, *keys: str, **more: object) -> ActionSpec:
    return ActionSpec(action_id, menu, text, keys, **more)  # type: ignore[arg-type]


def _canvas(action_id: str, menu: Menu, text: str, *keys: str, **more: object) -> ActionSpec:
    return ActionSpec(action_id, menu, text, keys, on_canvas_only=True, **more)  # type: ignore[arg-type]


VIEW_MODES: tuple[tuple[str, str], ...] = (
    ("fill", "Fill and outline"),
    ("outline", "Outline only"),
    ("black", "Object on black"),
    ("white", "Object on white"),
    ("checker", "Object on checkerboard"),
    ("raw", "Raw network output"),
)
THEMES: tuple[tuple[str, str], ...] = (("system", "&System"), ("light", "&Light"), ("dark", "&Dark"))

_FILE = (
    _spec("open_image", "File", "&Open Image…", "Ctrl+O", tip="Open a photograph", icon_name="mdi6.image-plus-outline"),
    _spec(
        "open_folder", "File", "Open &Folder…", "Ctrl+Shift+O", "Ctrl+U",
        tip="Open a folder of photographs and page through them", icon_name="mdi6.folder-open-outline",
    ),
    _canvas(
        "previous_image", "File", "&Previous Image", "A", "PgUp", tip="Go to the previous image of the folder",
        icon_name="mdi6.chevron-left", enabled_when="previous_image", begins_section=True,
    ),
    _canvas(
        "next_image", "File", "&Next Image", "D", "PgDown", tip="Go to the next image of the folder",
        icon_name="mdi6.chevron-right", enabled_when="next_image",
    ),
    _spec(
        "export", "File", "&Export", "Ctrl+E", tip="Export again to the same place, or ask where",
        icon_name="mdi6.export-variant", enabled_when="exportable", begins_section=True,
    ),
    _spec(
        "export_as", "File", "Export &As…", "Ctrl+Shift+E", tip="Export masks: choose format, objects and file",
        enabled_when="exportable",
    ),
    _spec(
        "close_image", "File", "&Close Image", "Ctrl+W", tip="Close the image", enabled_when="image",
        begins_section=True,
    ),
    _spec("quit", "File", "&Quit", "Ctrl+Q", tip="Close the window"),
)  # fmt: skip
_EDIT = (
    _spec(
        "undo", "Edit", "&Undo", "Ctrl+Z", tip="Take back the last step", icon_name="mdi6.undo", enabled_when="undo",
    ),
    _spec(
        "redo", "Edit", "&Redo", "Ctrl+Shift+Z", "Ctrl+Y", tip="Do the step again", icon_name="mdi6.redo",
        enabled_when="redo",
    ),
    _canvas(
        "delete_last_click", "Edit", "Delete &Last Click", "Backspace", tip="Take out the newest click of the object",
        enabled_when="editable_clicks", begins_section=True,
    ),
    _canvas(
        "delete", "Edit", "&Delete Selected Click or Object", "Del",
        tip="Delete the selected click; without one, the active object", icon_name="mdi6.trash-can-outline",
        enabled_when="object",
    ),
    _spec(
        "clear_clicks", "Edit", "&Clear Clicks of Object", "Ctrl+Shift+Backspace",
        tip="Take out every click of the active object", enabled_when="editable_clicks",
    ),
)  # fmt: skip
_VIEW = (
    _spec(
        "zoom_in", "View", "Zoom &In", "Ctrl++", "Ctrl+=", tip="Zoom in", icon_name="mdi6.magnify-plus-outline",
        enabled_when="image",
    ),
    _spec(
        "zoom_out", "View", "Zoom &Out", "Ctrl+-", tip="Zoom out", icon_name="mdi6.magnify-minus-outline",
        enabled_when="image",
    ),
    _spec("zoom_100", "View", "&100 %", "Ctrl+0", tip="One image pixel per screen pixel", enabled_when="image"),
    _canvas(
        "fit", "View", "&Fit Image", "F", tip="Show the whole image", icon_name="mdi6.fit-to-page-outline",
        enabled_when="image",
    ),
    _canvas(
        "fit_object", "View", "Fit Ob&ject", "Z", tip="Show the active object as large as possible",
        enabled_when="clicks",
    ),
    _canvas(
        "overlay", "View", "&Masks", "V", tip="Show or hide the masks", icon_name="mdi6.eye-outline",
        is_checkable=True, begins_section=True,
    ),
    _canvas(
        "markers", "View", "Clicks and &Rings", "Shift+V", tip="Show or hide click markers and rings",
        is_checkable=True,
    ),
    *(
        _spec(
            f"view_{mode}", "View", title, tip=f"Show the masks: {title.lower()}", is_checkable=True,
            group="view_mode", begins_section=mode == "fill",
        )
        for mode, title in VIEW_MODES
    ),
    _canvas("next_view", "View", "Next View Mode", "O", tip="Show the masks in the next way"),
    _canvas("previous_view", "View", "Previous View Mode", "Shift+O", tip="Show the masks in the previous way"),
    _canvas(
        "hold_before", "View", "&Before the Last Click", "\\", tip="Hold to see the mask before the newest click",
        icon_name="mdi6.compare", enabled_when="image", keys_are_shown_only=True,
        begins_section=True,
    ),
    _canvas(
        "hold_image", "View", "&Plain Image", "`", tip="Hold to see the image without any mask",
        icon_name="mdi6.image-outline", enabled_when="image", keys_are_shown_only=True,
    ),
    _canvas("opacity_down", "View", "Less Opa&que", ",", tip="Make the masks more transparent", begins_section=True),
    _canvas("opacity_up", "View", "More Opaq&ue", ".", tip="Make the masks more opaque"),
    _canvas(
        "threshold", "View", "&Threshold", "T", tip="Go to the threshold slider; the arrow keys move it by 0.01",
        enabled_when="clicks",
    ),
    *(
        _spec(
            f"theme_{theme}", "View", f"{title} Theme", tip=f"Use the {theme} colours", is_checkable=True,
            group="theme", begins_section=theme == "system",
        )
        for theme, title in THEMES
    ),
    _spec(
        "full_screen", "View", "F&ull Screen", "F11", tip="Use the whole screen", is_checkable=True,
        begins_section=True,
    ),
)  # fmt: skip
_OBJECT = (
    _canvas(
        "new_object", "Object", "&New Object", "N", tip="Start another object", icon_name="mdi6.plus",
        enabled_when="image",
    ),
    _canvas(
        "finish", "Object", "&Finish Object", "Return", "Enter", "Space",
        tip="Keep the mask as it is; the next click starts another object", icon_name="mdi6.check",
        enabled_when="finishable",
    ),
    _spec(
        "reopen", "Object", "&Reopen Object", tip="Refine a finished object further", icon_name="mdi6.pencil-outline",
        enabled_when="finished",
    ),
    _canvas(
        "lock", "Object", "&Lock Object", "L", tip="Protect the object and its pixels from changes",
        icon_name="mdi6.lock-outline", enabled_when="object", is_checkable=True,
    ),
    _spec(
        "rename", "Object", "Rena&me Object…", "F2", tip="Give the active object another name", enabled_when="object",
    ),
    _spec(
        "recolour", "Object", "&Colour of Object…", tip="Give the active object another colour",
        enabled_when="object",
    ),
    _spec(
        "delete_object", "Object", "&Delete Object", tip="Delete the active object", icon_name="mdi6.trash-can-outline",
        enabled_when="object",
    ),
    _spec(
        "next_object", "Object", "Ne&xt Object", "Ctrl+Down", tip="Go to the next object", enabled_when="objects",
        begins_section=True,
    ),
    _spec(
        "previous_object", "Object", "&Previous Object", "Ctrl+Up", tip="Go to the previous object",
        enabled_when="objects",
    ),
)  # fmt: skip
_REFINE = (
    _canvas(
        "click_tool", "Refine", "&Click Tool", "C",
        tip="Left: object, right or Shift+left: background; drag to set the radius",
        icon_name="mdi6.cursor-default-click-outline", is_checkable=True, group="tool",
    ),
    _canvas(
        "pan_tool", "Refine", "&Pan Tool", "H",
        tip="Move the image; with any tool the middle button or Space does it too",
        icon_name="mdi6.hand-back-right-outline", is_checkable=True, group="tool",
    ),
    _canvas(
        "radius_down", "Refine", "&Smaller Radius", "[",
        tip="Make the attention radius of the next click smaller", icon_name="mdi6.circle-small",
        enabled_when="image", begins_section=True,
    ),
    _canvas(
        "radius_up", "Refine", "&Larger Radius", "]", tip="Make the attention radius of the next click larger",
        icon_name="mdi6.circle-outline", enabled_when="image",
    ),
    _canvas("radius_down_twice", "Refine", "Much S&maller Radius", "{", tip="Two steps smaller", enabled_when="image"),
    _canvas("radius_up_twice", "Refine", "Much La&rger Radius", "}", tip="Two steps larger", enabled_when="image"),
    _spec(
        "accept", "Refine", "&Accept Current Iteration", "Ctrl+Return", "Ctrl+Enter",
        tip="Stop refining and keep the mask as it is now", icon_name="mdi6.check-underline", enabled_when="refining",
        begins_section=True,
    ),
    _canvas(
        "cancel", "Refine", "Ca&ncel", "Esc", tip="Cancel the refinement, else the gesture, else the selection",
        icon_name="mdi6.close-circle-outline", enabled_when="image",
    ),
    _canvas(
        "rerun", "Refine", "&Run Again", "R", tip="Refine the object again from its first click",
        icon_name="mdi6.refresh", enabled_when="editable_clicks",
    ),
)  # fmt: skip
_MODEL = (
    _spec(
        "load_network", "Model", "&Load Checkpoint…", "Ctrl+M",
        tip="Load a network from a file; its architecture is found from the keys", icon_name="mdi6.brain",
        enabled_when="engine",
    ),
    _spec(
        "default_network", "Model", "Back to the &Default Network", tip="Use the embedded network again",
        enabled_when="engine",
    ),
)  # fmt: skip
_WINDOW = (
    _spec(
        "reset_layout", "Window", "&Restore Default Layout", tip="Put every panel back in its place",
        begins_section=True,
    ),
)  # fmt: skip
_HELP = (
    _spec(
        "shortcuts", "Help", "&Keyboard Shortcuts", "F1", "Ctrl+/", tip="Show every key and mouse gesture",
        icon_name="mdi6.keyboard-outline",
    ),
    _spec("log_folder", "Help", "Open &Log Folder", "Ctrl+Shift+L", tip="Show the folder with the log file"),
    _spec("about", "Help", "&About", tip="Version, paper and licences", begins_section=True),
)  # fmt: skip

ACTIONS: tuple[ActionSpec, ...] = (*_FILE, *_EDIT, *_VIEW, *_OBJECT, *_REFINE, *_MODEL, *_WINDOW, *_HELP)

MOUSE_GESTURES: tuple[tuple[str, str], ...] = (
    ("Left button", "Click on the object"),
    ("Right button, Shift+left button", "Click on the background"),
    ("Press, drag, release", "Set the attention radius of that click"),
    ("Drag a marker", "Move that click"),
    ("Wheel, pinch", "Zoom at the cursor"),
    ("Middle button drag, Space+drag", "Move the image with any tool"),
    ("Shift+wheel", "Change the attention radius of the next click"),
)


def icon_name(action_id: str) -> str:
    """The icon of an action. Raises KeyError for an unknown one."""
    return {spec.action_id: spec.icon_name for spec in ACTIONS}[action_id]
