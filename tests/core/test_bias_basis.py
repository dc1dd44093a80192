"""The soft regions behind an image-aware bias map."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gbrs_core.bias_basis import BasisSettings, bias_basis


def two_halves(height: int = 40, width: int = 60) -> np.ndarray:
    """A red and a blue half, side by side."""
    image = np.zeros((height, width, 3), dtype=np.uint8)
    image[:, : width // 2] = (200, 30, 30)
    image[:, width // 2 :] = (30, 30, 200)
    return image


def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)


@pytest.mark.parametrize("image", [two_halves(), noise()], ids=["halves", "noise"])
def test_shares_of_every_granularity_sum_to_one(image):
    for count in (16, 64):
        shares = bias_basis(image, 12, 15, BasisSettings(counts=(count,)))
        assert shares.dtype == torch.float32
        assert shares.shape[1:] == (12, 15)
        assert float(shares.min()) >= 0
        torch.testing.assert_close(shares.sum(dim=0), torch.ones(12, 15))


def test_granularities_are_stacked():
    settings = BasisSettings(counts=(4, 16))
    assert bias_basis(noise(), 8, 8, settings).shape == (4 + 16, 8, 8)


def test_regions_do_not_cross_an_edge_of_colour():
    shares = bias_basis(two_halves(), 20, 30, BasisSettings(counts=(24,)))
    left, right = shares[:, :, :14].sum(dim=(1, 2)), shares[:, :, 16:].sum(dim=(1, 2))
    smaller = torch.minimum(left, right) / (left + right).clamp_min(1e-6)
    assert float(smaller.max()) < 0.01


def test_same_image_same_maps():
    assert torch.equal(bias_basis(noise(), 12, 16), bias_basis(noise(), 12, 16))


def test_every_granularity_has_regions_of_use():
    shares = bias_basis(noise(), 24, 32, BasisSettings(counts=(16,)))
    strongest = shares.argmax(dim=0)
    assert len(strongest.unique()) >= 12


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (3, 2)])
def test_tiny_feature_maps(size):
    shares = bias_basis(noise(), *size)
    assert shares.shape[1:] == size
    assert bool(torch.isfinite(shares).all())


def test_plain_image():
    shares = bias_basis(np.full((20, 20, 3), 90, dtype=np.uint8), 10, 10)
    assert bool(torch.isfinite(shares).all())
