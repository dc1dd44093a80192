"""What a session promises: cancel, accept, undo, redo, reset and replay."""

from __future__ import annotations

import gc
import threading

import numpy as np
import pytest

from gbrs_core import Click, RefinementConfig, RefinementSession
from gbrs_core.errors import GbrsError
from tests.helpers.sessions import FIRST, SECOND, THIRD, assert_same, count_iterations, image, refined, run, session
from tests.helpers.toy_networks import CLICK_SPEC, ToyNetwork, click_network

# --- cancelling and accepting ---


@pytest.mark.parametrize("stop_after", [1, 4, 5])
def test_closing_the_steps_leaves_the_session_as_it_was(stop_after):
    made = refined(FIRST)
    shown = made.prediction
    steps = made.refine(SECOND)
    for _ in range(stop_after):
        next(steps)
    steps.close()
    assert_same(made, refined(FIRST))
    assert made.prediction is shown
    run(made.refine(SECOND))
    assert_same(made, refined(FIRST, SECOND))


def test_closing_keeps_what_was_undone():
    made = refined(FIRST, SECOND)
    made.undo()
    steps = made.refine(THIRD)
    next(steps)
    steps.close()
    assert made.can_redo
    made.redo()
    assert_same(made, refined(FIRST, SECOND))


def test_forgotten_steps_count_as_cancelled():
    made = refined(FIRST)
    next(made.refine(SECOND))
    gc.collect()
    assert made.clicks == (FIRST,)
    assert len(run(made.refine(SECOND))) == 5


def test_only_one_refinement_at_a_time():
    made = refined(FIRST)
    steps = made.refine(SECOND)
    next(steps)
    for action in (lambda: run(made.refine(THIRD)), made.undo, made.reset, lambda: made.set_config(None)):
        with pytest.raises(GbrsError, match="is running"):
            action()
    run(steps)
    assert made.clicks == (FIRST, SECOND)


def test_accept_keeps_the_current_iteration():
    made = session()
    steps = made.refine(FIRST)
    next(steps)
    next(steps)
    worker = threading.Thread(target=made.accept)
    worker.start()
    worker.join()
    assert run(steps) == []
    assert made.reports[0].iterations_run == 2
    assert made.reports[0].stopped_early
    shorter = refined(FIRST, config=RefinementConfig(learning_rate=0.02, stop_residual=0, iterations=2))
    assert np.array_equal(made.working_prediction, shorter.working_prediction)


def test_accept_without_a_running_click_means_nothing():
    made = session()
    made.accept()
    assert len(run(made.refine(FIRST))) == 5


# --- going back ---


def test_undo_and_redo_bring_back_prediction_and_variables():
    made = refined(FIRST, SECOND)
    after_two = made.working_prediction
    assert made.undo() is True
    assert_same(made, refined(FIRST))
    assert made.can_redo
    assert made.redo() is True
    assert made.working_prediction is after_two
    made.undo()
    run(made.refine(THIRD))
    assert_same(made, refined(FIRST, THIRD))
    assert not made.can_redo


def test_undo_of_the_first_click():
    made = refined(FIRST)
    made.undo()
    assert made.clicks == () and not made.can_undo
    assert not (made.prediction.array > 0).any()
    run(made.refine(SECOND))
    assert_same(made, refined(SECOND))


def test_reset_forgets_everything():
    made = refined(FIRST, SECOND)
    made.undo()
    made.reset()
    assert made.clicks == () and not made.can_undo and not made.can_redo
    run(made.refine(FIRST))
    assert_same(made, refined(FIRST))


def test_replay_refines_only_from_the_first_difference():
    made = refined(FIRST, SECOND, THIRD)
    assert count_iterations(made.replay([FIRST, SECOND, Click(5, 5, 5, 1)])) == 5
    assert count_iterations(made.replay([FIRST, THIRD])) == 5
    assert_same(made, refined(FIRST, THIRD))


def test_replay_of_a_beginning_is_an_undo():
    made = refined(FIRST, SECOND)
    assert count_iterations(made.replay([FIRST])) == 0
    assert_same(made, refined(FIRST))
    assert made.redo()
    assert made.clicks == (FIRST, SECOND)


def test_replay_takes_undone_clicks_from_their_snapshots():
    made = refined(FIRST, SECOND, THIRD)
    made.undo()
    made.undo()
    assert count_iterations(made.replay([FIRST, SECOND])) == 0
    assert_same(made, refined(FIRST, SECOND))
    assert made.can_redo


def test_replay_shows_every_click_that_is_done():
    made = session()
    done = [len(made.clicks) for _ in made.replay([FIRST, SECOND])]
    assert done == [0] * 5 + [1] * 5
    assert_same(made, refined(FIRST, SECOND))


def test_closing_a_replay_brings_back_the_clicks_from_before():
    made = refined(FIRST, SECOND)
    steps = made.replay([THIRD, SECOND])
    for _ in range(7):
        next(steps)
    assert made.clicks == (THIRD,)
    steps.close()
    assert_same(made, refined(FIRST, SECOND))


@pytest.mark.slow
def test_a_thousand_clicks_stay_in_memory_and_the_last_hundred_can_be_undone():
    config = RefinementConfig(layer="bmsb", learning_rate=0.01, stop_residual=0, iterations=1)
    spec = CLICK_SPEC.__class__(**{**vars(CLICK_SPEC), "working_side": 320})
    made = RefinementSession(ToyNetwork(click_network().module, spec), image(240, 320), config)
    generator = np.random.default_rng(0)
    for _ in range(1000):
        x, y = generator.uniform(0, 320), generator.uniform(0, 240)
        run(made.refine(Click(x, y, 20, generator.choice([-1.0, 1.0]))))
    assert len(made.clicks) == 1000
    assert made.history_bytes < 200e6
    for _ in range(100):
        assert made.undo()
    assert len(made.clicks) == 900
    assert made.working_prediction.shape == (240, 320)
