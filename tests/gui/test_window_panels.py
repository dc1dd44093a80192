"""The panels beside the image, and what they ask for."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication

from app.action_table import ACTIONS
from app.widgets.clicks_dock import Column as ClickColumn
from app.widgets.objects_dock import Column as ObjectColumn
from app.widgets.shortcut_sheet import sheet_html
from gbrs_core.task_catalog import TASKS
from tests.gui.conftest import make_photo


@pytest.fixture
def two_objects(shell):
    shell.click(30, 45)
    shell.wait_idle()
    shell.key(Qt.Key.Key_Return)
    shell.click(90, 45)
    shell.click(60, 20, Qt.MouseButton.RightButton)
    shell.wait_idle()
    QApplication.processEvents()
    return shell


def press_cell(shell, view, row, column):
    rect = view.visualRect(view.model().index(row, column))
    shell.qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())
    QApplication.processEvents()


class TestObjects:
    def test_shows_the_objects(self, two_objects):
        view = two_objects.window.objects_panel.view
        names = [view.model().index(row, ObjectColumn.NAME).data() for row in range(view.model().rowCount())]
        assert names == ["Object 1", "Object 2"]
        assert view.model().index(1, ObjectColumn.CLICKS).data() == 2
        assert view.currentIndex().row() == 1

    def test_pressing_a_row_activates_without_a_step(self, two_objects):
        steps = two_objects.annotation.undo_stack.count()
        press_cell(two_objects, two_objects.window.objects_panel.view, 0, ObjectColumn.NAME)
        assert two_objects.active.object_id == 1
        assert two_objects.annotation.undo_stack.count() == steps

    def test_eye_and_lock(self, two_objects):
        view = two_objects.window.objects_panel.view
        press_cell(two_objects, view, 1, ObjectColumn.VISIBLE)
        assert not two_objects.document.get(2).is_visible
        press_cell(two_objects, view, 1, ObjectColumn.STATE)
        assert two_objects.document.get(2).is_locked
        assert two_objects.window.actions_table["lock"].isChecked()

    def test_rename_in_place(self, two_objects):
        model = two_objects.window.objects_panel.view.model()
        model.setData(model.index(0, ObjectColumn.NAME), "cup")
        assert two_objects.document.get(1).name == "cup"
        assert two_objects.annotation.undo_stack.undoText() == "Rename Object 1 to cup"

    def test_delete_key(self, two_objects):
        view = two_objects.window.objects_panel.view
        view.setFocus()
        two_objects.qtbot.keyClick(view, Qt.Key.Key_Delete)
        assert [item.object_id for item in two_objects.document.objects] == [1]

    def test_next_and_previous(self, two_objects):
        for action_id, expected in (("next_object", 1), ("next_object", 2), ("previous_object", 1)):
            two_objects.trigger(action_id)
            assert two_objects.active.object_id == expected

    def test_reopen_and_refine_further(self, two_objects):
        two_objects.annotation.activate(1)
        QApplication.processEvents()
        two_objects.trigger("reopen")
        two_objects.click(30, 80)
        two_objects.wait_idle()
        assert len(two_objects.document.get(1).clicks) == 2
        assert two_objects.mask(1)[80, 30]


class TestClicks:
    def test_shows_the_clicks(self, two_objects):
        model = two_objects.window.clicks_panel.view.model()
        rows = [[model.index(row, column).data() for column in ClickColumn] for row in range(model.rowCount())]
        assert [row[:4] for row in rows] == [["1", "+", "90", "45"], ["2", "−", "60", "20"]]
        assert all(row[ClickColumn.LOSS] not in ("", "…") for row in rows)

    def test_editing_a_number_refines_again(self, two_objects):
        model = two_objects.window.clicks_panel.view.model()
        model.setData(model.index(0, ClickColumn.RADIUS), 33.0)
        two_objects.wait_idle()
        assert two_objects.active.clicks[0].radius == 33.0
        assert len(two_objects.controller.refinement.outcomes(two_objects.active)) == 2

    def test_turning_the_sign(self, two_objects):
        view = two_objects.window.clicks_panel.view
        rect = view.visualRect(view.model().index(1, ClickColumn.TARGET))
        two_objects.qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())
        two_objects.qtbot.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())
        two_objects.wait_idle()
        assert two_objects.active.clicks[1].is_positive
        assert two_objects.mask()[20, 60]

    def test_selecting_and_deleting(self, two_objects):
        view = two_objects.window.clicks_panel.view
        press_cell(two_objects, view, 0, ClickColumn.X)
        assert two_objects.annotation.selected_click == 0
        view.setFocus()
        two_objects.qtbot.keyClick(view, Qt.Key.Key_Delete)
        two_objects.wait_idle()
        assert [click.is_positive for click in two_objects.active.clicks] == [False]

    def test_clicks_of_finished_objects_are_not_edited(self, two_objects):
        two_objects.annotation.activate(1)
        QApplication.processEvents()
        model = two_objects.window.clicks_panel.view.model()
        assert not model.flags(model.index(0, ClickColumn.X)) & Qt.ItemFlag.ItemIsEditable


class TestRefine:
    def test_fields_show_the_measured_defaults(self, shell):
        panel = shell.window.refine_panel
        assert "20" in panel.iterations.text()
        assert panel.iterations.optional_value() is None
        assert not panel.reset.isEnabled()

    def test_fields_and_reset(self, shell):
        panel = shell.window.refine_panel
        panel.iterations.setValue(7)
        panel.consistency_weight.setValue(0.0)
        config = shell.document.config
        assert (config.iterations, config.consistency_weight, config.learning_rate) == (7, 0.0, None)
        shell.wait(panel.reset.isEnabled)
        shell.qtbot.mouseClick(panel.reset, Qt.MouseButton.LeftButton)
        assert shell.document.config.iterations is None
        assert shell.controller.settings.current.refinement.iterations is None

    def test_radius_is_one_value_in_three_places(self, shell):
        shell.window.refine_panel.radius.setValue(31)
        assert shell.canvas.radius() == 31
        assert shell.window.view_bar.radius.value() == 31
        assert shell.controller.settings.current.radius_shares == {"interactive": pytest.approx(31 / 120)}

    def test_every_task_has_its_radius(self, shell, photo):
        assert shell.canvas.radius() == round(0.12 * 120)
        shell.window.refine_panel.radius.setValue(31)
        shell.trigger("task_depth")
        assert shell.canvas.radius() == shell.window.view_bar.radius.value() == 36
        shell.trigger("task_interactive")
        assert shell.canvas.radius() == 31
        assert "depth" not in shell.controller.settings.current.radius_shares

    def test_a_radius_chosen_after_another_tool_is_that_of_the_task(self, shell):
        shell.trigger("task_matting")
        shell.trigger("trimap_tool")
        shell.window.view_bar.radius.setValue(9)
        shell.trigger("task_depth")
        assert shell.canvas.radius() == 36
        shell.window.view_bar.radius.setValue(40)
        assert shell.controller.settings.current.radius_shares == {"depth": pytest.approx(40 / 120)}

    def test_a_tool_in_between_leaves_the_radius(self, shell):
        shell.trigger("task_semantic")
        shell.key(Qt.Key.Key_BracketRight)
        chosen = shell.canvas.radius()
        assert chosen == pytest.approx(14 * 1.15)
        shell.trigger("stroke_tool")
        shell.key(Qt.Key.Key_BracketRight)
        shell.trigger("click_tool")
        assert shell.canvas.radius() == pytest.approx(chosen, abs=0.05)
        assert shell.controller.settings.current.radius_shares == {"semantic": pytest.approx(chosen / 120)}

    def test_a_small_image_leaves_the_radius_of_the_next_one(self, shell, tmp_path):
        shell.window.refine_panel.radius.setValue(40)
        for name, width in (("small.png", 12), ("large.png", 240)):
            path = make_photo(tmp_path / name, width=width, height=width // 2)
            shell.controller.files.open(path)
            shell.wait_for_image(path)
        assert shell.canvas.radius() == 80

    def test_the_wheel_passes_over_fields_without_the_keyboard(self, shell):
        from PySide6.QtCore import QPoint, QPointF
        from PySide6.QtGui import QWheelEvent

        field = shell.window.view_bar.opacity
        shell.focus_canvas()
        before = field.value()
        none = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
        event = QWheelEvent(QPointF(5, 5), QPointF(5, 5), QPoint(), QPoint(0, 120), *none, False)
        QApplication.sendEvent(field, event)
        assert field.value() == before


class TestActions:
    def test_every_action_does_something(self, shell):
        """A table entry without a command would be a dead menu item."""
        table = shell.window.actions_table
        idle = [spec.action_id for spec in ACTIONS if not table[spec.action_id].receivers("2triggered(bool)")]
        assert idle == []

    @pytest.mark.parametrize("task", TASKS)
    def test_no_key_is_given_twice_in_a_task(self, task):
        keys = [key for spec in ACTIONS if not spec.tasks or task in spec.tasks for key in spec.keys]
        assert len(keys) == len(set(keys))

    def test_tooltips_carry_the_shortcut(self, shell):
        for spec in ACTIONS:
            if spec.keys:
                assert "(" in shell.window.actions_table[spec.action_id].toolTip()

    def test_the_sheet_has_every_key(self):
        sheet = sheet_html()
        assert all(spec.keys == () or (spec.tip or spec.plain_text).split("&")[0] in sheet for spec in ACTIONS)
        assert "Nothing found" in sheet_html("qqqqq")
        assert "Undo" not in sheet_html("opaque")

    def test_themes(self, shell):
        for theme, lighter in (("dark", False), ("light", True)):
            shell.trigger(f"theme_{theme}")
            palette = QApplication.instance().palette()
            assert (palette.window().color().lightness() > palette.windowText().color().lightness()) is lighter
            QApplication.processEvents()
            assert shell.window.actions_table[f"theme_{theme}"].isChecked()


class TestHeights:
    def heights(self, shell):
        QApplication.processEvents()
        panels = (shell.window.objects_panel, shell.window.clicks_panel, shell.window.refine_panel)
        return [panel.height() for panel in panels]

    def test_settings_get_what_the_others_do_not_need(self, shell):
        objects, clicks, settings = self.heights(shell)
        assert settings > 1.5 * max(objects, clicks)

    def test_a_task_with_a_higher_page_gives_it_back(self, shell):
        before = self.heights(shell)
        shell.trigger("task_matting")
        assert shell.window.matte_panel.height() > before[0]
        shell.trigger("task_interactive")
        assert self.heights(shell) == pytest.approx(before, abs=10)

    def test_a_task_not_seen_before_gives_back_what_the_last_one_needed(self, shell):
        shell.trigger("task_matting")
        least = self.heights(shell)[2]
        shell.trigger("task_depth")
        assert self.heights(shell)[2] > least

    def test_heights_that_somebody_chose_hold_for_other_tasks(self, shell):
        clicks = self.heights(shell)[1]
        upper = shell.window.clicks_panel.parentWidget().geometry()
        line = QPoint(upper.center().x(), upper.bottom() + 1)
        shell.qtbot.mousePress(shell.window, Qt.MouseButton.LeftButton, pos=line)
        shell.qtbot.mouseMove(shell.window, line + QPoint(0, 60))
        shell.wait(lambda: self.heights(shell)[1] > clicks + 40)
        shell.qtbot.mouseRelease(shell.window, Qt.MouseButton.LeftButton, pos=line + QPoint(0, 60))
        shell.trigger("task_depth")
        assert self.heights(shell)[1] > clicks + 20

    def test_six_classes_are_seen_in_a_small_window(self, shell):
        shell.trigger("task_semantic")
        shell.window.resize(shell.window.minimumSizeHint())
        QApplication.processEvents()
        assert shell.window.classes_panel.view.viewport().height() >= 6 * shell.window.classes_panel.view.rowHeight(0)

    def test_the_default_layout(self, shell):
        before = self.heights(shell)
        docks = [shell.window.clicks_panel.parentWidget(), shell.window.refine_panel.parentWidget()]
        shell.window.resizeDocks(docks, [before[1] + 80, before[2] - 80], Qt.Orientation.Vertical)
        assert self.heights(shell) != before
        shell.trigger("reset_layout")
        assert self.heights(shell) == pytest.approx(before, abs=4)
