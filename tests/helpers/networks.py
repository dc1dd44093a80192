"""Calling any network of the registry, and looking at its insertion points."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gbrs_core.network import InsertionPoint, NetworkSpec
from tests.helpers.reproducible import image, normalised

REFERENCE = Path(__file__).parents[3] / "shared" / "reference"
"""Full reference fixtures; tests that need them skip where they are absent."""


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
    """The feature map at an insertion point, as a leaf that receives a gradient if the network runs with it."""
    found: list[Tensor] = []
    with watching(module, point, found):
        module(*inputs)
    return found[0]


class watching:
    """Context in which the feature map at a point is appended to `found` and replaced by a leaf with gradient."""

    def __init__(self, module: nn.Module, point: InsertionPoint, found: list[Tensor]) -> None:
        self._place = module.get_submodule(point.module)
        self._point, self._found, self._calls = point, found, 0

    def __enter__(self) -> None:
        register: Any = self._place.register_forward_hook
        hook: Any = self._on_output
        if self._point.side == "input":
            register, hook = self._place.register_forward_pre_hook, self._on_input
        self._handle = register(hook)

    def __exit__(self, *exception: object) -> None:
        self._handle.remove()

    def _on_output(self, module: nn.Module, inputs: Any, output: Tensor) -> Tensor | None:
        return self._leaf(output)

    def _on_input(self, module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
        leaf = self._leaf(inputs[0])
        return None if leaf is None else (leaf, *inputs[1:])

    def _leaf(self, features: Tensor) -> Tensor | None:
        self._calls += 1
        if self._calls - 1 != self._point.call_index:
            return None
        leaf = features.detach().clone().requires_grad_(True)
        self._found.append(leaf)
        return leaf


def fingerprint(module: nn.Module) -> str:
    """SHA-256 over keys, order and shapes of the state dict."""
    lines = [f"{key} {list(value.shape)}" for key, value in module.state_dict().items()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
