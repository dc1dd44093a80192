"""Attention masks on a handful of pixels."""

from __future__ import annotations

import math

import pytest
import torch

from gbrs_core.attention import inverse_gaussian, outside_disc


def test_disc_holds_its_circle_and_nothing_beyond():
    mask = outside_disc(x=2, y=1, radius=1, height=3, width=5)
    assert mask.tolist() == [[1, 1, 0, 1, 1], [1, 0, 0, 0, 1], [1, 1, 0, 1, 1]]


def test_disc_of_a_fractional_centre_and_radius():
    mask = outside_disc(x=0.5, y=0.0, radius=1.49, height=2, width=4)
    assert mask.tolist() == [[0, 0, 1, 1], [0, 0, 1, 1]]  # distances 0.5, 0.5, 1.5, 2.5; 1.12, 1.12, 1.80, 2.69


def test_disc_outside_of_the_image_frees_nothing():
    assert torch.equal(outside_disc(x=-9, y=-9, radius=3, height=2, width=2), torch.ones(2, 2))


def test_inverse_gaussian_values():
    mask = inverse_gaussian(x=1, y=0, sigma=2, height=1, width=6)
    expected = [1 - math.exp(-(d**2) / 8) for d in (1, 0, 1, 2, 3, 4)]
    assert mask[0].tolist() == pytest.approx(expected, abs=1e-6)
    assert float(mask[0, 1]) == 0.0
