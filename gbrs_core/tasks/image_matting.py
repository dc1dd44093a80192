"""Image matting (section 2.4.3): clicks with a wanted alpha, equation 11, and pushes, equation 12."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gbrs_core.config import LEARNING_RATE_LADDER, LayerName, RefinementDefaults, ResolvedConfig
from gbrs_core.enlarging import enlarged, imposed
from gbrs_core.interaction import Interaction, Mode
from gbrs_core.prediction import OutputKind, Prediction
from gbrs_core.tasks.base import PUSH, Objective, Task, Working, as_array, table
from gbrs_core.tasks.regression import regression_objective

CHANGE = 1.5 / 255
"""Least difference in alpha that counts as a change: more than rounding to 8 bits makes."""

_LEARNING_RATES: dict[LayerName, float] = {
    "none": LEARNING_RATE_LADDER[5],  # never used: there is nothing to optimise
    "sb": LEARNING_RATE_LADDER[3],
    "bmsb": LEARNING_RATE_LADDER[1],
    "bmsb-m": LEARNING_RATE_LADDER[1],
    "bmconv": LEARNING_RATE_LADDER[6],
}
_PAPER = RefinementDefaults(iterations=20, learning_rate=0.0, consistency_weight=1000.0, stop_residual=0.0)
_TUNED = _PAPER.with_changes(consistency_weight=100.0)
"""A looser hold lets more of the object follow a click, and little else: docs/results.md."""


class ImageMatting(Task):
    """The task; see `gbrs_core.tasks.base.Task`."""

    defaults = table(_LEARNING_RATES, {"paper": _PAPER, "tuned": _TUNED})
    mode_defaults = {(Mode.PUSH, "paper"): PUSH, (Mode.PUSH, "tuned"): {**PUSH, "matches_step": True}}

    def objective(self, interactions: Sequence[Interaction], reference: Tensor, config: ResolvedConfig) -> Objective:
        """Equation 11 or 12, on the network's raw output: clamped, it would have no gradient outside of [0, 1]."""
        return regression_objective(interactions, reference, config, is_mean=True, value_range=(0.0, 1.0))

    def working_array(self, logits: Tensor, guidance: NDArray[np.uint8] | None) -> Working:
        """Alpha (h, w) in [0, 1], as the trimap says where that is known."""
        return imposed(as_array(logits[0, 0].clamp(0.0, 1.0)), guidance)

    def prediction(self, working: Working, height: int, width: int, guidance: NDArray[np.uint8] | None) -> Prediction:
        """Alpha (H, W) by bilinear interpolation, as the trimap says where that is known."""
        return Prediction(imposed(enlarged(working, height, width), guidance), OutputKind.ALPHA_MATTE)

    def changed(self, before: Working, after: Working) -> NDArray[np.bool_]:
        """Where alpha differs by more than rounding."""
        return np.asarray(np.abs(before - after) > CHANGE)
