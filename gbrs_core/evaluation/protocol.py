"""The click loop of section 3.1: a simulated annotator clicks, a method answers, the mask is scored."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gbrs_core.evaluation.auto_click import next_click
from gbrs_core.evaluation.metrics import intersection_over_union
from gbrs_core.interaction import Click
from gbrs_core.session import RefinementSession


class ClickMethod(Protocol):
    """A method of interactive segmentation, holding one image and the clicks so far."""

    def click(self, click: Click) -> NDArray[np.bool_]:
        """Take one more click; the new mask, (H, W) bool."""


class SessionMethod:
    """The refinement engine as a method of the protocol."""

    def __init__(self, session: RefinementSession) -> None:
        self._session = session

    def click(self, click: Click) -> NDArray[np.bool_]:
        """Refine by one click; (H, W) bool."""
        for _ in self._session.refine(click):
            pass
        return np.asarray(self._session.prediction.array > 0)


@dataclass(frozen=True, eq=False)
class ClickCurve:
    """What happened to one object.

    Attributes:
        clicks: the simulated clicks, fewer than asked for when the mask was perfect or good enough before.
        scores: (count,) float32 IoU after each click; the last score is repeated for clicks that were not needed.
        seconds: duration of each click that was made.
    """

    clicks: tuple[Click, ...]
    scores: NDArray[np.float32]
    seconds: tuple[float, ...]


def click_curve(
    method: ClickMethod, target: NDArray[np.integer], count: int = 20, stop_at: float | None = None
) -> ClickCurve:
    """Click until `count` clicks are made, no error is left, or the IoU reaches `stop_at`.

    Args:
        method: a fresh method for the image.
        target: (H, W) integers, 1 object, 0 background, -1 ignored.
        count: clicks at most.
        stop_at: IoU that is good enough; None clicks on, as curves need it.
    """
    mask = np.zeros(target.shape, dtype=bool)
    scores = np.zeros(count, dtype=np.float32)
    clicks: list[Click] = []
    seconds: list[float] = []
    for index in range(count):
        click = next_click(mask, target, clicks)
        if click is None:
            break
        clicks.append(click)
        start = time.perf_counter()
        mask = method.click(click)
        seconds.append(time.perf_counter() - start)
        scores[index:] = intersection_over_union(mask, target)
        if stop_at is not None and scores[index] >= stop_at:
            break
    return ClickCurve(tuple(clicks), scores, tuple(seconds))
