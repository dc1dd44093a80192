"""The inner loop of section 2.3: a few Adam iterations on the auxiliary variables, one report each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gbrs_core.errors import DivergedError
from gbrs_core.tasks.base import LossParts, Objective

LOOK_EVERY_ON_GPU = 4
"""Iterations between two looks at the losses where a look makes the host wait for the device."""


@dataclass(frozen=True, eq=False)
class RefinementStep:
    """The state after one iteration of a click.

    Attributes:
        click_index: which click, from 0.
        iteration: iterations done, from 1.
        iterations: iterations at most.
        loss: total loss.
        refinement_loss: L_r.
        consistency_loss: lambda L_c.
        residual: of the worst click.
        prediction: read-only float32 (h, w) at working size, None if it was not asked for.
    """

    click_index: int
    iteration: int
    iterations: int
    loss: float
    refinement_loss: float
    consistency_loss: float
    residual: float
    prediction: NDArray[np.float32] | None


@dataclass(frozen=True, eq=False)
class Iterate:
    """The losses after some iterations, and the output they belong to; iteration 0 is the state before the first.

    `is_last` says that the loop ends with it by itself.
    """

    iteration: int
    loss: float
    refinement_loss: float
    consistency_loss: float
    residual: float
    logits: Tensor
    is_last: bool

    def step(
        self, click_index: int, iterations: int, preview_every: int, shown: Callable[[Tensor], NDArray[np.float32]]
    ) -> RefinementStep:
        """What the caller of a session is told of it.

        Args:
            click_index: which click, from 0.
            iterations: iterations at most.
            preview_every: put the prediction into every n-th step and the last one; 0 into none.
            shown: makes the read-only (h, w) prediction of the logits; called only if it is put in.
        """
        is_shown = preview_every > 0 and (self.iteration % preview_every == 0 or self.is_last)
        return RefinementStep(
            click_index=click_index,
            iteration=self.iteration,
            iterations=iterations,
            loss=self.loss,
            refinement_loss=self.refinement_loss,
            consistency_loss=self.consistency_loss,
            residual=self.residual,
            prediction=shown(self.logits) if is_shown else None,
        )


FURTHEST_STEP = 2.0
"""Of a matched step, in learning rates. Where an output is saturated its gradient all but vanishes, and the step that
would match there changes the whole picture instead of the pixel.
"""


def minimise(
    first: Tensor,
    suffix: Callable[[], Tensor],
    objective: Objective,
    layers: Sequence[nn.Module],
    *,
    iterations: int,
    learning_rate: float,
    stop_residual: float,
    matches_step: bool = False,
    look_every: int = 1,
) -> Iterator[Iterate]:
    """Adam on the variables of the layers; starts with fresh moments, gives the state before and after each iteration.

    The iteration that stops early is the last one given. With `look_every` above 1 several iterations are run before
    their losses are read, so that an early stop may come some iterations late, and never otherwise changes anything.

    Args:
        first: (1, K, H, W) output with the variables as they are, with its graph.
        suffix: the output with the variables as they are then.
        objective: the losses of an output.
        layers: the G-BRS layers; a layer may have `constrain_()`, called after each update.
        iterations: updates at most.
        learning_rate: Adam's step size.
        stop_residual: stop when the residual is below it; 0 never stops.
        matches_step: take the step size that would bring a squared error to zero if the output were linear in the
            variables, but no more than `FURTHEST_STEP` times `learning_rate`.
        look_every: iterations between two looks at the losses.

    Raises:
        DivergedError: a loss or the output is not finite; the variables are those of that moment.
    """
    variables = [variable for layer in layers for variable in layer.parameters()]
    optimiser = torch.optim.Adam(variables, lr=learning_rate, fused=True)
    with torch.enable_grad():
        parts = objective(first)
    iterate = _read(0, parts, first, stop_residual, is_final=iterations == 0)
    yield iterate
    while not iterate.is_last:
        unread: list[tuple[int, LossParts, Tensor]] = []
        last = min(iterate.iteration + look_every, iterations)
        for iteration in range(iterate.iteration + 1, last + 1):
            if matches_step:
                _update(optimiser, parts, layers, FURTHEST_STEP * learning_rate)
            else:
                _update(optimiser, parts, layers)
            with torch.set_grad_enabled(iteration < iterations):
                logits = suffix().float()
                parts = objective(logits)
            unread.append((iteration, parts, logits))
        for entry in unread:
            iterate = _read(*entry, stop_residual, is_final=entry[0] == iterations)
            yield iterate


def start(first: Tensor, objective: Objective) -> Iterate:
    """The losses of an output that there is nothing to optimise for. Raises DivergedError if they are not finite."""
    return _read(0, objective(first), first, 0.0, is_final=True)


def _update(
    optimiser: torch.optim.Adam, parts: LossParts, layers: Sequence[nn.Module], furthest: float | None = None
) -> None:
    """One iteration: gradients for the variables alone, a step, and back into their range.

    With `furthest` the step size matches the loss, up to there; without, it is the optimiser's own.
    """
    group = optimiser.param_groups[0]
    variables: list[Tensor] = group["params"]
    optimiser.zero_grad(set_to_none=True)
    torch.autograd.backward(parts.total, inputs=variables)
    gradients = [variable.grad for variable in variables if variable.grad is not None]
    for gradient in gradients:
        # Where a network divides by zero inside (the planes of BTS) a gradient is not a number: it gets no say.
        gradient.nan_to_num_(nan=0.0, posinf=0.0, neginf=0.0)
    if furthest is not None:
        group["lr"] = min(_matched_step(float(parts.total.detach()), gradients), furthest)
    optimiser.step()
    for layer in layers:
        constrain = getattr(layer, "constrain_", None)
        if constrain is not None:
            constrain()


def _matched_step(loss: float, gradients: Sequence[Tensor]) -> float:
    """2 L / |dL/dp|_1: Adam's first step moves every variable by the step size, against the sign of its gradient.

    With L = e^2 and an output f that is linear in the variables, that changes f by the step size times |df/dp|_1, and
    |dL/dp|_1 = 2 |e| |df/dp|_1; so this is the step that makes e zero.
    """
    norm = sum(float(gradient.abs().sum()) for gradient in gradients)
    return 2.0 * loss / norm if norm > 0 else 0.0


def _read(iteration: int, parts: LossParts, logits: Tensor, stop_residual: float, *, is_final: bool) -> Iterate:
    """Fetch the losses from the device and check them."""
    scalars = (parts.total.detach(), parts.refinement, parts.consistency, parts.residual)
    total, refinement, consistency, residual = numbers = torch.stack(scalars).tolist()
    if not all(math.isfinite(number) for number in numbers):
        raise diverged(iteration)
    is_last = is_final or residual < stop_residual
    return Iterate(iteration, total, refinement, consistency, residual, logits.detach(), is_last)


def diverged(iteration: int) -> DivergedError:
    """The error for numbers that are not finite after so many iterations."""
    if iteration == 0:
        return DivergedError("the network's own output for these clicks is not finite; the click was not added")
    return DivergedError(
        f"the refinement became infinite at iteration {iteration}; the state before the click was kept; "
        "a smaller learning rate may help"
    )
