"""What every network of the registry promises; a network passes by being listed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import models
from gbrs_core.network import InsertionPoint, NetworkSpec
from models.checkpoints import save_safetensors
from models.registry import NETWORKS, NetworkEntry, entry
from tests.helpers.networks import each_network, filled_network, inputs_for, output_of, watching

HEIGHT, WIDTH = 61, 83
LARGEST_BUNDLED = {"light_interactive": (4_000_000, 1_500_000)}
"""Bytes and parameters the default network of the window may take; those of the other tasks may take twice as much."""


@pytest.fixture(scope="module", params=each_network(network.name for network in NETWORKS))
def listed(request: pytest.FixtureRequest) -> NetworkEntry:
    return entry(request.param)


@pytest.fixture(scope="module")
def module(listed: NetworkEntry) -> nn.Module:
    return filled_network(listed.name, 3)


@pytest.fixture(scope="module")
def spec(listed: NetworkEntry) -> NetworkSpec:
    return listed.spec()


def points_of(spec: NetworkSpec) -> list[InsertionPoint]:
    found = {point for layout in spec.layouts.values() for point in layout.points(len(layout.levels))}
    return sorted(found, key=lambda point: (point.name, point.call_index))


def test_names_are_listed_once_and_sorted() -> None:
    assert models.names() == sorted({network.name for network in NETWORKS})
    assert len(models.names()) == len(NETWORKS)


def test_description_names_itself(listed: NetworkEntry, spec: NetworkSpec) -> None:
    assert spec.name == listed.name
    assert spec.title
    assert spec.layout is spec.layouts[spec.default_layout]
    assert spec.working_side % spec.size_multiple == 0


def test_unknown_options_are_refused(listed: NetworkEntry) -> None:
    with pytest.raises(TypeError, match="no_such_option"):
        models.create(listed.name, no_such_option=1)


def test_created_in_eval_mode(module: nn.Module) -> None:
    assert not any(part.training for part in module.modules())


def test_output_has_the_size_of_an_odd_input_and_nothing_changes(module: nn.Module, spec: NetworkSpec) -> None:
    before = {key: value.clone() for key, value in module.state_dict().items()}
    inputs = inputs_for(spec, HEIGHT, WIDTH)
    copies = [tensor.clone() for tensor in inputs]
    output = output_of(module, inputs)
    assert output.shape[0] == 1
    assert output.shape[2:] == inputs[0].shape[2:]
    assert bool(torch.isfinite(output).all())
    assert torch.equal(output, output_of(module, inputs))
    assert all(torch.equal(tensor, copy) for tensor, copy in zip(inputs, copies, strict=True))
    assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())


def test_every_insertion_point_is_as_described_and_receives_a_gradient(module: nn.Module, spec: NetworkSpec) -> None:
    with watching(module, points_of(spec)) as places:
        output = module(*inputs_for(spec, 64, 96))
    gradients = torch.autograd.grad(output.square().sum(), [place.nudge for place in places])
    for place, gradient in zip(places, gradients, strict=True):
        channels, height = place.features.shape[1:3]
        assert place.point.channels in (None, channels)
        assert place.point.stride in (None, 64 // height)
        assert bool(torch.isfinite(gradient).all())
        assert float(gradient.abs().max()) > 0, f"{place.point} has no effect on the output"


def test_saved_and_loaded_again_it_is_the_same(
    listed: NetworkEntry, module: nn.Module, spec: NetworkSpec, tmp_path: Path
) -> None:
    path = tmp_path / "saved.safetensors"
    save_safetensors(path, module, {"licence": "none of your business"})
    loaded = models.load(path)
    assert loaded.spec.name == listed.name
    assert loaded.spec.licence == "none of your business"
    assert not any(part.training for part in loaded.module.modules())
    assert not any(parameter.requires_grad for parameter in loaded.module.parameters())
    assert list(loaded.module.state_dict()) == list(module.state_dict())
    inputs = inputs_for(spec, HEIGHT, WIDTH)
    assert torch.equal(output_of(loaded.module, inputs), output_of(module, inputs))


def test_recognised_by_its_own_description_only(listed: NetworkEntry, module: nn.Module, spec: NetworkSpec) -> None:
    shapes = {key: tuple(value.shape) for key, value in module.state_dict().items()}
    recognising = {network.name: network.recognise(shapes) for network in NETWORKS}
    options = recognising.pop(listed.name)
    assert options is not None
    assert listed.spec(**options) == spec
    assert set(recognising.values()) <= {None}


def test_bundled_weights_load() -> None:
    for name in models.bundled_names():
        loaded = models.load(name)
        assert loaded.spec.name == name
        assert loaded.spec.licence
        most_bytes, most_parameters = LARGEST_BUNDLED.get(name, (8_000_000, 3_000_000))
        assert loaded.path is not None and loaded.path.stat().st_size <= most_bytes
        assert sum(parameter.numel() for parameter in loaded.module.parameters()) <= most_parameters
