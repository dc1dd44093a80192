"""From the content of a checkpoint file to plain weights: no wrapping dicts, no prefixes, nothing but real numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gbrs_core.errors import CheckpointError
from models.registry import Shapes

ADVICE = "ask for plain weights: a safetensors file, or one written by torch.save(model.state_dict())"

_WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "averaged", "network", "ema", "state_dict_ema")
"""Entries under which training programs keep the weights, in the order in which they are tried."""
_PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.")


@dataclass(frozen=True, eq=False)
class StoredTensor:
    """A tensor of a checkpoint whose values are read when they are wanted.

    Attributes:
        shape: its shape.
        dtype: number format in the file.
        read: gives the values, on the CPU.
    """

    shape: tuple[int, ...]
    dtype: torch.dtype
    read: Callable[[], Tensor]

    @property
    def count(self) -> int:
        """How many numbers it has."""
        count = 1
        for side in self.shape:
            count *= side
        return count


def weights_in(content: Any) -> dict[str, StoredTensor]:
    """The weights in what a checkpoint file holds, by clean key.

    Raises:
        CheckpointError: there are none, or a tensor is of a kind that weights never are.
    """
    found = _unwrapped(content, depth=3)
    if found is None:
        raise CheckpointError(f"it holds {_described(content)} instead of weights; {ADVICE}")
    return {key: _stored(key, tensor) for key, tensor in _without_prefixes(found).items()}


def shapes_of(weights: Mapping[str, StoredTensor | Tensor]) -> Shapes:
    """Key to shape."""
    return {key: tuple(tensor.shape) for key, tensor in weights.items()}


def _unwrapped(content: Any, depth: int) -> dict[str, Tensor | StoredTensor] | None:
    """The innermost dictionary of tensors; other values beside them (an epoch, a score) are dropped."""
    if not isinstance(content, Mapping):
        return None
    if depth:
        for wrapper in _WRAPPERS:
            inner = _unwrapped(content.get(wrapper), depth - 1)
            if inner is not None:
                return inner
    tensors = {
        key: value
        for key, value in content.items()
        if isinstance(key, str) and isinstance(value, Tensor | StoredTensor)
    }
    return tensors or None


def _described(content: Any) -> str:
    if isinstance(content, Mapping):
        return f"entries named {', '.join(str(key)[:40] for key in list(content)[:5])}" if content else "nothing"
    return f"an object of type {type(content).__name__}"


def _without_prefixes(weights: dict[str, Tensor | StoredTensor]) -> dict[str, Tensor | StoredTensor]:
    """Remove what wrapping modules put before every key, such as "module." of data-parallel training."""
    for prefix in _PREFIXES:
        if all(key.startswith(prefix) for key in weights):
            return _without_prefixes({key.removeprefix(prefix): tensor for key, tensor in weights.items()})
    return weights


def _stored(key: str, tensor: Tensor | StoredTensor) -> StoredTensor:
    """Refuse what plain weights never are: sparse, quantised, complex, or larger than what is stored."""
    if isinstance(tensor, Tensor):
        if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_meta:
            raise CheckpointError(f"{key} is a sparse, quantised or empty tensor, which cannot be used; {ADVICE}")
        stored = tensor.untyped_storage().nbytes() // tensor.element_size()
        if tensor.numel() > stored:
            raise CheckpointError(f"{key} claims {tensor.numel():,} values but stores {stored:,}; the file is damaged")
        tensor = StoredTensor(tuple(tensor.shape), tensor.dtype, tensor.detach)
    if tensor.dtype.is_complex:
        raise CheckpointError(f"{key} holds complex numbers, which weights never are; {ADVICE}")
    return tensor
