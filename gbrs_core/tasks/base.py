"""What the engine asks of a task: one file with such a class, and one entry in `gbrs_core.task_catalog`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gbrs_core.config import LayerName, PresetName, RefinementDefaults, ResolvedConfig
from gbrs_core.interaction import Interaction, Mode, TargetSpec
from gbrs_core.network import NetworkSpec
from gbrs_core.prediction import Prediction
from gbrs_core.task_catalog import TaskDescription

Defaults = Mapping[tuple[LayerName, PresetName], RefinementDefaults]
Working = NDArray[np.float32]
"""A prediction at working size: read-only (h, w), or (K, h, w) for label maps."""

PUSH: Mapping[str, Any] = {"iterations": 1, "consistency_weight": 0.0, "stop_residual": 0.0}
"""What the push mode is, whatever else is chosen (section 2.4.3): one iteration, nothing is held."""


@dataclass(frozen=True, eq=False)
class LossParts:
    """The losses of one prediction; every entry is a scalar tensor, `total` with its graph.

    Attributes:
        total: what is minimised.
        refinement: L_r.
        consistency: lambda L_c.
        residual: how far the worst interaction is from being satisfied; the early stop compares it with its threshold.
    """

    total: Tensor
    refinement: Tensor
    consistency: Tensor
    residual: Tensor


class Objective(Protocol):
    """The losses of one interaction as a function of the prediction; everything fixed is computed beforehand."""

    def __call__(self, logits: Tensor) -> LossParts:
        """Losses of (1, K, H, W) float32."""


class Task(ABC):
    """A dense prediction task.

    Args:
        description: its entry in the catalogue.

    Attributes:
        defaults: measured or published numbers of the click mode by (layer, preset).
        mode_defaults: numbers that other modes have instead, by mode and preset.
    """

    defaults: Defaults
    mode_defaults: Mapping[tuple[Mode, PresetName], Mapping[str, Any]] = {}

    def __init__(self, description: TaskDescription) -> None:
        self.description = description

    @property
    def name(self) -> str:
        """Registry name, for example "interactive"."""
        return self.description.name

    @property
    def modes(self) -> tuple[Mode, ...]:
        """How predictions can be corrected."""
        return self.description.modes

    def defaults_for(self, layer: LayerName, preset: PresetName, mode: Mode = Mode.CLICK) -> RefinementDefaults:
        """The numbers of a layer, preset and mode where the user chose none."""
        return self.defaults[layer, preset].with_changes(**self.mode_defaults.get((mode, preset), {}))

    def targets_of(self, spec: NetworkSpec) -> TargetSpec:
        """Which targets a click may have with this network."""
        return self.description.target_spec

    @abstractmethod
    def objective(self, interactions: Sequence[Interaction], reference: Tensor, config: ResolvedConfig) -> Objective:
        """The losses for these interactions.

        Args:
            interactions: all of them in working pixels, the newest last.
            reference: (1, K, H, W) prediction at iteration 0, which the consistency loss holds.
            config: the numbers to use.
        """

    def blank(self, height: int, width: int) -> Working | None:
        """The working prediction (h, w) before the first click; None if the network makes one by itself."""
        return None

    @abstractmethod
    def working_array(self, logits: Tensor, guidance: NDArray[np.uint8] | None) -> Working:
        """The working prediction from the network's output.

        Args:
            logits: (1, K, h, w).
            guidance: the trimap (h, w) at working size, None for tasks without.

        Returns:
            On the CPU, read-only float32.
        """

    @abstractmethod
    def prediction(self, working: Working, height: int, width: int, guidance: NDArray[np.uint8] | None) -> Prediction:
        """The prediction at image size from the working prediction; guidance (H, W) is at image size."""

    @abstractmethod
    def changed(self, before: Working, after: Working) -> NDArray[np.bool_]:
        """Which pixels (h, w) differ between two working predictions, in the eyes of the user."""


def table(
    learning_rates: Mapping[LayerName, float], presets: Mapping[PresetName, RefinementDefaults]
) -> dict[tuple[LayerName, PresetName], RefinementDefaults]:
    """Defaults from a learning rate per layer and the other numbers per preset."""
    return {
        (layer, preset): replace(numbers, learning_rate=learning_rate)
        for layer, learning_rate in learning_rates.items()
        for preset, numbers in presets.items()
    }


def as_array(output: Tensor) -> Working:
    """A tensor as a read-only float32 array on the CPU."""
    array: Working = output.detach().float().cpu().contiguous().numpy()
    array.flags.writeable = False
    return array
