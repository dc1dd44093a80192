"""`BaselineSession`: baselines and G-BRS with ZoomIn behind the interface of `RefinementSession`; who gets which."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gbrs_core.baselines import Baseline, Watch, baseline_for
from gbrs_core.config import GBRS, MethodName, RefinementConfig
from gbrs_core.fbrs.predictor import FbrsConfig
from gbrs_core.history import ClickReport, History, Snapshot, State
from gbrs_core.history_session import HistorySession, Steps
from gbrs_core.interaction import Interaction
from gbrs_core.method_catalog import METHODS, MethodDescription
from gbrs_core.network import NetworkSpec, RefinableNetwork
from gbrs_core.optimise import RefinementStep
from gbrs_core.prediction import Prediction
from gbrs_core.session import RefinementSession
from gbrs_core.tasks.base import Working
from gbrs_core.working_frame import working_size
from gbrs_core.zoomed_refinement import PICTURE_SIDE, ZoomedRefinement


class Session(Protocol):
    """What window and command line ask of a session; see `RefinementSession`."""

    @property
    def clicks(self) -> tuple[Interaction, ...]:
        """Those in force, in image pixels."""

    @property
    def reports(self) -> tuple[ClickReport, ...]:
        """How each of them went."""

    @property
    def image_size(self) -> tuple[int, int]:
        """(H, W) of the image."""

    @property
    def config(self) -> RefinementConfig:
        """The settings for the next click."""

    @property
    def prediction(self) -> Prediction:
        """At image size."""

    @property
    def working_prediction(self) -> Working:
        """At working size."""

    def set_config(self, config: RefinementConfig | None) -> None:
        """Change the settings from the next click on."""

    def refine(self, click: Interaction, preview_every: int = 0) -> Steps:
        """Add a click and refine by it."""

    def replay(self, clicks: Iterable[Interaction], preview_every: int = 0) -> Steps:
        """Bring the session to exactly these clicks."""

    def accept(self) -> None:
        """Let the running click end after its current iteration. Callable from any thread."""

    def undo(self) -> bool:
        """Take back the newest click."""

    def redo(self) -> bool:
        """Bring back the click undone last."""

    def reset(self) -> None:
        """Forget all clicks."""


def open_session(
    network: RefinableNetwork,
    image: NDArray[np.uint8],
    config: RefinementConfig | None = None,
    guidance: NDArray[np.generic] | None = None,
    *,
    device: str = "cpu",
    watch: Watch | None = None,
) -> Session:
    """A session for the method of the settings; arguments and errors as those of the two kinds of session."""
    if config is None or (config.method == GBRS and not config.is_zoomed):
        return RefinementSession(network, image, config, guidance, device=device)
    return BaselineSession(network, image, config, guidance, device=device, watch=watch)


class BaselineSession(HistorySession[Snapshot]):
    """Corrects a prediction by a baseline or by G-BRS with ZoomIn, click by click; each keeps a snapshot for undo.

    As a `RefinementSession`: clicks are in image pixels, what fails or is closed before its end changes nothing, a
    session belongs to one thread at a time, and only `accept` may be called from any thread.

    Args:
        network: a loaded network.
        image: (H, W, 3) uint8 RGB.
        config: settings, with any method but G-BRS on the whole image.
        guidance: the trimap (H, W) uint8 for networks that take one, and only for those.
        device: "cpu", "cuda", "cuda:N" or "mps".
        watch: takes the steps of methods whose loop cannot be paused to give them from `refine`; an error that it
            raises ends the click and leaves the session as it was.

    Raises:
        GbrsError: the method cannot be used with the network.
        ShapeError, ValueError: as those of `RefinementSession`.
    """

    def __init__(
        self,
        network: RefinableNetwork,
        image: NDArray[np.uint8],
        config: RefinementConfig,
        guidance: NDArray[np.generic] | None = None,
        *,
        device: str = "cpu",
        watch: Watch | None = None,
    ) -> None:
        super().__init__(network.spec, image, config, guidance)
        self._baseline: Baseline = (
            ZoomedRefinement(network, image, config, device)
            if config.is_zoomed
            else _made(_described(config.method), network, image, config, self._trimap, device, watch)
        )
        self._start = self._baseline.snapshot()
        self._held: Snapshot | None = self._start

    @property
    def prediction(self) -> Prediction:
        """The prediction at image size."""
        return self._task.prediction(self.working_prediction, *self.image_size, self._trimap)

    @property
    def working_prediction(self) -> Working:
        """The prediction at the size at which the method works, read-only float32."""
        newest = self._history.newest
        if newest is not None and newest.prediction is not None:
            return newest.prediction
        self._bring_up()
        return self._baseline.working

    def set_config(self, config: RefinementConfig | None) -> None:
        """Change the numbers from the next click on; None takes the defaults with the same method and ZoomIn.

        Raises:
            ValueError: another method, or G-BRS without ZoomIn, which needs another session.
        """
        self._check_idle()
        chosen = config or RefinementConfig(method=self._config.method, zoom_in=self._config.zoom_in)
        if (chosen.method, chosen.is_zoomed) != (self._config.method, self._config.is_zoomed):
            raise ValueError(f"this session is one of {self._config.method}; `open_session` makes another one")
        self._baseline.configure(chosen)
        self._config = chosen

    def _steps(self, click: Interaction, preview_every: int) -> Steps:
        """Correct by one click and push its state."""
        self._accepts.clear()
        before = self.working_prediction
        self._bring_up()
        seconds = yield from _timed(self._baseline.steps(click, self._accepts.is_set, preview_every))
        after, losses = self._baseline.working, self._baseline.losses
        inside, outside = self._changed_shares(self._baseline.frame, click, before, after)
        report = ClickReport(
            click=click,
            loss=losses[-1] if losses else float("nan"),
            iterations_run=self._baseline.iterations,
            seconds=seconds,
            changed_inside=inside,
            changed_outside=outside,
            stopped_early=bool(losses) and self._baseline.iterations < self._baseline.most_iterations,
            losses=losses,
            crop=self._baseline.crop,
        )
        self._held = self._baseline.snapshot()
        self._history = self._history.pushed(State(report, self._config, self._held, after))

    def _put_back(self, history: History[Snapshot]) -> None:
        super()._put_back(history)
        self._held = None  # the next click starts from a snapshot, wherever the method stopped

    def _bring_up(self) -> None:
        """Put the method where the newest click left it."""
        newest = self._history.newest
        wanted = self._start if newest is None or newest.variables is None else newest.variables
        if self._held is not wanted:
            self._baseline.restore(wanted)
            self._held = wanted


def _described(name: MethodName) -> MethodDescription:
    if name == GBRS:
        raise ValueError(f"{GBRS} is no baseline; `open_session` makes its session")
    return METHODS[name]


def _made(
    method: MethodDescription,
    network: RefinableNetwork,
    image: NDArray[np.uint8],
    config: RefinementConfig,
    trimap: NDArray[np.uint8] | None,
    device: str,
    watch: Watch | None,
) -> Baseline:
    """The baseline at sizes that a window can wait for."""
    size = image.shape[0], image.shape[1]
    spec: NetworkSpec = network.spec
    side = PICTURE_SIDE if method.family == "f-brs" else spec.working_side
    # What is cut out of the picture goes through the network at no more than its own size.
    fbrs = FbrsConfig(longest_side=spec.working_side)
    return baseline_for(
        method, network, image, config, trimap, device, size=working_size(size, spec, side), fbrs=fbrs, watch=watch
    )


def _timed(steps: Steps) -> Generator[RefinementStep, None, float]:
    """The steps; returns the seconds spent on them."""
    seconds = 0.0
    try:
        while True:
            started = time.perf_counter()
            step = next(steps, None)
            seconds += time.perf_counter() - started
            if step is None:
                return seconds
            yield step
    finally:
        steps.close()
