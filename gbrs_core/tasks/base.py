"""What the engine asks of a task. A new task is one file with these members and one line in `gbrs_core.tasks`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gbrs_core.config import LayerName, PresetName, RefinementDefaults, ResolvedConfig
from gbrs_core.interaction import Click, Mode, TargetSpec
from gbrs_core.prediction import OutputKind, Prediction

Defaults = Mapping[tuple[LayerName, PresetName], RefinementDefaults]


@dataclass(frozen=True, eq=False)
class LossParts:
    """The losses of one prediction; every entry is a scalar tensor, `total` with its graph.

    Attributes:
        total: what is minimised.
        refinement: L_r.
        consistency: lambda L_c.
        residual: how far the worst click is from being satisfied; the early stop compares it with its threshold.
    """

    total: Tensor
    refinement: Tensor
    consistency: Tensor
    residual: Tensor


class Objective(Protocol):
    """The losses of one click as a function of the prediction; everything fixed is computed beforehand."""

    def __call__(self, logits: Tensor) -> LossParts:
        """Losses of (1, K, H, W) float32."""


class Task(Protocol):
    """A dense prediction task."""

    @property
    def name(self) -> str:
        """Registry name, for example "interactive"."""

    @property
    def output_kind(self) -> OutputKind:
        """What its predictions are."""

    @property
    def modes(self) -> tuple[Mode, ...]:
        """How predictions can be corrected."""

    @property
    def target_spec(self) -> TargetSpec:
        """Which targets a click may have."""

    @property
    def defaults(self) -> Defaults:
        """Measured or published numbers by (layer, preset)."""

    def objective(self, clicks: Sequence[Click], reference: Tensor, config: ResolvedConfig) -> Objective:
        """The losses for these clicks.

        Args:
            clicks: all clicks in working pixels, the newest last.
            reference: (1, K, H, W) prediction at iteration 0, which the consistency loss holds.
            config: the numbers to use.
        """

    def blank(self, height: int, width: int) -> NDArray[np.float32] | None:
        """The working prediction (H, W) before the first click; None if the network makes one by itself."""

    def working_array(self, logits: Tensor) -> NDArray[np.float32]:
        """The working prediction from the network's output (1, K, H, W), on the CPU, read-only float32."""

    def prediction(self, working: NDArray[np.float32], height: int, width: int) -> Prediction:
        """The prediction at image size from the working prediction."""

    def changed(self, before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Which pixels (H, W) differ between two working predictions, in the eyes of the user."""
