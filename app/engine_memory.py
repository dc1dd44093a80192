"""Whether a network fits into a device's memory, asked before anything is put there. For the engine's thread only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gbrs_core.network import NetworkSpec

if TYPE_CHECKING:
    from models.memory import MemoryEstimate
    from models.spec import LoadedNetwork

_GENEROUS_BYTES_PER_PIXEL = 12_000
"""More than any network of the registry takes for a click per pixel of its input; estimating takes seconds, and this
spares it where there is plenty of memory."""


def working_size(spec: NetworkSpec) -> tuple[int, int]:
    """Height and width at which the network runs on an ordinary photograph: landscape, 4 : 3."""
    return spec.working_side * 3 // 4, spec.working_side


def check_memory(network: LoadedNetwork, device: str) -> None:
    """Raises TooLargeError if one click on an ordinary photograph takes more memory than the device has left."""
    from models import memory

    height, width = working_size(network.spec)
    weights = sum(tensor.nbytes for tensor in network.module.state_dict().values())
    available = memory.available_bytes(device)
    if available is None or weights + height * width * _GENEROUS_BYTES_PER_PIXEL <= available:
        return
    estimated: MemoryEstimate = memory.estimate(network.spec, height, width)
    memory.check_fits(estimated, device)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether torch could not get memory; on the processor only the text of an ordinary RuntimeError tells."""
    import torch

    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
