"""Loading and saving networks: from a file of weights to a network that is known, complete and safe.

The architecture is found from keys and shapes alone. Weights of any floating-point format become float32. Wrapping
dicts, the "module." of data-parallel training and missing batch counters are dealt with; everything else must fit
exactly, and a message says what does not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from gbrs_core.atomic import atomic_write
from gbrs_core.errors import CheckpointError
from gbrs_core.network import NetworkSpec
from models.checkpoint_files import ADVICE, Watch, read_checkpoint_file
from models.key_report import COUNTER, KeyReport, compare
from models.registry import NETWORKS, NetworkEntry, Shapes, names, weights_file
from models.spec import Inspection, LoadedNetwork

_WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "averaged", "network", "ema", "state_dict_ema")
"""Entries under which training programs keep the weights, in the order in which they are tried."""
_PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.")
_LONGEST_NOTE = 300


def load_network(
    source: str | Path,
    progress: Callable[[str, float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> LoadedNetwork:
    """Load a checkpoint file, or the embedded network of that name.

    Args:
        source: path of a .pth, .pt, .pth.tar or .safetensors file, or a name of `models.names()`.
        progress: called with what is being done and the share done in [0, 1], from this thread.
        cancelled: asked between two steps of the work; true stops it.

    Raises:
        CheckpointError: the file is missing, unsafe, damaged, or fits no known network.
        CancelledError: `cancelled` said so.
    """
    watch = Watch(progress, cancelled)
    file = read_checkpoint_file(_path_of(source), watch)
    try:
        weights = _weights_in(file.content)
        match = _complete(_best_match(weights))
        module = _filled(match, weights, watch)
    except CheckpointError as error:
        raise CheckpointError(f"cannot load {file.path}: {error}", error.details) from error
    watch.at("ready", 1.0)
    return LoadedNetwork(module, _with_licence(match.spec, file.metadata), file.sha256, file.path)


def inspect_checkpoint(path: Path) -> Inspection:
    """What a checkpoint file is, whether or not it can be used.

    Raises:
        CheckpointError: the file cannot be read or is unsafe, so that nothing can be said about it.
    """
    watch = Watch()
    file = read_checkpoint_file(path, watch)
    weights: dict[str, Tensor] = {}
    spec, report, problem = None, None, ""
    try:
        weights = _weights_in(file.content)
        match = _best_match(weights)
        if match is not None:
            report = match.report
            spec = _with_licence(match.spec, file.metadata) if match.is_recognised else None
        _filled(_complete(match), weights, watch)
    except CheckpointError as error:
        problem = str(error)
    return Inspection(
        path=file.path,
        container=file.container,
        size=file.size,
        sha256=file.sha256,
        spec=spec,
        report=report,
        value_count=sum(tensor.numel() for tensor in weights.values()),
        stored_types=tuple(sorted({str(tensor.dtype).removeprefix("torch.") for tensor in weights.values()})),
        metadata={key: _one_line(text) for key, text in file.metadata.items()},
        problem=problem,
    )


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
        save_file(tensors, temporary, metadata=dict(metadata))


def _path_of(source: str | Path) -> Path:
    if source not in names():
        return Path(source)
    path = weights_file(str(source))
    if not path.is_file():
        raise CheckpointError(f"no weights of {source} come with this program; give the path of a checkpoint file")
    return path


# From the content of a file to weights with clean keys


def _weights_in(content: Any) -> dict[str, Tensor]:
    """The weights, float or integer tensors by key, without wrappers and prefixes. Raises CheckpointError."""
    found = _unwrapped(content, depth=3)
    if found is None:
        raise CheckpointError(f"it holds {_described(content)} instead of weights; {ADVICE}")
    weights = _without_prefixes(found)
    for key, tensor in weights.items():
        _check_stored(key, tensor)
    return weights


def _unwrapped(content: Any, depth: int) -> dict[str, Tensor] | None:
    """The innermost dictionary of tensors; other values beside them (an epoch, a score) are dropped."""
    if not isinstance(content, Mapping):
        return None
    if depth:
        for wrapper in _WRAPPERS:
            inner = _unwrapped(content.get(wrapper), depth - 1)
            if inner is not None:
                return inner
    tensors = {key: value for key, value in content.items() if isinstance(key, str) and isinstance(value, Tensor)}
    return tensors or None


def _described(content: Any) -> str:
    if isinstance(content, Mapping):
        return f"entries named {', '.join(str(key)[:40] for key in list(content)[:5])}" if content else "nothing"
    return f"an object of type {type(content).__name__}"


def _without_prefixes(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Remove what wrapping modules put before every key, such as "module." of data-parallel training."""
    for prefix in _PREFIXES:
        if all(key.startswith(prefix) for key in weights):
            return _without_prefixes({key.removeprefix(prefix): tensor for key, tensor in weights.items()})
    return weights


def _check_stored(key: str, tensor: Tensor) -> None:
    """Refuse what plain weights never are: sparse, quantised, complex, or larger than what is stored."""
    if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_meta or tensor.is_complex():
        raise CheckpointError(f"{key} is a sparse, quantised, complex or empty tensor, which cannot be used; {ADVICE}")
    stored = tensor.untyped_storage().nbytes() // tensor.element_size()
    if tensor.numel() > stored:
        raise CheckpointError(f"{key} claims {tensor.numel():,} values but stores {stored:,}; the file is damaged")


# From weights to a known network


@dataclass(frozen=True)
class _Match:
    """A network of the registry beside a checkpoint; not recognised means merely the most similar one."""

    entry: NetworkEntry
    options: dict[str, Any]
    report: KeyReport
    is_recognised: bool

    @property
    def spec(self) -> NetworkSpec:
        return self.entry.spec(**self.options)


def _best_match(weights: dict[str, Tensor]) -> _Match | None:
    """The network whose description recognises the shapes, else the one that shares most entries with them."""
    shapes = _shapes_of(weights)
    for entry in NETWORKS:
        options = entry.recognise(shapes)
        if options is not None:
            expected = _shapes_of(_blank(entry, options).state_dict())
            return _Match(entry, options, compare(entry.name, expected, shapes), is_recognised=True)
    reports = [(entry, compare(entry.name, _default_shapes(entry), shapes)) for entry in NETWORKS]
    entry, report = max(reports, key=lambda pair: len(pair[1].matched) / pair[1].expected_count)
    return _Match(entry, {}, report, is_recognised=False) if report.matched else None


def _complete(match: _Match | None) -> _Match:
    """The match if the file fills the network exactly. Raises CheckpointError with the report if not."""
    if match is not None and match.is_recognised and match.report.fits:
        return match
    if match is not None and match.is_recognised:
        raise CheckpointError(
            f"it does not fit; {match.report.summary()}. It may be of another variant or training program",
            match.report.text(),
        )
    message = f"it fits none of the known networks ({', '.join(names())})"
    if match is None:
        raise CheckpointError(message)
    share = f"{len(match.report.matched)} of {match.report.expected_count} entries"
    raise CheckpointError(f"{message}; the nearest is {match.entry.name}, with {share} matching", match.report.text())


def _shapes_of(weights: Mapping[str, Tensor]) -> Shapes:
    return {key: tuple(tensor.shape) for key, tensor in weights.items()}


def _blank(entry: NetworkEntry, options: dict[str, Any]) -> nn.Module:
    """The network without values: building it takes no time and no memory."""
    with torch.device("meta"):
        return entry.build(**options)


@cache
def _default_shapes(entry: NetworkEntry) -> Shapes:
    """Remembered, because a file that nothing recognises is compared with every network."""
    return _shapes_of(_blank(entry, {}).state_dict())


def _filled(match: _Match, weights: dict[str, Tensor], watch: Watch) -> nn.Module:
    """The network with copies of the weights as float32. Raises CheckpointError for weights that are no numbers."""
    module = _blank(match.entry, match.options)
    blank = module.state_dict()
    values: dict[str, Tensor] = {}
    for number, (key, wanted) in enumerate(blank.items()):
        watch.at("preparing the network", 0.6 + 0.4 * number / len(blank))
        if key in weights:
            values[key] = weights[key].detach().to(wanted.dtype, copy=True).contiguous()
        else:
            values[key] = torch.zeros(wanted.shape, dtype=wanted.dtype)
    _check_numbers(values)
    module.load_state_dict(values, strict=True, assign=True)
    return module.eval().requires_grad_(False)


def _check_numbers(values: dict[str, Tensor]) -> None:
    broken = [key for key, tensor in values.items() if not key.endswith(COUNTER) and not _is_usable(key, tensor)]
    if broken:
        shown = ", ".join(broken[:3]) + (f" and {len(broken) - 3} more" if len(broken) > 3 else "")
        raise CheckpointError(
            f"its weights are not usable numbers (NaN, infinite, or negative variances) in {shown}; "
            "the training diverged or the file is damaged, take another checkpoint",
            "Entries without usable numbers:\n" + "\n".join(broken),
        )


def _is_usable(key: str, tensor: Tensor) -> bool:
    """Whether all values are finite, and variances not negative; the extremes carry NaN along."""
    least, largest = (float(extreme) for extreme in tensor.aminmax())
    return math.isfinite(least) and math.isfinite(largest) and not (key.endswith("running_var") and least < 0)


def _with_licence(spec: NetworkSpec, metadata: Mapping[str, str]) -> NetworkSpec:
    """The description with the licence that the file itself states."""
    stated = _one_line(metadata.get("licence", ""))
    return replace(spec, licence=stated) if stated else spec


def _one_line(text: str) -> str:
    """A stranger's text as one printable line of limited length."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _LONGEST_NOTE else line[: _LONGEST_NOTE - 1] + "…"
