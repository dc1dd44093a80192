"""RGB-BRS and DistMap-BRS with the losses of the G-BRS paper and Adam: the input refinement of its tables 1 and 3."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gbrs_core.config import RefinementConfig, ResolvedConfig
from gbrs_core.errors import GbrsError
from gbrs_core.fbrs.brs import InputBias
from gbrs_core.guidance import click_maps, resized_trimap
from gbrs_core.interaction import Click, Interaction, Mode, mode_of
from gbrs_core.method_catalog import INPUT_LEARNING_RATE
from gbrs_core.network import RefinableNetwork
from gbrs_core.optimise import Iterate, diverged, minimise
from gbrs_core.partition import run_plain
from gbrs_core.prediction import Prediction
from gbrs_core.refiner import module_on, normalised, with_trimap
from gbrs_core.tasks import task_named
from gbrs_core.tasks.base import PUSH, Working
from gbrs_core.tasks.supervision import clicks_of
from gbrs_core.working_frame import WorkingFrame, working_size


@dataclass(frozen=True, eq=False)
class InputSnapshot:
    """What a refinement is after some interactions, for going back to.

    Attributes:
        interactions: in image pixels.
        vector: the bias, None before the first one.
        working: the prediction at working size.
    """

    interactions: tuple[Interaction, ...]
    vector: Tensor | None
    working: Working

    @property
    def size_bytes(self) -> int:
        """Memory held."""
        return self.working.nbytes + (0 if self.vector is None else self.vector.nbytes)


class InputRefinement:
    """One image whose network input is refined, interaction after interaction from where it ended.

    Args:
        network: any network; "click maps" needs one that takes them.
        image: (H, W, 3) uint8 RGB.
        adjusted: what the bias is added to.
        config: preset and numbers; its layer and method say nothing here.
        guidance: (H, W) uint8 trimap for networks that want one.
        device: where the network runs.

    Attributes:
        frame: the way to the pixels at which the network runs.
        working: the prediction there, read-only.
        iterations: of the newest interaction.

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
        self.config = config or RefinementConfig()
        size = image.shape[0], image.shape[1]
        self.frame = WorkingFrame(size, working_size(size, self._spec))
        self._device = torch.device(device)
        self._module = module_on(network.module, self._device)
        self._trimap = guidance
        self._working_trimap = None if guidance is None else resized_trimap(guidance, *self.frame.working_size)
        self._image = normalised(self.frame.shrunk(image), self._spec, self._device)
        if self._working_trimap is not None:
            self._image = with_trimap(self._image, self._working_trimap)
        self._bias: InputBias | None = None
        self._interactions: tuple[Interaction, ...] = ()
        self.iterations = 0
        self.working = self._first()

    @property
    def prediction(self) -> Prediction:
        """At image size."""
        return self._task.prediction(self.working, *self.frame.image_size, self._trimap)

    @property
    def interaction_count(self) -> int:
        """How many are done."""
        return len(self._interactions)

    def click(self, interaction: Interaction) -> Prediction:
        """Refine by one more click, stroke or push in image pixels; the new prediction at image size.

        Raises:
            DivergedError: a loss or the output is not finite. After this or any other error all is as before.
        """
        for _ in self.iterates(interaction):
            pass
        return self.prediction

    def iterates(
        self, interaction: Interaction, should_end: Callable[[], bool] = lambda: False
    ) -> Generator[Iterate, None, None]:
        """As `click`, an iterate at a time, the start included; closing it before its end leaves all as before.

        Args:
            interaction: in image pixels.
            should_end: asked after every iterate; true keeps it as the result.
        """
        before = self.snapshot()
        is_finished = False
        try:
            interactions = (*self._interactions, interaction)
            logits, iteration = None, 0
            for iterate in self._minimised(interactions):
                logits, iteration = iterate.logits, iterate.iteration
                yield iterate
                if should_end():
                    break
            # The losses do not see every pixel when there is no consistency term.
            if logits is None or not bool(torch.isfinite(logits).all()):
                raise diverged(iteration)
            self._interactions, self.iterations, self.working = interactions, iteration, self.working_array(logits)
            is_finished = True
        finally:
            if not is_finished:
                self.restore(before)

    def working_array(self, logits: Tensor) -> Working:
        """The prediction at working size from the network's output (1, K, h, w)."""
        return self._task.working_array(logits, self._working_trimap)

    def snapshot(self) -> InputSnapshot:
        """What it is now."""
        vector = None if self._bias is None else self._bias.vector.detach().clone()
        return InputSnapshot(self._interactions, vector, self.working)

    def restore(self, snapshot: InputSnapshot) -> None:
        """Be what it was then."""
        self._interactions, self.working = snapshot.interactions, snapshot.working
        self._bias = None
        if snapshot.vector is not None:
            self._bias = self._new_bias()
            with torch.no_grad():
                self._bias.vector.copy_(snapshot.vector)

    def _new_bias(self) -> InputBias:
        """One that changes nothing."""
        height, width = self._image.shape[2:]
        channels = 2 if self._adjusts_maps else self._image.shape[1]
        return InputBias((channels, height, width)).to(self._device)

    def resolved(self, mode: Mode = Mode.CLICK) -> ResolvedConfig:
        """The numbers of a mode; the layers' defaults are one and the same but for the learning rate."""
        defaults = self._task.defaults_for("bmconv", self.config.preset, mode)
        numbers = self.config.filled_from(defaults.with_changes(learning_rate=INPUT_LEARNING_RATE))
        return replace(numbers, **PUSH) if mode is Mode.PUSH else numbers

    def _minimised(self, interactions: tuple[Interaction, ...]) -> Generator[Iterate, None, None]:
        working = [self.frame.to_working(each) for each in interactions]
        config = self.resolved(mode_of(interactions[-1]))
        inputs = self._inputs(clicks_of(working))
        number = 1 if self._adjusts_maps else 0
        bias = self._bias = self._bias or self._new_bias()

        def suffix() -> Tensor:
            changed = [bias(tensor) if index == number else tensor for index, tensor in enumerate(inputs)]
            output: Tensor = self._module(*changed)
            return output.float()

        with torch.enable_grad():
            first = suffix()
        yield from minimise(
            first,
            suffix,
            self._task.objective(working, first.detach(), config),
            [bias],
            iterations=config.iterations,
            learning_rate=config.learning_rate,
            stop_residual=config.stop_residual,
            matches_step=config.matches_step,
        )

    def _inputs(self, clicks: list[Click]) -> tuple[Tensor, ...]:
        if self._spec.guidance != "click_maps":
            return (self._image,)
        points = [(click.y, click.x, click.is_positive) for click in clicks]
        maps = click_maps(points, *self.frame.working_size, self._spec.click_norm_radius, device=self._device)
        return self._image, maps[None]

    def _first(self) -> Working:
        """The prediction before the first interaction."""
        blank = self._task.blank(*self.frame.working_size)
        return blank if blank is not None else self.working_array(run_plain(self._module, self._inputs([])))
