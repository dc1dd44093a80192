"""What the engine promises for every network of the registry; a network passes by being listed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import nn

from gbrs_core.network import InsertionPoint, NetworkSpec
from gbrs_core.partition import run_plain
from models.registry import NETWORKS, entry
from tests.helpers.networks import each_network, filled_network, inputs_for
from tests.helpers.toy_networks import split, trajectory, unsplit_trajectory

STEPS = 3


@pytest.fixture(scope="module", params=each_network(network.name for network in NETWORKS))
def network(request: pytest.FixtureRequest) -> tuple[nn.Module, NetworkSpec]:
    return filled_network(request.param, 3), entry(request.param).spec()


def layouts(spec: NetworkSpec) -> Iterator[tuple[InsertionPoint, ...]]:
    """Every layout with its first level, and with all of them."""
    for layout in spec.layouts.values():
        yield layout.points(1)
        if len(layout.levels) > 1:
            yield layout.points(len(layout.levels))


def test_start_values_change_no_bit_anywhere(network: tuple[nn.Module, NetworkSpec]) -> None:
    module, spec = network
    inputs = inputs_for(spec, 61, 83)
    plain = run_plain(module, inputs)
    for points in layouts(spec):
        parted, _ = split(module, inputs, points)
        assert parted.obstacle == ""
        assert torch.equal(parted.output, plain)
        assert torch.equal(parted.suffix(), plain)


@pytest.mark.parametrize("size", [(61, 83), (64, 32)])
def test_trajectory_equals_the_unsplit_network(network: tuple[nn.Module, NetworkSpec], size: tuple[int, int]) -> None:
    module, spec = network
    module.requires_grad_(False)
    inputs = inputs_for(spec, *size)
    parted, box = split(module, inputs, spec.layout.points())
    expected = unsplit_trajectory(module, inputs, box, STEPS)
    for _ in range(2):
        seen = trajectory(parted.suffix, box, STEPS)
        assert all(torch.equal(one, other) for one, other in zip(seen, expected, strict=True))
