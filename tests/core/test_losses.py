"""The losses by hand, their gradients, and equation 8 as the interactive task puts it together."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gbrs_core.config import RefinementConfig, ResolvedConfig
from gbrs_core.interaction import Click
from gbrs_core.losses import hinge, masked_squared_change, squared_hinge_loss
from gbrs_core.tasks.interactive_segmentation import DEFAULTS, HingeObjective
from gbrs_core.tasks.supervision import supervised_pixels


def config(**changes: object) -> ResolvedConfig:
    return RefinementConfig(preset="paper", **changes).filled_from(DEFAULTS["bmconv", "paper"])


def test_hinge_pulls_only_the_wrong_side_of_the_margin():
    values = torch.tensor([0.25, 3.0, 0.25, -3.0])
    assert hinge(values, torch.tensor([1.0, 1.0, -1.0, -1.0])).tolist() == [0.75, 0.0, 1.25, 0.0]


def test_squared_hinge_loss_by_hand():
    loss = squared_hinge_loss(torch.tensor([0.5, 2.0, 1.0]), torch.tensor([1.0, 0.5, 0.5]))
    assert float(loss) == pytest.approx(0.25 + 2.0 + 0.5)


def test_masked_squared_change_by_hand():
    reference = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    mask = torch.tensor([[[[1.0, 0.0], [0.5, 1.0]]]])
    prediction = reference + torch.tensor([[[[2.0, 9.0], [2.0, 0.0]]]])
    assert float(masked_squared_change(prediction, reference * mask, mask)) == pytest.approx((4 + 1) / 4)
    assert float(masked_squared_change(reference, reference * mask, mask)) == 0.0


def test_gradients():
    generator = torch.Generator().manual_seed(0)
    prediction = torch.randn(1, 1, 3, 4, generator=generator, dtype=torch.float64, requires_grad=True)
    mask = torch.rand(1, 1, 3, 4, generator=generator, dtype=torch.float64)
    assert torch.autograd.gradcheck(masked_squared_change, (prediction, mask * 0.3, mask))
    targets = torch.tensor([1.0, -1.0, 1.0, -1.0], dtype=torch.float64).repeat(3).view(1, 1, 3, 4)
    weights = torch.rand(12, generator=generator, dtype=torch.float64)
    assert torch.autograd.gradcheck(
        lambda values: squared_hinge_loss(hinge(values, targets).flatten(), weights), (prediction,)
    )


def test_equation_8_by_hand():
    reference = torch.zeros(1, 1, 3, 4)
    clicks = [Click(0, 0, 5, 1), Click(3, 2, 1, -1)]
    objective = HingeObjective(clicks, reference, config(consistency_weight=10))
    logits = torch.arange(12, dtype=torch.float32).view(1, 1, 3, 4) / 10
    parts = objective(logits)
    # clicks: pixel (0, 0) is 0.0, hinge 1; pixel (2, 3) is 1.1, hinge 2.1
    assert float(parts.refinement) == pytest.approx(1 + 2.1**2)
    # all but pixels (2, 3), (2, 2) and (1, 3), which are 1.1, 1.0 and 0.7
    outside = sum((k / 10) ** 2 for k in range(12)) - (1.1**2 + 1.0**2 + 0.7**2)
    assert float(parts.consistency) == pytest.approx(10 * outside / 12)
    assert float(parts.total) == pytest.approx(float(parts.refinement) + float(parts.consistency))
    assert float(parts.residual) == pytest.approx(2.1)


def test_consistency_is_against_the_reference():
    reference = torch.full((1, 1, 2, 2), 3.0)
    parts = HingeObjective([Click(9, 9, 1, 1)], reference, config())(reference.clone())
    assert float(parts.consistency) == 0.0


def test_without_consistency_weight_only_the_clicks_count():
    parts = HingeObjective([Click(0, 0, 1, 1)], torch.zeros(1, 1, 2, 2), config(consistency_weight=0))(
        torch.full((1, 1, 2, 2), 0.5)
    )
    assert float(parts.total) == pytest.approx(0.25)
    assert float(parts.consistency) == 0.0


def test_earlier_discs_are_freed_on_request():
    clicks = [Click(0, 0, 1, 1), Click(4, 0, 1, 1)]
    logits = torch.ones(1, 1, 1, 5)
    held = HingeObjective(clicks, torch.zeros(1, 1, 1, 5), config())(logits)
    freed = HingeObjective(clicks, torch.zeros(1, 1, 1, 5), config(free_earlier_clicks=True))(logits)
    assert float(held.consistency) == pytest.approx(100 * 3 / 5)  # columns 0, 1, 2
    assert float(freed.consistency) == pytest.approx(100 * 1 / 5)  # column 2


def test_every_click_weighs_the_same_whatever_its_disc():
    clicks = [Click(10, 10, 20, 1), Click(0, 0, 20, -1)]  # the second is cut by the corner
    objective = HingeObjective(clicks, torch.zeros(1, 1, 21, 21), config(click_disc_radius=4))
    parts = objective(torch.zeros(1, 1, 21, 21))
    assert float(parts.refinement) == pytest.approx(2.0)
    assert float(parts.residual) == pytest.approx(1.0)


def test_residual_is_the_worst_click_averaged_over_its_disc():
    logits = torch.full((1, 1, 3, 9), 2.0)
    logits[0, 0, 1, 1] = 0.0  # hinge 1 in one of the five pixels of the first disc
    objective = HingeObjective([Click(1, 1, 9, 1), Click(7, 1, 9, 1)], logits, config(click_disc_radius=1))
    assert float(objective(logits).residual) == pytest.approx(1 / 5)


def test_supervised_disc():
    pixels, owners = supervised_pixels([Click(2, 1, 5, 1)], 1, 3, 5)
    assert sorted(pixels.tolist()) == [2, 6, 7, 8, 12]
    assert set(owners.tolist()) == {0}
    assert len(supervised_pixels([Click(20, 20, 5, 1)], 4, 50, 50)[0]) == 49


def test_no_pixel_beyond_the_attention_radius_is_supervised() -> None:
    assert len(supervised_pixels([Click(20, 20, 1, 1)], 4, 50, 50)[0]) == 5
    assert len(supervised_pixels([Click(20, 20, 0.5, 1)], 4, 50, 50)[0]) == 1


@pytest.mark.parametrize(
    ("x", "y", "pixel"),
    [(1.49, 0.5, (1, 1)), (1.5, 1.49, (1, 2)), (-7, -7, (0, 0)), (99, 99, (2, 3)), (-0.4, 2.4, (2, 0))],
)
def test_own_pixel_is_the_nearest_inside(x, y, pixel):
    pixels, _ = supervised_pixels([Click(x, y, 1, 1)], 0, 3, 4)
    assert pixels.tolist() == [pixel[0] * 4 + pixel[1]]


def test_contested_pixels_belong_to_the_nearer_click():
    pixels, owners = supervised_pixels([Click(1, 0, 5, 1), Click(4, 0, 5, -1)], 4, 1, 6)
    by_click = {owner: sorted(pixels[owners == owner].tolist()) for owner in (0, 1)}
    assert by_click == {0: [0, 1, 2], 1: [3, 4, 5]}


def test_clicks_of_one_target_share_their_pixels():
    _, owners = supervised_pixels([Click(1, 0, 5, 1), Click(2, 0, 5, 1)], 1, 1, 6)
    assert np.bincount(owners).tolist() == [3, 3]


def test_opposite_clicks_on_one_pixel_both_count():
    pixels, owners = supervised_pixels([Click(1, 0, 5, 1), Click(1, 0, 5, -1)], 2, 1, 6)
    assert sorted(set(owners.tolist())) == [0, 1]
    assert 1 in pixels[owners == 0] and 1 in pixels[owners == 1]


@pytest.mark.parametrize(("layer", "rate"), [("sb", 0.003125), ("bmsb", 0.0125), ("bmsb-m", 0.00625)])
def test_paper_preset(layer, rate):
    defaults = DEFAULTS[layer, "paper"]
    assert defaults.learning_rate == rate
    assert (defaults.iterations, defaults.consistency_weight, defaults.stop_residual) == (20, 100, 0.8)
    assert (defaults.click_disc_radius, defaults.free_earlier_clicks, defaults.bias_map) == (0, False, "free")
