"""What a session promises: images of any size, clicks anywhere, refusals and failures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from gbrs_core import Click, RefinementConfig, RefinementSession
from gbrs_core.errors import DivergedError, InsertionError, ShapeError
from gbrs_core.network import InsertionLayout, InsertionPoint
from tests.helpers.sessions import FIRST, SECOND, THIRD, assert_same, image, refined, run, session
from tests.helpers.toy_networks import CLICK_SPEC, ToyNetwork, click_network, seeded

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
