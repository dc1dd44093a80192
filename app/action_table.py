"""The table of everything the user can do from a menu, a button or a key; the shortcut sheet shows it. Qt-free."""

from __future__ import annotations

from app.action_spec import DENSE_TASKS, ActionSpec, Menu
from app.view_modes import CLASS_KEYS, TRIMAP_VALUES, every_view, tasks_with_view
from gbrs_core.task_catalog import TASKS


def _spec(action_id: str, menu: Menu, text: str, *keys: str, **more: object) -> ActionSpec:
    return ActionSpec(action_id, menu, text, keys, **more)  # type: ignore[arg-type]


def _canvas(action_id: str, menu: Menu, text: str, *keys: str, **more: object) -> ActionSpec:
    return ActionSpec(action_id, menu, text, keys, on_canvas_only=True, **more)  # type: ignore[arg-type]


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
        "export_as", "File", "Export &As…", "Ctrl+Shift+E", tip="Export: choose format and file",
        enabled_when="exportable",
    ),
    _spec(
        "compare", "File", "&Compare with a Map…", "Ctrl+Shift+I",
        tip="Compare the prediction with a label map, matte or depth map from a file", enabled_when="predicted",
        tasks=DENSE_TASKS,
    ),
    _spec(
        "end_comparison", "File", "End Comparison", tip="Compare with the automatic prediction again",
        enabled_when="compared", tasks=DENSE_TASKS,
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
        enabled_when="clicks", tasks=("interactive",),
    ),
    _canvas(
        "overlay", "View", "&Prediction", "V", tip="Show or hide masks and maps", icon_name="mdi6.eye-outline",
        is_checkable=True, begins_section=True,
    ),
    _canvas(
        "markers", "View", "Clicks and &Rings", "Shift+V", tip="Show or hide click markers and rings",
        is_checkable=True,
    ),
    *(
        _spec(
            f"view_{mode}", "View", mode, is_checkable=True, group="view_mode", begins_section=number == 0,
            tasks=tasks_with_view(mode),
        )
        for number, mode in enumerate(every_view())
    ),
    _canvas("next_view", "View", "Next View Mode", "O", tip="Show the prediction in the next way"),
    _canvas("previous_view", "View", "Previous View Mode", "Shift+O", tip="Show the prediction in the previous way"),
    _canvas(
        "uncertainty", "View", "Uncertainty", "G", tip="Show where the network is unsure, or the classes again",
        tasks=("semantic",),
    ),
    _canvas(
        "hold_before", "View", "&Before the Last Click", "\\", tip="Hold to see the prediction before the newest click",
        icon_name="mdi6.compare", enabled_when="image", keys_are_shown_only=True,
        begins_section=True,
    ),
    _canvas(
        "hold_image", "View", "&Plain Image", "`", tip="Hold to see the image alone",
        icon_name="mdi6.image-outline", enabled_when="image", keys_are_shown_only=True,
    ),
    _canvas(
        "opacity_down", "View", "Less Opa&que", ",", tip="Make the prediction more transparent", begins_section=True,
    ),
    _canvas("opacity_up", "View", "More Opaq&ue", ".", tip="Make the prediction more opaque"),
    _canvas(
        "threshold", "View", "&Threshold", "T", tip="Go to the threshold slider; the arrow keys move it by 0.01",
        enabled_when="clicks", tasks=("interactive",),
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
_TASK = tuple(
    _spec(
        f"task_{name}", "Task", f"&{task.title}", f"Ctrl+{number}", tip=f"Work on: {task.title}", is_checkable=True,
        group="task",
    )
    for number, (name, task) in enumerate(TASKS.items(), start=1)
)  # fmt: skip
_CLASS = (
    *(
        _canvas(
            f"class_{number}", "Class", f"Class {number}", key, tip="Make it the class of the left button",
            tasks=("semantic",),
        )
        for number, key in enumerate(CLASS_KEYS, start=1)
    ),
    _canvas(
        "find_class", "Class", "&Find Class", "/", tip="Search the list of classes", tasks=("semantic",),
        begins_section=True,
    ),
    _spec("show_all_classes", "Class", "Show &All Classes", tip="Show every class", tasks=("semantic",)),
    _spec(
        "class_list", "Class", "Choose Class &List…",
        tip="Take names and colours of the classes from a file: JSON, text, CSV, GIMP palette, indexed PNG",
        enabled_when="classes", tasks=("semantic",), begins_section=True,
    ),
    _spec(
        "forget_class_list", "Class", "F&orget Class List",
        tip="Name the classes as the checkpoint names them", enabled_when="classes", tasks=("semantic",),
    ),
)  # fmt: skip
_TRIMAP = (
    _canvas(
        "trimap_tool", "Trimap", "Trimap &Brush", "B", tip="Paint the trimap; right or Shift+left: unknown",
        icon_name="mdi6.brush-variant", is_checkable=True, group="tool", enabled_when="image", tasks=("matting",),
    ),
    *(
        _canvas(
            f"paint_{name}", "Trimap", f"Paint &{name.capitalize()}", str(number),
            tip=f"Paint {name} with the trimap brush", is_checkable=True, group="trimap_value", tasks=("matting",),
        )
        for number, (name, _) in enumerate(TRIMAP_VALUES, start=1)
    ),
    _spec(
        "trimap_from_object", "Trimap", "From the Active &Object", tip="Make the trimap from the mask of the object",
        icon_name="mdi6.shape-outline", enabled_when="maskable", tasks=("matting",), begins_section=True,
    ),
    _spec(
        "import_trimap", "Trimap", "&Import Trimap…", "Ctrl+I", tip="Take the trimap from a file",
        icon_name="mdi6.file-import-outline", enabled_when="image", tasks=("matting",),
    ),
    _spec(
        "clear_trimap", "Trimap", "&Everything Unknown", tip="Begin with a trimap that says nothing",
        enabled_when="image", tasks=("matting",),
    ),
)  # fmt: skip
_DEPTH = (
    _spec("twice_as_far", "Depth", "&Twice as Far", tip="Double the target of the left button", tasks=("depth",)),
    _spec("half_as_far", "Depth", "&Half as Far", tip="Halve the target of the left button", tasks=("depth",)),
)  # fmt: skip
_OBJECT = (
    _canvas(
        "new_object", "Object", "&New Object", "N", tip="Start another object", icon_name="mdi6.plus",
        enabled_when="image",
        tasks=("interactive",),
    ),
    _canvas(
        "finish", "Object", "&Finish Object", "Return", "Enter", "Space",
        tip="Keep the mask as it is; the next click starts another object", icon_name="mdi6.check",
        enabled_when="finishable",
        tasks=("interactive",),
    ),
    _spec(
        "reopen", "Object", "&Reopen Object", tip="Refine a finished object further", icon_name="mdi6.pencil-outline",
        enabled_when="finished",
        tasks=("interactive",),
    ),
    _canvas(
        "lock", "Object", "&Lock Object", "L", tip="Protect the object and its pixels from changes",
        icon_name="mdi6.lock-outline", enabled_when="object", is_checkable=True,
        tasks=("interactive",),
    ),
    _spec(
        "rename", "Object", "Rena&me Object…", "F2", tip="Give the active object another name", enabled_when="object",
        tasks=("interactive",),
    ),
    _spec(
        "recolour", "Object", "&Colour of Object…", tip="Give the active object another colour",
        enabled_when="object",
        tasks=("interactive",),
    ),
    _spec(
        "delete_object", "Object", "&Delete Object", tip="Delete the active object", icon_name="mdi6.trash-can-outline",
        enabled_when="object",
        tasks=("interactive",),
    ),
    _spec(
        "next_object", "Object", "Ne&xt Object", "Ctrl+Down", tip="Go to the next object", enabled_when="objects",
        begins_section=True,
        tasks=("interactive",),
    ),
    _spec(
        "previous_object", "Object", "&Previous Object", "Ctrl+Up", tip="Go to the previous object",
        enabled_when="objects",
        tasks=("interactive",),
    ),
)  # fmt: skip
_REFINE = (
    _canvas(
        "click_tool", "Refine", "&Click Tool", "C",
        tip="Left: object, right or Shift+left: background; drag to set the radius",
        icon_name="mdi6.cursor-default-click-outline", is_checkable=True, group="tool",
    ),
    _canvas(
        "stroke_tool", "Refine", "&Stroke Tool", "S", tip="Paint pixels with the class of the button (Semantic)",
        icon_name="mdi6.draw", is_checkable=True, group="tool", enabled_when="strokable",
        tasks=DENSE_TASKS,
    ),
    _canvas(
        "push_tool", "Refine", "P&ush Tool", "P",
        tip="Hold to raise the value under the cursor, right or Shift+left to lower it (Matting, Depth)",
        icon_name="mdi6.arrow-up-down", is_checkable=True, group="tool", enabled_when="pushable",
        tasks=DENSE_TASKS,
    ),
    _canvas(
        "pick_tool", "Refine", "&Eyedropper", "I",
        tip="Take the class, alpha or depth under the cursor; with any tool Ctrl+left does it too",
        icon_name="mdi6.eyedropper", is_checkable=True, group="tool", enabled_when="pickable",
        tasks=DENSE_TASKS,
    ),
    _canvas(
        "swap_targets", "Refine", "S&wap Targets", "X", tip="Exchange what the left and the right button stand for",
        icon_name="mdi6.swap-horizontal", enabled_when="pickable", tasks=DENSE_TASKS,
    ),
    _canvas(
        "pan_tool", "Refine", "&Pan Tool", "H",
        tip="Move the image; with any tool the middle button or Space does it too",
        icon_name="mdi6.hand-back-right-outline", is_checkable=True, group="tool",
    ),
    _canvas(
        "radius_down", "Refine", "&Smaller Radius", "[",
        tip="Make the attention radius, or the brush, smaller", icon_name="mdi6.circle-small",
        enabled_when="image", begins_section=True,
    ),
    _canvas(
        "radius_up", "Refine", "&Larger Radius", "]", tip="Make the attention radius, or the brush, larger",
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
    _spec(
        "predict", "Refine", "Automatic Pre&diction", "F5",
        tip="Have the network predict again, and refine it by everything that was corrected",
        icon_name="mdi6.auto-fix", enabled_when="predictable", tasks=DENSE_TASKS,
    ),
    _spec(
        "load_truth", "Refine", "Load &Ground Truth…", "Ctrl+T", enabled_when="image", begins_section=True,
        tip="Score the prediction after every click against the true mask, label map, matte or depth map in a file",
        icon_name="mdi6.bullseye-arrow",
    ),
    _spec(
        "forget_truth", "Refine", "Forget Ground Truth", tip="No longer score the prediction",
        icon_name="mdi6.close", enabled_when="truth",
    ),
    _canvas(
        "click_once", "Refine", "Simulated Annotator: Click &Once", "K",
        tip="Click where the simulated annotator of the papers would: in the middle of the largest error",
        icon_name="mdi6.robot-outline", enabled_when="truth",
    ),
    _canvas(
        "click_to_end", "Refine", "Simulated Annotator: Click to the &End", "Shift+K",
        tip="Let the simulated annotator click until there are 20 clicks or nothing is wrong; Esc stops it",
        icon_name="mdi6.robot-happy-outline", enabled_when="truth",
    ),
    _canvas(
        "suggest_click", "Refine", "Suggest Next Clic&k", "J",
        tip="Show where the network is least sure; needs no ground truth (Interactive, Semantic)",
        icon_name="mdi6.map-marker-question-outline", enabled_when="image",
    ),
    _spec(
        "export_curve", "Refine", "Export C&urve…", tip="Save the scores after every click as CSV",
        icon_name="mdi6.chart-line", enabled_when="truth",
    ),
)  # fmt: skip
_MODEL = (
    _spec(
        "load_network", "Model", "&Load Checkpoint…", "Ctrl+M",
        tip="Load a network from a file; its architecture is found from the keys", icon_name="mdi6.brain",
        enabled_when="engine",
    ),
    _spec(
        "checkpoints", "Model", "Checkpoint &Manager…", "Ctrl+Shift+M",
        tip="Published checkpoints, and those on this computer", icon_name="mdi6.format-list-checks",
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
    _spec(
        "sample_report", "Help", "Sample Evaluation &Report",
        tip="See in the browser what main.py evaluate writes: methods measured on the sample photographs",
        icon_name="mdi6.chart-box-outline", begins_section=True,
    ),
    _spec("open_report", "Help", "&Open Evaluation Report…", tip="Open an earlier report in the browser"),
    _spec(
        "log_folder", "Help", "Open &Log Folder", "Ctrl+Shift+L", tip="Show the folder with the log file",
        begins_section=True,
    ),
    _spec("about", "Help", "&About", tip="Version, paper and licences", begins_section=True),
)  # fmt: skip

ACTIONS: tuple[ActionSpec, ...] = (
    *_FILE, *_EDIT, *_VIEW, *_TASK, *_OBJECT, *_CLASS, *_TRIMAP, *_DEPTH, *_REFINE, *_MODEL, *_WINDOW, *_HELP,
)  # fmt: skip

MOUSE_GESTURES: tuple[tuple[str, str], ...] = (
    ("Left button", "Click on the object, or with the first target"),
    ("Right button, Shift+left button", "Click on the background, or with the second target"),
    ("Ctrl+left button", "Take the class, alpha or depth under the cursor"),
    ("Press, drag, release", "Set the attention radius of that click"),
    ("Drag a marker", "Move that click"),
    ("Wheel, pinch", "Zoom at the cursor"),
    ("Middle button drag, Space+drag", "Move the image with any tool"),
    ("Shift+wheel", "Change the attention radius of the next click"),
)


def icon_name(action_id: str) -> str:
    """The icon of an action. Raises KeyError for an unknown one."""
    return {spec.action_id: spec.icon_name for spec in ACTIONS}[action_id]
