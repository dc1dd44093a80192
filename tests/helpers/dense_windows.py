"""Driving a window that works on a label map, a matte or a depth map."""

from PySide6.QtWidgets import QApplication

from gbrs_core.export import exporters_for
from tests.helpers import dense_networks


def opened(shell, photo, task):
    shell.start(photo, task)
    shell.wait(lambda: shell.controller.network.network is not None)
    if task != "matting":
        wait_for_prediction(shell)
    return shell


def wait_for_prediction(shell):
    shell.wait(lambda: shell.controller.refinement.result_of(layer(shell)) is not None)
    QApplication.processEvents()


def layer(shell):
    return shell.document.layer


def values(shell):
    return shell.controller.refinement.result_of(layer(shell)).values


def scores(shell):
    return shell.controller.refinement.result_of(layer(shell)).details.scores


def at(array, x, y):
    """The working value at a position of the 120 x 90 photograph, which works at 48 x 36."""
    return array[..., int((y + 0.5) * 36 / 90), int((x + 0.5) * 48 / 120)]


def dense_session(task, shell):
    from gbrs_core.session import RefinementSession

    return RefinementSession(dense_networks.network(task), shell.controller.files.image, layer(shell).config)


def export(shell, format_name, path):
    """Export with the dialog; returns the file."""
    from app.widgets.export_dialog import ExportDialog

    shell.trigger("export_as")
    shell.wait(lambda: shell.open_dialog(ExportDialog))
    dialog = shell.open_dialog(ExportDialog)
    names = [dialog.format.itemData(index) for index in range(dialog.format.count())]
    assert names == [item.name for item in exporters_for(layer(shell).description.output_kind)]
    dialog.format.setCurrentIndex(names.index(format_name))
    dialog.file.setText(str(path))
    dialog.accept()
    shell.wait(path.exists)
    shell.wait(lambda: not shell.controller.exports.is_writing)
    return path
