"""What is learned from a checkpoint file, wherever it was read. Torch-free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from models.registry import Shapes
from models.watch import Watch

if TYPE_CHECKING:
    from torch import Tensor

Container = Literal["PyTorch zip", "PyTorch legacy", "safetensors"]


@dataclass(frozen=True, eq=False)
class CheckpointReading:
    """All that is learned from a checkpoint file, whether or not it can be used.

    Attributes:
        path: the file.
        container: how it is stored.
        size: bytes.
        sha256: hexadecimal digest of the whole file.
        metadata: text entries of a safetensors header.
        shapes: shape of every weight by clean key; empty if it holds no weights.
        architecture: registry name of the network that the shapes belong to, even if it is incomplete; empty if none.
        value_count: numbers stored in all weights.
        stored_types: number formats of the weights, for example ("float16",).
        problem: why it cannot be used, one line; empty if it can.
        details: more about the problem, several lines.
        values: what fills the recognised network, float32, by key; empty if there is a problem or nobody asked.
    """

    path: Path
    container: Container
    size: int
    sha256: str
    metadata: dict[str, str]
    shapes: Shapes
    architecture: str
    value_count: int
    stored_types: tuple[str, ...]
    problem: str
    details: str
    values: Mapping[str, Tensor] = field(default_factory=dict)


class CheckpointReader(Protocol):
    """Reads a checkpoint file: here, or in a process of its own."""

    def __call__(self, path: Path, watch: Watch, wants_values: bool) -> CheckpointReading:
        """Read the file.

        Raises:
            CheckpointError: the file cannot be read or is unsafe, so that nothing can be said about it.
            CancelledError: the caller asked to stop.
        """
