"""What loading a checkpoint gives: the network, its description, and where the weights came from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gbrs_core.network import NetworkSpec
from models.key_report import KeyReport

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, eq=False)
class LoadedNetwork:
    """A network with its weights; a `RefinableNetwork` of the engine.

    Attributes:
        module: the network in eval mode, float32, on the CPU, its weights without gradients.
        spec: its description.
        sha256: hexadecimal digest of the checkpoint file; empty for a network without a file.
        path: the checkpoint file, None for a network without one.
    """

    module: nn.Module
    spec: NetworkSpec
    sha256: str
    path: Path | None = None


@dataclass(frozen=True, eq=False)
class Inspection:
    """What a checkpoint file is, whether or not it can be used.

    Attributes:
        path: the file.
        container: how it is stored.
        size: bytes.
        sha256: hexadecimal digest of the whole file.
        spec: description of the recognised network, None if there is none.
        report: comparison with the recognised network, else with the nearest one; None if nothing is near.
        value_count: numbers stored in all weights.
        stored_types: number formats of the weights, for example ("float16",).
        metadata: text entries of a safetensors header.
        problem: why it cannot be used, one line; empty if it can.
    """

    path: Path
    container: str
    size: int
    sha256: str
    spec: NetworkSpec | None
    report: KeyReport | None
    value_count: int
    stored_types: tuple[str, ...]
    metadata: dict[str, str]
    problem: str
