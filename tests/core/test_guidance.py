"""Click distance maps, by hand and against a plain loop."""

from __future__ import annotations

import math

import pytest
import torch

import models
from gbrs_core.guidance import click_maps


def by_hand(points, height, width, norm_radius):
    rows = []
    for row in range(height):
        line = []
        for col in range(width):
            distances = [math.hypot(row - r, col - c) for r, c in points]
            line.append(math.tanh(2 * min(distances) / norm_radius) if distances else 1.0)
        rows.append(line)
    return torch.tensor(rows)


def test_exact_with_fractions_and_clicks_outside():
    clicks = [(1.25, 3.5, True), (-4.0, 2.0, True), (2.0, 0.0, False)]
    maps = click_maps(clicks, 5, 7, norm_radius=6)
    torch.testing.assert_close(maps[0], by_hand([(1.25, 3.5), (-4.0, 2.0)], 5, 7, 6))
    torch.testing.assert_close(maps[1], by_hand([(2.0, 0.0)], 5, 7, 6))


def test_zero_at_a_click_and_one_without_any():
    maps = click_maps([(2, 3, True)], 5, 7)
    assert maps.shape == (2, 5, 7)
    assert maps.dtype == torch.float32
    assert float(maps[0, 2, 3]) == 0.0
    assert torch.equal(maps[1], torch.ones(5, 7))
    assert torch.equal(click_maps([], 2, 2), torch.ones(2, 2, 2))


def test_default_norm_radius_is_260_pixels():
    maps = click_maps([(0, 0, False)], 1, 131)
    assert float(maps[1, 0, 130]) == pytest.approx(math.tanh(1.0))


def test_many_clicks_are_the_nearest_of_all():
    generator = torch.Generator().manual_seed(0)
    points = (torch.rand(70, 2, generator=generator) * 20).tolist()
    maps = click_maps([(row, col, True) for row, col in points], 20, 20, 30)
    torch.testing.assert_close(maps[0], by_hand(points, 20, 20, 30))


def test_front_door_makes_the_same_maps():
    clicks = [(1.5, 2.0, True), (0.0, 0.0, False)]
    assert torch.equal(models.click_maps(clicks, 4, 5), click_maps(clicks, 4, 5))
