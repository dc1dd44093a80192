"""Semantic segmentation (section 2.4.2): clicks and strokes with a class, equations 9 and 10."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gbrs_core import enlarging
from gbrs_core.attention import outside_disc
from gbrs_core.config import LEARNING_RATE_LADDER, LayerName, RefinementDefaults, ResolvedConfig
from gbrs_core.interaction import Interaction, Mode, Stroke, TargetSpec
from gbrs_core.losses import cross_entropy, masked_cross_entropy
from gbrs_core.network import NetworkSpec
from gbrs_core.prediction import OutputKind, Prediction
from gbrs_core.tasks.base import LossParts, Task, Working, as_array, table
from gbrs_core.tasks.supervision import ClickedPixels, clicks_of

IGNORED = -100
"""The label that takes no part in a loss."""

_LEARNING_RATES: dict[LayerName, float] = {
    "none": LEARNING_RATE_LADDER[5],  # never used: there is nothing to optimise
    "sb": LEARNING_RATE_LADDER[0],
    "bmsb": LEARNING_RATE_LADDER[0],
    "bmsb-m": LEARNING_RATE_LADDER[1],
    "bmconv": LEARNING_RATE_LADDER[6],
}
_PAPER = RefinementDefaults(iterations=20, learning_rate=0.0, consistency_weight=10.0, stop_residual=0.0)
_TUNED = _PAPER.with_changes(consistency_weight=20.0, click_disc_radius=5.0)
"""A firmer hold outside the disc, and the neighbours of the clicked pixel with it: docs/results.md."""
_STROKE = {"consistency_weight": 1.0}
"""Lambda of the stroke mode (section 2.4.2)."""


class SemanticSegmentation(Task):
    """The task; see `gbrs_core.tasks.base.Task`."""

    defaults = table(_LEARNING_RATES, {"paper": _PAPER, "tuned": _TUNED})
    mode_defaults = {(Mode.STROKE, "paper"): _STROKE, (Mode.STROKE, "tuned"): _STROKE}

    def targets_of(self, spec: NetworkSpec) -> TargetSpec:
        """The classes of the network."""
        targets = self.description.target_spec
        return targets if spec.class_count is None else replace(targets, maximum=float(spec.class_count - 1))

    def objective(
        self, interactions: Sequence[Interaction], reference: Tensor, config: ResolvedConfig
    ) -> CrossEntropyObjective:
        """Equations 9 and 10 for these interactions, in working pixels."""
        return CrossEntropyObjective(interactions, reference, config)

    def working_array(self, logits: Tensor, guidance: NDArray[np.uint8] | None) -> Working:
        """Logits (K, h, w)."""
        return as_array(logits[0])

    def prediction(self, working: Working, height: int, width: int, guidance: NDArray[np.uint8] | None) -> Prediction:
        """The label map of the bilinearly interpolated logits."""
        labels = enlarging.label_map(working, height, width)
        return Prediction(
            labels,
            OutputKind.LABEL_MAP,
            lambda: np.stack([enlarging.enlarged(plane, height, width) for plane in working]),
        )

    def changed(self, before: Working, after: Working) -> NDArray[np.bool_]:
        """Where the class differs."""
        return np.asarray(before.argmax(axis=0) != after.argmax(axis=0))


class CrossEntropyObjective:
    """Equations 9 and 10: cross entropy at the clicks (their mean) and on the strokes (over H W, unpainted pixels left
    out), with the classes predicted before held outside the newest click's disc or the newest stroke.

    The residual of a click is 1 - p of its class, averaged over the pixels that it supervises; strokes have none.
    """

    def __init__(self, interactions: Sequence[Interaction], reference: Tensor, config: ResolvedConfig) -> None:
        class_count, height, width = reference.shape[1:]
        device = reference.device
        self._pixel_count = height * width
        self._clicked = ClickedPixels.of(clicks_of(interactions), config.click_disc_radius, height, width, device)
        self._classes = self._clicked.targets.long().clamp_(max=class_count - 1)
        self._click_weights = self._clicked.weights / max(self._clicked.click_count, 1)
        self._finetune = _finetune_mask(interactions, height, width).to(device)
        self._has_strokes = bool((self._finetune != IGNORED).any())
        self._consistency_weight = config.consistency_weight
        self._nothing = torch.zeros((), device=device)
        self._held = reference.detach().argmax(dim=1)
        free = interactions if config.free_earlier_clicks else interactions[-1:]
        for interaction in free:
            self._held[:, _attended(interaction, config.click_disc_radius, height, width).to(device)] = IGNORED

    def __call__(self, logits: Tensor) -> LossParts:
        """Losses of (1, K, H, W) float32."""
        refinement, residual = self._nothing, self._nothing
        if self._clicked.click_count:
            clicked = logits[0].flatten(1).index_select(1, self._clicked.pixels)
            refinement = cross_entropy(clicked, self._classes, self._click_weights)
            certainty = clicked.detach().softmax(dim=0).gather(0, self._classes[None])[0]
            residual = self._clicked.worst(1.0 - certainty)
        if self._has_strokes:
            refinement = refinement + masked_cross_entropy(logits, self._finetune, IGNORED)
            residual = residual + 1.0
        if self._consistency_weight == 0:
            return LossParts(refinement, refinement.detach(), self._nothing, residual)
        consistency = self._consistency_weight * masked_cross_entropy(logits, self._held, IGNORED)
        return LossParts(refinement + consistency, refinement.detach(), consistency.detach(), residual)


def _finetune_mask(interactions: Sequence[Interaction], height: int, width: int) -> Tensor:
    """T of equation 10, (1, H, W) int64: the class of the newest stroke over a pixel, or IGNORED."""
    mask = np.full((height, width), IGNORED, dtype=np.int64)
    for interaction in interactions:
        if isinstance(interaction, Stroke):
            mask[interaction.painted(height, width)] = int(interaction.target)
    return torch.from_numpy(mask)[None]


def _attended(interaction: Interaction, disc_radius: float, height: int, width: int) -> Tensor:
    """Where an interaction may change the prediction, (H, W) bool."""
    if isinstance(interaction, Stroke):
        return torch.from_numpy(interaction.painted(height, width))
    radius = max(getattr(interaction, "radius", 0.0), disc_radius)
    return outside_disc(interaction.x, interaction.y, radius, height, width) == 0
