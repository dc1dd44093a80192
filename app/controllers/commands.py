"""What every action of the table does, and what its check mark and text show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QUrl
from PySide6.QtGui import QColor, QDesktopServices
from PySide6.QtWidgets import QColorDialog, QFileDialog, QMenu, QMessageBox, QWidget

from app.action_table import THEMES
from app.controllers import reports
from app.controllers.files import NETWORK_SUFFIXES
from app.state.settings import Theme, log_folder
from app.tools.registry import TOOLS
from app.view_modes import CLASS_KEYS, TRIMAP_VALUES, VIEW_MODES
from gbrs_core.task_catalog import TASKS
from resources import sample_paths

if TYPE_CHECKING:
    from app.controller import Controller
    from app.state.document import Colour

_IMAGE_FILTER = "Images (*.jpg *.jpeg *.png *.tif *.tiff *.webp *.bmp);;All files (*)"
_TRIMAP_FILTER = "Trimaps (*.png *.tif *.tiff);;All files (*)"
_MAP_FILTER = "Maps (*.png *.tif *.tiff *.npy);;All files (*)"
_NETWORK_FILTER = f"Checkpoints ({' '.join('*' + suffix for suffix in NETWORK_SUFFIXES)});;All files (*)"
_ABOUT = (
    "<h3>G-BRS Annotator</h3><p>Correct the dense output of a network with clicks.</p>"
    "<p>Method: Lin, Price, Martinez, “Generalizing Interactive Backpropagating Refinement for Dense Prediction "
    "Networks”, CVPR 2022.</p><p>Apache License 2.0</p>"
)


def connect_actions(controller: Controller) -> None:
    """Connect every action with what it does."""
    table = controller.window.actions_table
    for action_id, command in _commands(controller).items():
        table[action_id].triggered.connect(_without_argument(command))
    for action_id, switch in _switches(controller).items():
        table[action_id].triggered.connect(switch)
    window = controller.window
    window.recent_images_menu.aboutToShow.connect(partial(_fill_recent_images, controller))
    window.recent_networks_menu.aboutToShow.connect(partial(_fill_recent_networks, controller))
    _fill_images(controller, window.samples_menu, {path.stem.capitalize(): path for path in sample_paths()})


def show_state(controller: Controller) -> None:
    """Bring title, enabled actions, check marks and undo texts up to date."""
    window, table, view = controller.window, controller.window.actions_table, controller.view
    table.enable(controller.conditions())
    active = controller.annotation.document.active
    table["lock"].setChecked(active is not None and active.is_locked)
    table["overlay"].setChecked(view.is_overlay_visible)
    table["markers"].setChecked(view.are_markers_visible)
    table[f"view_{view.mode}"].setChecked(True)
    table[f"{view.tool}_tool"].setChecked(True)
    for name, value in TRIMAP_VALUES:
        table[f"paint_{name}"].setChecked(controller.dense.trimap_value == value)
    table[f"theme_{controller.settings.current.theme}"].setChecked(True)
    stack = controller.annotation.undo_stack
    table["undo"].setText(f"&Undo {stack.undoText()}".strip())
    table["redo"].setText(f"&Redo {stack.redoText()}".strip())
    window.setWindowTitle(_title(controller))
    window.setWindowModified(controller.exports.is_dirty)


def choose_colour(parent: QWidget, colour: Colour, then: Callable[[Colour], None]) -> None:
    """Ask for a colour; `then` gets it unless the user cancels."""
    dialog = QColorDialog(QColor(*colour), parent)
    dialog.setOption(QColorDialog.ColorDialogOption.DontUseNativeDialog)

    def take(chosen: QColor) -> None:
        then((chosen.red(), chosen.green(), chosen.blue()))

    dialog.colorSelected.connect(take)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()


def _commands(controller: Controller) -> dict[str, Callable[[], object]]:
    window, annotation, view = controller.window, controller.annotation, controller.view
    canvas, network, exports, dense = window.canvas, controller.network, controller.exports, controller.dense
    commands: dict[str, Callable[[], object]] = {
        "open_image": partial(_open_image, controller),
        "open_folder": partial(_open_folder, controller),
        "previous_image": partial(_page, controller, -1),
        "next_image": partial(_page, controller, 1),
        "export": exports.export,
        "export_as": exports.export_as,
        "close_image": lambda: controller.leave_image(controller.files.close),
        "quit": window.close,
        "undo": annotation.undo_stack.undo,
        "redo": annotation.undo_stack.redo,
        "delete_last_click": annotation.delete_last_click,
        "delete": partial(_delete, controller),
        "clear_clicks": annotation.clear_clicks,
        "zoom_in": canvas.zoom_in,
        "zoom_out": canvas.zoom_out,
        "zoom_100": canvas.zoom_100,
        "fit": canvas.fit,
        "fit_object": canvas.fit_object,
        "hold_before": partial(view.peek, "before"),
        "hold_image": partial(view.peek, "image"),
        "next_view": partial(view.step_mode, 1),
        "previous_view": partial(view.step_mode, -1),
        "opacity_down": partial(view.step_opacity, -1),
        "opacity_up": partial(view.step_opacity, 1),
        "threshold": window.view_bar.threshold.setFocus,
        "new_object": annotation.new_object,
        "finish": controller.finish_active,
        "reopen": _on_active(controller, annotation.reopen),
        "rename": _on_active(controller, window.objects_panel.edit_name),
        "recolour": _on_active(controller, controller.recolour),
        "delete_object": _on_active(controller, annotation.delete_object),
        "next_object": partial(annotation.activate_neighbour, 1),
        "previous_object": partial(annotation.activate_neighbour, -1),
        "uncertainty": view.toggle_uncertainty,
        "swap_targets": dense.swap_targets,
        "find_class": window.classes_panel.focus_search,
        "show_all_classes": dense.show_all_classes,
        "trimap_from_object": window.matte_panel.request_from_object,
        "import_trimap": partial(_import_trimap, controller),
        "compare": partial(_compare, controller),
        "end_comparison": controller.end_comparison,
        "clear_trimap": dense.clear_trimap,
        "twice_as_far": partial(dense.scale_target, 2.0),
        "half_as_far": partial(dense.scale_target, 0.5),
        "predict": controller.refinement.rerun,
        "radius_down": partial(canvas.step_radius, -1),
        "radius_up": partial(canvas.step_radius, 1),
        "radius_down_twice": partial(canvas.step_radius, -2),
        "radius_up_twice": partial(canvas.step_radius, 2),
        "accept": controller.refinement.accept,
        "cancel": partial(_cancel, controller),
        "rerun": controller.refinement.rerun,
        "load_network": partial(_load_network, controller),
        "default_network": network.load_default,
        "checkpoints": controller.checkpoints.open,
        "class_list": controller.checkpoints.class_lists.choose,
        "forget_class_list": controller.checkpoints.class_lists.forget,
        "reset_layout": window.reset_layout,
        "shortcuts": window.show_shortcuts,
        "log_folder": lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(log_folder()))),
        "sample_report": partial(reports.open_sample, window),
        "open_report": partial(reports.choose_report, window, controller.settings),
        "about": partial(_about, window),
    }
    commands.update(controller.scores.commands())
    modes = {mode for modes in VIEW_MODES.values() for mode, _ in modes}
    commands.update({f"view_{mode}": partial(view.set_mode, mode) for mode in modes})
    commands.update({f"{tool}_tool": partial(controller.tasks.set_tool, tool) for tool in TOOLS})
    commands.update({f"task_{task}": partial(controller.tasks.set_task, task) for task in TASKS})
    commands.update({f"paint_{name}": partial(dense.set_trimap_value, value) for name, value in TRIMAP_VALUES})
    commands.update({f"class_{number + 1}": partial(dense.set_target, number) for number in range(len(CLASS_KEYS))})
    commands.update({f"theme_{theme}": partial(controller.set_theme, cast(Theme, theme)) for theme, _ in THEMES})
    return commands


def _switches(controller: Controller) -> dict[str, Callable[[bool], object]]:
    """Actions that are switched on and off."""
    window, annotation, view = controller.window, controller.annotation, controller.view

    def lock(is_locked: bool) -> None:
        if annotation.document.active is not None:
            annotation.set_locked(annotation.document.active.object_id, is_locked)

    def full_screen(is_full: bool) -> None:
        window.showFullScreen() if is_full else window.showNormal()

    return {
        "overlay": view.set_overlay_visible,
        "markers": view.set_markers_visible,
        "lock": lock,
        "full_screen": full_screen,
    }


def _without_argument(command: Callable[[], object]) -> Callable[[], None]:
    """Keep Qt's `checked` away from a command."""

    def run(*_: object) -> None:
        command()

    return run


def _on_active(controller: Controller, command: Callable[[int], object]) -> Callable[[], None]:
    def run() -> None:
        active = controller.annotation.document.active
        if active is not None:
            command(active.object_id)

    return run


def _open_image(controller: Controller) -> None:
    folder = controller.settings.current.folders.get("image", "")
    path, _ = QFileDialog.getOpenFileName(controller.window, "Open Image", folder, _IMAGE_FILTER)
    if path:
        controller.leave_image(lambda: controller.files.open(Path(path)))


def _open_folder(controller: Controller) -> None:
    folder = controller.settings.current.folders.get("image", "")
    path = QFileDialog.getExistingDirectory(controller.window, "Open Folder", folder)
    if path:
        controller.leave_image(lambda: controller.files.open(Path(path)))


def _page(controller: Controller, step: int) -> None:
    if controller.files.images.neighbour(step) is not None:
        controller.leave_image(lambda: controller.files.open_neighbour(step))


def _load_network(controller: Controller) -> None:
    folder = controller.settings.current.folders.get("network", "")
    path, _ = QFileDialog.getOpenFileName(controller.window, "Load Checkpoint", folder, _NETWORK_FILTER)
    if path:
        controller.network.load(path)


def _import_trimap(controller: Controller) -> None:
    folder = controller.settings.current.folders.get("image", "")
    path, _ = QFileDialog.getOpenFileName(controller.window, "Import Trimap", folder, _TRIMAP_FILTER)
    if path:
        controller.dense.import_trimap(Path(path))


def _compare(controller: Controller) -> None:
    folder = controller.settings.current.folders.get("image", "")
    path, _ = QFileDialog.getOpenFileName(controller.window, "Compare with a Map", folder, _MAP_FILTER)
    if path:
        controller.comparison.compare_with(Path(path))


def _delete(controller: Controller) -> None:
    annotation = controller.annotation
    if annotation.selected_click is not None:
        annotation.delete_click(annotation.selected_click)
    elif annotation.document.active is not None:
        annotation.delete_object(annotation.document.active.object_id)


def _cancel(controller: Controller) -> None:
    was_clicking = controller.scores.cancel()
    if not controller.refinement.cancel() and not was_clicking and not controller.window.canvas.cancel_gesture():
        controller.annotation.select_click(None)


def _about(window: QWidget) -> None:
    box = QMessageBox(window)
    box.setWindowTitle("About")
    box.setText(_ABOUT)
    box.finished.connect(box.deleteLater)
    box.open()


def _fill_recent_images(controller: Controller) -> None:
    paths = tuple(Path(path) for path in controller.settings.current.recent_images)
    _fill_images(controller, controller.window.recent_images_menu, {str(path): path for path in paths})


def _fill_images(controller: Controller, menu: QMenu, paths: Mapping[str, Path]) -> None:
    """A menu with images by what they are called there."""
    for action, path in zip(controller.window.fill_menu(menu, tuple(paths)), paths.values(), strict=True):
        action.triggered.connect(
            _without_argument(partial(controller.leave_image, partial(controller.files.open, path)))
        )


def _fill_recent_networks(controller: Controller) -> None:
    paths = controller.settings.current.recent_networks
    for action, path in zip(
        controller.window.fill_menu(controller.window.recent_networks_menu, paths), paths, strict=False
    ):
        action.triggered.connect(_without_argument(partial(controller.network.load, path)))


def _title(controller: Controller) -> str:
    files = controller.files
    if files.path is None:
        return "G-BRS Annotator[*]"
    total = len(files.images.paths)
    position = f" ({files.images.index + 1} of {total})" if total > 1 else ""
    return f"{files.path.name}[*]{position} – G-BRS Annotator"
