"""Depth estimation (section 2.4.4): clicks with a wanted depth, equation 13, and pushes nearer and farther."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gbrs_core.config import LEARNING_RATE_LADDER, LayerName, RefinementDefaults, ResolvedConfig
from gbrs_core.enlarging import enlarged
from gbrs_core.interaction import Interaction, Mode, TargetSpec
from gbrs_core.network import NetworkSpec
from gbrs_core.prediction import OutputKind, Prediction
from gbrs_core.tasks.base import PUSH, Objective, Task, Working, as_array, table
from gbrs_core.tasks.regression import regression_objective

CHANGE = 0.01
"""Least relative difference in depth that counts as a change."""
NEAREST = 1e-3
"""Least depth in metres that is shown; networks may say less."""

_LEARNING_RATES: dict[LayerName, float] = {
    "none": LEARNING_RATE_LADDER[5],  # never used: there is nothing to optimise
    "sb": LEARNING_RATE_LADDER[4],
    "bmsb": LEARNING_RATE_LADDER[3],
    "bmsb-m": LEARNING_RATE_LADDER[1],
    "bmconv": LEARNING_RATE_LADDER[7],
}
_PAPER = RefinementDefaults(iterations=20, learning_rate=0.0, consistency_weight=0.1, stop_residual=0.0)
_TUNED = _PAPER.with_changes(consistency_weight=10.0, click_disc_radius=30.0)
"""A mean over the picture weighs little against a click that is off by a metre, and a pixel says little about a
surface: measured in docs/results_depth.md."""


class DepthEstimation(Task):
    """The task; see `gbrs_core.tasks.base.Task`."""

    defaults = table(_LEARNING_RATES, {"paper": _PAPER, "tuned": _TUNED})
    mode_defaults = {(Mode.PUSH, "paper"): PUSH, (Mode.PUSH, "tuned"): {**PUSH, "matches_step": True}}

    def targets_of(self, spec: NetworkSpec) -> TargetSpec:
        """Up to the largest depth that the network can say."""
        targets = self.description.target_spec
        return targets if spec.max_depth is None else replace(targets, maximum=spec.max_depth)

    def objective(self, interactions: Sequence[Interaction], reference: Tensor, config: ResolvedConfig) -> Objective:
        """Equation 13, or 12 for a push."""
        return regression_objective(interactions, reference, config, is_mean=False)

    def working_array(self, logits: Tensor, guidance: NDArray[np.uint8] | None) -> Working:
        """Depth (h, w) in metres, at least `NEAREST`."""
        return as_array(logits[0, 0].clamp(min=NEAREST))

    def prediction(self, working: Working, height: int, width: int, guidance: NDArray[np.uint8] | None) -> Prediction:
        """Depth (H, W) by bilinear interpolation."""
        return Prediction(enlarged(working, height, width), OutputKind.DEPTH_MAP)

    def changed(self, before: Working, after: Working) -> NDArray[np.bool_]:
        """Where depth differs by more than a hundredth."""
        return np.asarray(np.abs(before - after) > CHANGE * before)
