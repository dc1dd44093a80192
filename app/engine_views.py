"""What the engine's thread tells the window of sessions: predictions as they are drawn, and numbers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from app.mailbox import Mailbox
from app.messages import Refine, RefineProgress
from app.state.results import ClickOutcome, LabelDetails, Values
from gbrs_core.config import GBRS
from gbrs_core.errors import CancelledError, DivergedError
from gbrs_core.prediction import OutputKind
from gbrs_core.task_catalog import TASKS

if TYPE_CHECKING:
    from gbrs_core.baseline_session import Session
    from gbrs_core.optimise import RefinementStep
    from gbrs_core.session import ClickReport
    from gbrs_core.tasks.base import Working

REPORT_INTERVAL_S = 0.05
"""Least time between two reports of iterations."""


class RunningClick:
    """A click while it is refined: every step is a place to report, to keep what there is, and to cancel.

    Args:
        session: refines it.
        request: asked for it.
        mailbox: says whether it is still wanted.
        report: takes the progress.

    Attributes:
        losses: of its steps so far.
    """

    def __init__(
        self, session: Session, request: Refine, mailbox: Mailbox, report: Callable[[RefineProgress], None]
    ) -> None:
        self._session = session
        self._request = request
        self._mailbox = mailbox
        self._report = report
        self._reported_at = time.monotonic()
        self.losses: list[float] = []

    def take(self, step: RefinementStep) -> None:
        """Go on from a step. Raises CancelledError if the click is no longer wanted."""
        if self._mailbox.is_cancelled:
            raise CancelledError("the click is no longer wanted")
        if self._mailbox.take_accept():
            self._session.accept()
        self.losses.append(step.loss)
        # Steps of a loop that cannot be paused never have a prediction, and are worth a report all the same.
        has_news = step.prediction is not None or self._session.config.method != GBRS
        if has_news and time.monotonic() - self._reported_at >= REPORT_INTERVAL_S:
            self._reported_at = time.monotonic()
            self._report(_progress(self._request, step, tuple(self.losses)))


def _progress(request: Refine, step: RefinementStep, losses: tuple[float, ...]) -> RefineProgress:
    values, details = (None, None) if step.prediction is None else _view(step.prediction, request.task)
    return RefineProgress(
        request.request_id,
        request.object_id,
        step.click_index,
        step.iteration,
        step.iterations,
        losses,
        values,
        details,
    )


def checked_view(working: Working, task: str) -> tuple[Values, LabelDetails | None]:
    """What the window draws. Raises DivergedError if the network answered with something that is no number."""
    if not np.isfinite(working).all():
        raise DivergedError(
            "the network's output is not finite (NaN or infinite) for this image; its weights may be damaged, or it is "
            "meant for other images. Load another checkpoint from the Model menu"
        )
    return _view(working, task)


def _view(working: Working, task: str) -> tuple[Values, LabelDetails | None]:
    """What the window draws of a working prediction; the costly part of label maps is done here."""
    if TASKS[task].output_kind is not OutputKind.LABEL_MAP:
        return working, None
    class_count = len(working)
    labels = working.argmax(axis=0).astype(np.uint8 if class_count <= 256 else np.uint16)
    return labels, LabelDetails(working, _entropy(working))


def _entropy(scores: Working) -> Working:
    """Entropy of the probabilities over its greatest value, (h, w) from 0 to 1."""
    import torch

    logs = torch.from_numpy(np.array(scores)).log_softmax(dim=0)
    entropy = -(logs.exp() * logs).sum(dim=0) / max(float(np.log(len(scores))), 1e-6)
    values: Working = entropy.clamp_(0.0, 1.0).numpy()
    values.flags.writeable = False
    return values


def outcome_of(report: ClickReport) -> ClickOutcome:
    """The report of a click in numbers."""
    return ClickOutcome(
        loss=report.loss,
        iterations=report.iterations_run,
        seconds=report.seconds,
        changed_inside=report.changed_inside,
        changed_outside=report.changed_outside,
        stopped_early=report.stopped_early,
        losses=report.losses[1:],
        crop=report.crop,
    )
