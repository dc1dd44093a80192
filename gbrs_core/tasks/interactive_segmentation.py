"""Interactive segmentation (section 2.4.1): object and background clicks, logits with the threshold 0, equation 8."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gbrs_core.attention import outside_disc
from gbrs_core.config import LEARNING_RATE_LADDER, LayerName, PresetName, RefinementDefaults, ResolvedConfig
from gbrs_core.interaction import Click, Mode, TargetSpec
from gbrs_core.losses import hinge, masked_squared_change, squared_hinge_loss
from gbrs_core.prediction import OutputKind, Prediction
from gbrs_core.tasks.base import LossParts

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

_PRESETS: tuple[tuple[PresetName, RefinementDefaults], ...] = (("paper", _PAPER), ("tuned", _TUNED))

DEFAULTS: dict[tuple[LayerName, PresetName], RefinementDefaults] = {
    (layer, preset): numbers.with_changes(learning_rate=learning_rate)
    for layer, learning_rate in _LEARNING_RATES.items()
    for preset, numbers in _PRESETS
}
"""By layer and preset. "paper" is equation 8 with its lambda and early stop; "tuned" is what measures best, and both
take the learning rate that measures best for the layer: docs/results.md."""


class InteractiveSegmentation:
    """The task; see `gbrs_core.tasks.base.Task`."""

    name = "interactive"
    output_kind = OutputKind.MASK
    modes = (Mode.CLICK,)
    target_spec = TargetSpec(kind="binary")
    defaults = DEFAULTS

    def objective(self, clicks: Sequence[Click], reference: Tensor, config: ResolvedConfig) -> HingeObjective:
        """Equation 8 for these clicks, in working pixels."""
        return HingeObjective(clicks, reference, config)

    def blank(self, height: int, width: int) -> NDArray[np.float32]:
        """All background."""
        return np.full((height, width), BLANK_LOGIT, dtype=np.float32)

    def working_array(self, logits: Tensor) -> NDArray[np.float32]:
        """Logits (H, W)."""
        array: NDArray[np.float32] = logits.detach()[0, 0].float().cpu().contiguous().numpy()
        array.flags.writeable = False
        return array

    def prediction(self, working: NDArray[np.float32], height: int, width: int) -> Prediction:
        """Logits (H, W) by bilinear interpolation."""
        if working.shape == (height, width):
            return Prediction(working, self.output_kind)
        return Prediction(cv2.resize(working, (width, height), interpolation=cv2.INTER_LINEAR), self.output_kind)

    def changed(self, before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Where the mask flipped."""
        return np.asarray((before > 0) != (after > 0))


class HingeObjective:
    """Equation 8 over all clicks, with the consistency loss outside the disc of the newest one.

    The residual of a click is max(0, 1 - l f), averaged over the pixels that it supervises.
    """

    def __init__(self, clicks: Sequence[Click], reference: Tensor, config: ResolvedConfig) -> None:
        height, width = reference.shape[2:]
        device = reference.device
        pixels, owners = supervised_pixels(clicks, config.click_disc_radius, height, width)
        sizes = np.bincount(owners, minlength=len(clicks))
        targets = np.array([click.target for click in clicks], dtype=np.float32)
        self._click_count = len(clicks)
        self._pixels = torch.from_numpy(pixels).to(device)
        self._owners = torch.from_numpy(owners).to(device)
        self._targets = torch.from_numpy(targets[owners]).to(device)
        self._weights = torch.from_numpy((1.0 / sizes[owners]).astype(np.float32)).to(device)
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
        hinges = hinge(logits.flatten().index_select(0, self._pixels), self._targets)
        refinement = squared_hinge_loss(hinges, self._weights)
        residual = self._residual(hinges.detach())
        if self._consistency_weight == 0:
            return LossParts(refinement, refinement.detach(), self._no_consistency, residual)
        change = masked_squared_change(logits, self._masked_reference, self._mask)
        consistency = self._consistency_weight * change
        return LossParts(refinement + consistency, refinement.detach(), consistency.detach(), residual)

    def _residual(self, hinges: Tensor) -> Tensor:
        means = torch.zeros(self._click_count, device=hinges.device)
        return means.index_add_(0, self._owners, hinges * self._weights).amax()


def supervised_pixels(
    clicks: Sequence[Click], disc_radius: float, height: int, width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The pixels that each click supervises: those within `disc_radius` of its own pixel, clipped to the image.

    A pixel that is strictly nearer to a click of another target is left to that one.

    Args:
        clicks: in pixels; a click's own pixel is the nearest one inside the image.
        disc_radius: in pixels; 0 takes the click's own pixel alone.
        height: H.
        width: W.

    Returns:
        (P,) flat indices row * W + col, and (P,) the index of the click each belongs to; every click has at least one.
    """
    reach = math.floor(disc_radius)
    steps = np.arange(-reach, reach + 1)
    down, right = (grid.ravel() for grid in np.meshgrid(steps, steps, indexing="ij"))
    is_inside = down**2 + right**2 <= disc_radius**2
    down, right = down[is_inside], right[is_inside]
    centres = np.array([_own_pixel(click, height, width) for click in clicks], dtype=np.int64)
    targets = np.array([click.target for click in clicks])
    pixels, owners = [], []
    for index, centre in enumerate(centres):
        rows, cols = centre[0] + down, centre[1] + right
        keeps = (rows >= 0) & (rows < height) & (cols >= 0) & (cols < width)
        near = np.abs(centres - centre).max(axis=1) <= 2 * reach
        for rival in centres[near & (targets != targets[index])]:
            keeps &= (rows - rival[0]) ** 2 + (cols - rival[1]) ** 2 >= down**2 + right**2
        pixels.append(rows[keeps] * width + cols[keeps])
        owners.append(np.full(int(keeps.sum()), index, dtype=np.int64))
    return np.concatenate(pixels), np.concatenate(owners)


def _own_pixel(click: Click, height: int, width: int) -> tuple[int, int]:
    row = min(max(math.floor(click.y + 0.5), 0), height - 1)
    col = min(max(math.floor(click.x + 0.5), 0), width - 1)
    return row, col
