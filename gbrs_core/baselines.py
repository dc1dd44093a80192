"""The baselines behind one interface: each holds an image and the interactions on it, and can be put back.

`gbrs_core.baseline_session` makes sessions of them for the window and the command line, `gbrs_core.evaluation.methods`
measures them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from gbrs_core.config import RefinementConfig
from gbrs_core.errors import GbrsError
from gbrs_core.fbrs.input_refinement import InputRefinement, InputSnapshot
from gbrs_core.fbrs.predictor import FbrsConfig, FbrsPredictor, FbrsSnapshot
from gbrs_core.grabcut import grabcut
from gbrs_core.history import Snapshot
from gbrs_core.interaction import Box, Click, Interaction, mode_of
from gbrs_core.method_catalog import MethodDescription
from gbrs_core.network import RefinableNetwork
from gbrs_core.optimise import RefinementStep
from gbrs_core.tasks.base import Working
from gbrs_core.working_frame import WorkingFrame

LEAST_LOGIT = 1e-6
"""No logit of f-BRS is nearer to zero, so that its sign is what the comparison with the threshold says."""

ShouldEnd = Callable[[], bool]
"""Asked after every iteration; true keeps what there is as the result."""
Watch = Callable[[RefinementStep], None]
"""Takes the steps of a method whose loop cannot be paused to give them; an error that it raises ends the click."""


class Baseline(Protocol):
    """A method that goes from interaction to interaction."""

    @property
    def frame(self) -> WorkingFrame:
        """The way from image pixels to those of `working`."""

    @property
    def working(self) -> Working:
        """The prediction now, read-only."""

    @property
    def losses(self) -> tuple[float, ...]:
        """Of the newest interaction, at the start and after every iteration; empty where nothing was optimised."""

    @property
    def iterations(self) -> int:
        """Of the newest interaction."""

    @property
    def most_iterations(self) -> int:
        """That the newest interaction may have had."""

    @property
    def crop(self) -> Box | None:
        """The part of the image that the network looked at; None for all of it."""

    def configure(self, config: RefinementConfig) -> None:
        """Take other numbers from the next interaction on."""

    def steps(
        self, interaction: Interaction, should_end: ShouldEnd, preview_every: int = 0
    ) -> Generator[RefinementStep, None, None]:
        """Take one more interaction in image pixels; steps where the method's loop can be paused.

        Closing it before its end, or an error, leaves all as before.
        """

    def snapshot(self) -> Snapshot:
        """What it is now."""

    def restore(self, snapshot: Any) -> None:
        """Be what it was when it gave this snapshot."""


def never() -> bool:
    """A `ShouldEnd` that lets everything run to its end."""
    return False


class AdjustedInput:
    """RGB-BRS and DistMap-BRS with the losses of G-BRS and Adam."""

    def __init__(self, refinement: InputRefinement) -> None:
        self._refinement = refinement
        self.crop: Box | None = None
        self.losses: tuple[float, ...] = ()
        self.most_iterations = 0

    @property
    def frame(self) -> WorkingFrame:
        """Of the size at which the network runs."""
        return self._refinement.frame

    @property
    def working(self) -> Working:
        """As the task has it."""
        return self._refinement.working

    @property
    def iterations(self) -> int:
        """Updates of the input."""
        return self._refinement.iterations

    def configure(self, config: RefinementConfig) -> None:
        """Take other numbers."""
        self._refinement.config = config

    def steps(
        self, interaction: Interaction, should_end: ShouldEnd, preview_every: int = 0
    ) -> Generator[RefinementStep, None, None]:
        """Refine the input; a step per iteration."""
        losses: list[float] = []
        self.most_iterations = self._refinement.resolved(mode_of(interaction)).iterations
        with closing(self._refinement.iterates(interaction, should_end)) as iterates:
            for iterate in iterates:
                losses.append(iterate.loss)
                if iterate.iteration > 0:
                    yield iterate.step(
                        self._refinement.interaction_count,
                        self.most_iterations,
                        preview_every,
                        self._refinement.working_array,
                    )
        self.losses = tuple(losses)

    def snapshot(self) -> InputSnapshot:
        """What is added to the input."""
        return self._refinement.snapshot()

    def restore(self, snapshot: InputSnapshot) -> None:
        """Add that again."""
        self._refinement.restore(snapshot)


class Fbrs:
    """f-BRS's pipeline; its probabilities as logits around its threshold.

    Args:
        network: an interactive network that takes click maps.
        image: (H, W, 3) uint8 RGB.
        config: settings.
        device: where the network runs.
        size: (h, w) of the picture from which regions are cut out; None is the image's.
        watch: takes the steps, see `Watch`.

    Raises:
        GbrsError: the network takes no click maps, or has no place of the name that is to be optimised.
    """

    def __init__(
        self,
        network: RefinableNetwork,
        image: NDArray[np.uint8],
        config: FbrsConfig,
        device: str,
        size: tuple[int, int] | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.frame = _frame(image, size)
        self._config = config
        self._watch = watch
        self._should_end: ShouldEnd = never
        self._predictor = FbrsPredictor(network, self.frame.shrunk(image), config, device, self._on_evaluation)
        self.losses: tuple[float, ...] = ()

    @property
    def working(self) -> Working:
        """Logits, above zero where the probability is above the threshold."""
        return _as_logits(self._predictor.probability, self._config.threshold)

    @property
    def iterations(self) -> int:
        """Evaluations of the loss."""
        return len(self.losses)

    @property
    def most_iterations(self) -> int:
        """About so many evaluations."""
        return self._config.evaluations if self.losses else 0

    @property
    def crop(self) -> Box | None:
        """The region of ZoomIn."""
        region = self._predictor.snapshot().region
        return None if region is None else self.frame.box_in_image(region.edges)

    def configure(self, config: RefinementConfig) -> None:
        """Nothing: it has settings of its own."""

    def steps(
        self, interaction: Interaction, should_end: ShouldEnd, preview_every: int = 0
    ) -> Generator[RefinementStep, None, None]:
        """Predict with one more click; scipy's loop cannot be paused, so that there are no steps."""
        self._should_end = should_end
        click = as_click(self.frame.to_working(as_click(interaction)))
        self._predictor.click(click.y, click.x, is_positive=click.is_positive)
        self.losses = self._predictor.reports[-1].losses
        yield from ()

    def snapshot(self) -> FbrsSnapshot:
        """Variables, region and probabilities."""
        return self._predictor.snapshot()

    def restore(self, snapshot: FbrsSnapshot) -> None:
        """Take those again."""
        self._predictor.restore(snapshot)

    def _on_evaluation(self, losses: tuple[float, ...]) -> bool:
        if self._watch is not None:
            self._watch(self._step(losses))
        return self._should_end()

    def _step(self, losses: tuple[float, ...]) -> RefinementStep:
        return RefinementStep(
            click_index=self._predictor.click_count - 1,
            iteration=len(losses),
            iterations=max(self._config.evaluations, len(losses)),
            loss=losses[-1],
            refinement_loss=float("nan"),
            consistency_loss=float("nan"),
            residual=float("nan"),
            prediction=None,
        )


@dataclass(frozen=True)
class ClicksSnapshot:
    """Clicks in image pixels, from which everything can be made again."""

    clicks: tuple[Click, ...]
    size_bytes: int = 0


class GrabCut:
    """OpenCV's GrabCut; its masks as logits +1 and -1.

    Args:
        image: (H, W, 3) uint8 RGB.
        size: (h, w) at which it runs; None is the image's.
    """

    losses: tuple[float, ...] = ()
    iterations = most_iterations = 0

    def __init__(self, image: NDArray[np.uint8], size: tuple[int, int] | None = None) -> None:
        self.frame = _frame(image, size)
        self._image = self.frame.shrunk(image)
        self._clicks: tuple[Click, ...] = ()
        self._working: Working | None = None
        self.crop: Box | None = None

    @property
    def working(self) -> Working:
        """Made when it is asked for."""
        if self._working is None:
            self._working = self._cut(self._clicks)
        return self._working

    def configure(self, config: RefinementConfig) -> None:
        """Nothing: it has no numbers."""

    def steps(
        self, interaction: Interaction, should_end: ShouldEnd, preview_every: int = 0
    ) -> Generator[RefinementStep, None, None]:
        """Cut again with one more click; no steps."""
        clicks = (*self._clicks, as_click(interaction))
        self._working, self._clicks = self._cut(clicks), clicks
        yield from ()

    def snapshot(self) -> ClicksSnapshot:
        """The clicks."""
        return ClicksSnapshot(self._clicks)

    def restore(self, snapshot: ClicksSnapshot) -> None:
        """Have those clicks."""
        self._clicks, self._working = snapshot.clicks, None

    def _cut(self, clicks: tuple[Click, ...]) -> Working:
        mask = np.zeros(self.frame.working_size, dtype=np.bool_)
        if clicks:
            mask = grabcut(self._image, [as_click(self.frame.to_working(click)) for click in clicks])
        return _read_only(np.where(mask, np.float32(1), np.float32(-1)))


def baseline_for(
    method: MethodDescription,
    network: RefinableNetwork,
    image: NDArray[np.uint8],
    config: RefinementConfig,
    guidance: NDArray[np.uint8] | None = None,
    device: str = "cpu",
    *,
    size: tuple[int, int] | None = None,
    fbrs: FbrsConfig | None = None,
    watch: Watch | None = None,
) -> Baseline:
    """The baseline that goes by a method's name.

    Args:
        method: any but G-BRS.
        network: one that fits, see `MethodDescription.obstacle`; GrabCut makes no use of it.
        image: (H, W, 3) uint8 RGB.
        config: numbers, for the methods that take them.
        guidance: (H, W) uint8 trimap for networks that want one.
        device: where the network runs.
        size: (h, w) at which GrabCut runs and from which f-BRS cuts; None is the image's. Adjusted inputs have the
            network's working size.
        fbrs: settings of f-BRS's pipeline.
        watch: takes the steps where they cannot be had otherwise, see `Watch`.

    Raises:
        GbrsError: the method cannot be used with the network.
    """
    if obstacle := method.obstacle(network.spec):
        raise GbrsError(f"{obstacle}; choose another method")
    if method.family == "grabcut":
        return GrabCut(image, size)
    if method.family == "f-brs":
        return Fbrs(network, image, replace(fbrs or FbrsConfig(), adjusted=method.adjusted), device, size, watch)
    adjusted: Literal["image", "click maps"] = "click maps" if method.adjusted == "click maps" else "image"
    return AdjustedInput(InputRefinement(network, image, adjusted, config, guidance, device))


def _frame(image: NDArray[np.uint8], size: tuple[int, int] | None) -> WorkingFrame:
    whole = image.shape[0], image.shape[1]
    return WorkingFrame(whole, size or whole)


def as_click(interaction: Interaction) -> Click:
    """The interaction itself. Raises GbrsError if it is no click."""
    if not isinstance(interaction, Click):
        raise GbrsError(f"object masks are corrected by clicks, not by a {mode_of(interaction).value}")
    return interaction


def _as_logits(probability: NDArray[np.float32], threshold: float) -> Working:
    # float32 probabilities end at 1 - 6e-8.
    inside = np.clip(probability, 1e-7, 1 - 1e-7)
    logits = np.log(inside / (1 - inside)) - np.log(threshold / (1 - threshold))
    magnitude = np.maximum(np.abs(logits), LEAST_LOGIT)
    return _read_only(np.where(probability > threshold, magnitude, -magnitude).astype(np.float32))


def _read_only(values: NDArray[np.float32]) -> Working:
    values.flags.writeable = False
    return values
