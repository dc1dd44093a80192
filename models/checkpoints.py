"""Loading and saving networks: from a file of weights to a network that is known, complete and safe.

The architecture is found from keys and shapes alone. Weights of any floating-point format become float32. Wrapping
dicts, the "module." of data-parallel training and missing batch counters are dealt with; everything else must fit
exactly, and a message says what does not.

Pickled files are read in a process of their own (`models.isolated`). safetensors files have no code path, and their
header bounds what is read, so they are read here.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from safetensors.torch import save_file
from torch import nn

from gbrs_core.atomic import atomic_write
from gbrs_core.errors import CheckpointError
from gbrs_core.network import NetworkSpec
from models import class_lists
from models.checkpoint_files import container_of
from models.checkpoint_reader import read_here
from models.class_lists import ClassList, ClassListError
from models.isolated import read_isolated
from models.matching import Match, best_match, complete, filled
from models.published import published_as
from models.reading import CheckpointReader, CheckpointReading
from models.registry import names, weights_file
from models.spec import Inspection, LoadedNetwork
from models.watch import Watch

_LONGEST_NOTE = 300


def load_network(
    source: str | Path,
    progress: Callable[[str, float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    reader: CheckpointReader | None = None,
) -> LoadedNetwork:
    """Load a checkpoint file, or the embedded network of that name.

    Args:
        source: path of a .pth, .pt, .pth.tar or .safetensors file, or a name of `models.names()`.
        progress: called with what is being done and the share done in [0, 1], from this thread.
        cancelled: asked several times a second; true stops it.
        reader: what reads the file; None takes a process of its own for pickled files.

    Raises:
        CheckpointError: the file is missing, unsafe, damaged, or fits no known network.
        CancelledError: `cancelled` said so.
    """
    watch = Watch(progress, cancelled)
    path = _path_of(source)
    reading = (reader or _reader_for(path))(path, watch.part(0.0, 0.95), wants_values=True)
    if reading.problem:
        raise CheckpointError(f"cannot load {path}: {reading.problem}", reading.details)
    watch.at("preparing the network", 0.95)
    match = _with_stated_options(complete(best_match(reading.shapes)), reading)
    module = filled(match, reading.values)
    watch.at("ready", 1.0)
    return LoadedNetwork(module, _described(match.spec, reading), reading.sha256, path)


def inspect_checkpoint(
    path: Path,
    progress: Callable[[str, float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    reader: CheckpointReader | None = None,
) -> Inspection:
    """What a checkpoint file is, whether or not it can be used.

    Args:
        path: the file.
        progress: as for `load_network`.
        cancelled: as for `load_network`.
        reader: as for `load_network`.

    Raises:
        CheckpointError: the file cannot be read or is unsafe, so that nothing can be said about it.
        CancelledError: `cancelled` said so.
    """
    reading = (reader or _reader_for(path))(path, Watch(progress, cancelled), wants_values=False)
    match = best_match(reading.shapes)
    if match is not None and match.is_recognised:
        match = _with_stated_options(match, reading)
    return Inspection(
        path=reading.path,
        container=reading.container,
        size=reading.size,
        sha256=reading.sha256,
        spec=_described(match.spec, reading) if match is not None and match.is_recognised else None,
        report=match.report if match is not None else None,
        value_count=reading.value_count,
        stored_types=reading.stored_types,
        metadata={key: _one_line(text) for key, text in reading.metadata.items()},
        problem=reading.problem,
    )


def convert_checkpoint(
    source: Path,
    target: Path,
    progress: Callable[[str, float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> LoadedNetwork:
    """Write a checkpoint as safetensors; architecture, licence note, classes and source are in its header.

    Args:
        source: any checkpoint that `load_network` opens.
        target: the file to write; its folder must exist, and an existing file is replaced.
        progress: as for `load_network`.
        cancelled: as for `load_network`.

    Returns:
        The network that was written.

    Raises:
        CheckpointError, CancelledError: as for `load_network`.
        OSError: `target` cannot be written; what was there before is untouched.
    """
    loaded = load_network(source, progress, cancelled)
    spec = loaded.spec
    metadata = {
        "format": "pt",
        "architecture": spec.name,
        "options": json.dumps(dict(spec.options), sort_keys=True),
        "licence": spec.licence,
        "source": source.name,
        "source_sha256": loaded.sha256,
    }
    if spec.class_names:
        metadata["classes"] = class_lists.as_json(class_lists.classes_of(spec))
    save_safetensors(target, loaded.module, metadata)
    return loaded


def save_safetensors(path: Path, module: nn.Module, metadata: Mapping[str, str], half: bool = False) -> None:
    """Write a network's weights, atomically.

    Args:
        path: the file; its folder must exist.
        module: the network.
        metadata: text entries of the header; "architecture" and "licence" are what `inspect` shows.
        half: store floating-point values as float16, half the size; loading makes them float32 again.

    Raises:
        OSError: the file cannot be written; what was there before is untouched.
    """
    tensors = {
        key: (value.half() if half and value.is_floating_point() else value).detach().cpu().clone().contiguous()
        for key, value in module.state_dict().items()
    }
    with atomic_write(path) as temporary:
        permissions = stat.S_IMODE(temporary.stat().st_mode)
        save_file(tensors, temporary, metadata=dict(metadata))
        temporary.chmod(permissions)  # safetensors replaces the file by one that only its owner may read


def _path_of(source: str | Path) -> Path:
    if source not in names():
        return Path(source)
    path = weights_file(str(source))
    if not path.is_file():
        raise CheckpointError(f"no weights of {source} come with this program; give the path of a checkpoint file")
    return path


def _reader_for(path: Path) -> CheckpointReader:
    return read_here if container_of(path) == "safetensors" else read_isolated


def _with_stated_options(match: Match, reading: CheckpointReading) -> Match:
    """The match with the options its keys and shapes do not tell, such as the largest depth of BTS.

    A file converted by this program states them; for others, the catalogue knows those of the published checkpoints.
    """
    published = published_as(reading.path, match.entry.name)
    if published is not None:
        match = match.with_options(published.options)
    try:
        stated = json.loads(reading.metadata.get("options", "{}"))
    except (ValueError, RecursionError):
        return match
    return match.with_options(stated) if isinstance(stated, dict) else match


def _described(spec: NetworkSpec, reading: CheckpointReading) -> NetworkSpec:
    """The description with the licence that the file itself states, and the classes the user or the file names."""
    stated = _one_line(reading.metadata.get("licence", ""))
    if stated:
        spec = replace(spec, licence=stated)
    if spec.class_count is None:
        return spec
    for classes in (class_lists.remembered(reading.sha256), _stated_classes(reading.metadata)):
        if classes is not None and len(classes) == spec.class_count:
            return class_lists.with_class_list(spec, classes)
    return spec


def _stated_classes(metadata: Mapping[str, str]) -> ClassList | None:
    try:
        return class_lists.from_text(metadata["classes"]) if "classes" in metadata else None
    except ClassListError:
        return None


def _one_line(text: str) -> str:
    """A stranger's text as one printable line of limited length."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _LONGEST_NOTE else line[: _LONGEST_NOTE - 1] + "…"
