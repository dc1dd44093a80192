"""How much memory a click takes with a network at a size, and whether the device has that much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gbrs_core.errors import GbrsError
from gbrs_core.network import NetworkSpec

if TYPE_CHECKING:
    from torch import nn

Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class MemoryEstimate:
    """Memory of one click, in bytes, beside what the program takes before a network is loaded.

    Attributes:
        weights_bytes: the network's weights.
        activations_bytes: feature maps, gradients and scratch memory at the busiest moment of a click.
    """

    weights_bytes: int
    activations_bytes: int

    @property
    def total_bytes(self) -> int:
        """Both together."""
        return self.weights_bytes + self.activations_bytes


class TooLargeError(GbrsError):
    """A network does not fit into a device's memory at this size.

    Attributes:
        needed_bytes: what a click takes.
        available_bytes: what the device has left.
        device: "cpu", "cuda", "cuda:N" or "mps".
    """

    def __init__(self, needed_bytes: int, available_bytes: int, device: str) -> None:
        advice = "choose a smaller working size"
        if device != "cpu":
            advice += " or the device CPU"
        super().__init__(
            f"one click would take about {_gigabytes(needed_bytes)} of memory, and {device} has "
            f"{_gigabytes(available_bytes)} left; {advice}"
        )
        self.needed_bytes = needed_bytes
        self.available_bytes = available_bytes
        self.device = device


def estimate(
    spec: NetworkSpec, height: int, width: int, precision: Precision = "float32", module: nn.Module | None = None
) -> MemoryEstimate:
    """The memory one click takes on an input of (height, width) pixels, the size at which the network runs.

    Args:
        spec: description of the network; its default insertion layout is assumed.
        height: H of the network's input in pixels.
        width: W of the network's input in pixels.
        precision: number format of the feature maps.
        module: the network, if it is at hand; None makes one without values from `spec`, which takes no memory.

    Raises:
        ValueError: a side is not positive.
    """
    raise NotImplementedError


def available_bytes(device: str) -> int | None:
    """Memory a device has left, in bytes; None if it cannot be told."""
    raise NotImplementedError


def check_fits(estimate: MemoryEstimate, device: str) -> None:
    """Raises TooLargeError if the device has less memory left than the estimate says; passes if nobody can tell."""
    available = available_bytes(device)
    if available is not None and estimate.total_bytes > available:
        raise TooLargeError(estimate.total_bytes, available, device)


def _gigabytes(size: int) -> str:
    return f"{size / 2**30:.1f} GB"
