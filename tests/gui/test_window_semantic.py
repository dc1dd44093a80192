"""Label maps in the real window: real events, real threads, miniature networks."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog

from gbrs_core.imports import read_label_map
from gbrs_core.interaction import Stroke
from tests.helpers.dense_windows import at, dense_session, export, layer, opened, scores, values

RIGHT = Qt.MouseButton.RightButton
CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def semantic(idle_shell, photo):
    return opened(idle_shell, photo, "semantic")


class TestSemantic:
    def test_the_network_predicts_by_itself(self, semantic):
        assert values(semantic).shape == (36, 48)
        assert values(semantic).dtype == np.uint8
        assert scores(semantic).shape == (4, 36, 48)
        np.testing.assert_array_equal(scores(semantic).argmax(axis=0), values(semantic))
        assert not semantic.controller.exports.is_dirty

    def test_the_panel_lists_the_classes_of_the_network(self, semantic):
        model = semantic.window.classes_panel.view.model()
        assert model.names == ("road", "sky", "tree", "car")
        assert semantic.window.classes_panel.isVisible()
        assert not semantic.window.objects_panel.isVisible()

    def test_buttons_click_with_their_class(self, semantic):
        before = scores(semantic)
        semantic.click(60, 45)
        semantic.click(20, 20, RIGHT)
        semantic.wait_idle()
        assert [click.target for click in layer(semantic).clicks] == [0.0, 1.0]
        after = scores(semantic)
        for class_id, place in ((0, (60, 45)), (1, (20, 20))):
            assert probability(after, class_id, *place) > probability(before, class_id, *place)

    def test_a_found_class_is_in_sight_and_the_keys_are_the_canvas_s_again(self, semantic):
        panel = semantic.window.classes_panel
        semantic.trigger("find_class")
        semantic.qtbot.keyClicks(panel.search, "ca")
        semantic.qtbot.keyClick(panel.search, Qt.Key.Key_Return)
        assert layer(semantic).primary == 3.0
        assert panel.search.text() == ""
        assert semantic.canvas.hasFocus()
        QApplication.processEvents()
        view = panel.view
        assert view.viewport().rect().contains(view.visualRect(view.model().index(3, 3)).center())

    def test_escape_gives_the_search_up(self, semantic):
        panel = semantic.window.classes_panel
        semantic.trigger("find_class")
        semantic.qtbot.keyClicks(panel.search, "ca")
        semantic.qtbot.keyClick(panel.search, Qt.Key.Key_Escape)
        assert (layer(semantic).primary, panel.search.text()) == (0.0, "")
        assert semantic.canvas.hasFocus()

    def test_digits_choose_the_class_and_x_swaps(self, semantic):
        semantic.key(Qt.Key.Key_3)
        assert (layer(semantic).primary, layer(semantic).secondary) == (2.0, 1.0)
        semantic.key(Qt.Key.Key_X)
        assert (layer(semantic).primary, layer(semantic).secondary) == (1.0, 2.0)

    def test_a_digit_beyond_the_classes_is_refused_with_a_reason(self, semantic):
        semantic.key(Qt.Key.Key_9)
        assert layer(semantic).primary == 0.0
        assert "0 to 3" in semantic.window.messages.title

    def test_a_stroke_paints_its_way(self, semantic):
        semantic.key(Qt.Key.Key_S)
        semantic.canvas.set_radius(4)
        semantic.key(Qt.Key.Key_2)
        semantic.drag((30, 30), (60, 30))
        semantic.wait_idle()
        (stroke,) = layer(semantic).clicks
        assert isinstance(stroke, Stroke)
        painted = stroke.painted(90, 120)
        assert painted[30, 32:58].all()
        assert not painted[40:].any()
        assert stroke.target == 1.0
        assert len(semantic.controller.refinement.outcomes(layer(semantic))) == 1

    def test_the_eyedropper_takes_the_class_under_the_cursor(self, semantic):
        rows, columns = np.nonzero(values(semantic) == 3)
        x, y = (columns[0] + 0.5) * 2.5, (rows[0] + 0.5) * 2.5
        semantic.click(x, y, modifier=CONTROL)
        assert layer(semantic).primary == 3.0
        assert layer(semantic).clicks == ()

    def test_hiding_a_class_is_a_step(self, semantic):
        semantic.controller.dense.set_class_visible(2, False)
        assert layer(semantic).hidden_classes == {2}
        semantic.annotation.undo_stack.undo()
        assert layer(semantic).hidden_classes == frozenset()

    def test_undo_brings_back_the_automatic_prediction_at_once(self, semantic):
        before = values(semantic)
        semantic.click(60, 45)
        semantic.wait_idle()
        semantic.annotation.undo_stack.undo()
        assert values(semantic) is before
        assert not semantic.controller.refinement.is_busy

    def test_the_status_bar_names_the_class(self, semantic):
        semantic.move(semantic.place(60, 45))
        names = ("road", "sky", "tree", "car")
        assert semantic.window.status.value.text().startswith(names[at(values(semantic), 60, 45)])

    def test_the_exported_label_map_is_that_of_the_engine(self, semantic, tmp_path):
        semantic.click(60, 45)
        semantic.wait_idle()
        path = export(semantic, "labels", tmp_path / "labels.png")
        session = dense_session("semantic", semantic)
        list(session.replay(layer(semantic).clicks))
        np.testing.assert_array_equal(read_label_map(path, (90, 120), 4).array, session.prediction.array)
        assert not semantic.controller.exports.is_dirty


class TestComparison:
    def compare(self, shell, ids, folder, monkeypatch):
        path = folder / "other.png"
        Image.fromarray(ids.astype(np.uint8)).save(path)
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
        shell.trigger("compare")
        shell.wait(lambda: shell.window.messages.title)

    def test_a_label_map_of_another_program(self, semantic, tmp_path, monkeypatch):
        self.compare(semantic, np.full((90, 120), 2), tmp_path, monkeypatch)
        share = float((values(semantic) != 2).mean())
        assert semantic.window.messages.title == "Compared with other.png"
        assert f"{share:.1%}" in semantic.window.messages.text
        assert semantic.controller.view.mode == "difference"
        (drawn,) = semantic.controller.source.layers()
        assert (drawn.before == 2).all()
        semantic.trigger("end_comparison")
        (drawn,) = semantic.controller.source.layers()
        assert drawn.before is None

    def test_ids_beyond_the_classes_are_refused(self, semantic, tmp_path, monkeypatch):
        before = semantic.document
        self.compare(semantic, np.full((90, 120), 7), tmp_path, monkeypatch)
        assert "7" in semantic.error[1]
        assert "the classes end at 3" in semantic.error[1]
        assert semantic.document == before

    def test_a_map_that_comes_when_another_task_is_worked_on_is_not_dropped_silently(
        self, semantic, tmp_path, monkeypatch
    ):
        path = tmp_path / "other.png"
        Image.fromarray(np.full((90, 120), 2, np.uint8)).save(path)
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
        semantic.trigger("compare")
        semantic.trigger("task_matting")
        semantic.wait(lambda: "is gone" in semantic.window.messages.title, "the reason")


def probability(logits, class_id, x, y):
    column = at(logits, x, y).astype(np.float64)
    exponentials = np.exp(column - column.max())
    return exponentials[class_id] / exponentials.sum()
