"""`RefinementSession`: an image, the clicks, strokes and pushes on it, and the prediction they led to."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gbrs_core.active_layers import Variables
from gbrs_core.config import GBRS, RefinementConfig, ResolvedConfig
from gbrs_core.guidance import resized_trimap
from gbrs_core.history import ClickReport, State
from gbrs_core.history_session import HistorySession, Steps
from gbrs_core.interaction import Interaction, Mode, mode_of
from gbrs_core.network import RefinableNetwork
from gbrs_core.optimise import Iterate, RefinementStep
from gbrs_core.prediction import Prediction
from gbrs_core.refiner import Refined, Refiner
from gbrs_core.tasks.base import PUSH
from gbrs_core.working_frame import WorkingFrame, working_size

__all__ = ["ClickReport", "RefinementSession", "RefinementStep"]


class RefinementSession(HistorySession[Variables]):
    """Refines the prediction of a network for one image, click by click.

    Images longer than the working side are scaled down for the network (never up); clicks and predictions are in pixels
    of the image as given. Every click keeps a snapshot for undo, see `gbrs_core.history.History` for how far back.
    What is said of clicks here holds for strokes and pushes too, where the task has them.

    A session belongs to one thread at a time, and so does its network; only `accept` may be called from any thread.
    The network's module is never changed.

    Args:
        network: a loaded network, or any object with `module` and `spec` like `gbrs_core.network.RefinableNetwork`.
        image: (H, W, 3) uint8 RGB.
        config: settings; None takes the defaults.
        guidance: the trimap (H, W) uint8 with the values 0, 128 and 255, for networks that take one, and only for
            those. Another trimap is another session, to which the clicks are replayed.
        device: "cpu", "cuda", "cuda:N" or "mps".
        working_side: longest side at which the network runs; None takes the network's own.

    Raises:
        ShapeError: the image has another shape.
        ValueError: the image is not uint8, the settings do not fit the network, or the trimap is missing, not wanted,
            of another size or has other values.
    """

    def __init__(
        self,
        network: RefinableNetwork,
        image: NDArray[np.uint8],
        config: RefinementConfig | None = None,
        guidance: NDArray[np.generic] | None = None,
        *,
        device: str = "cpu",
        working_side: int | None = None,
    ) -> None:
        super().__init__(network.spec, image, config or RefinementConfig(), guidance)
        self._gains_from_mirror = network.spec.gains_from_mirror
        self._frame = WorkingFrame(self.image_size, working_size(self.image_size, network.spec, working_side))
        self._working_trimap = None if self._trimap is None else resized_trimap(self._trimap, *self.working_size)
        self._refiner = Refiner(network, self._frame.shrunk(image), self._task, device, self._working_trimap)
        self._refiner.structure(self._resolved(self._config))
        self._initial: NDArray[np.float32] | None = None
        self._shown: tuple[NDArray[np.float32], Prediction] | None = None

    @property
    def working_size(self) -> tuple[int, int]:
        """(h, w) at which the network runs."""
        return self._frame.working_size

    @property
    def history_bytes(self) -> int:
        """Memory held by the snapshots for undo and redo."""
        return self._history.size_bytes

    @property
    def prediction(self) -> Prediction:
        """The prediction at image size; the same object until it changes."""
        working = self.working_prediction
        if self._shown is None or self._shown[0] is not working:
            self._shown = (working, self._task.prediction(working, *self.image_size, self._trimap))
        return self._shown[1]

    @property
    def working_prediction(self) -> NDArray[np.float32]:
        """The prediction at working size, read-only float32: (h, w), or (K, h, w) logits of a label map."""
        newest = self._history.newest
        if newest is None:
            return self._initial_prediction()
        if newest.prediction is None:
            logits = self._refiner.predict(self._working_clicks(), newest.variables, self._resolved(newest.config))
            array = self._working_array(logits)
            self._history = self._history.with_newest(replace(newest, prediction=array))
            return array
        return newest.prediction

    def set_config(self, config: RefinementConfig | None) -> None:
        """Change the settings from the next click on; None takes the defaults.

        Clicks and prediction stay as they are. The next click goes on from the variables of the last one if they fit
        (same layer, levels, bias map and channel selection), otherwise from the start values. `replay(session.clicks)`
        refines all clicks anew with the new settings, because it only keeps what the same settings made.

        Raises:
            ValueError: the settings do not fit the network.
        """
        self._check_idle()
        chosen = config or RefinementConfig()
        self._refiner.structure(self._resolved(chosen))
        self._config = chosen

    # --- refinement ---

    def _steps(self, click: Interaction, preview_every: int) -> Steps:
        """Refine by one click and push its state."""
        self._accepts.clear()
        before = self.working_prediction
        newest = self._history.newest
        config = self._resolved(self._config, mode_of(click))
        clock = _Clock()
        losses: list[float] = []
        iterates = Returning(
            self._refiner.refine(
                [*self._working_clicks(), self._frame.to_working(click)],
                None if newest is None else newest.variables,
                config,
                self._accepts.is_set,
            )
        )
        for iterate in iterates:
            losses.append(iterate.loss)
            if iterate.iteration > 0:
                step = iterate.step(len(self._history.done), config.iterations, preview_every, self._working_array)
                clock.stop()
                yield step
                clock.start()
        refined = iterates.value
        after = self._working_array(refined.logits)
        inside, outside = self._changed_shares(self._frame, click, before, after)
        report = ClickReport(
            click=click,
            loss=losses[-1],
            iterations_run=len(losses) - 1,
            seconds=clock.stop(),
            changed_inside=inside,
            changed_outside=outside,
            stopped_early=config.layer != "none" and len(losses) - 1 < config.iterations,
            losses=tuple(losses),
            obstacle=refined.obstacle,
        )
        self._history = self._history.pushed(State(report, self._config, refined.variables, after))

    def _working_array(self, logits: Tensor) -> NDArray[np.float32]:
        return self._task.working_array(logits, self._working_trimap)

    def _initial_prediction(self) -> NDArray[np.float32]:
        """The prediction before the first click."""
        if self._initial is None:
            blank = self._task.blank(*self.working_size)
            if blank is None:
                plain = self._refiner.predict([], None, self._resolved(self._config))
                blank = self._working_array(plain)
            self._initial = read_only(blank)
        return self._initial

    # --- coordinates and settings ---

    def _working_clicks(self) -> list[Interaction]:
        return [self._frame.to_working(click) for click in self.clicks]

    def _resolved(self, config: RefinementConfig, mode: Mode = Mode.CLICK) -> ResolvedConfig:
        if config.method != GBRS or config.is_zoomed:
            other = "ZoomIn" if config.is_zoomed else config.method
            raise ValueError(f"this session refines whole images by {GBRS}; `open_session` makes one for {other}")
        defaults = self._task.defaults_for(config.layer, config.preset, mode)
        resolved = config.filled_from(defaults, gains_from_mirror=self._gains_from_mirror)
        return replace(resolved, **PUSH) if mode is Mode.PUSH else resolved


class _Clock:
    """Adds up the seconds between start and stop."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._started = time.perf_counter()

    def start(self) -> None:
        """Go on."""
        self._started = time.perf_counter()

    def stop(self) -> float:
        """Pause; the seconds so far."""
        self._seconds += time.perf_counter() - self._started
        return self._seconds


class Returning:
    """Iterates over a generator and keeps what it returns."""

    value: Refined

    def __init__(self, iterates: Generator[Iterate, None, Refined]) -> None:
        self._iterates = iterates

    def __iter__(self) -> Iterator[Iterate]:
        self.value = yield from self._iterates


def read_only(array: NDArray[np.float32]) -> NDArray[np.float32]:
    """The array itself, no longer writeable."""
    array.flags.writeable = False
    return array
