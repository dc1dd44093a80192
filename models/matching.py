"""From plain weights to a known network: which one they belong to, whether they fill it, and the network filled."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from gbrs_core.errors import CheckpointError
from gbrs_core.network import NetworkSpec
from models.key_report import COUNTER, KeyReport, compare
from models.plain_weights import StoredTensor, shapes_of
from models.registry import NETWORKS, NetworkEntry, Shapes, names
from models.watch import Watch

LARGEST_NETWORK = 2 << 30
"""Bytes of float32 a network may take; the largest published one takes 0.3 GB."""

_USABLE_TYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


@dataclass(frozen=True)
class Match:
    """A network of the registry beside a checkpoint.

    Attributes:
        entry: the network.
        options: its options as the shapes tell them.
        report: comparison of the checkpoint with it.
        is_recognised: whether it is the checkpoint's network; else it is merely the most similar one.
    """

    entry: NetworkEntry
    options: dict[str, Any]
    report: KeyReport
    is_recognised: bool

    @property
    def spec(self) -> NetworkSpec:
        """The network's description for the options."""
        return self.entry.spec(**self.options)

    def with_options(self, options: Mapping[str, Any]) -> Match:
        """The match with options that shapes do not tell, as a file or a catalogue states them; nonsense is ignored."""
        chosen = {**self.options, **{name: options[name] for name in options if name in self.options}}
        try:
            shapes = shapes_of(_blank(self.entry, chosen).state_dict())
        except (ValueError, TypeError):
            return self
        return replace(self, options=chosen) if shapes == shapes_of(self.blank().state_dict()) else self

    def blank(self) -> nn.Module:
        """The network without values: building it takes no time and no memory."""
        return _blank(self.entry, self.options)


def best_match(shapes: Shapes) -> Match | None:
    """The network whose description recognises the shapes, else the one that shares most entries with them."""
    for entry in NETWORKS:
        options = entry.recognise(shapes)
        if options is not None:
            expected = shapes_of(_blank(entry, options).state_dict())
            return Match(entry, options, compare(entry.name, expected, shapes), is_recognised=True)
    reports = [(entry, compare(entry.name, _default_shapes(entry), shapes)) for entry in NETWORKS]
    entry, report = max(reports, key=lambda pair: len(pair[1].matched) / pair[1].expected_count)
    return Match(entry, {}, report, is_recognised=False) if report.matched else None


def complete(match: Match | None) -> Match:
    """The match if the checkpoint fills the network exactly. Raises CheckpointError with the report if not."""
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


def values_for(match: Match, weights: Mapping[str, StoredTensor], watch: Watch) -> dict[str, Tensor]:
    """What fills the network: copies of the weights in its own number formats, by key, in its order.

    Raises:
        CheckpointError: weights are whole numbers, or no numbers at all (NaN, infinite), or variances are negative, or
            the network would be larger than `LARGEST_NETWORK`.
        CancelledError: the caller asked to stop.
    """
    blank = match.blank().state_dict()
    size = sum(tensor.nbytes for tensor in blank.values())
    if size > LARGEST_NETWORK:
        raise CheckpointError(
            f"it would be a network of {size / 2**30:.1f} GB, more than the {LARGEST_NETWORK >> 30} GB that are loaded "
            "at most"
        )
    _check_types(weights, blank)
    values: dict[str, Tensor] = {}
    for number, (key, wanted) in enumerate(blank.items()):
        watch.at("preparing the network", number / len(blank))
        if key in weights:
            values[key] = weights[key].read().to(wanted.dtype, copy=True).contiguous()
        else:
            values[key] = torch.zeros(wanted.shape, dtype=wanted.dtype)
    _check_numbers(values)
    return values


def filled(match: Match, values: Mapping[str, Tensor]) -> nn.Module:
    """The network with these values, in eval mode. Raises CheckpointError if they are not exactly those it wants."""
    module = match.blank()
    wanted = {key: (tensor.shape, tensor.dtype) for key, tensor in module.state_dict().items()}
    if {key: (tensor.shape, tensor.dtype) for key, tensor in values.items()} != wanted:
        raise CheckpointError(f"what was read from it is not what {match.entry.name} consists of")
    module.load_state_dict(values, strict=True, assign=True)
    return module.eval().requires_grad_(False)


def _blank(entry: NetworkEntry, options: dict[str, Any]) -> nn.Module:
    with torch.device("meta"):
        return entry.build(**options)


@cache
def _default_shapes(entry: NetworkEntry) -> Shapes:
    """Remembered, because a file that nothing recognises is compared with every network."""
    return shapes_of(_blank(entry, {}).state_dict())


def _check_types(weights: Mapping[str, StoredTensor], blank: Mapping[str, Tensor]) -> None:
    wrong = [
        f"{key} ({str(weights[key].dtype).removeprefix('torch.')})"
        for key, wanted in blank.items()
        if key in weights and wanted.is_floating_point() and weights[key].dtype not in _USABLE_TYPES
    ]
    if wrong:
        raise CheckpointError(
            f"its weights are stored in a format that holds no plain numbers, in {_few(wrong)}; it was probably "
            "made smaller (quantised), take the original",
            "Entries in such a format:\n" + "\n".join(wrong),
        )


def _check_numbers(values: dict[str, Tensor]) -> None:
    broken = [key for key, tensor in values.items() if not key.endswith(COUNTER) and not _is_usable(key, tensor)]
    if broken:
        raise CheckpointError(
            f"its weights are not usable numbers (NaN, infinite, or negative variances) in {_few(broken)}; "
            "the training diverged or the file is damaged, take another checkpoint",
            "Entries without usable numbers:\n" + "\n".join(broken),
        )


def _is_usable(key: str, tensor: Tensor) -> bool:
    """Whether all values are finite, and variances not negative; the extremes carry NaN along."""
    least, largest = (float(extreme) for extreme in tensor.aminmax())
    return math.isfinite(least) and math.isfinite(largest) and not (key.endswith("running_var") and least < 0)


def _few(entries: list[str]) -> str:
    return ", ".join(entries[:3]) + (f" and {len(entries) - 3} more" if len(entries) > 3 else "")
