"""The recorded part of a network's pass as a list of operations that can be run again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Operation = Callable[..., Any]
AutocastFactory = Callable[[], AbstractContextManager[Any]]
"""Makes the context in which operations of the suffix run, for reduced precision."""


class Constant:
    """A value the suffix reads; replaced by a copy if the pass changes the original later."""

    __slots__ = ("tensor", "version")

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor
        self.version = tensor._version

    def protect(self) -> None:
        """Keep the value although the original is about to change."""
        self.tensor = self.tensor.clone()
        self.version = self.tensor._version


@dataclass(frozen=True)
class Slot:
    """A value that every run computes anew."""

    index: int


@dataclass(frozen=True)
class Copied:
    """A constant that the suffix changes in place: every run changes a copy, which is then the value of the slot."""

    constant: Constant
    index: int


@dataclass
class Step:
    """One operation of the suffix; `results` mirrors the structure of its result, with a slot per tensor."""

    operation: Operation
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    results: Any
    has_grad: bool
    frees: tuple[int, ...] = ()


class RecordedSuffix:
    """The recorded operations as a function without arguments.

    It reads the layers' variables and the kept values of the prefix, and returns the network's output. Whether it
    builds a graph is decided by the caller's gradient mode.
    """

    def __init__(self, steps: Sequence[Step], slot_count: int, output: Slot, autocast: AutocastFactory) -> None:
        self._steps = tuple(steps)
        self._slot_count = slot_count
        self._output = output.index
        self._autocast = autocast
        _free_early(self._steps, self._output)

    def __len__(self) -> int:
        """How many operations one run does."""
        return len(self._steps)

    def __call__(self) -> Tensor:
        """Run the operations; the output of the network."""
        values: list[Any] = [None] * self._slot_count
        with self._autocast():
            for step in self._steps:
                args = _filled(step.args, values)
                kwargs = _filled(step.kwargs, values) if step.kwargs else step.kwargs
                if step.has_grad:
                    result = step.operation(*args, **kwargs)
                else:
                    with torch.no_grad():
                        result = step.operation(*args, **kwargs)
                _store(step.results, result, values)
                for index in step.frees:
                    values[index] = None
        output: Tensor = values[self._output]
        return output


def _free_early(steps: Sequence[Step], output: int) -> None:
    """Let every value go after the last operation that reads it."""
    last_use: dict[int, int] = {}
    for position, step in enumerate(steps):
        for index in (*_slots_in((step.args, step.kwargs)), *_slots_in(step.results)):
            last_use[index] = position
    last_use.pop(output, None)
    for position, step in enumerate(steps):
        step.frees = tuple(index for index, last in last_use.items() if last == position)


def _slots_in(template: Any) -> list[int]:
    if isinstance(template, (Slot, Copied)):
        return [template.index]
    if isinstance(template, dict):
        template = list(template.values())
    if isinstance(template, slice):
        template = [template.start, template.stop, template.step]
    if isinstance(template, (list, tuple)):
        return [index for entry in template for index in _slots_in(entry)]
    return []


def _filled(template: Any, values: list[Any]) -> Any:
    """A template with its slots and constants replaced by tensors."""
    kind = type(template)
    if kind is Slot:
        return values[template.index]
    if kind is Constant:
        return template.tensor
    if kind is Copied:
        values[template.index] = template.constant.tensor.clone()
        return values[template.index]
    if kind is tuple or kind is list:
        return kind([_filled(entry, values) for entry in template])
    if kind is dict:
        return {key: _filled(entry, values) for key, entry in template.items()}
    if kind is slice:
        return slice(*(_filled(entry, values) for entry in (template.start, template.stop, template.step)))
    return template


def _store(results: Any, result: Any, values: list[Any]) -> None:
    if type(results) is Slot:
        values[results.index] = result
    elif isinstance(results, tuple):
        for slot, entry in zip(results, result, strict=True):
            _store(slot, entry, values)
    elif isinstance(results, dict):
        for key, slot in results.items():
            _store(slot, result[key], values)
