"""Label maps, mattes and depth maps in the real window: real events, real threads, miniature networks."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QToolButton

from gbrs_core.export import exporters_for
from gbrs_core.imports import read_depth_map, read_label_map
from gbrs_core.interaction import Click, Push, Stroke
from gbrs_core.prediction import OutputKind
from tests.helpers import dense_networks

RIGHT = Qt.MouseButton.RightButton
CONTROL = Qt.KeyboardModifier.ControlModifier


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


@pytest.fixture
def semantic(idle_shell, photo):
    return opened(idle_shell, photo, "semantic")


@pytest.fixture
def matting(idle_shell, photo):
    return opened(idle_shell, photo, "matting")


@pytest.fixture
def depth(idle_shell, photo):
    return opened(idle_shell, photo, "depth")


@pytest.fixture
def matte(matting):
    """Matting with a trimap: foreground in a disc, a band unknown around it."""
    rows, columns = np.mgrid[:90, :120]
    distance = np.hypot(rows - 45, columns - 60)
    trimap = np.where(distance < 15, 255, np.where(distance < 35, 128, 0)).astype(np.uint8)
    path = matting.settings_path.parent / "trimap.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(trimap).save(path)
    matting.controller.dense.import_trimap(path)
    matting.wait(lambda: layer(matting).trimap is not None)
    wait_for_prediction(matting)
    return matting


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


class TestMatting:
    def test_without_a_trimap_a_click_says_what_is_missing(self, matting):
        matting.click(60, 45)
        assert "trimap" in matting.window.messages.title
        assert layer(matting).clicks == ()

    def test_the_trimap_is_imposed(self, matte):
        assert at(values(matte), 60, 45) == 1.0
        assert at(values(matte), 2, 2) == 0.0

    def test_a_click_pulls_alpha_to_the_target(self, matte):
        before = at(values(matte), 85, 45)
        matte.window.matte_panel.form.values[0].setValue(0.9)
        matte.click(85, 45)
        matte.wait_idle()
        (click,) = layer(matte).clicks
        assert click.target == pytest.approx(0.9)
        assert abs(at(values(matte), 85, 45) - 0.9) < abs(before - 0.9)

    @pytest.mark.parametrize("tool", [Qt.Key.Key_C, Qt.Key.Key_P], ids=["click", "push"])
    @pytest.mark.parametrize(("x", "known"), [(60, "foreground"), (5, "background")])
    def test_what_the_trimap_says_is_not_corrected(self, matte, tool, x, known):
        matte.key(tool)
        matte.click(x, 45)
        assert f"The trimap says {known} here" in matte.window.messages.title
        assert layer(matte).clicks == ()

    def test_a_hint_goes_with_the_next_edit(self, matte):
        matte.click(60, 45)
        assert matte.window.messages.title
        matte.click(85, 45)
        assert not matte.window.messages.title

    def test_the_warning_of_a_trimap_goes_when_another_task_is_worked_on(self, matte):
        matte.trigger("clear_trimap")
        assert "unknown everywhere" in matte.window.messages.title
        matte.trigger("task_depth")
        assert not matte.window.messages.title

    def test_the_buttons_of_the_panel_keep_their_short_words(self, matte):
        matte.trigger("paint_foreground")
        words = {button.text() for button in matte.window.matte_panel.findChildren(QToolButton)}
        assert {"Foreground", "From Object", "All Unknown"} <= words

    def test_the_right_button_is_zero(self, matte):
        matte.click(85, 45, RIGHT)
        matte.wait_idle()
        assert [click.target for click in layer(matte).clicks] == [0.0]

    def test_holding_pushes_again_and_again_as_one_step(self, matte, qtbot):
        matte.key(Qt.Key.Key_P)
        steps = matte.annotation.undo_stack.count()
        matte.move(matte.place(85, 45))
        qtbot.mousePress(matte.canvas, RIGHT, pos=matte.place(85, 45))
        matte.wait(lambda: len(layer(matte).clicks) >= 3)
        qtbot.mouseRelease(matte.canvas, RIGHT, pos=matte.place(85, 45))
        matte.wait_idle()
        pushes = layer(matte).clicks
        assert all(isinstance(push, Push) and push.direction == -1 for push in pushes)
        assert matte.annotation.undo_stack.count() == steps + 1
        matte.annotation.undo_stack.undo()
        assert layer(matte).clicks == ()

    def test_painting_the_trimap_predicts_again(self, matte):
        matte.key(Qt.Key.Key_B)
        matte.canvas.set_radius(6)
        matte.key(Qt.Key.Key_3)
        before = layer(matte).trimap
        matte.drag((85, 40), (85, 50))
        wait_for_prediction(matte)
        assert layer(matte).trimap.values[45, 85] == 255
        assert at(values(matte), 85, 45) == 1.0
        matte.annotation.undo_stack.undo()
        assert layer(matte).trimap is before

    def test_without_its_first_trimap_there_is_no_matte_any_more(self, matte):
        assert matte.controller.source.layers()
        matte.move(matte.place(60, 45))
        QApplication.processEvents()
        assert matte.window.status.value.text().startswith("alpha")
        matte.trigger("undo")
        assert layer(matte).trimap is None
        assert matte.controller.source.estimate is None
        assert matte.controller.source.layers() == ()
        matte.wait(lambda: matte.window.status.value.text() == "", "no value under the cursor")

    def test_a_corrected_matte_keeps_its_clicks_when_the_trimap_changes(self, matte):
        matte.click(85, 45)
        matte.wait_idle()
        matte.controller.dense.paint_trimap(((5.0, 5.0),), 3.0, False)
        wait_for_prediction(matte)
        assert len(matte.controller.refinement.outcomes(layer(matte))) == 1

    def test_from_an_object_to_its_trimap(self, matting):
        matting.trigger("task_interactive")
        matting.wait(lambda: matting.controller.network.network is not None)
        matting.click(60, 45)
        matting.wait_idle()
        matting.trigger("task_matting")
        matting.window.matte_panel.erode.setValue(3)
        matting.window.matte_panel.dilate.setValue(5)
        matting.trigger("trimap_from_object")
        matting.wait(lambda: layer(matting).trimap is not None)
        trimap = layer(matting).trimap.values
        assert (trimap[45, 60], trimap[0, 0]) == (255, 0)
        assert 128 in trimap
        wait_for_prediction(matting)

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (np.zeros((10, 10), np.uint8), "10 x 10"),
            (np.full((90, 120), 77, np.uint8), "77"),
        ],
        ids=["size", "stray"],
    )
    def test_a_bad_trimap_is_refused_and_nothing_is_lost(self, matte, tmp_path, monkeypatch, content, words):
        matte.click(85, 45)
        matte.wait_idle()
        before = layer(matte)
        Image.fromarray(content).save(tmp_path / "bad.png")
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "bad.png"), ""))
        matte.trigger("import_trimap")
        matte.wait(lambda: matte.error[0] == "The trimap was not imported")
        assert words in matte.error[1]
        assert layer(matte) == before

    def test_an_unknown_trimap_is_taken_with_a_warning(self, matting):
        matting.trigger("clear_trimap")
        assert "unknown everywhere" in matting.window.messages.title
        wait_for_prediction(matting)

    def test_a_trimap_that_leaves_nothing_unknown_is_taken_with_a_warning(self, matting):
        matting.key(Qt.Key.Key_B)
        matting.key(Qt.Key.Key_3)
        matting.drag((50, 45), (60, 45))
        assert "nothing unknown" in matting.window.messages.title
        assert set(np.unique(layer(matting).trimap.values)) == {0, 255}
        matting.key(Qt.Key.Key_2)
        matting.drag((30, 30), (60, 30))
        assert matting.window.messages.title == ""


class TestDepth:
    def test_a_click_pulls_depth_to_the_typed_value(self, depth):
        before = at(values(depth), 60, 45)
        target = float(before * 0.7)
        depth.window.depth_panel.form.values[0].setValue(target)
        depth.click(60, 45)
        depth.wait_idle()
        after = at(values(depth), 60, 45)
        assert abs(after - target) < abs(before - target)
        assert isinstance(layer(depth).clicks[0], Click)

    def test_the_right_button_asks_once(self, depth):
        depth.click(60, 45, RIGHT)
        assert "right button" in depth.window.messages.title
        assert layer(depth).clicks == ()
        depth.window.depth_panel.form.values[1].setValue(3.0)
        depth.click(60, 45, RIGHT)
        depth.wait_idle()
        assert [click.target for click in layer(depth).clicks] == [3.0]

    def test_a_typed_depth_out_of_range_is_refused_with_the_range(self, depth):
        field = depth.window.depth_panel.form.values[0]
        field.setFocus()
        field.selectAll()
        depth.qtbot.keyClicks(field, "500000")
        depth.qtbot.keyClick(field, Qt.Key.Key_Return)
        assert depth.window.messages.title.startswith("500000 is out of range")
        assert field.text() == "2.000 m"
        assert layer(depth).primary == 2.0

    def test_same_as_there_and_twice_as_far(self, depth):
        there = float(at(values(depth), 30, 30))
        depth.key(Qt.Key.Key_I)
        depth.click(30, 30)
        assert layer(depth).primary == pytest.approx(there, abs=0.3)
        picked = layer(depth).primary
        depth.trigger("half_as_far")
        assert layer(depth).primary == pytest.approx(picked / 2)
        depth.trigger("twice_as_far")
        assert layer(depth).primary == pytest.approx(picked)

    def test_a_target_beyond_the_network_is_refused(self, depth):
        depth.controller.dense.set_target(25.0)
        assert layer(depth).primary == 2.0
        assert "10 m" in depth.window.messages.title

    def test_a_click_in_the_list_shows_and_takes_metres(self, depth):
        depth.click(60, 45)
        depth.wait_idle()
        model = depth.window.clicks_panel.view.model()
        index = model.index(0, 1)
        assert model.data(index) == "2.00 m"
        assert model.setData(index, 4.5)
        depth.wait_idle()
        assert layer(depth).clicks[0].target == 4.5

    def test_the_list_of_clicks_shows_targets_in_full(self, depth):
        depth.click(60, 45)
        depth.wait_idle()
        view = depth.window.clicks_panel.view
        depth.wait(lambda: view.columnWidth(1) >= view.sizeHintForColumn(1))
        assert view.model().index(0, 1).data(Qt.ItemDataRole.DecorationRole) is None

    def test_millimetres_come_back_as_they_were(self, depth, tmp_path):
        depth.click(60, 45)
        depth.wait_idle()
        path = export(depth, "depth_mm", tmp_path / "depth.png")
        session = dense_session("depth", depth)
        list(session.replay(layer(depth).clicks))
        np.testing.assert_allclose(read_depth_map(path, (90, 120)).array, session.prediction.array, atol=0.0006)


class TestTasks:
    def test_each_task_keeps_what_was_made(self, semantic):
        semantic.click(60, 45)
        semantic.wait_idle()
        made = layer(semantic).clicks
        semantic.trigger("task_interactive")
        semantic.wait(lambda: semantic.controller.network.network is not None)
        semantic.click(60, 45)
        semantic.wait_idle()
        assert semantic.mask()[45, 60]
        semantic.trigger("task_semantic")
        assert layer(semantic).clicks == made
        assert semantic.document.objects[0].clicks

    def test_undo_goes_back_to_the_task_of_the_step(self, semantic):
        semantic.click(60, 45)
        semantic.trigger("task_depth")
        wait_for_prediction(semantic)
        semantic.annotation.undo_stack.undo()
        assert semantic.document.task == "semantic"
        assert layer(semantic).clicks == ()
        assert semantic.window.classes_panel.isVisible()

    def test_tools_without_a_use_are_not_offered(self, depth):
        table = depth.window.actions_table
        assert table["push_tool"].isEnabled()
        assert not table["stroke_tool"].isEnabled()
        assert not table["trimap_tool"].isVisible()
        depth.key(Qt.Key.Key_P)
        depth.trigger("task_semantic")
        assert depth.controller.view.tool == "click"

    def test_a_task_without_a_network_says_so(self, idle_shell, photo, monkeypatch):
        import models

        monkeypatch.setattr(models, "default_network", lambda task: f"light_{task}" if task != "depth" else None)
        idle_shell.start(photo)
        idle_shell.trigger("task_depth")
        assert "no network for Depth" in idle_shell.window.messages.title
        assert idle_shell.controller.network.network is None

    def test_a_network_of_another_task_switches_to_it(self, shell):
        shell.controller.network.load("light_depth")
        shell.wait(lambda: shell.document.task == "depth")
        wait_for_prediction(shell)

    def test_another_image_keeps_the_task(self, semantic, tmp_path):
        other = tmp_path / "other.png"
        Image.fromarray(np.full((40, 60, 3), 90, np.uint8)).save(other)
        semantic.controller.files.open(other)
        semantic.wait_for_image(other)
        assert semantic.document.task == "semantic"
        wait_for_prediction(semantic)

    def test_a_network_that_says_nan_is_told_and_nothing_is_lost(self, depth, monkeypatch):
        depth.click(60, 45)
        depth.wait_idle()
        clicks = layer(depth).clicks
        network = dense_networks.network

        def broken(task):
            toy = network(task)
            toy.module.head.weight.fill_(float("nan"))
            return toy

        monkeypatch.setattr(dense_networks, "network", broken)
        depth.controller.network.load("light_depth")
        depth.wait(lambda: depth.window.messages.title)
        assert "finite" in depth.error[1] or "nan" in depth.error[1].lower()
        assert layer(depth).clicks == clicks


def probability(logits, class_id, x, y):
    column = at(logits, x, y).astype(np.float64)
    exponentials = np.exp(column - column.max())
    return exponentials[class_id] / exponentials.sum()


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


def test_every_kind_of_output_can_be_exported():
    assert all(exporters_for(kind) for kind in OutputKind)
