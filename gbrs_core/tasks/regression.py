"""What matting and depth estimation share: squared errors at clicks, held by an inverse Gaussian, and the push mode."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gbrs_core.attention import inverse_gaussian
from gbrs_core.config import ResolvedConfig
from gbrs_core.interaction import Click, Interaction, Push
from gbrs_core.losses import masked_squared_change, squared_error
from gbrs_core.tasks.base import LossParts, Objective
from gbrs_core.tasks.supervision import ClickedPixels, clicks_of, own_pixel


def regression_objective(
    interactions: Sequence[Interaction],
    reference: Tensor,
    config: ResolvedConfig,
    *,
    is_mean: bool,
    value_range: tuple[float, float] = (-math.inf, math.inf),
) -> Objective:
    """The losses of equations 11 and 13 if the newest interaction is a click, of equation 12 if it is a push.

    Args:
        interactions: in working pixels, the newest last.
        reference: (1, 1, H, W) prediction at iteration 0.
        config: the numbers to use.
        is_mean: whether the squared errors of the clicks are averaged (equation 11) or summed (equation 13).
        value_range: least and largest value that is seen of the output; a push does not ask for more.
    """
    newest = interactions[-1]
    if isinstance(newest, Push):
        return PushObjective(newest, reference, value_range)
    return SquaredErrorObjective(clicks_of(interactions), reference, config, is_mean=is_mean)


class SquaredErrorObjective:
    """Equations 11 and 13 over all clicks. The residual of a click is |l - f|, averaged over what it supervises."""

    def __init__(self, clicks: Sequence[Click], reference: Tensor, config: ResolvedConfig, *, is_mean: bool) -> None:
        height, width = reference.shape[2:]
        device = reference.device
        self._clicked = ClickedPixels.of(clicks, config.click_disc_radius, height, width, device)
        self._weights = self._clicked.weights / (max(self._clicked.click_count, 1) if is_mean else 1)
        self._consistency_weight = config.consistency_weight
        self._no_consistency = torch.zeros((), device=device)
        self._mask = torch.ones(1, 1, height, width, device=device)
        for click in clicks if config.free_earlier_clicks else clicks[-1:]:
            self._mask.mul_(inverse_gaussian(click.x, click.y, click.radius, height, width, device=device))
        self._masked_reference = reference.detach() * self._mask

    def __call__(self, logits: Tensor) -> LossParts:
        """Losses of (1, 1, H, W) float32."""
        values = logits.flatten().index_select(0, self._clicked.pixels)
        refinement = squared_error(values, self._clicked.targets, self._weights)
        residual = self._clicked.worst((values.detach() - self._clicked.targets).abs())
        if self._consistency_weight == 0:
            return LossParts(refinement, refinement.detach(), self._no_consistency, residual)
        change = masked_squared_change(logits, self._masked_reference, self._mask)
        consistency = self._consistency_weight * change
        return LossParts(refinement + consistency, refinement.detach(), consistency.detach(), residual)


@dataclass(frozen=True, eq=False)
class PushObjective:
    """Equation 12: the pixel of one push should be `step` above or below what was seen there; nothing else counts.

    It never asks for more than `value_range`, and for nothing where the output is beyond its end already.
    """

    push: Push
    reference: Tensor
    value_range: tuple[float, float] = (-math.inf, math.inf)

    def __call__(self, logits: Tensor) -> LossParts:
        """Losses of (1, 1, H, W) float32."""
        row, column = own_pixel(self.push.x, self.push.y, *logits.shape[2:])
        before = self.reference[0, 0, row, column].detach()
        seen = before.clamp(*self.value_range)
        wanted = (seen + self.push.direction * self.push.step).clamp(*self.value_range)
        target = torch.maximum(before, wanted) if self.push.direction > 0 else torch.minimum(before, wanted)
        error = target - logits[0, 0, row, column]
        refinement = error.square()
        return LossParts(refinement, refinement.detach(), torch.zeros_like(refinement), error.detach().abs())
