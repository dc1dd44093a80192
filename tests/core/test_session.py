"""What a session promises: refining click by click, and settings that change in between."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gbrs_core import RefinementConfig, RefinementSession
from gbrs_core.guidance import click_maps
from gbrs_core.prediction import OutputKind
from tests.helpers.sessions import FIRST, SECOND, THIRD, assert_same, count_iterations, image, refined, run, session
from tests.helpers.toy_networks import CLICK_SPEC, ClickNetwork, ToyNetwork, click_network, seeded

# --- refining ---


def test_before_the_first_click_nothing_is_object():
    made = session()
    assert made.clicks == () and made.reports == ()
    assert not (made.prediction.array > 0).any()
    assert made.prediction.array.shape == (32, 40)
    assert made.prediction.kind is OutputKind.MASK
    assert not made.can_undo and not made.can_redo
    assert made.undo() is False and made.redo() is False


def test_one_step_per_iteration_and_a_report():
    made = session()
    steps = run(made.refine(FIRST))
    assert [step.iteration for step in steps] == [1, 2, 3, 4, 5]
    assert {step.iterations for step in steps} == {5}
    assert {step.click_index for step in steps} == {0}
    assert all(step.prediction is None for step in steps)
    assert steps[-1].loss == pytest.approx(steps[-1].refinement_loss + steps[-1].consistency_loss)
    (report,) = made.reports
    assert report.click == FIRST
    assert report.iterations_run == 5
    assert report.losses[1:] == tuple(step.loss for step in steps)
    assert report.loss == steps[-1].loss < report.losses[0]
    assert not report.stopped_early
    assert report.seconds > 0
    assert report.obstacle == ""
    assert made.clicks == (FIRST,)


def test_click_index_counts_clicks():
    made = refined(FIRST)
    assert {step.click_index for step in run(made.refine(SECOND))} == {1}


def test_previews_are_the_state_after_their_iteration():
    made = session()
    steps = run(made.refine(FIRST, preview_every=2))
    assert [step.prediction is not None for step in steps] == [False, True, False, True, True]
    assert np.array_equal(steps[-1].prediction, made.working_prediction)
    shorter = refined(FIRST, config=RefinementConfig(learning_rate=0.02, stop_residual=0, iterations=2))
    assert np.array_equal(steps[1].prediction, shorter.working_prediction)
    with pytest.raises(ValueError, match="read-only"):
        steps[1].prediction[0, 0] = 1


def test_iteration_zero_is_the_plain_network():
    network = click_network()
    made = RefinementSession(network, image(), RefinementConfig(layer="none"))
    assert run(made.refine(FIRST)) == []
    assert made.reports[0].iterations_run == 0 and not made.reports[0].stopped_early
    mean, std = torch.tensor(CLICK_SPEC.mean), torch.tensor(CLICK_SPEC.std)
    picture = ((torch.from_numpy(image()) / 255 - mean) / std).permute(2, 0, 1)[None]
    maps = click_maps([(FIRST.y, FIRST.x, True)], 32, 40, CLICK_SPEC.click_norm_radius)[None]
    with torch.no_grad():
        expected = network.module(picture.contiguous(memory_format=torch.channels_last), maps)
    assert np.array_equal(made.working_prediction, expected[0, 0].numpy())


def test_consistency_reference_is_the_prediction_with_the_new_click():
    """At iteration 0 the consistency loss is zero, although earlier clicks moved the variables."""
    made = refined(FIRST)
    first_loss = run(made.refine(SECOND))[0]
    assert made.reports[1].losses[0] > 0
    assert first_loss.consistency_loss > 0  # from then on it moves away
    only_clicks = refined(FIRST)
    only_clicks.set_config(RefinementConfig(learning_rate=0.02, stop_residual=0, iterations=5, consistency_weight=0))
    run(only_clicks.refine(SECOND))
    assert made.reports[1].losses[0] == only_clicks.reports[1].losses[0]


def test_variables_go_on_from_click_to_click():
    again = refined(FIRST)
    again.set_config(RefinementConfig(learning_rate=0.02, stop_residual=0, iterations=5, layer="none"))
    run(again.refine(SECOND))
    assert refined(FIRST, SECOND).reports[1].losses[0] != again.reports[1].losses[0]


def test_stops_when_every_click_is_satisfied():
    made = session(RefinementConfig(learning_rate=0.02, stop_residual=0.5, iterations=50, consistency_weight=0))
    steps = run(made.refine(FIRST, preview_every=50))
    assert 0 < len(steps) < 50
    assert steps[-1].residual < 0.5 <= steps[-2].residual
    assert steps[-1].prediction is not None
    assert made.reports[0].stopped_early


def test_satisfied_at_once_runs_no_iteration():
    made = session(RefinementConfig(stop_residual=100))
    assert run(made.refine(FIRST)) == []
    assert made.clicks == (FIRST,)
    assert made.reports[0].iterations_run == 0
    assert made.reports[0].stopped_early


def test_shares_of_changed_pixels():
    made = session(RefinementConfig(layer="none"))
    before = made.working_prediction > 0
    run(made.refine(FIRST))
    changed = (made.working_prediction > 0) != before
    rows, cols = np.mgrid[:32, :40]
    inside = (cols - FIRST.x) ** 2 + (rows - FIRST.y) ** 2 <= FIRST.radius**2
    assert made.reports[0].changed_inside == pytest.approx(changed[inside].mean())
    assert made.reports[0].changed_outside == pytest.approx(changed[~inside].mean())


@pytest.mark.parametrize("layer", ["sb", "bmsb", "bmsb-m", "bmconv"])
@pytest.mark.parametrize("changes", [{}, {"bias_map": "image"}, {"levels": 2}, {"top_k_channels": 3}])
def test_every_layer_lowers_the_loss(layer, changes):
    made = session(RefinementConfig(layer=layer, learning_rate=0.004, stop_residual=0, iterations=10, **changes))
    run(made.refine(FIRST))
    run(made.refine(SECOND))
    for report in made.reports:
        assert report.loss < report.losses[0]


def test_reduced_precision_stays_near():
    full = refined(FIRST)
    reduced = refined(
        FIRST, config=RefinementConfig(learning_rate=0.02, stop_residual=0, iterations=5, precision="bf16")
    )
    assert reduced.reports[0].loss == pytest.approx(full.reports[0].loss, rel=0.05)
    assert not np.array_equal(reduced.working_prediction, full.working_prediction)


def test_deterministic():
    assert_same(refined(FIRST, SECOND, THIRD), refined(FIRST, SECOND, THIRD))


def test_network_and_image_stay_as_they_are():
    network = ToyNetwork(seeded(ClickNetwork()))
    pixels = image()
    before = {key: value.clone() for key, value in network.module.state_dict().items()}
    made = RefinementSession(network, pixels)
    run(made.refine(FIRST))
    assert all(torch.equal(value, before[key]) for key, value in network.module.state_dict().items())
    assert all(parameter.requires_grad and parameter.grad is None for parameter in network.module.parameters())
    assert np.array_equal(pixels, image())


def test_gradient_mode_of_the_caller_does_not_matter():
    expected = refined(FIRST)
    with torch.no_grad():
        made = session()
        for _ in made.refine(FIRST):
            assert not torch.is_grad_enabled()
    assert_same(made, expected)


# --- settings ---


def test_changed_numbers_hold_from_the_next_click_on():
    made = refined(FIRST)
    made.set_config(RefinementConfig(learning_rate=0.02, stop_residual=0, iterations=3))
    assert np.array_equal(made.working_prediction, refined(FIRST).working_prediction)
    assert count_iterations(made.refine(SECOND)) == 3


def test_replay_after_a_change_of_settings_refines_anew():
    config = RefinementConfig(layer="sb", learning_rate=0.02, stop_residual=0, iterations=4)
    made = refined(FIRST, SECOND)
    made.set_config(config)
    assert count_iterations(made.replay(made.clicks)) == 8
    assert_same(made, refined(FIRST, SECOND, config=config))


def test_another_layer_starts_from_its_start_values():
    config = RefinementConfig(layer="sb", learning_rate=0.02, stop_residual=0, iterations=4)
    made = refined(FIRST)
    made.set_config(config)
    run(made.refine(SECOND))
    plain = session(RefinementConfig(layer="none"))
    run(plain.replay([FIRST, SECOND]))
    assert made.reports[1].losses[0] == plain.reports[1].loss
    made.undo()
    assert np.array_equal(made.working_prediction, refined(FIRST).working_prediction)


def test_none_takes_the_defaults():
    made = session()
    made.set_config(None)
    assert made.config == RefinementConfig()


def test_settings_that_do_not_fit_the_network():
    with pytest.raises(ValueError, match="levels must be between 1 and 2"):
        session(RefinementConfig(levels=3))
    made = refined(FIRST)
    with pytest.raises(ValueError, match="levels"):
        made.set_config(RefinementConfig(levels=3))
    assert made.config.levels is None
