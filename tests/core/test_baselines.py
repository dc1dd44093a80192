"""Input refinement and f-BRS as methods of an evaluation."""

from __future__ import annotations

import numpy as np
import pytest

from gbrs_core.config import RefinementConfig
from gbrs_core.errors import GbrsError
from gbrs_core.evaluation.example import DenseExample
from gbrs_core.evaluation.methods import maker
from gbrs_core.fbrs.input_refinement import InputRefinement
from gbrs_core.fbrs.predictor import FbrsConfig
from gbrs_core.interaction import Click
from tests.helpers.dense_networks import network as toy_network
from tests.helpers.toy_networks import click_network

PHOTO = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
OBJECT = np.zeros((24, 32), dtype=np.int8)
OBJECT[6:16, 8:20] = 1
EXAMPLE = DenseExample(PHOTO, OBJECT, np.ones((24, 32), dtype=bool))
INSIDE, BESIDE = Click(13, 10, 6, 1.0), Click(26, 20, 5, -1.0)
WHOLE = FbrsConfig(zoom_in=None)


@pytest.mark.parametrize(
    "name", ["rgb-brs", "distmap-brs", "rgb-brs:nolc", "rgb-brs:lbfgs", "distmap-brs:lbfgs", "f-brs-b"]
)
def test_a_method_refines(name: str) -> None:
    method = maker(name, click_network(), "cpu", {}, WHOLE)(EXAMPLE)
    assert not (method.prediction.array > 0).any()
    plain = maker("none", click_network(), "cpu", {})(EXAMPLE)
    for click in (INSIDE, BESIDE):
        answer = method.click(click)
        plain.click(click)
    assert answer.prediction.array.shape == (24, 32)
    assert answer.iterations > 0
    assert answer.prediction.array[10, 13] > 0 > answer.prediction.array[20, 26]
    assert (np.sign(answer.prediction.array) != np.sign(plain.prediction.array)).any()


def test_without_refinement_it_is_the_mean_with_the_mirror() -> None:
    network = click_network()
    alone = maker("no-brs", network, "cpu", {}, FbrsConfig(zoom_in=None, has_mirror=False, threshold=0.5))(EXAMPLE)
    plain = maker("none", network, "cpu", {})(EXAMPLE)
    np.testing.assert_array_equal(alone.click(INSIDE).prediction.array > 0, plain.click(INSIDE).prediction.array > 0)


@pytest.mark.parametrize("name", ["f-brs-b", "rgb-brs:lbfgs", "grabcut"])
def test_other_tasks_are_refused(name: str) -> None:
    with pytest.raises(GbrsError, match="makes object masks"):
        maker(name, toy_network("semantic"), "cpu", {})


def test_a_place_that_is_not_there_is_refused_at_once() -> None:
    with pytest.raises(GbrsError, match="no place C"):
        maker("f-brs-c", click_network(), "cpu", {})


def test_unknown_methods_are_listed() -> None:
    with pytest.raises(GbrsError, match="rgb-brs"):
        maker("magic", click_network(), "cpu", {})


class TestInputRefinement:
    def test_a_dense_task_is_pulled_to_the_target(self) -> None:
        refinement = InputRefinement(toy_network("depth"), PHOTO, config=RefinementConfig(learning_rate=0.05))
        before = float(refinement.prediction.array[10, 13])
        wanted = before + 0.5
        after = float(refinement.click(Click(13, 10, 6, wanted)).array[10, 13])
        assert abs(after - wanted) < 0.5 * abs(before - wanted)

    def test_the_bias_goes_on_from_click_to_click(self) -> None:
        once, again = (InputRefinement(click_network(), PHOTO) for _ in range(2))
        once.click(BESIDE)
        again.click(INSIDE)
        again.click(BESIDE)
        assert not np.array_equal(once.prediction.array, again.prediction.array)

    def test_networks_without_click_maps(self) -> None:
        with pytest.raises(GbrsError, match="no click maps"):
            InputRefinement(toy_network("depth"), PHOTO, "click maps")
