"""`RefinementSession`: an image, the clicks, strokes and pushes on it, and the prediction they led to."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gbrs_core.active_layers import Variables
from gbrs_core.config import GBRS, RefinementConfig, ResolvedConfig
from gbrs_core.errors import GbrsError, ShapeError
from gbrs_core.guidance import check_trimap, resized_trimap
from gbrs_core.history import ClickReport, History, State
from gbrs_core.interaction import Interaction, Mode, Push, TargetSpec, mode_of
from gbrs_core.network import NetworkSpec, RefinableNetwork
from gbrs_core.optimise import Iterate, RefinementStep
from gbrs_core.prediction import Prediction
from gbrs_core.refiner import Refined, Refiner
from gbrs_core.tasks import task_named
from gbrs_core.tasks.base import PUSH, Task
from gbrs_core.working_frame import WorkingFrame, working_size

__all__ = ["ClickReport", "RefinementSession", "RefinementStep"]

Steps = Generator[RefinementStep, None, None]


class RefinementSession:
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
        check_image(image)
        self._task = task_named(network.spec.task)
        self._targets = self._task.targets_of(network.spec)
        size = (image.shape[0], image.shape[1])
        self._frame = WorkingFrame(size, working_size(size, network.spec, working_side))
        self._trimap = checked_guidance(guidance, network.spec, size)
        self._working_trimap = None if self._trimap is None else resized_trimap(self._trimap, *self.working_size)
        self._refiner = Refiner(network, self._frame.shrunk(image), self._task, device, self._working_trimap)
        self._config = config or RefinementConfig()
        self._refiner.structure(self._resolved(self._config))
        self._history: History[Variables] = History()
        self._accepts = threading.Event()
        self._is_running = False
        self._initial: NDArray[np.float32] | None = None
        self._shown: tuple[NDArray[np.float32], Prediction] | None = None

    @property
    def clicks(self) -> tuple[Interaction, ...]:
        """The clicks, strokes and pushes in force, in image pixels."""
        return self._history.clicks

    @property
    def reports(self) -> tuple[ClickReport, ...]:
        """How each of them went."""
        return tuple(state.report for state in self._history.done)

    @property
    def image_size(self) -> tuple[int, int]:
        """(H, W) of the image."""
        return self._frame.image_size

    @property
    def working_size(self) -> tuple[int, int]:
        """(h, w) at which the network runs."""
        return self._frame.working_size

    @property
    def config(self) -> RefinementConfig:
        """The settings for the next click."""
        return self._config

    @property
    def can_undo(self) -> bool:
        """Whether `undo` would do something."""
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether `redo` would do something."""
        return self._history.can_redo

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
            array = self._task.working_array(logits, self._working_trimap)
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

    def refine(self, click: Interaction, preview_every: int = 0) -> Steps:
        """Add a click and refine by it; one step per iteration, none if nothing needed refining.

        The work happens while the steps are asked for. When they are used up the click is in force; closing the
        generator before, or an error, leaves the session as it was.

        Args:
            click: a click, stroke or push in image pixels; its target as the task has it (`Click.target`).
            preview_every: put the working prediction into every n-th step and the last one; 0 into none.

        Raises:
            ValueError: the task has no such target, or no such mode.
            DivergedError: a loss or the prediction is not finite.
            GbrsError: another refinement of this session is running.
        """
        check_interaction(click, self._task, self._targets)
        return self._undone_unless_finished(self._steps(click, preview_every))

    def replay(self, clicks: Iterable[Interaction], preview_every: int = 0) -> Steps:
        """Bring the session to exactly these clicks; steps as `refine` gives them.

        The longest beginning that is known with the present settings, undone clicks included, is taken from the
        snapshots; the rest is refined. Between two clicks the session shows the clicks that are done. Closing the
        generator, or an error, brings back the clicks from before. Arguments and errors are those of `refine`.
        """
        wanted = tuple(clicks)
        for click in wanted:
            check_interaction(click, self._task, self._targets)
        return self._undone_unless_finished(self._replayed(wanted, preview_every))

    def accept(self) -> None:
        """Let the running click end after its current iteration and keep the result. Callable from any thread."""
        self._accepts.set()

    def undo(self) -> bool:
        """Take back the newest click; false if there is none, or its predecessor was dropped from memory."""
        self._check_idle()
        if not self._history.can_undo:
            return False
        self._history = self._history.gone_to(len(self._history.done) - 1)
        return True

    def redo(self) -> bool:
        """Bring back the click undone last; false if there is none."""
        self._check_idle()
        if not self._history.can_redo:
            return False
        self._history = self._history.gone_to(len(self._history.done) + 1)
        return True

    def reset(self) -> None:
        """Forget all clicks, the undone ones too."""
        self._check_idle()
        self._history = History()

    # --- refinement ---

    def _undone_unless_finished(self, steps: Steps) -> Steps:
        """Run steps; put the history back if they do not get to their end."""
        self._check_idle()
        before = self._history
        is_finished = False
        self._is_running = True
        try:
            yield from steps
            is_finished = True
        finally:
            self._is_running = False
            if not is_finished:
                self._history = before

    def _replayed(self, wanted: tuple[Interaction, ...], preview_every: int) -> Steps:
        known = self._history.reusable_count(wanted, self._config)
        self._history = self._history.gone_to(known)
        for click in wanted[known:]:
            yield from self._steps(click, preview_every)

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
                step = self._step(iterate, config, preview_every)
                clock.stop()
                yield step
                clock.start()
        refined = iterates.value
        after = self._task.working_array(refined.logits, self._working_trimap)
        inside, outside = self._changed_shares(click, before, after)
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

    def _step(self, iterate: Iterate, config: ResolvedConfig, preview_every: int) -> RefinementStep:
        shows = preview_every > 0 and (iterate.iteration % preview_every == 0 or iterate.is_last)
        return RefinementStep(
            click_index=len(self._history.done),
            iteration=iterate.iteration,
            iterations=config.iterations,
            loss=iterate.loss,
            refinement_loss=iterate.refinement_loss,
            consistency_loss=iterate.consistency_loss,
            residual=iterate.residual,
            prediction=self._task.working_array(iterate.logits, self._working_trimap) if shows else None,
        )

    def _changed_shares(
        self, click: Interaction, before: NDArray[np.float32], after: NDArray[np.float32]
    ) -> tuple[float, float]:
        """Shares of the pixels inside and outside of the attention radius that changed."""
        is_inside = self._frame.attended(self._frame.to_working(click))
        is_changed = self._task.changed(before, after)
        return share(is_changed[is_inside]), share(is_changed[~is_inside])

    def _initial_prediction(self) -> NDArray[np.float32]:
        """The prediction before the first click."""
        if self._initial is None:
            blank = self._task.blank(*self.working_size)
            if blank is None:
                plain = self._refiner.predict([], None, self._resolved(self._config))
                blank = self._task.working_array(plain, self._working_trimap)
            self._initial = read_only(blank)
        return self._initial

    # --- coordinates and settings ---

    def _working_clicks(self) -> list[Interaction]:
        return [self._frame.to_working(click) for click in self.clicks]

    def _resolved(self, config: RefinementConfig, mode: Mode = Mode.CLICK) -> ResolvedConfig:
        if config.method != GBRS or config.is_zoomed:
            other = "ZoomIn" if config.is_zoomed else config.method
            raise ValueError(f"this session refines whole images by {GBRS}; `open_session` makes one for {other}")
        resolved = config.filled_from(self._task.defaults_for(config.layer, config.preset, mode))
        return replace(resolved, **PUSH) if mode is Mode.PUSH else resolved

    def _check_idle(self) -> None:
        if self._is_running:
            raise GbrsError("a refinement of this session is running; finish or close it first")


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


def check_interaction(interaction: Interaction, task: Task, targets: TargetSpec) -> None:
    """Raises ValueError if the task is not corrected like that, or has no such target."""
    mode = mode_of(interaction)
    if mode not in task.modes:
        raise ValueError(f"{task.name} is not corrected by a {mode.value}")
    if not isinstance(interaction, Push) and not targets.accepts(interaction.target):
        raise ValueError(
            f"{task.name} takes no {mode.value} with the target {interaction.target:g}; {targets.range_text}"
        )


def checked_guidance(
    guidance: NDArray[np.generic] | None, spec: NetworkSpec, size: tuple[int, int]
) -> NDArray[np.uint8] | None:
    """The trimap, if the network takes one. Raises ValueError if it is missing, not wanted, or not a trimap."""
    wants_trimap = spec.guidance == "trimap"
    title = spec.title or spec.name
    if guidance is None and wants_trimap:
        raise ValueError(f"{title} needs a trimap")
    if guidance is not None and not wants_trimap:
        raise ValueError(f"{title} takes no guidance")
    return None if guidance is None else check_trimap(guidance, *size)


def share(flags: NDArray[np.bool_]) -> float:
    """Of true ones; 0 of nothing."""
    return float(flags.mean()) if flags.size else 0.0


def check_image(image: NDArray[np.uint8]) -> None:
    """Raises ShapeError or ValueError if it is not (H, W, 3) uint8."""
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ShapeError("the image", image.shape, "(H, W, 3)")
    if image.dtype != np.uint8:
        raise ValueError(f"the image must be uint8, got {image.dtype}")
