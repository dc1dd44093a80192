"""Ground truth, scores after every click, the simulated annotator and suggestions in the real window."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog

from app.controllers import simulation
from gbrs_core.evaluation.auto_click import next_click
from gbrs_core.evaluation.dense_click import next_class_click, next_value_click
from gbrs_core.session import RefinementSession
from tests.gui.conftest import load_tiny, make_photo

ROWS, COLUMNS = np.mgrid[:90, :120]
DISC = np.hypot(ROWS - 45, COLUMNS - 60) < 22
"""The bright disc of the photograph."""
HALVES = np.where(COLUMNS < 60, 1, 3)
"""Two of the toy network's four classes."""
RAMP = 1 + 8 * COLUMNS / 119
"""Depth in metres."""


def saved(array, path):
    """A map in a file: float arrays as NumPy files."""
    if path.suffix == ".npy":
        np.save(path, array)
    else:
        Image.fromarray(np.ascontiguousarray(array)).save(path)
    return path


def load(shell, path):
    shell.controller.scores.load(path)
    shell.wait(lambda: shell.controller.scores.score.truth is not None)
    wait_scored(shell)


def wait_scored(shell):
    """Until the prediction on all clicks is scored and shown."""
    shell.wait(lambda: not shell.controller.refinement.is_busy)
    shell.wait(lambda: shell.controller.scores.score.curve.points[-1].scores is not None)
    QApplication.processEvents()


def curve(shell):
    """The main score over the clicks."""
    return shell.controller.scores.score.curve.values(0)


def run(shell, action_id):
    """The simulated annotator until it has ended and everything is scored."""
    shell.trigger(action_id)
    shell.wait(lambda: not shell.controller.scores.annotator.is_running)
    wait_scored(shell)


def fresh_session(shell, task):
    """The engine by itself on the same image, network and settings as the window."""
    document = shell.document
    name = "light_interactive" if task == "interactive" else f"light_{task}"
    network = load_tiny(name, progress=lambda *_: None, cancelled=lambda: False)
    trimap = document.layer.trimap.values if task == "matting" else None
    return RefinementSession(network, shell.controller.files.image, document.current_config, trimap, device="cpu")


def clicked(session, click):
    for _ in session.refine(click):
        pass
    return session.prediction.array


@pytest.fixture
def scored(shell, tmp_path):
    """The photograph with the mask of its disc."""
    load(shell, saved(DISC.astype(np.uint8) * 255, tmp_path / "mask.png"))
    return shell


def opened(shell, photo, task):
    shell.start(photo, task)
    if task != "matting":
        shell.wait(lambda: shell.controller.refinement.result_of(shell.document.layer) is not None)
    return shell


@pytest.fixture
def semantic(idle_shell, photo, tmp_path):
    opened(idle_shell, photo, "semantic")
    load(idle_shell, saved(HALVES.astype(np.uint8), tmp_path / "labels.png"))
    return idle_shell


@pytest.fixture
def depth(idle_shell, photo, tmp_path):
    opened(idle_shell, photo, "depth")
    load(idle_shell, saved(RAMP.astype(np.float32), tmp_path / "depth.npy"))
    return idle_shell


@pytest.fixture
def matting(idle_shell, photo, tmp_path):
    opened(idle_shell, photo, "matting")
    distance = np.hypot(ROWS - 45, COLUMNS - 60)
    trimap = np.where(distance < 15, 255, np.where(distance < 35, 128, 0)).astype(np.uint8)
    idle_shell.controller.dense.import_trimap(saved(trimap, tmp_path / "trimap.png"))
    idle_shell.wait(lambda: idle_shell.document.layer.trimap is not None)
    idle_shell.wait(lambda: idle_shell.controller.refinement.result_of(idle_shell.document.layer) is not None)
    load(idle_shell, saved(np.clip((30 - distance) / 12, 0, 1).astype(np.float32), tmp_path / "alpha.npy"))
    return idle_shell


class TestScores:
    def test_before_the_first_click_no_pixel_is_right(self, scored):
        assert curve(scored) == (0.0,)
        assert scored.window.score_panel.isVisible()
        assert scored.window.score_panel.values[0].text() == "IoU 0.000"

    def test_the_iou_is_that_of_the_mask_at_image_size(self, scored, tmp_path):
        scored.click(60, 45)
        wait_scored(scored)
        session = fresh_session(scored, "interactive")
        (click,) = scored.active.clicks
        mask = clicked(session, click) > 0
        expected = (mask & DISC).sum() / (mask | DISC).sum()
        assert curve(scored) == (0.0, pytest.approx(expected, abs=1e-6))

    def test_the_threshold_counts(self, scored):
        scored.click(60, 45)
        wait_scored(scored)
        before = curve(scored)[-1]
        scored.annotation.set_threshold(0.999)
        wait_scored(scored)
        assert curve(scored)[-1] != before

    def test_undo_and_redo_move_along_the_curve(self, scored):
        for place in ((60, 45), (20, 20)):
            scored.click(*place)
            wait_scored(scored)
        whole = curve(scored)
        assert len(whole) == 3
        scored.trigger("undo")
        wait_scored(scored)
        assert curve(scored) == whole[:2]
        scored.trigger("redo")
        wait_scored(scored)
        assert curve(scored) == whole

    def test_of_another_object_there_is_another_curve(self, scored):
        scored.click(60, 45)
        wait_scored(scored)
        first = curve(scored)
        scored.trigger("new_object")
        wait_scored(scored)
        assert curve(scored) == (0.0,)
        assert "Object 2" in scored.window.score_panel.plot.accessibleName()
        scored.annotation.activate(1)
        wait_scored(scored)
        assert curve(scored) == first

    def test_deleting_a_click_gives_another_curve(self, scored):
        for place in ((60, 45), (20, 20)):
            scored.click(*place)
            wait_scored(scored)
        first = curve(scored)
        scored.annotation.delete_click(0)
        wait_scored(scored)
        assert len(curve(scored)) == 2
        assert curve(scored)[1] != first[1]

    def test_a_click_that_is_refined_again_is_scored_again(self, scored):
        scored.click(60, 45)
        wait_scored(scored)
        first = curve(scored)
        result = scored.controller.refinement.result_of(scored.active)
        emptied = replace(result, values=np.full_like(result.values, -1.0))
        scored.controller.refinement.results.put(scored.annotation.key_of(scored.active), emptied)
        scored.controller.refinement.click_refined.emit(result.outcomes[-1])
        scored.controller.refinement.results_changed.emit()
        scored.wait(lambda: curve(scored)[-1] == 0.0)
        assert first[-1] > 0.0

    def test_truth_loaded_late_scores_the_clicks_there_are(self, shell, tmp_path):
        for place in ((60, 45), (20, 20)):
            shell.click(*place)
            shell.wait_idle()
        load(shell, saved(DISC.astype(np.uint8), tmp_path / "ones.png"))
        shell.wait(lambda: None not in curve(shell))
        assert len(curve(shell)) == 3

    def test_of_label_maps(self, semantic):
        predicted = fresh_session(semantic, "semantic").prediction.array
        shares = [
            ((predicted == label) & (label == HALVES)).sum() / ((predicted == label) | (label == HALVES)).sum()
            for label in range(4)
            if ((predicted == label) | (label == HALVES)).any()
        ]
        assert curve(semantic) == (pytest.approx(np.mean(shares)),)

    def test_of_depth(self, depth):
        predicted = fresh_session(depth, "depth").prediction.array
        ratio = np.maximum(predicted / RAMP, RAMP / predicted)
        (point,) = depth.controller.scores.score.curve.points
        assert point.scores[0] == pytest.approx((ratio < 1.25).mean(), abs=1e-4)
        assert point.scores[2] == pytest.approx(np.sqrt(((predicted - RAMP) ** 2).mean()), rel=1e-4)

    def test_of_a_matte_over_the_unknown_pixels(self, matting):
        alpha = fresh_session(matting, "matting").prediction.array
        distance = np.hypot(ROWS - 45, COLUMNS - 60)
        error = (alpha - np.clip((30 - distance) / 12, 0, 1))[(distance >= 15) & (distance < 35)]
        (point,) = matting.controller.scores.score.curve.points
        assert point.scores == pytest.approx(((error**2).mean() * 1000, np.abs(error).sum() / 1000), rel=1e-4)

    def test_another_score_is_shown_by_its_button(self, depth):
        panel = depth.window.score_panel
        depth.qtbot.mouseClick(panel.values[2], Qt.MouseButton.LeftButton)
        assert panel.chosen == 2
        assert "RMSE" in panel.plot.accessibleName()


class TestTruth:
    def test_of_another_size_is_refused_and_the_one_before_stays(self, scored, tmp_path):
        scored.click(60, 45)
        wait_scored(scored)
        before = curve(scored)
        scored.controller.scores.load(saved(np.ones((40, 50), np.uint8), tmp_path / "small.png"))
        scored.wait(lambda: scored.window.messages.title == "The ground truth was not loaded")
        assert "50 x 40" in scored.error[1]
        assert "120 x 90" in scored.error[1]
        assert curve(scored) == before

    def test_with_ids_beyond_the_classes_is_refused(self, semantic, tmp_path):
        semantic.controller.scores.load(saved(np.full((90, 120), 9, np.uint8), tmp_path / "nine.png"))
        semantic.wait(lambda: semantic.window.messages.title == "The ground truth was not loaded")
        assert "the ids 9" in semantic.error[1]

    def test_unreadable_is_refused(self, shell, tmp_path):
        path = tmp_path / "noise.png"
        path.write_bytes(b"not a picture")
        shell.controller.scores.load(path)
        shell.wait(lambda: shell.window.messages.title == "The ground truth was not loaded")
        assert "noise.png" in shell.error[1]
        assert shell.controller.scores.score.truth is None

    def test_pixels_that_do_not_count_are_told(self, shell, tmp_path):
        mask = np.where(DISC, 255, 0).astype(np.uint8)
        mask[0, :7] = 128
        load(shell, saved(mask, tmp_path / "trimap.png"))
        assert "7 pixels do not count" in shell.window.messages.text

    def test_it_goes_with_the_image(self, scored, tmp_path):
        other = make_photo(tmp_path / "other.png", 100, 80)
        scored.controller.files.open(other)
        scored.wait_for_image(other)
        assert scored.controller.scores.score.truth is None
        QApplication.processEvents()
        assert not scored.window.actions_table["click_once"].isEnabled()

    def test_each_task_has_its_own(self, scored):
        scored.trigger("task_semantic")
        assert scored.controller.scores.score.truth is None
        scored.trigger("task_interactive")
        assert scored.controller.scores.score.truth.path.name == "mask.png"

    def test_it_can_be_forgotten(self, scored):
        scored.trigger("forget_truth")
        scored.wait(lambda: not scored.window.actions_table["export_curve"].isEnabled())
        assert scored.controller.scores.score.curve is None


class TestSimulatedAnnotator:
    def test_clicks_where_the_protocol_would(self, scored):
        run(scored, "click_once")
        target = DISC.astype(np.int8)
        session = fresh_session(scored, "interactive")
        first = next_click(np.zeros_like(DISC), target)
        assert scored.active.clicks == (first,)
        second = next_click(clicked(session, first) > 0, target, [first])
        run(scored, "click_once")
        assert scored.active.clicks == (first, second)

    def test_its_click_is_one_of_the_user(self, scored):
        run(scored, "click_once")
        (marker,) = scored.controller.source.markers()
        assert marker.is_positive
        assert scored.controller.exports.is_dirty
        scored.trigger("undo")
        assert scored.document.objects == ()

    def test_human_like_it_clicks_beside_the_middle(self, scored):
        combo = scored.window.score_panel.clicker
        scored.qtbot.keyClick(combo, Qt.Key.Key_Down)
        assert combo.currentData() == "human"
        run(scored, "click_once")
        (click,) = scored.active.clicks
        middle = next_click(np.zeros_like(DISC), DISC.astype(np.int8))
        assert (click.x, click.y) != (middle.x, middle.y)
        assert DISC[int(click.y), int(click.x)]
        assert click.radius > middle.radius

    def test_without_a_prediction_it_says_so(self, depth):
        depth.controller.refinement.results.clear()
        depth.trigger("click_once")
        assert depth.window.messages.title.startswith("There is no prediction to correct")
        assert not depth.controller.scores.annotator.is_running

    def test_without_a_trimap_it_says_so(self, idle_shell, photo, tmp_path):
        opened(idle_shell, photo, "matting")
        idle_shell.controller.scores.load(saved(DISC.astype(np.float32), tmp_path / "alpha.npy"))
        idle_shell.wait(lambda: idle_shell.controller.scores.has_truth)
        idle_shell.wait(lambda: idle_shell.window.actions_table["click_once"].isEnabled())
        idle_shell.trigger("click_once")
        assert idle_shell.window.messages.title == "A matte needs a trimap first."

    def test_in_label_maps(self, semantic):
        session = fresh_session(semantic, "semantic")
        valid = np.ones_like(HALVES, bool)
        first = next_class_click(session.prediction.array, HALVES, valid)
        second = next_class_click(clicked(session, first), HALVES, valid, [first])
        run(semantic, "click_once")
        run(semantic, "click_once")
        assert semantic.document.layer.clicks == (first, second)

    def test_in_depth_maps(self, depth):
        target = RAMP.astype(np.float32)
        first = next_value_click(fresh_session(depth, "depth").prediction.array, target, np.ones_like(DISC))
        run(depth, "click_once")
        assert depth.document.layer.clicks == (first,)
        assert len(curve(depth)) == 2

    def test_in_mattes_only_in_the_unknown(self, matting):
        run(matting, "click_once")
        (click,) = matting.document.layer.clicks
        assert matting.document.layer.trimap.values[int(click.y), int(click.x)] == 128

    def test_to_the_end_stops_at_the_last_click_of_the_protocol(self, scored, monkeypatch):
        monkeypatch.setattr(simulation, "MOST_CLICKS", 3)
        run(scored, "click_to_end")
        assert len(scored.active.clicks) == 3
        scored.wait(lambda: None not in curve(scored))
        scored.trigger("click_to_end")
        assert "3 clicks already" in scored.window.messages.title

    def test_to_the_end_stops_when_nothing_is_wrong(self, scored, tmp_path):
        scored.click(60, 45)
        wait_scored(scored)
        session = fresh_session(scored, "interactive")
        mask = clicked(session, scored.active.clicks[0]) > 0
        scored.controller.scores.load(saved(mask.astype(np.uint8) * 255, tmp_path / "same.png"))
        scored.wait(lambda: scored.controller.scores.score.truth.path.name == "same.png")
        run(scored, "click_to_end")
        assert len(scored.active.clicks) == 1
        assert curve(scored)[-1] == 1.0
        assert scored.window.messages.title == "Nothing is wrong any more."

    def test_escape_stops_it(self, scored):
        scored.trigger("click_to_end")
        scored.wait(lambda: scored.active is not None and len(scored.active.clicks) >= 2)
        scored.key(Qt.Key.Key_Escape)
        assert not scored.controller.scores.annotator.is_running
        wait_scored(scored)
        count = len(scored.active.clicks) if scored.active is not None else 0
        assert 1 <= count < simulation.MOST_CLICKS
        assert len(curve(scored)) == count + 1

    def test_an_edit_of_the_user_stops_it(self, scored):
        scored.trigger("click_to_end")
        scored.wait(lambda: scored.active is not None and len(scored.active.clicks) >= 2)
        scored.trigger("undo")
        assert not scored.controller.scores.annotator.is_running

    def test_not_on_a_finished_object(self, scored):
        scored.click(60, 45)
        wait_scored(scored)
        scored.annotation.finish(scored.active.object_id)
        scored.trigger("click_once")
        assert "finished" in scored.window.messages.title
        assert len(scored.document.objects) == 1


class TestSuggestion:
    def test_without_ground_truth_where_the_mask_is_unsure(self, shell):
        shell.click(60, 45)
        shell.wait_idle()
        shell.trigger("suggest_click")
        shell.wait(lambda: shell.controller.scores.suggestion is not None)
        x, y = shell.controller.scores.suggestion
        logits = shell.controller.refinement.shown(shell.active).values
        rows, columns = logits.shape
        here = abs(logits[int((y + 0.5) * rows / 90), int((x + 0.5) * columns / 120)])
        assert here < np.median(np.abs(logits))
        shell.click(20, 20)
        assert shell.controller.scores.suggestion is None

    def test_where_the_classes_are_unsure(self, semantic):
        semantic.trigger("suggest_click")
        semantic.wait(lambda: semantic.controller.scores.suggestion is not None)
        semantic.key(Qt.Key.Key_Escape)
        assert semantic.controller.scores.suggestion is None

    def test_depth_has_none_and_says_so(self, depth):
        depth.trigger("suggest_click")
        assert "does not say how sure it is" in depth.window.messages.title


class TestExport:
    def test_is_read_back(self, scored, tmp_path, monkeypatch):
        scored.click(60, 45)
        wait_scored(scored)
        run(scored, "click_once")
        path = tmp_path / "curve.csv"
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
        scored.trigger("export_curve")
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert [row["click"] for row in rows] == ["0", "1", "2"]
        assert [float(row["IoU"]) for row in rows] == pytest.approx(list(curve(scored)))
        assert rows[0]["x"] == ""
        second = scored.active.clicks[1]
        assert [float(rows[2][name]) for name in ("x", "y", "radius", "target")] == pytest.approx(
            [second.x, second.y, second.radius, second.target]
        )

    def test_into_nowhere_is_an_error(self, scored, tmp_path):
        scored.controller.scores.score.save_curve(tmp_path / "missing" / "curve.csv")
        assert scored.window.messages.title == "The curve was not exported"
