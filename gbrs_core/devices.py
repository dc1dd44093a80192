"""Which devices this machine has, and what "auto" means."""

from __future__ import annotations

import torch

from gbrs_core.errors import GbrsError


def available() -> dict[str, str]:
    """Usable devices, the fastest kind first: id ("cuda:0", "mps", "cpu") and what a user reads."""
    found = {f"cuda:{index}": torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())}
    if torch.backends.mps.is_available():
        found["mps"] = "Apple GPU (mps)"
    return {**found, "cpu": "Processor (cpu)"}


def resolve(name: str) -> str:
    """The id of the device meant by "auto" (the fastest), "cuda" (the first) or an id.

    Raises:
        GbrsError: this machine does not have it; the text lists what it has.
    """
    devices = available()
    if name == "auto":
        return next(iter(devices))
    chosen = "cuda:0" if name == "cuda" else name
    if chosen not in devices:
        raise GbrsError(f"this machine has no device {name}; it has {', '.join(devices)}")
    return chosen
