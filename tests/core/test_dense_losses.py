"""Equations 9 to 13 by hand, and their gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from gbrs_core.config import RefinementConfig, ResolvedConfig
from gbrs_core.interaction import Click, Interaction, Mode, Push, Stroke
from gbrs_core.losses import cross_entropy, masked_cross_entropy, squared_error
from gbrs_core.tasks import names, task_named
from gbrs_core.tasks.supervision import newest_per_pixel


def resolved(task: str, mode: Mode = Mode.CLICK, **changes: object) -> ResolvedConfig:
    return RefinementConfig(preset="paper", **changes).filled_from(
        task_named(task).defaults_for("bmconv", "paper", mode)
    )


def losses(task: str, interactions: list[Interaction], reference: torch.Tensor, now: torch.Tensor, **changes: object):
    mode = Mode.STROKE if isinstance(interactions[-1], Stroke) else Mode.CLICK
    return task_named(task).objective(interactions, reference, resolved(task, mode, **changes))(now)


def test_every_task_of_the_catalogue_is_there():
    assert names() == ("interactive", "semantic", "matting", "depth")
    assert [task_named(name).name for name in names()] == list(names())
    with pytest.raises(ValueError, match="interactive"):
        task_named("boundary")


def test_the_papers_numbers():
    assert resolved("semantic").consistency_weight == 10
    assert resolved("semantic", Mode.STROKE).consistency_weight == 1
    assert resolved("matting").consistency_weight == 1000
    assert resolved("depth").consistency_weight == pytest.approx(0.1)
    for task in ("matting", "depth"):
        push = resolved(task, Mode.PUSH)
        assert (push.iterations, push.consistency_weight) == (1, 0)


# --- semantic segmentation ---


def test_cross_entropy_by_hand():
    logits = torch.tensor([[0.0, 2.0], [math.log(3), 2.0]])
    value = cross_entropy(logits, torch.tensor([1, 0]), torch.tensor([1.0, 0.5]))
    assert float(value) == pytest.approx(-math.log(3 / 4) + 0.5 * math.log(2))


def test_equation_9_by_hand():
    reference = torch.zeros(1, 2, 1, 4)
    reference[0, 1, 0, 2:] = 1.0  # classes 0 0 1 1
    now = torch.zeros(1, 2, 1, 4)
    now[0, 1, 0, 0] = math.log(3)
    parts = losses("semantic", [Click(0, 0, 0.5, 1), Click(3, 0, 1.0, 0)], reference, now)
    assert float(parts.refinement) == pytest.approx((-math.log(3 / 4) + math.log(2)) / 2)
    # The disc of the newest click frees columns 2 and 3; held: class 0 at columns 0 (p = 1/4) and 1 (p = 1/2).
    assert float(parts.consistency) == pytest.approx(10 * (math.log(4) + math.log(2)) / 4)
    assert float(parts.total) == pytest.approx(float(parts.refinement) + float(parts.consistency))
    assert float(parts.residual) == pytest.approx(0.5)


def test_equation_10_by_hand():
    reference = torch.zeros(1, 2, 2, 2)
    reference[0, 0] = 1.0
    now = torch.zeros(1, 2, 2, 2)
    stroke = Stroke(np.array([[True, True]]), 1)
    parts = losses("semantic", [stroke], reference, now)
    assert float(parts.refinement) == pytest.approx(2 * math.log(2) / 4)
    assert float(parts.consistency) == pytest.approx(1 * 2 * math.log(2) / 4)


def test_a_later_stroke_paints_over_an_earlier_one():
    now = torch.zeros(1, 2, 1, 2)
    now[0, 1] = math.log(3)
    one, other = Stroke(np.array([[True, True]]), 0), Stroke(np.array([[True]]), 1, left=1)
    parts = losses("semantic", [one, other], torch.zeros(1, 2, 1, 2), now, consistency_weight=0.0)
    assert float(parts.refinement) == pytest.approx((math.log(4) + math.log(4 / 3)) / 2)
    assert float(parts.consistency) == 0


# --- matting and depth ---


def test_equation_11_by_hand():
    reference = torch.zeros(1, 1, 1, 3)
    now = torch.tensor([[[[0.5, 0.25, 0.0]]]])
    parts = losses("matting", [Click(2, 0, 1, 1.0), Click(0, 0, 2, 1.0)], reference, now)
    assert float(parts.refinement) == pytest.approx((0.25 + 1.0) / 2)
    weight = 1 - math.exp(-1 / 8)  # sigma is the radius of the newest click; its own pixel is not held at all
    assert float(parts.consistency) == pytest.approx(1000 * (0.25 * weight) ** 2 / 3, rel=1e-4)
    assert float(parts.residual) == pytest.approx(1.0)


def test_equation_13_sums_where_equation_11_averages():
    reference = torch.zeros(1, 1, 1, 3)
    clicks = [Click(2, 0, 1, 1.0), Click(0, 0, 2, 3.0)]
    parts = losses("depth", clicks, reference, reference, consistency_weight=0.0)
    assert float(parts.refinement) == pytest.approx(1.0 + 9.0)


@pytest.mark.parametrize("direction", [1, -1])
def test_equation_12_by_hand(direction):
    reference = torch.tensor([[[[0.4, 0.7]]]])
    objective = task_named("matting").objective(
        [Click(0, 0, 1, 0.0), Push(1, 0, direction, 0.1)], reference, resolved("matting", Mode.PUSH)
    )
    assert float(objective(reference).total) == pytest.approx(0.01)
    assert float(objective(reference + direction * 0.1).total) == pytest.approx(0.0, abs=1e-12)
    assert float(objective(reference - torch.tensor([9.0, 0.0])).total) == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("before", "direction", "loss"),
    [
        (0.95, 1, 0.05**2),  # up to 1, not to 1.05
        (0.04, -1, 0.04**2),
        (1.3, 1, 0.0),  # is seen as 1 already
        (-0.2, -1, 0.0),
        (-0.2, 1, 0.3**2),  # is seen as 0 and is to be seen as 0.1
        (1.3, -1, 0.4**2),
    ],
)
def test_a_push_asks_for_no_alpha_that_cannot_be_seen(before, direction, loss):
    reference = torch.full((1, 1, 1, 1), before)
    objective = task_named("matting").objective([Push(0, 0, direction, 0.1)], reference, resolved("matting", Mode.PUSH))
    assert float(objective(reference).total) == pytest.approx(loss, abs=1e-7)


def test_the_newest_click_on_a_pixel_is_the_one_that_counts():
    clicks = [Click(1, 1, 2, 0.2), Click(1.2, 0.9, 5, 0.8), Click(3, 1, 2, 0.5)]
    assert newest_per_pixel(clicks, 4, 5) == clicks[1:]


# --- gradients ---


def test_gradients():
    generator = torch.Generator().manual_seed(1)

    def random(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64, requires_grad=True)

    classes, weights = torch.tensor([2, 0, 1]), torch.tensor([0.5, 0.25, 1.0], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda logits: cross_entropy(logits, classes, weights), random(3, 3))
    held = torch.tensor([[[0, 2, -100], [1, -100, 2]]])
    assert torch.autograd.gradcheck(lambda logits: masked_cross_entropy(logits, held, -100), random(1, 3, 2, 3))
    targets = torch.tensor([0.1, 0.9, 0.4], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda values: squared_error(values, targets, weights), random(3))
