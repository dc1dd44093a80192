"""Mattes in the real window: real events, real threads, miniature networks."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QToolButton

from gbrs_core.interaction import Push
from tests.helpers.dense_windows import at, layer, opened, values, wait_for_prediction

RIGHT = Qt.MouseButton.RightButton


@pytest.fixture
def matting(idle_shell, photo):
    return opened(idle_shell, photo, "matting")


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
