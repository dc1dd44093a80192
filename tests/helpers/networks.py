"""Calling any network of the registry, and looking at its insertion points."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import models
from gbrs_core.network import InsertionPoint, NetworkSpec
from tests.helpers.reproducible import fill, image, normalised

REFERENCE = Path(__file__).parents[3] / "shared" / "reference"
"""Full reference fixtures; tests that need them skip where they are absent."""


LARGE = ("bts_densenet161", "hrnet18_ocr64", "hrnet32_ocr128", "hrnet_ocr_mscale", "resnet50_dh128", "resnet101_dh256")
"""Networks on which a test takes seconds; the others stand for them in the fast tests."""


def each_network(names: Iterable[str]) -> list[Any]:
    """Parameters for a test that is to run on networks, slow where they are large."""
    return [pytest.param(name, marks=[pytest.mark.slow] if name in LARGE else []) for name in names]


def blank_network(name: str, **options: Any) -> nn.Module:
    """A network without values, for looking at its shapes."""
    with torch.device("meta"):
        return models.create(name, **options)


def filled_network(name: str, seed: int, **options: Any) -> nn.Module:
    """A network with reproducible weights; faster than filling one that has random weights already."""
    return fill(blank_network(name, **options).to_empty(device="cpu"), seed)


def inputs_for(spec: NetworkSpec, height: int, width: int) -> tuple[Tensor, ...]:
    """Inputs of about this size, as the network's guidance wants them."""
    multiple = spec.size_multiple
    size = (-(-height // multiple) * multiple, -(-width // multiple) * multiple)
    picture = normalised(image((1, 3, *size), 1))
    if spec.guidance == "click_maps":
        return picture, image((1, 2, *size), 2)
    if spec.guidance == "trimap":
        return (torch.cat([picture, (image((1, 1, *size), 2) * 3).floor() / 2], dim=1),)
    return (picture,)


def output_of(module: nn.Module, inputs: tuple[Tensor, ...]) -> Tensor:
    """The network's output without gradients."""
    with torch.no_grad():
        return module(*inputs)


def features_at(module: nn.Module, point: InsertionPoint, inputs: tuple[Tensor, ...]) -> Tensor:
    """The feature map at an insertion point."""
    with torch.no_grad(), watching(module, [point]) as places:
        module(*inputs)
    return places[0].features


class Place:
    """An insertion point during a forward pass.

    Attributes:
        features: the feature map there; missing if the pass never came by.
        nudge: zeros added to it, whose gradient is that of the feature map.
    """

    features: Tensor
    nudge: Tensor

    def __init__(self, module: nn.Module, point: InsertionPoint) -> None:
        self.point = point
        self._calls = 0
        place = module.get_submodule(point.module)
        if point.side == "input":
            self.handle = place.register_forward_pre_hook(self._on_input)
        else:
            self.handle = place.register_forward_hook(self._on_output)

    def _on_output(self, module: nn.Module, inputs: Any, output: Tensor) -> Tensor:
        return self._nudged(output)

    def _on_input(self, module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        return (self._nudged(inputs[0]), *inputs[1:])

    def _nudged(self, features: Tensor) -> Tensor:
        self._calls += 1
        if self._calls - 1 != self.point.call_index:
            return features
        self.nudge = torch.zeros_like(features).requires_grad_(True)
        self.features = features + self.nudge
        return self.features


@contextmanager
def watching(module: nn.Module, points: Iterable[InsertionPoint]) -> Iterator[list[Place]]:
    """Look at insertion points during one forward pass; every point can be given a gradient at once."""
    places = [Place(module, point) for point in points]
    try:
        yield places
    finally:
        for place in places:
            place.handle.remove()


def fingerprint(module: nn.Module) -> str:
    """SHA-256 over keys, order and shapes of the state dict."""
    lines = [f"{key} {list(value.shape)}" for key, value in module.state_dict().items()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
