"""`HistorySession`: what every session does with its clicks, whatever the method that refines by them."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable
from typing import Generic

import numpy as np
from numpy.typing import NDArray

from gbrs_core.config import RefinementConfig
from gbrs_core.errors import GbrsError, ShapeError
from gbrs_core.guidance import check_trimap
from gbrs_core.history import ClickReport, History, S
from gbrs_core.interaction import Interaction, Push, TargetSpec, mode_of
from gbrs_core.network import NetworkSpec
from gbrs_core.optimise import RefinementStep
from gbrs_core.tasks import task_named
from gbrs_core.tasks.base import Task, Working
from gbrs_core.working_frame import WorkingFrame

Steps = Generator[RefinementStep, None, None]


class HistorySession(ABC, Generic[S]):
    """The clicks, strokes and pushes on an image, and a snapshot after each for undo, redo and replay.

    The sessions of the methods derive from it and say in `_steps` how one click is refined by. A session belongs to one
    thread at a time; only `accept` may be called from any thread.

    Args:
        spec: what the network says of itself.
        image: (H, W, 3) uint8 RGB.
        config: settings for the first click.
        guidance: the trimap (H, W) uint8 for networks that take one, and only for those.

    Raises:
        ShapeError: the image has another shape.
        ValueError: the image is not uint8, or the trimap is missing, not wanted, of another size or has other values.
    """

    def __init__(
        self,
        spec: NetworkSpec,
        image: NDArray[np.uint8],
        config: RefinementConfig,
        guidance: NDArray[np.generic] | None,
    ) -> None:
        _check_image(image)
        self._task = task_named(spec.task)
        self._targets = self._task.targets_of(spec)
        self._image_size = image.shape[0], image.shape[1]
        self._trimap = _checked_guidance(guidance, spec, self._image_size)
        self._config = config
        self._history: History[S] = History()
        self._accepts = threading.Event()
        self._is_running = False

    @property
    def clicks(self) -> tuple[Interaction, ...]:
        """The clicks, strokes and pushes in force, in image pixels."""
        return self._history.clicks

    @property
    def reports(self) -> tuple[ClickReport, ...]:
        """How each of them went; a loss is NaN where nothing was optimised."""
        return tuple(state.report for state in self._history.done)

    @property
    def image_size(self) -> tuple[int, int]:
        """(H, W) of the image."""
        return self._image_size

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

    def refine(self, click: Interaction, preview_every: int = 0) -> Steps:
        """Add a click and refine by it; one step per iteration, none if nothing needed refining.

        The work happens while the steps are asked for. When they are used up the click is in force; closing the
        generator before, or an error, leaves the session as it was. Methods whose loop cannot be paused give no steps.

        Args:
            click: a click, stroke or push in image pixels; its target as the task has it (`Click.target`).
            preview_every: put the working prediction into every n-th step and the last one; 0 into none.

        Raises:
            ValueError: the task has no such target, or no such mode.
            DivergedError: a loss or the prediction is not finite.
            GbrsError: another refinement of this session is running.
        """
        _check_interaction(click, self._task, self._targets)
        return self._undone_unless_finished(self._steps(click, preview_every))

    def replay(self, clicks: Iterable[Interaction], preview_every: int = 0) -> Steps:
        """Bring the session to exactly these clicks; steps as `refine` gives them.

        The longest beginning that is known with the present settings, undone clicks included, is taken from the
        snapshots; the rest is refined. Between two clicks the session shows the clicks that are done. Closing the
        generator, or an error, brings back the clicks from before. Arguments and errors are those of `refine`.
        """
        wanted = tuple(clicks)
        for click in wanted:
            _check_interaction(click, self._task, self._targets)
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

    # --- for the sessions of the methods ---

    @abstractmethod
    def _steps(self, click: Interaction, preview_every: int) -> Steps:
        """Refine by one click and push its state; ends early once `_accepts` is set, which it clears first."""

    def _put_back(self, history: History[S]) -> None:
        """Take the history from before a refinement that did not get to its end."""
        self._history = history

    def _changed_shares(
        self, frame: WorkingFrame, click: Interaction, before: Working, after: Working
    ) -> tuple[float, float]:
        """Shares of the pixels inside and outside of the attention radius that changed."""
        is_inside = frame.attended(frame.to_working(click))
        is_changed = self._task.changed(before, after)
        return _share(is_changed[is_inside]), _share(is_changed[~is_inside])

    def _check_idle(self) -> None:
        if self._is_running:
            raise GbrsError("a refinement of this session is running; finish or close it first")

    # --- running steps ---

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
                self._put_back(before)

    def _replayed(self, wanted: tuple[Interaction, ...], preview_every: int) -> Steps:
        known = self._history.reusable_count(wanted, self._config)
        self._history = self._history.gone_to(known)
        for click in wanted[known:]:
            yield from self._steps(click, preview_every)


def _check_interaction(interaction: Interaction, task: Task, targets: TargetSpec) -> None:
    """Raises ValueError if the task is not corrected like that, or has no such target."""
    mode = mode_of(interaction)
    if mode not in task.modes:
        raise ValueError(f"{task.name} is not corrected by a {mode.value}")
    if not isinstance(interaction, Push) and not targets.accepts(interaction.target):
        raise ValueError(
            f"{task.name} takes no {mode.value} with the target {interaction.target:g}; {targets.range_text}"
        )


def _checked_guidance(
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


def _share(flags: NDArray[np.bool_]) -> float:
    """Of true ones; 0 of nothing."""
    return float(flags.mean()) if flags.size else 0.0


def _check_image(image: NDArray[np.uint8]) -> None:
    """Raises ShapeError or ValueError if it is not (H, W, 3) uint8."""
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ShapeError("the image", image.shape, "(H, W, 3)")
    if image.dtype != np.uint8:
        raise ValueError(f"the image must be uint8, got {image.dtype}")
