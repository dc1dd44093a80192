"""The published networks, number by number, against figures of the original implementation with filled weights.

The committed figures are a sample; where the full reference fixtures lie beside the checkout, they are used as well.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import models
from models.registry import entry
from tests.helpers.networks import (
    REFERENCE,
    blank_network,
    each_network,
    features_at,
    filled_network,
    fingerprint,
    output_of,
)
from tests.helpers.reproducible import image, normalised

DATA = Path(__file__).parents[1] / "data"
DESCRIBED = json.loads((DATA / "published_networks.json").read_text())
HEIGHT, WIDTH = 96, 128


@pytest.fixture(params=each_network(DESCRIBED))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@cache
def network(name: str) -> nn.Module:
    return filled_network(name, 1)


@cache
def figures() -> dict[str, np.ndarray]:
    with np.load(DATA / "published_networks.npz", allow_pickle=False) as stored:
        return dict(stored)


def reference(name: str) -> dict[str, np.ndarray]:
    path = REFERENCE / "fbrs" / f"{name}.seed1.npz"
    if not path.exists():
        pytest.skip("the full reference fixtures are not here")
    with np.load(path, allow_pickle=False) as stored:
        return dict(stored)


def clicks() -> list[tuple[float, float, bool]]:
    return [(float(row), float(col), kind == 1) for kind, row, col in figures()["clicks"]]


@cache
def inputs() -> tuple[Tensor, Tensor]:
    rows, cols = np.mgrid[:HEIGHT, :WIDTH]
    maps = np.ones((1, 2, HEIGHT, WIDTH))
    for row, col, is_positive in clicks():
        channel = maps[0, 0 if is_positive else 1]
        np.minimum(channel, np.tanh(2 * np.hypot(rows - row, cols - col) / 260), out=channel)
    return normalised(image((1, 3, HEIGHT, WIDTH), 1)), torch.from_numpy(maps.astype(np.float32))


def assert_close(name: str, actual: Tensor, expected: np.ndarray) -> None:
    assert actual.shape == expected.shape
    # The filled HRNets give logits that spread by 13, the ResNets by 0.1.
    tolerance = 2e-3 if name.startswith("hrnet") else 2e-5
    assert float(np.abs(actual.detach().numpy() - expected).max()) <= tolerance


def test_keys_order_and_shapes_are_the_published_ones(name: str) -> None:
    module = blank_network(name)
    assert len(module.state_dict()) == DESCRIBED[name]["entries"]
    assert sum(parameter.numel() for parameter in module.parameters()) == DESCRIBED[name]["parameters"]
    assert fingerprint(module) == DESCRIBED[name]["sha256"]


def test_logits(name: str) -> None:
    logits = output_of(network(name), inputs())
    assert_close(name, logits[:, :, ::5, ::5], figures()[f"{name}.logits"])


def test_features_at_the_insertion_points(name: str) -> None:
    layouts = entry(name).spec().layouts
    for place, stride in DESCRIBED[name]["channel_stride"].items():
        (point,) = layouts[place].points()
        features = features_at(network(name), point, inputs())
        assert_close(name, features[:, ::stride, ::3, ::3], figures()[f"{name}.{place}"])


def test_distance_maps() -> None:
    maps = models.click_maps(clicks(), HEIGHT, WIDTH)
    expected = figures()["dist_maps"][0]
    np.testing.assert_allclose(np.asarray(maps)[:, ::5, ::5], expected, rtol=0, atol=2e-6)


def test_distance_maps_by_hand() -> None:
    maps = np.asarray(models.click_maps([(0, 0, True), (2, 1, False)], 3, 5, norm_radius=10))
    assert maps.shape == (2, 3, 5)
    assert maps.dtype == np.float32
    assert maps[0, 0, 0] == 0 and maps[1, 2, 1] == 0
    assert maps[0, 0, 4] == pytest.approx(np.tanh(0.8), abs=1e-6)
    assert maps[1, 0, 4] == pytest.approx(np.tanh(0.2 * np.sqrt(13)), abs=1e-6)
    assert np.all(np.asarray(models.click_maps([(1, 1, True)], 3, 5))[1] == 1)


@pytest.mark.fixtures
def test_full_logits_and_distance_maps(name: str) -> None:
    full = reference(name)
    picture, maps = inputs()
    np.testing.assert_allclose(maps.numpy(), full["dist_maps"], rtol=0, atol=2e-6)
    np.testing.assert_allclose(picture[:, :, :4, :4].numpy(), full["normalized_input_corner"], rtol=0, atol=1e-6)
    assert_close(name, output_of(network(name), inputs()), full["logits"])


@pytest.mark.fixtures
def test_full_features(name: str) -> None:
    full = reference(name)
    layouts = entry(name).spec().layouts
    for place in DESCRIBED[name]["channel_stride"]:
        (key,) = [key for key in full if key.startswith(f"feat_{place}_") and "__" not in key]
        (point,) = layouts[place].points()
        features = features_at(network(name), point, inputs())
        assert tuple(full[f"{key}__shape"]) == tuple(features.shape)
        assert_close(name, features[:, :: int(full[f"{key}__cstride"])], full[key])


@pytest.mark.fixtures
def test_full_key_list(name: str) -> None:
    path = REFERENCE / "fbrs" / f"{name}.keys.json"
    if not path.exists():
        pytest.skip("the full reference fixtures are not here")
    published = json.loads(path.read_text())["state_dict"]
    ours = {key: list(value.shape) for key, value in blank_network(name).state_dict().items()}
    assert list(ours.items()) == list(published.items())
