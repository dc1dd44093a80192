"""Clicking in the real window: real events, real threads, the miniature network."""

import numpy as np
import pytest
from PySide6.QtCore import Qt

from gbrs_core.config import RefinementConfig


def clicks(shell):
    return shell.active.clicks if shell.active is not None else ()


class TestClick:
    def test_a_left_click_makes_a_mask_at_the_place(self, shell):
        shell.click(60, 45)
        shell.wait_idle()
        (click,) = clicks(shell)
        assert (click.x, click.y) == pytest.approx((60, 45), abs=0.2)
        assert click.is_positive
        assert shell.mask()[45, 60]
        assert not shell.mask()[5, 5]

    @pytest.mark.parametrize(
        ("button", "modifier"),
        [
            (Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier),
            (Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier),
        ],
        ids=["right", "shift"],
    )
    def test_the_other_button_takes_away(self, shell, button, modifier):
        shell.click(60, 45)
        shell.wait_idle()
        shell.click(66, 45, button, modifier)
        shell.wait_idle()
        assert [click.is_positive for click in clicks(shell)] == [True, False]
        assert not shell.mask()[45, 66]

    def test_the_value_under_a_resting_pointer_follows_the_mask(self, shell, qtbot):
        shell.click(60, 45)
        shell.wait_idle()

        def is_shown():
            value = shell.canvas.logit_at(60, 45)
            return value > 0 and shell.window.status.value.text().startswith(f"logit {value:+.1f}")

        qtbot.waitUntil(is_shown)

    def test_dragging_sets_the_radius_of_that_click(self, shell):
        before = shell.canvas.radius()
        shell.drag((60, 45), (80, 45))
        shell.wait_idle()
        (click,) = clicks(shell)
        assert (click.x, click.y) == pytest.approx((60, 45), abs=0.2)
        assert click.radius == pytest.approx(20, abs=0.3)
        assert shell.canvas.radius() == before

    def test_a_marker_is_dragged_and_the_object_refined_again(self, shell):
        shell.click(30, 45)
        shell.wait_idle()
        shell.drag((30, 45), (90, 45))
        shell.wait_idle()
        (click,) = clicks(shell)
        assert click.x == pytest.approx(90, abs=0.5)
        assert shell.mask()[45, 90]
        assert not shell.mask()[45, 30]

    def test_fifty_fast_clicks_all_count(self, shell):
        places = [(10 + 10 * (number % 10), 10 + 14 * (number // 10)) for number in range(50)]
        for number, (x, y) in enumerate(places):
            shell.click(x, y, Qt.MouseButton.RightButton if number % 3 else Qt.MouseButton.LeftButton)
        assert len(clicks(shell)) == 50
        shell.wait_idle()
        assert len(shell.controller.refinement.outcomes(shell.active)) == 50
        assert [click.is_positive for click in clicks(shell)] == [number % 3 == 0 for number in range(50)]
        for number in range(50):
            shell.annotation.undo_stack.undo()
            assert len(clicks(shell)) == 49 - number
        assert not shell.controller.refinement.is_busy

    def test_status_shows_what_the_click_did(self, shell):
        shell.click(60, 45)
        shell.wait_idle()
        status = shell.window.status
        assert "iterations" in status.iteration.text()
        assert "ms/click" in status.milliseconds.text()
        assert "Outside" in status.outside.text()
        assert status.device.text() == "cpu"
        shell.move(shell.place(60, 45))
        assert status.pixel.text() == "x 60  y 45"
        assert "logit" in status.value.text()

    def test_same_result_as_the_engine_alone(self, shell):
        from gbrs_core.session import RefinementSession
        from models.tiny import tiny_interactive

        shell.click(60, 45)
        shell.click(70, 45, Qt.MouseButton.RightButton)
        shell.wait_idle()
        session = RefinementSession(tiny_interactive(0), shell.controller.files.image, RefinementConfig())
        for click in clicks(shell):
            for _ in session.refine(click):
                pass
        np.testing.assert_array_equal(
            shell.controller.refinement.result_of(shell.active).values, session.working_prediction
        )


class TestKeys:
    def test_undo_and_redo(self, shell):
        shell.click(60, 45)
        shell.wait_idle()
        first = shell.mask().copy()
        shell.click(90, 45)
        shell.wait_idle()
        shell.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert len(clicks(shell)) == 1
        np.testing.assert_array_equal(shell.mask(), first)
        shell.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
        assert len(clicks(shell)) == 2

    def test_finish_and_start_another(self, shell):
        shell.click(60, 45)
        shell.wait_idle()
        shell.key(Qt.Key.Key_Return)
        assert shell.active.is_finished
        shell.click(20, 20)
        shell.wait_idle()
        assert [len(item.clicks) for item in shell.document.objects] == [1, 1]

    def test_space_tap_finishes(self, shell):
        shell.click(60, 45)
        shell.wait_idle()
        shell.key(Qt.Key.Key_Space)
        assert shell.active.is_finished

    def test_backspace_and_delete(self, shell):
        for x in (30, 60, 90):
            shell.click(x, 45)
        shell.key(Qt.Key.Key_Backspace)
        assert [round(click.x) for click in clicks(shell)] == [30, 60]
        shell.annotation.select_click(0)
        shell.key(Qt.Key.Key_Delete)
        assert [round(click.x) for click in clicks(shell)] == [60]
        shell.key(Qt.Key.Key_Delete)
        assert shell.document.objects == ()

    def test_radius_keys(self, shell):
        before = shell.canvas.radius()
        shell.key(Qt.Key.Key_BracketRight)
        assert shell.canvas.radius() > before
        shell.key(Qt.Key.Key_BracketLeft)
        assert shell.canvas.radius() == pytest.approx(before)
        assert shell.window.view_bar.radius.value() == round(before)

    def test_single_keys_do_nothing_outside_the_canvas(self, shell):
        shell.click(60, 45)
        shell.wait_idle()
        slider = shell.window.view_bar.opacity
        slider.setFocus()
        shell.wait(slider.hasFocus)
        shell.qtbot.keyClick(slider, Qt.Key.Key_N)
        shell.qtbot.keyClick(slider, Qt.Key.Key_Return)
        assert len(shell.document.objects) == 1
        assert not shell.active.is_finished

    def test_view_modes_go_round(self, shell):
        modes = []
        for _ in range(6):
            shell.key(Qt.Key.Key_O)
            modes.append(shell.controller.view.mode)
        assert modes == ["outline", "black", "white", "checker", "raw", "fill"]
        shell.key(Qt.Key.Key_O, Qt.KeyboardModifier.ShiftModifier)
        assert shell.controller.view.mode == "raw"

    def test_threshold_key_goes_to_the_slider_and_arrows_move_it(self, shell):
        shell.click(60, 45)
        shell.wait_idle()
        area = shell.mask().sum()
        shell.key(Qt.Key.Key_T)
        slider = shell.window.view_bar.threshold
        assert slider.hasFocus()
        for _ in range(30):
            shell.qtbot.keyClick(slider, Qt.Key.Key_Right)
        assert shell.active.threshold == pytest.approx(0.8)
        assert shell.mask().sum() < area


class TestWhileRefining:
    @pytest.fixture
    def slow(self, shell):
        """So many iterations that the test is faster than the engine."""
        shell.annotation.set_config(RefinementConfig(iterations=1000, stop_residual=0.0))
        return shell

    def test_previews_come_while_it_runs(self, slow):
        previews = []
        slow.controller.refinement.progressed.connect(previews.append)
        slow.click(60, 45)
        slow.wait(lambda: len(previews) >= 3)
        assert slow.controller.refinement.is_busy
        assert previews[-1].iteration > previews[0].iteration
        assert previews[-1].iterations == 1000
        assert len(previews[-1].losses) == previews[-1].iteration
        assert slow.mask() is not None
        assert f"/{1000}" in slow.window.status.iteration.text()

    def test_cancel_takes_the_click_back(self, slow):
        previews = []
        slow.controller.refinement.progressed.connect(previews.append)
        slow.click(60, 45)
        slow.wait(lambda: previews)
        slow.key(Qt.Key.Key_Escape)
        assert slow.document.objects == ()
        slow.wait_idle()
        slow.annotation.set_config(RefinementConfig())
        slow.click(30, 45)
        slow.wait_idle()
        assert slow.mask()[45, 30]

    def test_accept_keeps_the_current_iteration(self, slow):
        previews = []
        slow.controller.refinement.progressed.connect(previews.append)
        slow.click(60, 45)
        slow.wait(lambda: previews)
        slow.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        slow.wait_idle()
        (outcome,) = slow.controller.refinement.outcomes(slow.active)
        assert previews[0].iteration <= outcome.iterations < 1000
        assert slow.mask()[45, 60]

    def test_a_click_during_a_refinement_waits_its_turn(self, slow):
        previews = []
        slow.controller.refinement.progressed.connect(previews.append)
        slow.click(60, 45)
        slow.wait(lambda: previews)
        slow.click(90, 45)
        slow.controller.refinement.accept()
        slow.wait(lambda: slow.controller.refinement.outcomes(slow.active))
        slow.wait(lambda: previews[-1].click_index == 1)
        slow.controller.refinement.accept()
        slow.wait_idle()
        assert len(slow.controller.refinement.outcomes(slow.active)) == 2

    def test_close_while_busy(self, slow):
        previews = []
        slow.controller.refinement.progressed.connect(previews.append)
        slow.click(60, 45)
        slow.wait(lambda: previews)
        slow.close()
        assert slow.window.isHidden()

    def test_other_settings_refine_the_object_again(self, shell):
        shell.click(60, 45)
        shell.click(66, 45, Qt.MouseButton.RightButton)
        shell.wait_idle()
        before = shell.controller.refinement.result_of(shell.active).values
        combo = shell.window.refine_panel.layer
        combo.setCurrentIndex(combo.findData("none"))
        shell.wait_idle()
        assert shell.document.config.layer == "none"
        assert not np.array_equal(shell.controller.refinement.result_of(shell.active).values, before)
        shell.annotation.undo_stack.undo()
        np.testing.assert_array_equal(shell.controller.refinement.result_of(shell.active).values, before)
        shell.wait(lambda: combo.currentData() == "bmconv")


def test_a_press_beside_the_image_says_so(shell):
    shell.click(-8, 45)
    assert "beside the image" in shell.window.messages.title
    assert shell.document.objects == ()
    shell.click(60, 45)
    assert not shell.window.messages.title
