"""Interactive segmentation (section 2.4.1): object and background clicks, logits with the threshold 0, equation 8."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gbrs_core.attention import outside_disc
from gbrs_core.config import LEARNING_RATE_LADDER, LayerName, RefinementDefaults, ResolvedConfig
from gbrs_core.interaction import Click, Interaction
from gbrs_core.losses import hinge, masked_squared_change, squared_hinge_loss
from gbrs_core.prediction import OutputKind, Prediction
from gbrs_core.tasks.base import LossParts, Task, Working, as_array, table
from gbrs_core.tasks.supervision import ClickedPixels, clicks_of

BLANK_LOGIT = -1.0
"""Value of the prediction before the first click: nothing is object yet."""

_LEARNING_RATES: dict[LayerName, float] = {
    "none": LEARNING_RATE_LADDER[5],  # never used: there is nothing to optimise
    "sb": LEARNING_RATE_LADDER[5],
    "bmsb": LEARNING_RATE_LADDER[3],
    "bmsb-m": LEARNING_RATE_LADDER[4],
    "bmconv": LEARNING_RATE_LADDER[8],
}

_PAPER = RefinementDefaults(iterations=20, learning_rate=0.0, consistency_weight=100.0, stop_residual=0.8)
_TUNED = _PAPER.with_changes(stop_residual=0.3, click_disc_radius=2.0)

DEFAULTS = table(_LEARNING_RATES, {"paper": _PAPER, "tuned": _TUNED})
"""By layer and preset. "paper" is equation 8 with its lambda and early stop; "tuned" is what measures best, and both
take the learning rate that measures best for the layer: docs/results.md."""


class InteractiveSegmentation(Task):
    """The task; see `gbrs_core.tasks.base.Task`."""

    defaults = DEFAULTS

    def objective(
        self, interactions: Sequence[Interaction], reference: Tensor, config: ResolvedConfig
    ) -> HingeObjective:
        """Equation 8 for these clicks, in working pixels."""
        return HingeObjective(clicks_of(interactions), reference, config)

    def blank(self, height: int, width: int) -> Working:
        """All background."""
        return np.full((height, width), BLANK_LOGIT, dtype=np.float32)

    def working_array(self, logits: Tensor, guidance: NDArray[np.uint8] | None) -> Working:
        """Logits (h, w)."""
        return as_array(logits[0, 0])

    def prediction(self, working: Working, height: int, width: int, guidance: NDArray[np.uint8] | None) -> Prediction:
        """Logits (H, W) by bilinear interpolation."""
        if working.shape == (height, width):
            return Prediction(working, OutputKind.MASK)
        return Prediction(cv2.resize(working, (width, height), interpolation=cv2.INTER_LINEAR), OutputKind.MASK)

    def changed(self, before: Working, after: Working) -> NDArray[np.bool_]:
        """Where the mask flipped."""
        return np.asarray((before > 0) != (after > 0))


class HingeObjective:
    """Equation 8 over all clicks, with the consistency loss outside the disc of the newest one.

    The residual of a click is max(0, 1 - l f), averaged over the pixels that it supervises.
    """

    def __init__(self, clicks: Sequence[Click], reference: Tensor, config: ResolvedConfig) -> None:
        height, width = reference.shape[2:]
        device = reference.device
        self._clicked = ClickedPixels.of(clicks, config.click_disc_radius, height, width, device)
        self._consistency_weight = config.consistency_weight
        self._no_consistency = torch.zeros((), device=device)
        held = clicks if config.free_earlier_clicks else clicks[-1:]
        self._mask = torch.ones(1, 1, height, width, device=device)
        for click in held:
            radius = max(click.radius, config.click_disc_radius)
            self._mask.mul_(outside_disc(click.x, click.y, radius, height, width, device=device))
        self._masked_reference = reference.detach() * self._mask

    def __call__(self, logits: Tensor) -> LossParts:
        """Losses of (1, 1, H, W) float32."""
        clicked = self._clicked
        hinges = hinge(logits.flatten().index_select(0, clicked.pixels), clicked.targets)
        refinement = squared_hinge_loss(hinges, clicked.weights)
        residual = clicked.worst(hinges.detach())
        if self._consistency_weight == 0:
            return LossParts(refinement, refinement.detach(), self._no_consistency, residual)
        change = masked_squared_change(logits, self._masked_reference, self._mask)
        consistency = self._consistency_weight * change
        return LossParts(refinement + consistency, refinement.detach(), consistency.detach(), residual)
