"""IndexNet, number by number, against figures of the original implementation with filled weights."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import models
from gbrs_core.errors import ShapeError
from models.registry import entry
from tests.helpers.networks import REFERENCE, filled_network, fingerprint, output_of
from tests.helpers.reproducible import image, normalised

DATA = Path(__file__).parents[1] / "data" / "indexnet.npz"
KEYS = "aabcbae8f4594dadd1133cb7fb300d7a06242f3f1c3ae30aab08973c8520a460"
LEVELS = {"6": 1, "64": 2, "643": 3, "6432": 4, "64320": 5}


@cache
def figures() -> dict[str, np.ndarray]:
    """The full fixture where it lies beside the checkout, else the committed sample."""
    full = REFERENCE / "indexnet" / "indexnet.seed1.npz"
    with np.load(full if full.exists() else DATA, allow_pickle=False) as stored:
        return dict(stored)


@cache
def network(index_width: int = 1) -> nn.Module:
    return filled_network("indexnet", 1, index_width=index_width)


@cache
def inputs() -> tuple[Tensor]:
    random = image((1, 4, 128, 160), 1)
    trimap = torch.bucketize(random[:, 3:], torch.tensor([1 / 3, 2 / 3]), right=True) * 128
    trimap = trimap.clamp(max=255).float() / 255
    return (torch.cat([normalised(random[:, :3]), trimap], dim=1),)


def assert_close(actual: Tensor, expected: np.ndarray) -> None:
    """Within 1e-5 of the largest value; the committed sample may hold every n-th pixel only."""
    step = actual.shape[2] // expected.shape[2]
    actual = actual[:, :, ::step, ::step]
    assert actual.shape == expected.shape
    assert float(np.abs(actual.numpy() - expected).max()) <= 1e-5 * float(np.abs(expected).max())


def recorded(names: list[str], module: nn.Module) -> dict[str, Tensor]:
    """Outputs of submodules in one pass."""
    found: dict[str, Tensor] = {}

    def keep(name: str) -> object:
        def hook(part: nn.Module, inputs: object, output: Tensor) -> None:
            found[name] = output

        return module.get_submodule(name).register_forward_hook(hook)

    handles = [keep(name) for name in names]
    output_of(module, inputs())
    for handle in handles:
        handle.remove()
    return found


def perturbed_alpha(level_count: int) -> Tensor:
    """Alpha when the decoder maps of the first levels become 0.8 de + 0.15."""
    points = entry("indexnet").spec().layout.points(level_count)
    handles = [
        network().get_submodule(point.module).register_forward_hook(lambda part, x, y: 0.8 * y + 0.15)
        for point in points
    ]
    alpha = output_of(network(), inputs())
    for handle in handles:
        handle.remove()
    return alpha


def test_keys_order_and_shapes_are_the_published_ones() -> None:
    module = models.create("indexnet")
    assert len(module.state_dict()) == 549
    assert sum(parameter.numel() for parameter in module.parameters()) == 5_953_515
    assert fingerprint(module) == KEYS
    wide = models.create("indexnet", index_width=2)
    assert sum(parameter.numel() for parameter in wide.parameters()) == 8_153_771


def test_input_is_the_fixture_input() -> None:
    np.testing.assert_allclose(inputs()[0][0, :, :2, :4].numpy(), figures()["input_check"], rtol=0, atol=1e-6)


def test_alpha_of_both_widths() -> None:
    assert_close(output_of(network(), inputs()), figures()["alpha"])
    assert_close(output_of(network(2), inputs())[:, :, 1::2, ::2], figures()["expand2.alpha"])


def test_features_along_the_way() -> None:
    decoder_layers = [f"decoder_layer{number}" for number in range(7)]
    found = recorded(["layer0", "layer3", "layer7", "dconv_pp", *decoder_layers], network())
    for name, output in found.items():
        step = 1 if name == "dconv_pp" else max(1, output.shape[2] // 8)
        assert_close(output[:, ::4, ::step, ::step], figures()["aspp" if name == "dconv_pp" else name])


def test_decoder_index_maps_and_their_cells() -> None:
    found = recorded([f"index{number}.decoder_map" for number in (0, 2, 3, 4, 6)], network())
    for name, index_map in found.items():
        assert_close(index_map[:, :, :4, :4], figures()[f"index_de_corner.{name[5]}"])


@pytest.mark.parametrize("levels", list(LEVELS))
def test_changed_index_maps_reach_alpha(levels: str) -> None:
    assert_close(perturbed_alpha(LEVELS[levels])[:, :, 1::2, ::2], figures()[f"perturb_{levels}.alpha"])


def test_the_encoder_pools_with_weights_that_sum_to_one() -> None:
    encoder_map, decoder_map = network().get_submodule("index2")(image((1, 24, 8, 12), 4))
    assert encoder_map.shape == decoder_map.shape == (1, 24, 8, 12)
    sums = 4 * torch.nn.functional.avg_pool2d(encoder_map, 2)
    torch.testing.assert_close(sums, torch.ones_like(sums))


def test_options_and_sizes_are_checked() -> None:
    with pytest.raises(ValueError, match="index_width"):
        models.create("indexnet", index_width=3)
    with pytest.raises(ShapeError, match="multiples of 32"):
        network()(torch.zeros(1, 4, 33, 64))


def test_the_width_is_recognised() -> None:
    shapes = {key: tuple(value.shape) for key, value in network(2).state_dict().items()}
    assert entry("indexnet").recognise(shapes) == {"index_width": 2}
