"""Choosing a method beside G-BRS: clicks, undo, failure and export work as they do with the layers."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication

from app.state.settings import RefinementSettings
from app.widgets.export_dialog import ExportDialog
from gbrs_core.config import GBRS, RefinementConfig
from gbrs_core.errors import DivergedError
from gbrs_core.fbrs.predictor import FbrsPredictor
from gbrs_core.method_catalog import METHODS

INTERACTIVE = [GBRS, "f-brs-b", "rgb-brs", "distmap-brs", "rgb-brs:lbfgs", "distmap-brs:lbfgs", "no-brs", "grabcut"]
"""What fits the miniature network, whose only place is B."""


def listed(shell):
    """The methods of the panel, by name."""
    combo = shell.window.refine_panel.method
    return [combo.itemData(row) for row in range(combo.count())]


def pick(shell, name):
    """Choose from the list with the keyboard."""
    combo = shell.window.refine_panel.method
    shell.wait(lambda: name in listed(shell), f"{name} in the list")
    combo.setFocus()
    for _ in range(combo.count()):
        shell.qtbot.keyClick(combo, Qt.Key.Key_Up)
    for _ in range(listed(shell).index(name)):
        shell.qtbot.keyClick(combo, Qt.Key.Key_Down)
    assert shell.document.current_config.method == name
    shell.wait_idle()


def menu_entries(shell):
    """Title and check mark of every entry of the menu."""
    return {action.text(): action.isChecked() for action in shell.window.method_menu.actions()}


class TestChoosing:
    def test_panel_and_menu_list_what_fits(self, shell):
        QApplication.processEvents()
        assert listed(shell) == INTERACTIVE
        assert menu_entries(shell) == {METHODS[name].title: name == GBRS for name in INTERACTIVE}
        assert shell.window.method_menu.menuAction() in refine_menu(shell).actions()

    @pytest.mark.parametrize("task", ["semantic", "matting", "depth"])
    def test_other_tasks_have_the_image_alone(self, idle_shell, photo, task):
        idle_shell.start(photo, task)
        QApplication.processEvents()
        assert listed(idle_shell) == [GBRS, "rgb-brs"]
        assert list(menu_entries(idle_shell)) == ["G-BRS", "RGB-BRS"]

    def test_the_menu_follows_the_panel(self, shell):
        pick(shell, "f-brs-b")
        QApplication.processEvents()
        assert [title for title, is_checked in menu_entries(shell).items() if is_checked] == ["f-BRS-B"]

    def test_the_panel_follows_the_menu(self, shell):
        QApplication.processEvents()
        menu = shell.window.method_menu
        (action,) = [action for action in menu.actions() if action.text() == "GrabCut (OpenCV)"]
        menu.popup(shell.window.mapToGlobal(QPoint(10, 10)))
        shell.qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())
        assert shell.document.current_config.method == "grabcut"
        QApplication.processEvents()
        assert shell.window.refine_panel.method.currentData() == "grabcut"

    def test_undo_brings_the_method_back(self, shell):
        pick(shell, "grabcut")
        shell.trigger("undo")
        QApplication.processEvents()
        assert shell.window.refine_panel.method.currentData() == GBRS
        assert menu_entries(shell)["G-BRS"]

    def test_fields_of_others_are_disabled_and_say_so(self, shell):
        panel = shell.window.refine_panel
        loop = (panel.iterations, panel.learning_rate, panel.consistency_weight)
        pick(shell, "f-brs-b")
        QApplication.processEvents()
        assert not any(field.isEnabled() for field in (panel.layer, panel.preset, *loop))
        assert panel.layer.toolTip() == "f-BRS-B makes no use of it"
        pick(shell, "rgb-brs")
        QApplication.processEvents()
        assert not panel.layer.isEnabled()
        assert all(field.isEnabled() for field in (panel.preset, *loop))
        assert panel.learning_rate.toolTip() == "Step size of the optimiser"
        assert "0.0125" in panel.learning_rate.specialValueText()
        shell.qtbot.mouseClick(panel.reset, Qt.MouseButton.LeftButton)
        QApplication.processEvents()
        assert shell.document.current_config == RefinementConfig()
        assert panel.layer.isEnabled() and panel.layer.toolTip() == "The layer inserted into the network and optimised"

    def test_is_remembered(self, shell):
        pick(shell, "grabcut")
        assert shell.controller.settings.current.refinement == RefinementSettings(method="grabcut")


def refine_menu(shell):
    return next(
        action.menu() for action in shell.window.menuBar().actions() if action.text().replace("&", "") == "Refine"
    )


@pytest.mark.parametrize("method", INTERACTIVE[1:])
def test_clicks_work_as_always(shell, method):
    """Click, undo, redo, move, delete and cancel nothing: the mask is that of the clicks in force."""
    pick(shell, method)
    shell.click(60, 45)
    shell.wait_idle()
    first = shell.mask()
    shell.click(20, 20, Qt.MouseButton.RightButton)
    shell.wait_idle()
    second = shell.mask()
    assert first.shape == second.shape and not second[20, 20]
    outcomes = shell.controller.refinement.outcomes(shell.active)
    assert len(outcomes) == 2 and outcomes[1].seconds > 0
    shell.trigger("undo")
    shell.wait_idle()
    np.testing.assert_array_equal(shell.mask(), first)
    shell.trigger("redo")
    shell.wait_idle()
    np.testing.assert_array_equal(shell.mask(), second)
    shell.drag((20, 20), (100, 70))
    shell.wait_idle()
    assert shell.active.clicks[1].x == pytest.approx(100, abs=1)
    moved = shell.mask()
    shell.trigger("rerun")
    shell.wait_idle()
    np.testing.assert_array_equal(shell.mask(), moved)
    shell.key(Qt.Key.Key_Backspace)
    shell.wait_idle()
    np.testing.assert_array_equal(shell.mask(), first)
    assert shell.error == ("", "")


def test_every_method_gives_the_same_object_back(shell):
    """From G-BRS to f-BRS and back: the clicks stay, and each method's mask is its own."""
    shell.click(60, 45)
    shell.click(20, 20, Qt.MouseButton.RightButton)
    shell.wait_idle()
    of_layers, clicks = shell.mask(), shell.active.clicks
    pick(shell, "grabcut")
    assert not np.array_equal(shell.mask(), of_layers)
    pick(shell, GBRS)
    assert shell.active.clicks == clicks
    np.testing.assert_array_equal(shell.mask(), of_layers)


def test_dense_tasks(idle_shell, photo):
    idle_shell.start(photo, "depth")
    idle_shell.wait_idle()
    pick(idle_shell, "rgb-brs")
    idle_shell.click(60, 45)
    idle_shell.wait_idle()
    layer = idle_shell.document.layer
    assert len(layer.clicks) == 1
    assert len(idle_shell.controller.refinement.outcomes(layer)) == 1
    assert idle_shell.error == ("", "")


def test_a_loop_that_cannot_be_paused_is_cancelled_between_evaluations(shell, monkeypatch):
    """Esc takes the click back, although scipy has the loop."""
    pick(shell, "f-brs-b")
    shell.click(60, 45)
    shell.wait_idle()
    before, evaluations = shell.mask(), []
    published = FbrsPredictor._predicted

    def endless(predictor, previous):
        """As published, again and again, until it is cancelled."""
        clicks = predictor.click_count
        while True:
            evaluations.append(clicks)
            published(predictor, previous)

    monkeypatch.setattr(FbrsPredictor, "_predicted", endless)
    shell.click(20, 20, Qt.MouseButton.RightButton)
    shell.wait(lambda: evaluations)
    shell.key(Qt.Key.Key_Escape)
    shell.wait_idle()
    assert len(shell.active.clicks) == 1
    np.testing.assert_array_equal(shell.mask(), before)
    assert shell.annotation.undo_stack.canRedo()


def test_what_fails_leaves_the_clicks_and_says_so(shell, monkeypatch):
    pick(shell, "f-brs-b")
    shell.click(60, 45)
    shell.wait_idle()
    before = shell.mask()

    def diverge(*_):
        raise DivergedError("the loss of f-BRS became infinite; the click was not added")

    monkeypatch.setattr(FbrsPredictor, "_predicted", diverge)
    shell.click(20, 20, Qt.MouseButton.RightButton)
    shell.wait(lambda: shell.error[0])
    shell.wait_idle()
    assert shell.error == (
        "The click could not be refined",
        "the loss of f-BRS became infinite; the click was not added",
    )
    assert [click.is_positive for click in shell.active.clicks] == [True, False]
    np.testing.assert_array_equal(shell.mask(), before)
    monkeypatch.undo()
    shell.trigger("rerun")
    shell.wait_idle()
    assert not shell.mask()[20, 20]


def test_a_method_of_another_network(idle_shell, photo):
    """A remembered method that the network has no place for: said, marked, and easily changed."""
    config = RefinementConfig(method="f-brs-a")
    idle_shell.annotation.reset(replace(idle_shell.document, config=config))
    idle_shell.start(photo)
    QApplication.processEvents()
    assert idle_shell.window.refine_panel.method.currentText() == "f-BRS-A (not usable)"
    idle_shell.click(60, 45)
    idle_shell.wait(lambda: idle_shell.error[0])
    assert "no place A; it has B; choose another method" in idle_shell.error[1]
    assert len(idle_shell.active.clicks) == 1
    pick(idle_shell, "f-brs-b")
    assert idle_shell.mask() is not None
    assert "f-brs-a" not in listed(idle_shell)


def test_the_outcome_of_a_method_without_losses(shell):
    pick(shell, "grabcut")
    shell.click(60, 45)
    shell.wait_idle()
    QApplication.processEvents()
    model = shell.window.clicks_panel.view.model()
    texts = [model.index(0, column).data() for column in range(model.columnCount())]
    assert "–" in texts and "nan" not in texts


def test_methods_that_work_at_other_sizes_go_into_one_file(idle_shell, tmp_path):
    photo, path = tmp_path / "large.png", tmp_path / "ids.png"
    rows, columns = np.mgrid[:200, :300]
    disc = np.hypot(rows - 100, columns - 80) < 40
    Image.fromarray(np.where(disc[..., None], (220, 180, 60), (60, 60, 90)).astype(np.uint8)).save(photo)
    idle_shell.start(photo)
    pick(idle_shell, "grabcut")
    idle_shell.click(80, 100)
    idle_shell.wait_idle()
    idle_shell.key(Qt.Key.Key_Return)
    pick(idle_shell, "f-brs-b")
    idle_shell.click(220, 100)
    idle_shell.wait_idle()
    sizes = [idle_shell.mask(item.object_id).shape for item in idle_shell.document.objects]
    assert sizes == [(85, 128), (200, 300)]
    idle_shell.trigger("export_as")
    idle_shell.answer("Include")
    idle_shell.wait(lambda: idle_shell.open_dialog(ExportDialog))
    dialog = idle_shell.open_dialog(ExportDialog)
    dialog.format.setCurrentIndex(dialog.format.findData("instances"))
    dialog.file.setText(str(path))
    idle_shell.qtbot.mouseClick(dialog.export, Qt.MouseButton.LeftButton)
    idle_shell.wait(lambda: path.exists() and not idle_shell.controller.exports.is_writing)
    ids = np.asarray(Image.open(path))
    np.testing.assert_array_equal(ids == 2, idle_shell.mask(2))
    assert np.mean((ids == 1) == (disc & (ids != 2))) > 0.99
