"""The states of a session, one per click: what undo goes back to, within a budget of memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from gbrs_core.config import RefinementConfig
from gbrs_core.interaction import Box, Interaction

BUDGET_BYTES = 160 * 1024 * 1024
NEWEST_STATES_PROTECTED = 2
"""States that are kept whatever the budget: the one now and the one before."""


class Snapshot(Protocol):
    """What a session goes on from: the auxiliary variables, or what a baseline has in their place."""

    @property
    def size_bytes(self) -> int:
        """Memory held."""


S = TypeVar("S", bound=Snapshot)


@dataclass(frozen=True)
class ClickReport:
    """How the refinement of one click went.

    Attributes:
        click: the click, stroke or push, in image pixels.
        loss: last total loss.
        iterations_run: iterations done.
        seconds: time the engine spent on it.
        changed_inside: share of the pixels inside the attention radius (or under the stroke; a push has no radius:
            of all pixels) that changed in the eyes of the task, for example whose mask flipped; 0 to 1.
        changed_outside: the same outside of it; both against the prediction before the click.
        stopped_early: whether it ended before the last iteration, because every click was satisfied or on request.
        losses: total loss at the start and after every iteration.
        obstacle: why the whole network had to run in every iteration, empty if it had not to.
        crop: what part of the image the network looked at, in image pixels; None for all of it.
    """

    click: Interaction
    loss: float
    iterations_run: int
    seconds: float
    changed_inside: float
    changed_outside: float
    stopped_early: bool
    losses: tuple[float, ...] = ()
    obstacle: str = ""
    crop: Box | None = None


@dataclass(frozen=True, eq=False)
class State(Generic[S]):
    """The session after a click.

    Attributes:
        report: the click and how it went.
        config: the settings it was refined with.
        variables: what the next click goes on from; None without layers.
        prediction: read-only float32 (h, w) or (K, h, w) at working size; None if it was dropped and is to be made
            again.
        is_kept: whether the session can go back to it; otherwise only the click and its report are left.
    """

    report: ClickReport
    config: RefinementConfig
    variables: S | None
    prediction: NDArray[np.float32] | None
    is_kept: bool = True

    @property
    def click(self) -> Interaction:
        """The click."""
        return self.report.click

    @property
    def size_bytes(self) -> int:
        """Memory held."""
        variables = 0 if self.variables is None else self.variables.size_bytes
        return variables + (0 if self.prediction is None else self.prediction.nbytes)


@dataclass(frozen=True, eq=False)
class History(Generic[S]):
    """All states up to now, and the undone ones. Immutable: going back is taking the old object again.

    Past the budget the oldest predictions go first (one pass of the network makes them again from the variables), then
    the oldest states lose their variables too. Undo stops in front of those; their clicks stay and can be replayed.

    Attributes:
        done: a state per click, oldest first.
        undone: states that redo brings back, the next one last.
        budget_bytes: memory for all states.
    """

    done: tuple[State[S], ...] = ()
    undone: tuple[State[S], ...] = ()
    budget_bytes: int = BUDGET_BYTES

    @property
    def newest(self) -> State[S] | None:
        """The state now; None before the first click."""
        return self.done[-1] if self.done else None

    @property
    def clicks(self) -> tuple[Interaction, ...]:
        """The clicks that are in force."""
        return tuple(state.click for state in self.done)

    @property
    def can_undo(self) -> bool:
        """Whether the state before the newest click is there."""
        return bool(self.done) and (len(self.done) == 1 or self.done[-2].is_kept)

    @property
    def can_redo(self) -> bool:
        """Whether a click was undone whose state is there."""
        return bool(self.undone) and self.undone[-1].is_kept

    @property
    def size_bytes(self) -> int:
        """Memory held by all states."""
        return sum(state.size_bytes for state in (*self.done, *self.undone))

    def pushed(self, state: State[S]) -> History[S]:
        """With one more click; what was undone is gone."""
        return replace(self, done=(*self.done, state), undone=())._within_budget()

    def with_newest(self, state: State[S]) -> History[S]:
        """With the newest state replaced."""
        return replace(self, done=(*self.done[:-1], state))._within_budget()

    def gone_to(self, count: int) -> History[S]:
        """With `count` clicks in force, later ones undone; up to all clicks that are known."""
        timeline = (*self.done, *reversed(self.undone))
        return replace(self, done=timeline[:count], undone=tuple(reversed(timeline[count:])))

    def reusable_count(self, clicks: Sequence[Interaction], config: RefinementConfig) -> int:
        """How many of `clicks` need no refinement, because their state, made with `config`, is known and kept."""
        count = 0
        for index, (state, click) in enumerate(zip((*self.done, *reversed(self.undone)), clicks, strict=False)):
            if state.click != click or state.config != config:
                break
            if state.is_kept:
                count = index + 1
        return count

    def _within_budget(self) -> History[S]:
        excess = self.size_bytes - self.budget_bytes
        if excess <= 0:
            return self
        protected = len(self.done) - NEWEST_STATES_PROTECTED
        timeline = [*self.done, *reversed(self.undone)]
        for lighten in (_without_prediction, _dropped):
            for index, state in enumerate(timeline):
                if excess > 0 and not protected <= index < len(self.done):
                    timeline[index] = lighten(state)
                    excess -= state.size_bytes - timeline[index].size_bytes
        count = len(self.done)
        return replace(self, done=tuple(timeline[:count]), undone=tuple(reversed(timeline[count:])))


def _without_prediction(state: State[S]) -> State[S]:
    return replace(state, prediction=None)


def _dropped(state: State[S]) -> State[S]:
    return replace(state, prediction=None, variables=None, is_kept=False)
