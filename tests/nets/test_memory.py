"""Estimates of memory: counted rightly, for every network, and turned into advice when a device is too small."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

import models
from gbrs_core.network import InsertionLayout, InsertionPoint, NetworkSpec
from models import memory, registry
from models.live_bytes import LiveBytes
from models.memory import MemoryEstimate, TooLargeError
from tests.helpers.networks import each_network

KB = 1000


def test_live_bytes_follow_making_and_freeing() -> None:
    with torch.device("meta"), LiveBytes() as counter:
        first = torch.zeros(KB, dtype=torch.uint8)
        second = first + 1
        view = second.view(10, -1)
        assert counter.live == 2 * KB
        del second
        assert counter.live == 2 * KB
        del view
        assert counter.live == KB
    assert counter.peak == 2 * KB


def test_live_bytes_follow_what_autograd_keeps() -> None:
    """x, exp(x), sigmoid(exp(x)) and the sum live; exp(x) is kept for no backward but its own, so both are."""
    with torch.device("meta"), LiveBytes() as counter:
        x = torch.zeros(KB, requires_grad=True)
        total = torch.sigmoid(torch.exp(x)).sum()
        assert counter.live == 3 * 4 * KB + 4
        total.backward()
        assert counter.live == 2 * 4 * KB + 4  # x and its gradient
    assert x.grad is not None


class Doubled(nn.Module):
    """A convolution to 8 channels, where the layer goes, and a rectifier."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 1, bias=False)
        self.relu = nn.ReLU()

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """(B, 8, H, W)."""
        return self.relu(self.conv(image))


def test_an_estimate_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_LIBRARIES", 0)
    monkeypatch.setattr(memory, "_OVERHEAD", {"fp32": 1.0})
    layout = InsertionLayout(((InsertionPoint("p", "conv"),),))
    spec = NetworkSpec("doubled", "semantic", "Doubled", {"": layout}, "", size_multiple=32)
    with torch.device("meta"):
        module = Doubled().requires_grad_(False)
    estimate = memory.estimate(spec, 30, 60, module=module)
    assert estimate.weights_bytes == 3 * 8 * 4
    maps = 8 * 32 * 64 * 4
    # The image, the features (kept for the factor's gradient), their product, the rectifier's output and its gradient;
    # on the way back at most one more.
    assert 3 * 32 * 64 * 4 + 3 * maps <= estimate.activations_bytes <= 3 * 32 * 64 * 4 + 5 * maps + 64


@pytest.mark.parametrize("name", each_network(registry.names()))
def test_every_network_can_be_played_through(name: str) -> None:
    estimate = memory.estimate(registry.entry(name).spec(), 64, 64)
    assert estimate.weights_bytes > 1 << 20
    assert estimate.activations_bytes > 1 << 20
    assert estimate.total_bytes == estimate.weights_bytes + estimate.activations_bytes


def test_larger_images_take_more() -> None:
    spec = registry.entry("light_interactive").spec()
    small, large = (memory.estimate(spec, side, side) for side in (128, 256))
    assert small.weights_bytes == large.weights_bytes
    assert small.activations_bytes < large.activations_bytes


def test_an_estimate_wants_a_size() -> None:
    with pytest.raises(ValueError, match="0 x 10"):
        memory.estimate(registry.entry("light_interactive").spec(), 0, 10)


def test_the_weights_are_those_of_the_file() -> None:
    network = models.load("light_interactive")
    wanted = sum(tensor.nbytes for tensor in network.module.state_dict().values())
    assert memory.estimate(network.spec, 64, 64).weights_bytes == wanted


def test_main_memory_is_told() -> None:
    available = memory.available_bytes("cpu")
    assert available is not None
    assert 1 << 20 < available < 1 << 50


def test_a_container_limits_it(monkeypatch: pytest.MonkeyPatch) -> None:
    read = Path.read_text
    files = {"/sys/fs/cgroup/memory.max": "3000000\n", "/sys/fs/cgroup/memory.current": "1000000\n"}

    def faked(path: Path, *args: str, **kwargs: str) -> str:
        return files.get(str(path)) or read(path, *args, **kwargs)

    monkeypatch.setattr(Path, "read_text", faked)
    monkeypatch.setattr("platform.system", lambda: "Linux")
    assert memory.available_bytes("cpu") == 2_000_000
    files["/sys/fs/cgroup/memory.max"] = "max\n"
    assert (memory.available_bytes("cpu") or 0) > 2_000_000


@pytest.mark.parametrize(("device", "advises_cpu"), [("cpu", False), ("cuda:0", True), ("mps", True)])
def test_a_device_that_is_too_small(
    monkeypatch: pytest.MonkeyPatch, device: str, advises_cpu: bool, gigabyte: Callable[[float], int]
) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda device: gigabyte(2))
    memory.check_fits(MemoryEstimate(gigabyte(0.5), gigabyte(1.5)), device)
    with pytest.raises(TooLargeError) as caught:
        memory.check_fits(MemoryEstimate(gigabyte(0.5), gigabyte(3)), device)
    message = str(caught.value)
    assert "3.5 GB" in message
    assert f"{device} has 2.0 GB left" in message
    assert "smaller network" in message
    assert ("use the device CPU" in message) == advises_cpu
    assert (caught.value.needed_bytes, caught.value.available_bytes) == (gigabyte(3.5), gigabyte(2))


def test_a_device_of_unknown_size_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda device: None)
    memory.check_fits(MemoryEstimate(0, 1 << 60), "cpu")


@pytest.fixture
def gigabyte() -> Callable[[float], int]:
    return lambda count: int(count * 2**30)
