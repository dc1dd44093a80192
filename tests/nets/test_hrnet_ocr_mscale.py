"""HRNet-OCR at two scales, number by number, against figures of the original implementation with filled weights."""

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
from tests.helpers.networks import REFERENCE, blank_network, filled_network, fingerprint, output_of, watching
from tests.helpers.reproducible import image, normalised

pytestmark = pytest.mark.slow  # the largest of the networks
DATA = Path(__file__).parents[1] / "data" / "hrnet_ocr_mscale.npz"
NAME = "hrnet_ocr_mscale"
KEYS = {
    19: "d9fcd562a7e5c1744cf2f9336cdd915dd58dbe0c6a625c32d41b5f381cf6c6f9",
    65: "90c576ff656f564b64fade9f19bcfafbb17bcae0c041005f9a8ba95e8ce8b040",
}
TEMPERED = {
    "ocr.aux_head.2.weight": 0.01,
    "ocr.aux_head.2.bias": 0.01,
    "ocr.ocr_distri_head.object_context_block.f_pixel.3.0.weight": 0.02,
    "ocr.ocr_distri_head.object_context_block.f_pixel.3.0.bias": 0.02,
    "ocr.cls_head.weight": 0.05,
    "ocr.cls_head.bias": 0.05,
    "scale_attn.conv2.weight": 0.2,
}
"""What keeps the softmaxes of the filled network away from their ends, where they would hide errors."""
SAMPLED = {0: (6, 4), 1: (8, 2), 2: (16, 1), 3: (32, 1)}
"""Channel and pixel steps of the figures, by stream."""


@cache
def figures() -> dict[str, np.ndarray]:
    """The full fixture where it lies beside the checkout, else the committed sample."""
    full = REFERENCE / "hrnet_ocr_mscale" / "cityscapes.seed1.npz"
    with np.load(full if full.exists() else DATA, allow_pickle=False) as stored:
        return dict(stored)


@cache
def network() -> nn.Module:
    module = filled_network(NAME, 1)
    state = module.state_dict()
    for key, factor in TEMPERED.items():
        state[key] *= factor
    return module


def inputs() -> tuple[Tensor]:
    return (normalised(image((1, 3, 128, 192), 1)),)


def assert_close(actual: Tensor, expected: np.ndarray, tolerance: float = 1e-4) -> None:
    """Relative to the largest value; the committed sample may hold every n-th channel only."""
    actual = actual[:, :: -(-actual.shape[1] // expected.shape[1])]
    assert actual.shape == expected.shape
    assert float(np.abs(actual.detach().numpy() - expected).max()) <= tolerance * float(np.abs(expected).max())


@pytest.mark.parametrize("num_classes", [19, 65])
def test_keys_order_and_shapes_are_the_published_ones(num_classes: int) -> None:
    module = blank_network(NAME, num_classes=num_classes)
    assert len(module.state_dict()) == 1903
    expected = {19: 72_143_430, 65: 72_200_194}[num_classes]
    assert sum(parameter.numel() for parameter in module.parameters()) == expected
    assert fingerprint(module) == KEYS[num_classes]


def test_fused_logits() -> None:
    fused = output_of(network(), inputs())
    assert_close(fused[:, :, 1::3, 2::3], figures()["tempered.two_scale.pred"])
    agreement = (fused.argmax(dim=1).numpy() == figures()["tempered.two_scale.argmax"]).mean()
    assert agreement > 0.999


def test_attention_of_the_half_size_pass() -> None:
    found: list[Tensor] = []
    handle = network().scale_attn.register_forward_hook(lambda part, given, output: found.append(output))
    output_of(network(), inputs())
    handle.remove()
    (attention,) = found
    assert_close(attention, figures()["tempered.half.attn_low"])


@pytest.mark.parametrize(("layout", "place"), [("outputs", "out"), ("branches", "branch")])
def test_streams_at_the_insertion_points(layout: str, place: str) -> None:
    points = [point for point in entry(NAME).spec().layouts[layout].points() if point.call_index == 1]
    with torch.no_grad(), watching(network(), points) as watched:
        network()(*inputs())
    assert [place.point.stride for place in watched] == [32, 16, 8]
    for at in watched:
        stream = int(at.point.module[-1])
        channel_step, pixel_step = SAMPLED[stream]
        features = at.features[:, ::channel_step, ::pixel_step, ::pixel_step]
        assert_close(features, figures()[f"one.stage4.2.{place}.{stream}"])


@pytest.mark.parametrize(("layout", "place"), [("outputs", "out"), ("branches", "branch")])
def test_changed_streams_reach_the_logits(layout: str, place: str) -> None:
    modules = {point.module for point in entry(NAME).spec().layouts[layout].points()}
    handles = [
        network().get_submodule(name).register_forward_hook(lambda part, given, output: 0.9 * output + 5.0)
        for name in modules
    ]
    fused = output_of(network(), inputs())
    for handle in handles:
        handle.remove()
    assert_close(fused[:, :, 1::6, 2::6], figures()[f"tempered.perturb_{place}.pred"])


def test_classes_are_recognised_and_checked() -> None:
    shapes = {key: tuple(value.shape) for key, value in blank_network(NAME, num_classes=65).state_dict().items()}
    assert entry(NAME).recognise(shapes) == {"num_classes": 65}
    with pytest.raises(ValueError, match="num_classes"):
        models.create(NAME, num_classes=1)


def test_sizes_are_checked() -> None:
    with pytest.raises(ShapeError, match="at least 2"):
        network()(torch.zeros(1, 3, 1, 8))
