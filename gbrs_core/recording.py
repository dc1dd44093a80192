"""Records one forward pass and keeps the part of it that depends on the G-BRS layers, ready to be run again.

Every operation of the pass is seen at the level of `torch` functions (`TorchFunctionMode`). An operation depends on a
layer if one of its arguments does; these operations, with everything else they read kept as constants, are the suffix.
The rest is the prefix: it runs once, without gradients, and only the values that the suffix reads are kept.

Nothing is traced symbolically, so any Python code may run between the operations. What the suffix itself may not do is
let Python decide by values of dependent tensors, because the recording has only one branch; this and everything else
that a recording cannot reproduce is noticed and reported in `Recorder.obstacle`, never silently wrong.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from gbrs_core.tape import AutocastFactory, Constant, Copied, Operation, RecordedSuffix, Slot, Step

_AUGMENTED = frozenset(
    f"__i{name}__"
    for name in (
        *("add", "sub", "mul", "truediv", "div", "floordiv", "mod", "pow"),
        *("and", "or", "xor", "lshift", "rshift"),
    )
)
_CHANGES_FIRST_ARGUMENT = _AUGMENTED | {"__setitem__"}
_READS_NO_VALUES = frozenset(
    {
        "__get__", "__len__", "__hash__", "__repr__", "__format__", "size", "dim", "ndimension", "numel", "nelement",
        "stride", "storage_offset", "is_contiguous", "is_floating_point", "is_complex", "element_size", "get_device",
        "is_same_size", "type", "is_shared", "is_pinned", "has_names", "_is_view",
    }
)  # fmt: skip
"""Functions that answer something about a tensor without looking at its values."""


@dataclass
class _Tape:
    """What has been recorded so far."""

    steps: list[Step] = field(default_factory=list)
    slots: dict[int, int] = field(default_factory=dict)  # id of a dependent tensor -> its slot
    alive: list[Tensor] = field(default_factory=list)  # keeps those ids from being used again
    has_grad: list[bool] = field(default_factory=list)  # per slot: whether autograd followed it
    constants: dict[int, Constant] = field(default_factory=dict)  # id of a constant tensor -> its constant
    by_storage: dict[int, list[Constant]] = field(default_factory=dict)
    changed_storages: set[int] = field(default_factory=set)  # prefix memory that the suffix wrote to


class Recorder(TorchFunctionMode):
    """Context in which the network runs once; layers are applied through `apply`.

    Attributes:
        obstacle: why the recording cannot be run again, empty if it can.
        has_graph: whether the recorded pass itself may be backpropagated through.
    """

    def __init__(self, autocast: AutocastFactory = nullcontext) -> None:
        super().__init__()
        self.obstacle = ""
        self.has_graph = True
        self._autocast = autocast
        self._tape = _Tape()
        self._is_paused = False

    def apply(self, layer: Callable[[Tensor], Tensor], features: Tensor) -> Tensor:
        """Run a layer on a feature map of the pass and record that as one operation."""
        self._is_paused = True
        try:
            return self._recorded(layer, (features,), {}, is_in_place=False)  # type: ignore[no-any-return]
        finally:
            self._is_paused = False

    def depends(self, tensor: Tensor) -> bool:
        """Whether a tensor of the pass depends on a layer."""
        return id(tensor) in self._tape.slots

    def suffix(self, output: Tensor) -> RecordedSuffix | None:
        """The recorded operations that lead to `output`; None if there is an obstacle, or it depends on no layer."""
        for constants in self._tape.by_storage.values():
            if any(constant.tensor._version != constant.version for constant in constants):
                self._stop("a cached feature map was changed in a way that was not foreseen")
        if self.obstacle or not self.depends(output):
            return None
        slot = Slot(self._tape.slots[id(output)])
        return RecordedSuffix(self._tape.steps, len(self._tape.has_grad), slot, self._autocast)

    def __torch_function__(
        self, func: Operation, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Run one operation of the pass, recording it if it depends on a layer."""
        named = dict(kwargs or {})
        if self._is_paused:
            return func(*args, **named)
        tensors = _tensors_in((args, named))
        if not tensors:  # among others the switches of gradient mode, which must stay in force
            return func(*args, **named)
        is_in_place = _is_in_place(func, args, named)
        if any(id(tensor) in self._tape.slots for tensor in tensors):
            return self._recorded(func, args, named, is_in_place)
        return self._clean(func, args, named, tensors, is_in_place)

    def _clean(
        self, func: Operation, args: tuple[Any, ...], kwargs: dict[str, Any], tensors: list[Tensor], is_in_place: bool
    ) -> Any:
        """Run an operation of the prefix; nothing in it asks for gradients, so no graph arises.

        Not under `no_grad`, which would forbid the suffix to write into views of what the prefix made.
        """
        self._check_origin(tensors)
        target = _target(args, kwargs) if is_in_place else None
        if target is not None:
            self._protect(target)
        return func(*_without_leaves(args), **_without_leaves(kwargs))

    def _recorded(self, func: Operation, args: tuple[Any, ...], kwargs: dict[str, Any], is_in_place: bool) -> Any:
        """Run an operation of the suffix and record it, unless it only asks for a shape or the like."""
        tape = self._tape
        tensors = _tensors_in((args, kwargs))
        self._check_origin(tensors)
        target = _target(args, kwargs) if is_in_place else None
        if target is not None:
            self._protect(target)
        template = _Templates(tape, target if target is not None and id(target) not in tape.slots else None)
        kept_args, kept_kwargs = template.of(args), template.of(kwargs)
        if template.obstacle:
            self._stop(template.obstacle)
        if torch.is_autocast_enabled(tensors[0].device.type):
            self._stop("the network switches its precision behind the insertion point")
        versions = [tensor._version for tensor in tensors]
        with self._autocast():
            result = func(*_without_leaves(args), **_without_leaves(kwargs))
        changed = [tensor for tensor, version in zip(tensors, versions, strict=True) if tensor._version != version]
        if any(tensor is not target for tensor in changed):
            self._stop(f"{_name(func)} changed a tensor in a way that was not foreseen")
        if target is not None and id(target) in tape.slots:
            tape.has_grad[tape.slots[id(target)]] = target.requires_grad
        if target is None and not _tensors_in(result):
            if _name(func) not in _READS_NO_VALUES:
                self._stop(f"the code of the network reads values behind the insertion point ({_name(func)})")
            return result
        results = self._slots_of(result)
        tape.steps.append(Step(func, kept_args, kept_kwargs, results, torch.is_grad_enabled()))
        return result

    def _slots_of(self, result: Any) -> Any:
        if isinstance(result, Tensor):
            index = self._tape.slots.get(id(result))
            return Slot(_new_slot(self._tape, result) if index is None else index)
        if isinstance(result, (list, tuple)):
            return tuple(self._slots_of(entry) for entry in result)
        if isinstance(result, dict):
            return {key: self._slots_of(entry) for key, entry in result.items()}
        return None

    def _check_origin(self, tensors: list[Tensor]) -> None:
        """Notice tensors that were made or changed where the recorder could not see it."""
        tape = self._tape
        for tensor in tensors:
            index = tape.slots.get(id(tensor))
            if index is not None:
                if tape.has_grad[index] != tensor.requires_grad:
                    self._stop("the network has operations of its own kind behind the insertion point")
            elif tensor.grad_fn is not None:
                self._stop("the network has compiled parts that cannot be recorded")
            elif tape.changed_storages and _storage(tensor) in tape.changed_storages:
                self._stop("the network changes part of a feature map in place behind the insertion point")

    def _protect(self, target: Tensor) -> None:
        """Before memory is written to: keep the values that recorded operations read from it."""
        constants = self._tape.by_storage.pop(_storage(target), [])
        if not constants:
            return
        self.has_graph = False  # the graph of this very pass may have saved the values that are overwritten now
        held = {id(constant) for constant in constants}
        self._tape.constants = {key: kept for key, kept in self._tape.constants.items() if id(kept) not in held}
        for constant in constants:
            constant.protect()
            self._tape.by_storage.setdefault(_storage(constant.tensor), []).append(constant)

    def _stop(self, obstacle: str) -> None:
        self.obstacle = self.obstacle or obstacle


class _Templates:
    """Arguments of an operation with every tensor replaced by a slot or a constant."""

    def __init__(self, tape: _Tape, changed_constant: Tensor | None) -> None:
        self.obstacle = ""
        self._tape = tape
        self._changed_constant = changed_constant

    def of(self, value: Any) -> Any:
        """The template of an argument."""
        if isinstance(value, Tensor):
            return self._tensor(value)
        if type(value) in (tuple, list):
            return type(value)(self.of(entry) for entry in value)
        if type(value) is dict:
            return {key: self.of(entry) for key, entry in value.items()}
        if type(value) is slice:
            return slice(self.of(value.start), self.of(value.stop), self.of(value.step))
        if _tensors_in(value):
            self.obstacle = f"tensors are passed in a {type(value).__name__}"
        return value

    def _tensor(self, tensor: Tensor) -> Slot | Constant | Copied:
        tape = self._tape
        if tensor is self._changed_constant:
            copied = Copied(Constant(tensor.detach().clone()), _new_slot(tape, tensor))
            tape.changed_storages.add(_storage(tensor))
            return copied
        if id(tensor) in tape.slots:
            return Slot(tape.slots[id(tensor)])
        constant = tape.constants.get(id(tensor))
        if constant is None:
            constant = Constant(tensor.detach())
            tape.constants[id(tensor)] = constant
            tape.alive.append(tensor)
            tape.by_storage.setdefault(_storage(tensor), []).append(constant)
        return constant


def _new_slot(tape: _Tape, tensor: Tensor) -> int:
    tape.slots[id(tensor)] = len(tape.has_grad)
    tape.alive.append(tensor)
    tape.has_grad.append(tensor.requires_grad)
    return len(tape.has_grad) - 1


def _tensors_in(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    elif isinstance(value, slice):
        value = [value.start, value.stop, value.step]
    if isinstance(value, (list, tuple)):
        return [tensor for entry in value for tensor in _tensors_in(entry)]
    return []


def _without_leaves(value: Any) -> Any:
    """Arguments with the network's weights detached, so that no gradient is computed for them."""
    if isinstance(value, Tensor):
        return value.detach() if value.requires_grad and value.is_leaf else value
    if type(value) in (tuple, list):
        return type(value)(_without_leaves(entry) for entry in value)
    if type(value) is dict:
        return {key: _without_leaves(entry) for key, entry in value.items()}
    return value


def _storage(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _name(func: Operation) -> str:
    return getattr(func, "__name__", type(func).__name__)


def _target(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor | None:
    """The tensor an in-place operation writes to."""
    out = kwargs.get("out")
    if isinstance(out, Tensor):
        return out
    found = _tensors_in((args[:1], kwargs.get("input"), kwargs.get("self")))
    return found[0] if found else None


def _is_in_place(func: Operation, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether an operation writes to one of its arguments."""
    schema = getattr(func, "_schema", None)
    if schema is not None:
        return bool(schema.is_mutable)
    if kwargs.get("inplace") or kwargs.get("out") is not None:
        return True
    name = _name(func)
    if name in _CHANGES_FIRST_ARGUMENT or (name.endswith("_") and not name.endswith("__")):
        return True
    position = _inplace_position(func)
    return position is not None and len(args) > position and bool(args[position])


@lru_cache(maxsize=1024)
def _inplace_position(func: Operation) -> int | None:
    """Where a function takes its `inplace` switch; None if it has none."""
    if not inspect.isfunction(func):
        return None
    names = list(inspect.signature(func).parameters)
    return names.index("inplace") if "inplace" in names else None
