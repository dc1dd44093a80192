"""The mean with the output for the mirror image."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from gbrs_core import Click, RefinementConfig, RefinementSession
from gbrs_core.baseline_session import open_session
from gbrs_core.config import RefinementDefaults, ZoomInConfig
from gbrs_core.errors import GbrsError
from gbrs_core.evaluation.methods import maker, with_options
from gbrs_core.refiner import Refiner
from gbrs_core.session import Returning
from gbrs_core.tasks import task_named
from tests.helpers import dense_networks
from tests.helpers.sessions import FIRST, SECOND, THIRD, assert_same, image, run
from tests.helpers.toy_networks import CLICK_SPEC, ToyNetwork, click_network

PLAIN = RefinementConfig(learning_rate=0.02, stop_residual=0, iterations=5)
MIRRORED = replace(PLAIN, mirror=True)
GAINING = replace(CLICK_SPEC, gains_from_mirror=True)
DEFAULTS = RefinementDefaults(iterations=1, learning_rate=1.0, consistency_weight=1.0, stop_residual=1.0)


def session(config: RefinementConfig, pixels: np.ndarray | None = None) -> RefinementSession:
    return RefinementSession(click_network(), image() if pixels is None else pixels, config)


def refined(config: RefinementConfig, *clicks: Click, pixels: np.ndarray | None = None) -> RefinementSession:
    made = session(config, pixels)
    for click in clicks:
        run(made.refine(click))
    return made


def mirrored(click: Click, width: int = 40) -> Click:
    return replace(click, x=width - 1 - click.x)


def test_without_layers_it_is_the_mean_of_both_outputs() -> None:
    clicks = (FIRST, SECOND)
    plain, averaging = replace(PLAIN, layer="none"), replace(MIRRORED, layer="none")
    here = refined(plain, *clicks).working_prediction
    flipped = np.ascontiguousarray(image()[:, ::-1])
    there = refined(plain, *map(mirrored, clicks), pixels=flipped).working_prediction[:, ::-1]
    assert not np.allclose(here, there, atol=1e-3)
    np.testing.assert_allclose(refined(averaging, *clicks).working_prediction, (here + there) / 2, atol=1e-6)


@pytest.mark.parametrize("layer", ["sb", "bmsb", "bmsb-m", "bmconv"])
def test_a_click_starts_at_the_mean_and_lowers_the_loss(layer: str) -> None:
    made = session(replace(MIRRORED, layer=layer))
    steps = run(made.refine(FIRST, preview_every=1))
    losses = made.reports[0].losses
    assert losses[-1] < losses[0]
    start = refined(replace(MIRRORED, layer="none"), FIRST)
    assert losses[0] == pytest.approx(start.reports[0].losses[0], abs=1e-6)
    assert np.array_equal(steps[-1].prediction, made.working_prediction)


def test_the_layers_are_in_the_image_s_own_pass() -> None:
    network, numbers = click_network(), MIRRORED.filled_from(DEFAULTS)
    refiner = Refiner(network, image(), task_named("interactive"), "cpu")
    steps = Returning(refiner.refine([FIRST], None, numbers, lambda: False))
    run(steps)
    plain = replace(numbers, mirror=False)
    own = refiner.predict([FIRST], steps.value.variables, plain)
    there = 2 * refiner.predict([FIRST], None, numbers) - refiner.predict([FIRST], None, plain)
    torch.testing.assert_close(steps.value.logits, (own + there) / 2)
    assert not torch.allclose(own, refiner.predict([FIRST], None, plain), atol=1e-3)


def test_undo_redo_and_replay() -> None:
    made = refined(MIRRORED, FIRST, SECOND)
    made.undo()
    assert_same(made, refined(MIRRORED, FIRST))
    made.redo()
    run(made.replay([FIRST, THIRD]))
    assert_same(made, refined(MIRRORED, FIRST, THIRD))


def test_it_can_be_turned_on_between_clicks() -> None:
    made = refined(PLAIN, FIRST)
    made.set_config(MIRRORED)
    run(made.refine(SECOND))
    assert not np.array_equal(made.working_prediction, refined(PLAIN, FIRST, SECOND).working_prediction)


def test_with_zoom_in() -> None:
    zoom = ZoomInConfig(target_size=48, min_crop_size=8)
    predictions = []
    for config in (PLAIN, MIRRORED):
        made = open_session(click_network(), image(), replace(config, zoom_in=zoom))
        for click in (FIRST, SECOND):
            run(made.refine(click))
        predictions.append(made.working_prediction)
    assert not np.array_equal(*predictions)
    assert with_options("bmconv@2:zoom:mirror", {})[1] == {"levels": 2, "mirror": True, "zoom_in": ZoomInConfig()}


@pytest.mark.parametrize(
    ("preset", "gains", "mirror", "expected"),
    [
        ("tuned", True, None, True),
        ("tuned", False, None, False),
        ("paper", True, None, False),
        ("paper", False, True, True),
        ("tuned", True, False, False),
    ],
)
def test_the_default_is_what_measured_better(preset: str, gains: bool, mirror: bool | None, expected: bool) -> None:
    config = RefinementConfig(preset=preset, mirror=mirror)
    assert config.filled_from(DEFAULTS, gains_from_mirror=gains).mirror is expected


def test_a_network_that_gains_is_mirrored_by_itself() -> None:
    clicks = (FIRST, SECOND)
    made = RefinementSession(ToyNetwork(click_network().module, GAINING), image(), PLAIN)
    for click in clicks:
        run(made.refine(click))
    assert_same(made, refined(MIRRORED, *clicks))


def test_methods_of_an_evaluation_are_alone_unless_they_say_so() -> None:
    assert with_options("bmconv", {})[1]["mirror"] is False
    assert with_options("none:mirror", {}) == ("none", {"mirror": True})
    with pytest.raises(GbrsError, match="unknown method 'grabcut:mirror'"):
        maker("grabcut:mirror", click_network(), "cpu", {})


def test_a_network_that_sees_no_clicks_looks_once() -> None:
    made = dense_networks.network("semantic")
    session = RefinementSession(made, image(), RefinementConfig(iterations=1, mirror=True))
    runs = []
    for x in (5, 20, 33):
        run(session.refine(Click(x, 9, 6, 1)))
        runs.append(made.module.prefix_runs)
    assert runs[0] == runs[1] == runs[2]
