"""Splits an unmodified network at its insertion points into a prefix that runs once and a suffix that runs again.

One recorded pass gives both (see `gbrs_core.recording`): the values of the prefix, the output, and the suffix. A
network whose suffix cannot be recorded is run whole in every iteration instead; slower, and just as right.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from gbrs_core.errors import InsertionError
from gbrs_core.network import InsertionPoint
from gbrs_core.recording import Recorder
from gbrs_core.tape import AutocastFactory

Suffix = Callable[[], Tensor]
Layer = Callable[[Tensor], Tensor]
LayerMaker = Callable[[InsertionPoint, Tensor], Layer]
"""Gives the layer for an insertion point, from the clean feature map (1, C, h, w) that arrives there."""


@dataclass(frozen=True, eq=False)
class Partition:
    """One pass through a network, and what is needed to run its dependent part again.

    Attributes:
        output: the network's output with the layers as they are now; with a graph to their variables if `has_graph`.
        suffix: runs from the layers to the output with the variables as they are then; follows the gradient mode.
        has_graph: whether `output` may be backpropagated through.
        obstacle: why `suffix` runs the whole network, empty if it does not.
    """

    output: Tensor
    suffix: Suffix
    has_graph: bool
    obstacle: str = ""


def partition(
    module: nn.Module,
    inputs: Sequence[Tensor],
    points: Sequence[InsertionPoint],
    layer_at: LayerMaker,
    *,
    autocast: AutocastFactory = nullcontext,
    is_checked: bool = True,
) -> Partition:
    """Run a network once with layers at its insertion points, and split it there.

    The prefix runs without gradients; the weights get none. The module is the same afterwards: no hooks, flags,
    buffers or weights change. It must not be run by another thread meanwhile.

    Args:
        module: any network that returns one tensor; parts in training mode are run in evaluation mode.
        inputs: its arguments.
        points: where the layers go, at least one.
        layer_at: gives the layer of a point when its feature map is known; asked once per point and pass.
        autocast: gives the context the suffix runs in, for reduced precision.
        is_checked: run the suffix once more and compare; may be left out once it held for the same module and size.

    Raises:
        InsertionError: a point names no module, or a call that does not happen, or something else than one tensor with
            the promised channels passes there, or the output is no tensor or does not depend on the layers.
    """
    layers: dict[InsertionPoint, Layer] = {}
    recorder = Recorder(autocast)

    def insert(point: InsertionPoint, features: Tensor) -> Tensor:
        _check_channels(point, features)
        layers[point] = layer_at(point, features)
        return recorder.apply(layers[point], features)

    with _evaluating(module), _inserted(module, points, insert) as pending, torch.enable_grad(), recorder:
        output = module(*inputs)
    _check_reached(pending, output)
    if not recorder.obstacle and not recorder.depends(output):
        raise InsertionError("the insertion points have no effect on the output")
    suffix = recorder.suffix(output)
    if suffix is not None and (not is_checked or _is_same(suffix, output)):
        _check_gradient(output)
        return Partition(output, suffix, recorder.has_graph)
    whole = WholeNetwork(module, inputs, layers, autocast)
    with torch.enable_grad():
        output = whole()
    _check_gradient(output)
    return Partition(output, whole, True, recorder.obstacle or "its output differs from run to run")


def run_plain(module: nn.Module, inputs: Sequence[Tensor]) -> Tensor:
    """The output of a network without any layers and without gradients. Raises InsertionError if it is no tensor."""
    with _evaluating(module), torch.no_grad():
        output = module(*inputs)
    _check_reached([], output)
    return output  # type: ignore[no-any-return]


def feature_maps(
    module: nn.Module, inputs: Sequence[Tensor], points: Sequence[InsertionPoint]
) -> dict[InsertionPoint, Tensor]:
    """The clean feature maps (1, C, h, w) that arrive at the insertion points. Raises as `partition` does."""
    found: dict[InsertionPoint, Tensor] = {}

    def keep(point: InsertionPoint, features: Tensor) -> Tensor:
        found[point] = features.clone()
        return features

    with _evaluating(module), _inserted(module, points, keep) as pending, torch.no_grad():
        output = module(*inputs)
    _check_reached(pending, output)
    return found


class WholeNetwork:
    """The fallback: the whole network with its layers, anew in every run."""

    def __init__(
        self,
        module: nn.Module,
        inputs: Sequence[Tensor],
        layers: Mapping[InsertionPoint, Layer],
        autocast: AutocastFactory = nullcontext,
    ) -> None:
        self._module = module
        self._inputs = tuple(inputs)
        self._layers = dict(layers)
        self._autocast = autocast

    def __call__(self) -> Tensor:
        """The output with the variables as they are now; follows the gradient mode."""

        def insert(point: InsertionPoint, features: Tensor) -> Tensor:
            return self._layers[point](features)

        with _evaluating(self._module), _inserted(self._module, tuple(self._layers), insert), self._autocast():
            output: Tensor = self._module(*self._inputs)
        return output


@contextmanager
def _evaluating(module: nn.Module) -> Iterator[None]:
    """Evaluation mode for the parts that are not in it, and back."""
    training = [part for part in module.modules() if part.training]
    for part in training:
        part.training = False
    try:
        yield
    finally:
        for part in training:
            part.training = True


@contextmanager
def _inserted(
    module: nn.Module, points: Sequence[InsertionPoint], insert: Callable[[InsertionPoint, Tensor], Tensor]
) -> Iterator[list[InsertionPoint]]:
    """Hooks at the insertion points while the block runs; gives the points that were not reached yet."""
    pending = list(points)
    by_place: dict[tuple[str, str], list[InsertionPoint]] = defaultdict(list)
    for point in points:
        by_place[point.module, point.side].append(point)
    with ExitStack() as stack:
        for (path, side), members in by_place.items():
            place = _Place(members, insert, pending)
            part = _submodule(module, path)
            if side == "output":
                handle = part.register_forward_hook(place.on_output)
            else:
                handle = part.register_forward_pre_hook(place.on_input, with_kwargs=True)
            stack.callback(handle.remove)
        yield pending


class _Place:
    """One side of one submodule: counts its calls and inserts at those that are wanted."""

    def __init__(
        self,
        points: Sequence[InsertionPoint],
        insert: Callable[[InsertionPoint, Tensor], Tensor],
        pending: list[InsertionPoint],
    ) -> None:
        self._points = {point.call_index: point for point in points}
        self._insert = insert
        self._pending = pending
        self._calls = 0

    def on_output(self, module: nn.Module, args: Any, output: Any) -> Any:
        """Replace the output of a wanted call."""
        point = self._next_point()
        return None if point is None else self._refined(point, output)

    def on_input(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Replace the first input of a wanted call."""
        point = self._next_point()
        if point is None:
            return None
        if args:
            return (self._refined(point, args[0]), *args[1:]), kwargs
        if not kwargs:
            raise InsertionError(f"insertion point {point.name}: {point.module} is called without any input")
        first = next(iter(kwargs))
        return args, {**kwargs, first: self._refined(point, kwargs[first])}

    def _next_point(self) -> InsertionPoint | None:
        self._calls += 1
        return self._points.get(self._calls - 1)

    def _refined(self, point: InsertionPoint, features: Any) -> Tensor:
        if not isinstance(features, Tensor) or features.dim() != 4 or features.shape[0] != 1:
            found = f"shape {tuple(features.shape)}" if isinstance(features, Tensor) else type(features).__name__
            raise InsertionError(
                f"insertion point {point.name}: the {point.side} of {point.module} is {found}, "
                "but a G-BRS layer needs a feature map (1, C, h, w); choose another submodule"
            )
        refined = self._insert(point, features)
        self._pending.remove(point)
        return refined


def _submodule(module: nn.Module, path: str) -> nn.Module:
    known: dict[str, nn.Module] = dict(module.named_modules())
    found = known.get(path)
    if found is not None:
        return found
    near = difflib.get_close_matches(path, known, n=3)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise InsertionError(f"the network has no submodule {path!r}{hint}")


def _check_channels(point: InsertionPoint, features: Tensor) -> None:
    if point.channels is not None and features.shape[1] != point.channels:
        raise InsertionError(
            f"insertion point {point.name} promises {point.channels} channels, "
            f"but {point.module} passes {features.shape[1]}"
        )


def _check_reached(pending: Sequence[InsertionPoint], output: Any) -> None:
    if pending:
        point = pending[0]
        raise InsertionError(
            f"insertion point {point.name} is never reached: {point.module} has no call number {point.call_index}"
        )
    if not isinstance(output, Tensor):
        raise InsertionError(
            f"the network returns {type(output).__name__}; wrap it in a module that returns one tensor (1, K, H, W)"
        )


def _check_gradient(output: Tensor) -> None:
    if not output.requires_grad:
        raise InsertionError(
            "no gradient gets from the output back to the insertion points; the network switches gradients off"
        )


def _is_same(suffix: Suffix, output: Tensor) -> bool:
    with torch.no_grad():
        return torch.equal(suffix(), output)
