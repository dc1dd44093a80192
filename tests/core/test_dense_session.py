"""Sessions of the tasks that predict without clicks: automatic prediction, refinement, pushes, strokes, trimaps."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gbrs_core import Click, Push, RefinementConfig, RefinementSession, Stroke
from gbrs_core.errors import DivergedError
from gbrs_core.interaction import Interaction
from gbrs_core.prediction import OutputKind
from tests.helpers.dense_networks import DenseNetwork, network

DENSE = ("semantic", "matting", "depth")
QUICK = RefinementConfig(learning_rate=0.02, iterations=6)


def image(height: int = 32, width: int = 40) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def trimap(height: int = 32, width: int = 40) -> np.ndarray:
    made = np.full((height, width), 128, dtype=np.uint8)
    made[: height // 4], made[-(height // 4) :] = 0, 255
    return made


def session(task: str, config: RefinementConfig | None = QUICK, **size: int) -> RefinementSession:
    guidance = trimap(**size) if task == "matting" else None
    return RefinementSession(network(task), image(**size), config, guidance)


def run(made: RefinementSession, *interactions: Interaction) -> RefinementSession:
    for interaction in interactions:
        list(made.refine(interaction))
    return made


def target(task: str) -> float:
    return {"semantic": 2, "matting": 0.9, "depth": 3.0}[task]


@pytest.mark.parametrize("task", DENSE)
def test_without_a_click_the_prediction_is_the_plain_networks(task):
    made = session(task)
    plain = made.working_prediction
    refined = run(session(task, RefinementConfig(layer="none")), Click(20, 16, 5, target(task)))
    assert np.array_equal(refined.working_prediction, plain)
    assert made.prediction.kind is {
        "semantic": OutputKind.LABEL_MAP, "matting": OutputKind.ALPHA_MATTE, "depth": OutputKind.DEPTH_MAP
    }[task]  # fmt: skip


@pytest.mark.parametrize("task", DENSE)
def test_a_click_pulls_its_pixel_to_the_target_and_undo_brings_back_the_bits(task):
    made = session(task, RefinementConfig(learning_rate=0.02, iterations=20, consistency_weight=0.0))
    before = made.working_prediction
    run(made, Click(20, 16, 5, target(task)))
    (report,) = made.reports
    assert report.loss < 0.5 * report.losses[0]
    assert report.changed_inside > 0 and report.obstacle == ""
    assert made.undo() and np.array_equal(made.working_prediction, before)
    assert made.redo() and not np.array_equal(made.working_prediction, before)


@pytest.mark.parametrize("task", DENSE)
def test_the_prefix_runs_once_per_image(task):
    loaded = network(task)
    guidance = trimap() if task == "matting" else None
    made = RefinementSession(loaded, image(), QUICK, guidance)
    run(made, Click(20, 16, 5, target(task)))
    runs = loaded.module.prefix_runs
    run(made, Click(8, 14, 5, target(task)), Click(30, 18, 5, target(task)))
    assert loaded.module.prefix_runs == runs


@pytest.mark.parametrize("task", DENSE)
def test_a_replay_gives_the_same_bits_as_clicking(task):
    clicks = [Click(20, 16, 5, target(task)), Click(8, 14, 6, target(task)), Click(30, 18, 5, target(task))]
    clicked, replayed = run(session(task), *clicks), session(task)
    run(replayed, Click(1, 1, 3, target(task)))
    list(replayed.replay(clicks))
    assert np.array_equal(clicked.working_prediction, replayed.working_prediction)
    assert replayed.clicks == tuple(clicks)


@pytest.mark.parametrize("task", ["matting", "depth"])
@pytest.mark.parametrize("direction", [1, -1])
def test_a_push_moves_its_pixel_by_the_step_and_keeps_no_memory(task, direction):
    made = run(session(task), Click(20, 16, 5, target(task)))
    before = made.working_prediction[16, 12]
    run(made, Push(12, 16, direction, 0.05))
    moved = made.working_prediction[16, 12] - before
    assert moved == pytest.approx(direction * 0.05, rel=0.25)
    report = made.reports[-1]
    assert report.iterations_run == 1 and report.changed_outside == 0


def test_the_papers_push_takes_the_learning_rate():
    made = run(session("matting", RefinementConfig(preset="paper", learning_rate=1e-6)), Push(12, 16, 1, 0.05))
    assert made.reports[0].iterations_run == 1
    assert abs(made.reports[0].losses[-1] - 0.05**2) < 1e-4


def test_a_push_goes_no_further_than_the_learning_rate_lets_it():
    config = RefinementConfig(learning_rate=1e-7)
    made = run(session("matting", config), Push(12, 16, 1, 0.05))
    assert made.reports[0].losses[-1] == pytest.approx(made.reports[0].losses[0], rel=0.01)


def test_settings_for_clicks_leave_a_push_a_push():
    made = run(session("depth", RefinementConfig(iterations=9, consistency_weight=7.0)), Push(12, 16, 1, 0.05))
    assert made.reports[0].iterations_run == 1


def test_a_stroke_paints_its_class():
    stroke = Stroke.along([(5, 8), (30, 8)], 3, 3, 32, 40)
    made = session("semantic", RefinementConfig(learning_rate=0.05, iterations=30))
    before = made.prediction.array
    run(made, stroke)
    painted = stroke.painted(32, 40)
    assert (made.prediction.array[painted] == 3).mean() > (before[painted] == 3).mean()
    assert made.reports[0].click == stroke


def test_strokes_of_large_images_reach_the_working_size():
    wide = Stroke.along([(10, 10), (110, 10)], 9, 1, 96, 120)
    thin = Stroke.along([(10, 50), (110, 50)], 0.1, 1, 96, 120)
    made = run(session("semantic", height=96, width=120), wide, thin)
    assert made.working_size == (38, 48)
    assert all(report.losses[0] > 0 for report in made.reports)


def test_label_map_and_logits_at_image_size_agree():
    made = run(session("semantic", height=96, width=120), Click(60, 40, 20, 2))
    prediction = made.prediction
    assert prediction.array.dtype == np.int32 and prediction.logits.shape == (4, 96, 120)
    assert np.array_equal(prediction.logits.argmax(axis=0), prediction.array)
    with pytest.raises(ValueError):
        prediction.logits[0, 0, 0] = 1


def test_the_trimap_is_imposed():
    made = run(session("matting", height=96, width=120), Click(60, 50, 20, 0.9))
    alpha = made.prediction.array
    known = trimap(96, 120)
    assert (alpha[known == 0] == 0).all() and (alpha[known == 255] == 1).all()
    unknown = alpha[known == 128]
    assert unknown.min() >= 0 and unknown.max() <= 1 and np.unique(unknown).size > 10


@pytest.mark.parametrize(
    ("guidance", "words"),
    [
        (None, "needs a trimap"),
        (np.full((31, 40), 128, np.uint8), "31"),
        (np.full((32, 40), 127, np.uint8), "127"),
        (np.full((32, 40), 128, np.int32), "uint8"),
    ],
)
def test_a_wrong_trimap_is_refused(guidance, words):
    with pytest.raises(ValueError, match=words):
        RefinementSession(network("matting"), image(), guidance=guidance)


def test_networks_without_a_trimap_take_none():
    with pytest.raises(ValueError, match="takes no guidance"):
        RefinementSession(network("depth"), image(), guidance=trimap())


@pytest.mark.parametrize(
    ("task", "wrong"),
    [
        ("semantic", Click(1, 1, 3, 4)),
        ("semantic", Click(1, 1, 3, 0.5)),
        ("semantic", Push(1, 1, 1)),
        ("semantic", Stroke(np.ones((2, 2), dtype=bool), 4)),
        ("matting", Click(1, 1, 3, 1.5)),
        ("matting", Stroke(np.ones((2, 2), dtype=bool), 1)),
        ("depth", Click(1, 1, 3, 11.0)),
        ("depth", Click(1, 1, 3, 0.0)),
    ],
)
def test_what_the_task_does_not_know_is_refused(task, wrong):
    made = session(task)
    with pytest.raises(ValueError, match=task):
        made.refine(wrong)
    assert made.clicks == ()


def test_a_network_that_says_nan_is_reported():
    loaded = network("depth")
    loaded.module.head.bias.fill_(float("nan"))
    made = RefinementSession(loaded, image(), QUICK)
    with pytest.raises(DivergedError, match="finite"):
        _ = made.prediction
    with pytest.raises(DivergedError, match="finite"):
        run(made, Click(20, 16, 5, 3.0))
    assert made.clicks == ()


def test_a_gradient_that_is_not_a_number_does_not_end_the_refinement():
    class Divides(DenseNetwork):
        """Infinite at one pixel inside, finite outside, its gradient 0 times infinity: a plane seen edge-on."""

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            depth = super().forward(image)
            denominator = depth.clone()
            denominator[..., 0, 0] = denominator[..., 0, 0] * 0.0
            return depth + 0.01 * torch.tanh(1.0 / denominator)

    loaded = network("depth")
    loaded.module.__class__ = Divides
    made = RefinementSession(loaded, image(), QUICK)
    run(made, Click(20, 16, 5, 3.0))
    assert np.isfinite(made.working_prediction).all()
    assert made.reports[0].loss < made.reports[0].losses[0]
