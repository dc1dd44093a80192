"""The miniature network: small, reproducible, and right enough to be clicked."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

import models
from models.tiny import DISC_RADIUS, tiny_interactive
from tests.helpers.networks import output_of, watching
from tests.helpers.reproducible import image, normalised


def logits(clicks: list[tuple[float, float, bool]], height: int = 96, width: int = 128, seed: int = 0) -> Tensor:
    loaded = tiny_interactive(seed)
    maps = models.click_maps(clicks, height, width, norm_radius=loaded.spec.click_norm_radius)
    inputs = (normalised(image((1, 3, height, width), 3)), torch.as_tensor(maps)[None])
    return output_of(loaded.module, inputs)[0, 0]


def test_it_is_small_and_in_no_list() -> None:
    loaded = tiny_interactive()
    assert sum(parameter.numel() for parameter in loaded.module.parameters()) < 20_000
    assert loaded.spec.name not in models.names()
    assert not any(part.training for part in loaded.module.modules())


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_click_makes_a_disc(seed: int) -> None:
    mask = logits([(40, 60, True)], seed=seed) > 0
    radius = math.sqrt(int(mask.sum()) / math.pi)
    assert 0.7 * DISC_RADIUS < radius < 1.3 * DISC_RADIUS
    assert bool(mask[40, 60]) and not bool(mask[5, 5])


def test_a_negative_click_takes_away() -> None:
    mask = logits([(40, 60, True), (40, 68, False)]) > 0
    assert int(mask.sum()) < int((logits([(40, 60, True)]) > 0).sum())
    assert not bool(mask[40, 68])


def test_the_same_seed_gives_the_same_network() -> None:
    first, again, other = (tiny_interactive(seed).module.state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not all(torch.equal(first[key], other[key]) for key in first)


def test_every_pixel_of_place_b_counts_at_an_odd_size() -> None:
    loaded = tiny_interactive()
    inputs = (normalised(image((1, 3, 61, 83), 3)), image((1, 2, 61, 83), 4))
    with watching(loaded.module, loaded.spec.layout.points()) as (place,):
        output = loaded.module(*inputs)
    assert output.shape == (1, 1, 61, 83)
    assert place.features.shape[1] == place.point.channels
    (gradient,) = torch.autograd.grad(output.sum(), place.nudge)
    assert bool((gradient.abs().amax(dim=(0, 1)) > 0).all())
