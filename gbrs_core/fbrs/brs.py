"""Backpropagating refinement of BRS and f-BRS: L-BFGS-B on the BRS loss, click after click from where it ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import fmin_l_bfgs_b
from torch import Tensor, nn

from gbrs_core.errors import DivergedError
from gbrs_core.fbrs.brs_loss import ClickMasks, brs_loss, mean_overlap, worst_errors

Forward = Callable[[], Tensor]
"""Gives logits (1, 1, h, w) with the variables as they are."""

PENALTY = 1e-3
BIAS_FACTOR = 10.0
"""How much heavier the bias of f-BRS is penalised than its scale."""
_CORRECTIONS = 20
_PROJECTED_GRADIENT = 1e-8


class ScaleBias(nn.Module):
    """f-BRS: features * (1 + s) + b with a scale and a bias per channel, starting as the identity.

    Args:
        channels: C.

    Attributes:
        vector: (2 C,) s, then b.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.vector = nn.Parameter(torch.zeros(2 * channels))

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, h, w) -> the same shape."""
        scale, bias = self.vector.chunk(2)
        return features * (1 + scale[:, None, None]) + bias[:, None, None]

    def penalty(self) -> Tensor:
        """1e-3 (sum s^2 + 10 sum b^2)."""
        scale, bias = self.vector.chunk(2)
        return PENALTY * (scale.square().sum() + BIAS_FACTOR * bias.square().sum())


class InputBias(nn.Module):
    """BRS: something added to an input of the network, starting at zero.

    Args:
        shape: (channels, h, w) of the input.
        views: how often the loss counts it: twice if the mirrored image is predicted too.

    Attributes:
        vector: what is added, flattened.
    """

    def __init__(self, shape: tuple[int, int, int], views: int = 1) -> None:
        super().__init__()
        self.shape = shape
        self._views = views
        self.vector = nn.Parameter(torch.zeros(int(np.prod(shape))))

    def forward(self, features: Tensor) -> Tensor:
        """(1, channels, h, w) -> the same shape."""
        return features + self.vector.view(1, *self.shape)

    def mirrored(self, features: Tensor) -> Tensor:
        """The same for the mirrored input."""
        return features + self.vector.view(1, *self.shape).flip(-1)

    def penalty(self) -> Tensor:
        """1e-3 sum bias^2, for each view."""
        return PENALTY * self._views * self.vector.square().sum()


class BrsObjective:
    """Loss and gradient for the optimiser; keeps the best logits that it comes across.

    Args:
        forwards: of the image, and of its mirror if that is predicted too.
        masks: of each.
        adjustment: `ScaleBias` or `InputBias`, which the forwards use.
        threshold: probability above which a pixel is object.
        least_change: stop when the masks of two evaluations overlap by more than 1 minus this; 0 never does.
        can_stop: whether it ends early at all.
        watch: called with the losses after every evaluation; true ends it.

    Attributes:
        losses: of every evaluation.
        best: logits of the least loss, None before the first evaluation.
        was_satisfied: whether an early stop ended it.
    """

    def __init__(
        self,
        forwards: Sequence[Forward],
        masks: Sequence[ClickMasks],
        adjustment: ScaleBias | InputBias,
        threshold: float,
        least_change: float,
        *,
        can_stop: bool = True,
        watch: Callable[[tuple[float, ...]], bool] | None = None,
    ) -> None:
        self._forwards = forwards
        self._masks = masks
        self._adjustment = adjustment
        self._threshold = threshold
        self._least_change = least_change
        self._can_stop = can_stop
        self._watch = watch
        self._before: list[NDArray[np.bool_]] | None = None
        self.losses: list[float] = []
        self.best: list[Tensor] | None = None
        self.was_satisfied = False

    def __call__(self, vector: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Loss and gradient; a gradient of zeros, which ends the optimiser, where nothing is left to do.

        Raises:
            DivergedError: the loss is not finite.
        """
        variables = self._adjustment.vector
        with torch.no_grad():
            variables.copy_(torch.from_numpy(vector).to(variables.dtype))  # not every device has float64
        with torch.enable_grad():
            logits = [forward() for forward in self._forwards]
            probabilities = [one.sigmoid() for one in logits]
            loss = brs_loss(probabilities, self._masks) + self._adjustment.penalty()
        value = float(loss.detach())
        if not np.isfinite(value):
            raise DivergedError("the loss of f-BRS became infinite; the click was not added")
        if self.best is None or value < min(self.losses):
            self.best = [one.detach().clone() for one in logits]
        self.losses.append(value)
        self.was_satisfied = self._can_stop and self._is_satisfied([one.detach() for one in probabilities])
        is_ended = self._watch is not None and self._watch(tuple(self.losses))
        if self.was_satisfied or is_ended:
            return value, np.zeros_like(vector)
        (gradient,) = torch.autograd.grad(loss, variables)
        return value, gradient.cpu().double().numpy()

    def _is_satisfied(self, probabilities: Sequence[Tensor]) -> bool:
        worst_positive, worst_negative = worst_errors(probabilities, self._masks)
        if worst_positive < 1 - self._threshold and worst_negative < self._threshold:
            return True
        masks = [(one > self._threshold).cpu().numpy() for one in probabilities]
        before, self._before = self._before, masks
        overlap = None if before is None else mean_overlap(masks, before)
        return overlap is not None and overlap > 1 - self._least_change


def minimise_brs(objective: BrsObjective, adjustment: ScaleBias | InputBias, evaluations: int) -> None:
    """L-BFGS-B from where the adjustment is; it ends where the optimiser does.

    Args:
        objective: what is minimised.
        adjustment: its variables.
        evaluations: after so many no further iteration is begun; one that runs may take more.
    """
    start = adjustment.vector.detach().cpu().double().numpy()
    minimiser: Any = fmin_l_bfgs_b
    end = minimiser(
        objective,
        start,
        m=_CORRECTIONS,
        factr=0,
        pgtol=_PROJECTED_GRADIENT,
        maxfun=evaluations,
        maxiter=2 * evaluations,
    )[0]
    with torch.no_grad():
        adjustment.vector.copy_(torch.from_numpy(end).to(adjustment.vector.dtype))
