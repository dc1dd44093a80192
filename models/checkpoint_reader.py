"""Reading a checkpoint file to the end: which network it is, whether it can be used, and the network's values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from gbrs_core.errors import CheckpointError
from models.checkpoint_files import naming, read_checkpoint_file
from models.matching import best_match, complete, values_for
from models.plain_weights import StoredTensor, shapes_of, weights_in
from models.reading import CheckpointReading
from models.watch import Watch


def read_here(path: Path, watch: Watch, wants_values: bool) -> CheckpointReading:
    """Read a checkpoint in this process, see `CheckpointReader`; for files that are trusted or have no code path."""
    with naming(path):
        return _read(path, watch, wants_values)


def _read(path: Path, watch: Watch, wants_values: bool) -> CheckpointReading:
    file = read_checkpoint_file(path, watch.part(0.0, 0.6))
    weights: dict[str, StoredTensor] = {}
    values: Mapping[str, Tensor] = {}
    architecture = problem = details = ""
    try:
        weights = weights_in(file.content)
        match = best_match(shapes_of(weights))
        architecture = match.entry.name if match is not None and match.is_recognised else ""
        values = values_for(complete(match), weights, watch.part(0.6, 1.0))
    except CheckpointError as error:
        problem, details = str(error), error.details
    return CheckpointReading(
        path=file.path,
        container=file.container,
        size=file.size,
        sha256=file.sha256,
        metadata=file.metadata,
        shapes=shapes_of(weights),
        architecture=architecture,
        value_count=sum(tensor.count for tensor in weights.values()),
        stored_types=tuple(sorted({str(tensor.dtype).removeprefix("torch.") for tensor in weights.values()})),
        problem=problem,
        details=details,
        values=values if wants_values else {},
    )
