"""The simulated annotator and suggestions in the real window."""

import numpy as np
from PySide6.QtCore import Qt

from app.controllers import simulation
from gbrs_core.evaluation.auto_click import next_click
from gbrs_core.evaluation.dense_click import next_class_click, next_value_click
from tests.helpers.scored_windows import (
    DISC,
    HALVES,
    RAMP,
    clicked,
    curve,
    fresh_session,
    opened,
    run,
    saved,
    wait_scored,
)


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
        shell.key(Qt.Key.Key_J)
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
