"""Ground truth, scores after every click and their export in the real window."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog

from tests.gui.conftest import make_photo
from tests.helpers.scored_windows import (
    COLUMNS,
    DISC,
    HALVES,
    RAMP,
    ROWS,
    clicked,
    curve,
    fresh_session,
    load,
    run,
    saved,
    wait_scored,
)


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
