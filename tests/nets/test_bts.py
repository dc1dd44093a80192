"""BTS, number by number, against figures of the original implementation with filled weights."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import models
from gbrs_core.errors import ShapeError
from models.architectures.bts import LocalPlanarGuidance
from models.registry import entry
from tests.helpers.networks import REFERENCE, blank_network, filled_network, fingerprint, output_of, watching
from tests.helpers.reproducible import image, normalised

DATA = Path(__file__).parents[1] / "data" / "bts.npz"
NAME = "bts_densenet161"
KEYS = "9a1b344ea0294a856850b83c9668c0444abbc281b168fbfdead955661c8e935a"


@cache
def figures() -> dict[str, np.ndarray]:
    """The full fixture where it lies beside the checkout, else the committed sample."""
    full = REFERENCE / "bts" / "densenet161_nyu.seed1.npz"
    with np.load(full if full.exists() else DATA, allow_pickle=False) as stored:
        return dict(stored)


@cache
def network() -> nn.Module:
    return filled_network(NAME, 1).requires_grad_(False)


def picture() -> Tensor:
    return image((1, 3, 96, 128), 1)


def assert_close(actual: Tensor, expected: np.ndarray, tolerance: float) -> None:
    """The committed sample may hold every n-th channel or pixel only."""
    for axis in (1, 2, 3):
        step = actual.shape[axis] // expected.shape[axis]
        index = torch.arange(0, actual.shape[axis], step)
        actual = actual.index_select(axis, index)
    assert actual.shape == expected.shape
    assert float(np.abs(actual.detach().numpy() - expected).max()) <= tolerance


def test_keys_order_and_shapes_are_the_published_ones() -> None:
    module = blank_network(NAME)
    assert len(module.state_dict()) == 1075
    assert sum(parameter.numel() for parameter in module.parameters()) == 47_000_688
    assert fingerprint(module) == KEYS


@pytest.mark.slow
def test_depth() -> None:
    assert_close(output_of(network(), (picture(),)), figures()["final_depth"], 1e-4)
    assert_close(output_of(network(), (normalised(picture()),)), figures()["normalised_final_depth"], 1e-4)


@pytest.mark.parametrize("place", ["denseblock4", "norm5"])
def test_features_at_the_insertion_points(place: str) -> None:
    (point,) = entry(NAME).spec().layouts[place].points()
    with watching(network(), [point]) as (watched,):
        depth = network()(picture())
    assert_close(watched.features, figures()[place], 1e-5)
    if place == "norm5":
        (gradient,) = torch.autograd.grad(depth.sum(), watched.nudge)
        largest = float(np.abs(figures()["grad_norm5"]).max())
        assert_close(gradient, figures()["grad_norm5"], 1e-3 * largest)


def test_planes_on_the_way() -> None:
    found: dict[int, Tensor] = {}
    handles = [
        network()
        .get_submodule(f"decoder.guidance{cell}")
        .register_forward_hook(lambda part, inputs, output, cell=cell: found.update({cell: output}))
        for cell in (8, 4, 2)
    ]
    output_of(network(), (picture(),))
    for handle in handles:
        handle.remove()
    for cell, output in found.items():
        assert_close(output, figures()[f"depth_{cell}x{cell}_scaled"], 1e-4)


def test_a_plane_seen_from_the_front_is_flat() -> None:
    guidance = LocalPlanarGuidance(4, max_depth=10.0)
    parameters = torch.tensor([-100.0, 0.0, 0.0])[None, :, None, None].expand(1, 3, 2, 3)
    torch.testing.assert_close(guidance(parameters), torch.full((1, 1, 8, 12), 0.5))


def test_a_tilted_plane_by_hand() -> None:
    """Polar angle 30 degrees, azimuth 0: depth 5 / (sin 30 u + cos 30) along the columns, the same in every row."""
    guidance = LocalPlanarGuidance(2, max_depth=10.0)
    depth = guidance(torch.tensor([0.0, -100.0, 0.0])[None, :, None, None])[0, 0]
    expected = [0.5 / (0.5 * u + np.cos(np.pi / 6)) for u in (-0.25, 0.25)]
    np.testing.assert_allclose(depth.numpy(), [expected, expected], rtol=1e-6)


def test_the_largest_depth_is_an_option() -> None:
    far = models.create(NAME, max_depth=80.0)
    far.load_state_dict(network().state_dict())
    assert 10.0 < float(output_of(far, (picture(),)).max()) < 80.0
    with pytest.raises(ValueError, match="max_depth"):
        models.create(NAME, max_depth=0.0)


@pytest.mark.slow
def test_the_kitti_version_allows_for_the_lens() -> None:
    kitti = models.create(NAME, max_depth=80.0, focal=721.5377)
    kitti.load_state_dict(network().state_dict())
    depth = output_of(kitti, (picture(),))
    assert entry(NAME).spec(max_depth=80.0, focal=721.5377).max_depth == pytest.approx(80 * 721.5377 / 715.0873)
    plain = models.create(NAME, max_depth=80.0)
    plain.load_state_dict(network().state_dict())
    torch.testing.assert_close(depth, output_of(plain, (picture(),)) * (721.5377 / 715.0873))
    if "kitti_final_depth" in figures():
        assert_close(depth, figures()["kitti_final_depth"], 1e-3)
    with pytest.raises(ValueError, match="focal"):
        models.create(NAME, focal=-1.0)


def test_the_strongest_channels_are_refined_by_default() -> None:
    layouts = entry(NAME).spec().layouts
    assert set(layouts) == {"denseblock4", "norm5", "relu"}
    assert {layout.default_top_k_channels for layout in layouts.values()} == {256}


def test_sizes_are_checked() -> None:
    with pytest.raises(ShapeError, match="multiples of 32"):
        network()(torch.zeros(1, 3, 64, 65))
