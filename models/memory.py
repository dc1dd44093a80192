"""How much memory a click takes with a network at a size, and whether the device has that much.

The estimate plays a click through on tensors without values: the network is run to the insertion points, from there
with a graph, and backward again, while the sizes of everything alive are added up. What the libraries take besides was
measured, see docs/networks.md.
"""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gbrs_core.errors import GbrsError
from gbrs_core.network import InsertionPoint, NetworkSpec

if TYPE_CHECKING:
    from torch import Tensor, nn

Precision = Literal["fp32", "bf16"]

_OVERHEAD: dict[Precision, float] = {"fp32": 2.0, "bf16": 2.0}
"""What a click takes over what the play adds up: the recording keeps every feature map of its first pass, and Adam and
the losses have maps of their own. Measured 1.5 to 2.0 over the registry; the largest is taken."""
_LIBRARIES = 128 << 20
"""What torch and its kernels take once they run."""


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
        advice = "close other programs, or take a smaller network"
        if device != "cpu":
            advice = "use the device CPU, or take a smaller network"
        super().__init__(
            f"one click would take about {_gigabytes(needed_bytes)} of memory, and {device} has "
            f"{_gigabytes(available_bytes)} left; {advice}"
        )
        self.needed_bytes = needed_bytes
        self.available_bytes = available_bytes
        self.device = device


def estimate(
    spec: NetworkSpec, height: int, width: int, precision: Precision = "fp32", module: nn.Module | None = None
) -> MemoryEstimate:
    """The memory one click takes on an input of (height, width) pixels, the size at which the network runs.

    Args:
        spec: description of the network; its default insertion layout is assumed.
        height: H of the network's input in pixels.
        width: W of the network's input in pixels.
        precision: as of `RefinementConfig`.
        module: the network on the device "meta"; None makes one from `spec`, which takes a moment and no memory.

    Raises:
        ValueError: a side is not positive, or the network is not in the registry and none was given.
    """
    if height < 1 or width < 1:
        raise ValueError(f"height and width must be positive, got {height} x {width}")
    module = _blank(spec) if module is None else module
    weights = sum(tensor.nbytes for tensor in module.state_dict().values())
    multiple = spec.size_multiple
    size = (-(-height // multiple) * multiple, -(-width // multiple) * multiple)
    return MemoryEstimate(weights, _LIBRARIES + int(_OVERHEAD[precision] * _played_through(module, spec, size)))


def _blank(spec: NetworkSpec) -> nn.Module:
    import torch

    from models.registry import entry

    with torch.device("meta"):
        return entry(spec.name).build(**spec.options).requires_grad_(False)


def _played_through(module: nn.Module, spec: NetworkSpec, size: tuple[int, int]) -> int:
    """Bytes alive at the busiest moment of a pass forward and backward."""
    import torch

    from models.live_bytes import LiveBytes

    channels = 4 if spec.guidance == "trimap" else 3
    with LiveBytes() as live, torch.device("meta"):
        inputs = [torch.zeros(1, channels, *size)]
        if spec.guidance == "click_maps":
            inputs.append(torch.zeros(1, 2, *size))
        factor = torch.ones((), requires_grad=True)
        with inserted(module, spec.layout.points(), lambda features: features * factor):
            output = module(*inputs)
        output.sum().backward()
    return int(live.peak)


@contextmanager
def inserted(module: nn.Module, points: Sequence[InsertionPoint], layer: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """The layer at the insertion points, whichever call of the module they mean."""
    handles = []
    for point in points:
        place = module.get_submodule(point.module)

        def on_input(_: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
            return (layer(inputs[0]), *inputs[1:])

        def on_output(_: nn.Module, __: Any, output: Any) -> Any:
            return layer(output)

        handles.append(
            place.register_forward_pre_hook(on_input)
            if point.side == "input"
            else place.register_forward_hook(on_output)
        )
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def available_bytes(device: str) -> int | None:
    """Memory a device has left, in bytes; None if it cannot be told."""
    import torch

    kind = device.partition(":")[0]
    if kind == "cuda" and torch.cuda.is_available():
        return int(torch.cuda.mem_get_info(torch.device(device))[0])
    if kind == "mps" and torch.backends.mps.is_available():
        return int(torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    return _available_main_memory()


def check_fits(estimate: MemoryEstimate, device: str) -> None:
    """Raises TooLargeError if the device has less memory left than the estimate says; passes if nobody can tell."""
    available = available_bytes(device)
    if available is not None and estimate.total_bytes > available:
        raise TooLargeError(estimate.total_bytes, available, device)


def _available_main_memory() -> int | None:
    system = platform.system()
    if system == "Linux":
        return _available_on_linux()
    if system == "Windows":
        return _available_on_windows()
    try:  # macOS tells what is there, not what is free; half of it is a fair guess
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (ValueError, OSError):
        return None


def _available_on_linux() -> int | None:
    """What the kernel says is available, or less where a container has a limit of its own."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        available = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError):
        return None
    group = Path("/sys/fs/cgroup")
    try:
        limit, used = ((group / name).read_text().strip() for name in ("memory.max", "memory.current"))
        return available if limit == "max" else max(0, min(available, int(limit) - int(used)))
    except (OSError, ValueError):
        return available


class _WindowsMemory(ctypes.Structure):
    """MEMORYSTATUSEX of the Windows API."""

    _fields_ = [
        ("dwLength", ctypes.c_ulong),
        ("dwMemoryLoad", ctypes.c_ulong),
        *(
            (name, ctypes.c_ulonglong)
            for name in (
                "ullTotalPhys",
                "ullAvailPhys",
                "ullTotalPageFile",
                "ullAvailPageFile",
                "ullTotalVirtual",
                "ullAvailVirtual",
                "ullAvailExtendedVirtual",
            )
        ),
    ]


def _available_on_windows() -> int | None:
    status = _WindowsMemory()
    status.dwLength = ctypes.sizeof(status)
    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 - there on Windows only
    return int(status.ullAvailPhys) if kernel.GlobalMemoryStatusEx(ctypes.byref(status)) else None


def _gigabytes(size: int) -> str:
    return f"{size / 2**30:.1f} GB"
