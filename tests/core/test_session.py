"""What a session promises: refine, cancel, undo, redo, replay, accept, reset, settings, large images, failures."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from gbrs_core import Click, RefinementConfig, RefinementSession
from gbrs_core.errors import DivergedError, GbrsError, InsertionError, ShapeError
from gbrs_core.guidance import click_maps
from gbrs_core.network import InsertionLayout, InsertionPoint
from gbrs_core.prediction import OutputKind
from tests.helpers.toy_networks import CLICK_SPEC, ClickNetwork, ToyNetwork, click_network, seeded

FIRST = Click(10, 8, 6, 1)
SECOND = Click(24, 20, 7, -1)
THIRD = Click(30, 5, 5, 1)


def image(height: int = 32, width: int = 40) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def session(config: RefinementConfig | None = None, **options: object) -> RefinementSession:
    chosen = config or RefinementConfig(learning_rate=0.02, stop_residual=0, iterations=5)
    return RefinementSession(click_network(), image(), chosen, **options)


def run(steps: object) -> list:
    return list(steps)


def refined(*clicks: Click, config: RefinementConfig | None = None) -> RefinementSession:
    made = session(config)
    for click in clicks:
        run(made.refine(click))
    return made


def assert_same(one: RefinementSession, other: RefinementSession) -> None:
    assert one.clicks == other.clicks
    assert np.array_equal(one.working_prediction, other.working_prediction)
    assert [report.losses for report in one.reports] == [report.losses for report in other.reports]


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


def count_iterations(steps: object) -> int:
    return sum(1 for _ in steps)


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


# --- sizes and coordinates ---


def test_large_images_are_scaled_down_and_clicks_with_them():
    small = np.random.default_rng(1).integers(0, 256, (24, 48, 3), dtype=np.uint8)
    large = small.repeat(4, axis=0).repeat(4, axis=1)
    config = RefinementConfig(learning_rate=0.02, stop_residual=0, iterations=3)
    on_small = RefinementSession(click_network(), small, config)
    on_large = RefinementSession(click_network(), large, config)
    assert on_large.image_size == (96, 192)
    assert on_large.working_size == (24, 48)
    run(on_small.refine(Click(10, 7, 5, 1)))
    run(on_large.refine(Click(41.5, 29.5, 20, 1)))  # the centre of the same pixel, four times as large
    assert np.array_equal(on_large.working_prediction, on_small.working_prediction)
    assert on_large.prediction.array.shape == (96, 192)
    assert on_large.prediction.array.dtype == np.float32
    assert on_large.reports[0].changed_inside == on_small.reports[0].changed_inside


def test_prediction_at_image_size_is_bilinear():
    made = RefinementSession(click_network(), image(48, 96))
    run(made.refine(FIRST))
    working = made.working_prediction
    full = made.prediction.array
    assert made.working_size == (24, 48)
    # Image pixel 2k + 1 lies a quarter of a working pixel after working pixel k.
    assert full[0, 1] == pytest.approx(0.75 * working[0, 0] + 0.25 * working[0, 1], abs=1e-5)
    assert made.prediction is made.prediction
    with pytest.raises(ValueError, match="read-only"):
        full[0, 0] = 0


def test_small_images_are_not_scaled_up():
    assert RefinementSession(click_network(), image(9, 7)).working_size == (9, 7)


def test_another_working_side():
    assert session(working_side=20).working_size == (16, 20)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 3000), (3000, 1)])
def test_odd_sizes(height, width):
    made = RefinementSession(click_network(), image(height, width))
    run(made.refine(Click(0, 0, 3, 1)))
    assert made.prediction.array.shape == (height, width)


def test_size_is_a_multiple_of_what_the_network_needs():
    spec = CLICK_SPEC.__class__(**{**vars(CLICK_SPEC), "size_multiple": 16})
    made = RefinementSession(ToyNetwork(click_network().module, spec), image(30, 90))
    assert made.working_size == (16, 48)


def test_click_outside_of_the_image_counts_at_its_border():
    made = session()
    run(made.refine(Click(-5, 200, 6, 1)))
    assert made.reports[0].loss < made.reports[0].losses[0]


# --- refusals and failures ---


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 4), (0, 4, 3)])
def test_images_of_another_shape(shape):
    with pytest.raises(ShapeError, match="the image has shape"):
        RefinementSession(click_network(), np.zeros(shape, dtype=np.uint8))


def test_images_of_another_type():
    with pytest.raises(ValueError, match="uint8, got float32"):
        RefinementSession(click_network(), np.zeros((4, 4, 3), dtype=np.float32))


def test_guidance_that_the_network_cannot_take():
    with pytest.raises(ValueError, match="Toy takes no guidance"):
        RefinementSession(click_network(), image(), guidance=np.zeros((32, 40)))


def test_targets_of_another_task():
    made = session()
    with pytest.raises(ValueError, match=r"no click with the target 0\.5"):
        made.refine(Click(1, 1, 1, 0.5))
    with pytest.raises(ValueError, match="no click with the target 2"):
        made.replay([FIRST, Click(1, 1, 1, 2)])
    assert made.clicks == ()


def poisoned(made: RefinementSession, network: ToyNetwork, action: Callable[[], None]) -> None:
    """Run an action while the network's last bias is not a number."""
    bias = network.module.head[-1].bias
    kept = bias.clone()
    bias.fill_(float("nan"))
    try:
        action()
    finally:
        bias.copy_(kept)


def test_a_network_that_gives_no_numbers_keeps_the_last_good_state():
    network = click_network()
    config = RefinementConfig(learning_rate=0.02, stop_residual=0, iterations=5)
    made = RefinementSession(network, image(), config)
    run(made.refine(FIRST))

    def action() -> None:
        with pytest.raises(DivergedError, match="not finite"):
            run(made.refine(SECOND))
        with pytest.raises(DivergedError):
            run(made.replay([SECOND, THIRD]))

    poisoned(made, network, action)
    assert_same(made, refined(FIRST))
    run(made.refine(SECOND))
    assert_same(made, refined(FIRST, SECOND))


@pytest.mark.parametrize("consistency_weight", [0, 100])
def test_a_refinement_that_explodes_keeps_the_last_good_state(consistency_weight):
    made = refined(FIRST)
    made.set_config(RefinementConfig(learning_rate=1e30, stop_residual=0, consistency_weight=consistency_weight))
    with pytest.raises(DivergedError, match="smaller learning rate"):
        run(made.refine(SECOND))
    assert_same(made, refined(FIRST))


def test_a_description_that_does_not_fit_the_network():
    layout = InsertionLayout(levels=((InsertionPoint("B", "heat", side="input"),),))
    spec = CLICK_SPEC.__class__(**{**vars(CLICK_SPEC), "layouts": {"B": layout}})
    made = RefinementSession(ToyNetwork(click_network().module, spec), image())
    with pytest.raises(InsertionError, match="did you mean head"):
        run(made.refine(FIRST))
    assert made.clicks == ()


def test_a_network_of_another_output_size():
    class Half(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Conv2d(5, 1, 3, 2, 1)

        def forward(self, picture, maps):
            return self.head(torch.cat([picture, maps], 1))

    layout = InsertionLayout(levels=((InsertionPoint("B", "head", side="input"),),))
    spec = CLICK_SPEC.__class__(**{**vars(CLICK_SPEC), "layouts": {"B": layout}})
    made = RefinementSession(ToyNetwork(seeded(Half()), spec), image())
    with pytest.raises(ShapeError, match=r"the network's output has shape \(1, 1, 16, 20\), expected \(1, K, 32, 40\)"):
        run(made.refine(FIRST))


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
