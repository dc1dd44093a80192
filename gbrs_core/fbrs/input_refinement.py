"""RGB-BRS and DistMap-BRS with the losses of the G-BRS paper and Adam: the input refinement of its tables 1 and 3."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gbrs_core.config import LEARNING_RATE_LADDER, RefinementConfig
from gbrs_core.errors import GbrsError
from gbrs_core.fbrs.brs import InputBias
from gbrs_core.guidance import click_maps, resized_trimap
from gbrs_core.interaction import Click
from gbrs_core.network import RefinableNetwork
from gbrs_core.optimise import minimise
from gbrs_core.partition import run_plain
from gbrs_core.prediction import Prediction
from gbrs_core.refiner import module_on, normalised, with_trimap
from gbrs_core.tasks import task_named
from gbrs_core.working_frame import WorkingFrame, working_size

LEARNING_RATE = LEARNING_RATE_LADDER[3]


class InputRefinement:
    """One image whose network input is refined, click after click from where it ended.

    Args:
        network: any network; "click maps" needs one that takes them.
        image: (H, W, 3) uint8 RGB.
        adjusted: what the bias is added to.
        config: preset and numbers; its layer says nothing here.
        guidance: (H, W) uint8 trimap for networks that want one.
        device: where the network runs.

    Raises:
        GbrsError: the network takes no click maps although those are to be refined.
    """

    def __init__(
        self,
        network: RefinableNetwork,
        image: NDArray[np.uint8],
        adjusted: Literal["image", "click maps"] = "image",
        config: RefinementConfig | None = None,
        guidance: NDArray[np.uint8] | None = None,
        device: str = "cpu",
    ) -> None:
        self._spec = network.spec
        if adjusted == "click maps" and self._spec.guidance != "click_maps":
            raise GbrsError(f"{self._spec.name} takes no click maps that could be refined")
        self._adjusts_maps = adjusted == "click maps"
        self._task = task_named(self._spec.task)
        chosen = config or RefinementConfig()
        defaults = self._task.defaults_for(chosen.layer, chosen.preset).with_changes(learning_rate=LEARNING_RATE)
        self._config = chosen.filled_from(defaults)
        size = image.shape[0], image.shape[1]
        self._frame = WorkingFrame(size, working_size(size, self._spec))
        self._device = torch.device(device)
        self._module = module_on(network.module, self._device)
        self._trimap = guidance
        self._working_trimap = None if guidance is None else resized_trimap(guidance, *self._frame.working_size)
        self._image = normalised(self._frame.shrunk(image), self._spec, self._device)
        if self._working_trimap is not None:
            self._image = with_trimap(self._image, self._working_trimap)
        self._bias: InputBias | None = None
        self._clicks: list[Click] = []
        self.iterations = 0
        self.prediction = self._shown(None)

    def click(self, click: Click) -> Prediction:
        """Refine by one more click in image pixels; the new prediction at image size.

        Raises:
            DivergedError: a loss is not finite; clicks and prediction are those of before.
        """
        clicks = [*self._clicks, click]
        working = [one for each in clicks if isinstance(one := self._frame.to_working(each), Click)]
        inputs = self._inputs(working)
        if self._bias is None:
            channels, height, width = inputs[1 if self._adjusts_maps else 0].shape[1:]
            self._bias = InputBias((channels, height, width)).to(self._device)
        before = self._bias.vector.detach().clone()
        try:
            logits = self._minimised(inputs, working, self._bias)
        except GbrsError:
            with torch.no_grad():
                self._bias.vector.copy_(before)
            raise
        self._clicks = clicks
        self.prediction = self._shown(logits)
        return self.prediction

    def _minimised(self, inputs: tuple[Tensor, ...], clicks: list[Click], bias: InputBias) -> Tensor:
        def suffix() -> Tensor:
            number = 1 if self._adjusts_maps else 0
            changed = [bias(tensor) if index == number else tensor for index, tensor in enumerate(inputs)]
            output: Tensor = self._module(*changed)
            return output.float()

        with torch.enable_grad():
            first = suffix()
        config = self._config
        steps = minimise(
            first,
            suffix,
            self._task.objective(clicks, first.detach(), config),
            [bias],
            iterations=config.iterations,
            learning_rate=config.learning_rate,
            stop_residual=config.stop_residual,
        )
        logits = first.detach()
        for step in steps:
            logits, self.iterations = step.logits, step.iteration
        return logits

    def _inputs(self, clicks: list[Click]) -> tuple[Tensor, ...]:
        if self._spec.guidance != "click_maps":
            return (self._image,)
        points = [(click.y, click.x, click.is_positive) for click in clicks]
        maps = click_maps(points, *self._frame.working_size, self._spec.click_norm_radius, device=self._device)
        return self._image, maps[None]

    def _shown(self, logits: Tensor | None) -> Prediction:
        blank = self._task.blank(*self._frame.working_size) if logits is None else None
        if blank is not None:
            working = blank
        else:
            output = run_plain(self._module, self._inputs([])) if logits is None else logits
            working = self._task.working_array(output, self._working_trimap)
        return self._task.prediction(working, *self._frame.image_size, self._trimap)
