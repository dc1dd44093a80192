"""What is asked of the thread that scores predictions, and what comes back. Frozen, with read-only arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.messages import Report, Request, RgbImage
from app.state.dense import Trimap
from app.state.results import Estimate
from app.state.score import ScoreKey
from gbrs_core.interaction import Click


@dataclass(frozen=True, eq=False)
class ReadTruth(Request):
    """Read the true output of the open image.

    Attributes:
        path: the file.
        task: registry name.
        image: the image, full size.
        class_count: number of classes of a label map, 0 in other tasks.
        depth_limits: least and greatest depth of the network in metres.
    """

    path: Path
    task: str
    image: RgbImage
    class_count: int
    depth_limits: tuple[float, float]


@dataclass(frozen=True)
class TruthRead(Report):
    """The truth of a task is known; it goes by the id of this report.

    Attributes:
        path: the file.
        task: registry name.
        names: of the scores, the main one first.
        rises: for each score, whether larger is better.
        notes: what was left out, a sentence each.
    """

    path: Path
    task: str
    names: tuple[str, ...]
    rises: tuple[bool, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ForgetTruth(Request):
    """The truth of a task is not needed any more."""

    task: str


@dataclass(frozen=True, eq=False)
class Standing:
    """A prediction to be scored.

    Attributes:
        key: names it.
        estimate: it, at working size; None for an object that was not clicked yet, which has no pixels.
        trimap: of a matte.
    """

    key: ScoreKey
    estimate: Estimate | None
    trimap: Trimap | None = None


@dataclass(frozen=True, eq=False)
class ScoreStandings(Request):
    """Score predictions against a truth, the first one first; replaces what was asked before.

    Attributes:
        truth_id: the truth.
        task: registry name.
        standings: what to score.
    """

    truth_id: int
    task: str
    standings: tuple[Standing, ...]


@dataclass(frozen=True)
class Scored(Report):
    """A prediction was scored.

    Attributes:
        truth_id: against which truth.
        key: names the prediction.
        scores: by `TruthRead.names`.
    """

    truth_id: int
    key: ScoreKey
    scores: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class ProposeClick(Request):
    """Where would the papers' simulated annotator click next?

    Attributes:
        truth_id: the truth.
        task: registry name.
        standing: the prediction.
        clicks: earlier clicks, in image pixels.
        clicker: where it clicks, a name of `gbrs_core.evaluation.policies`.
    """

    truth_id: int
    task: str
    standing: Standing
    clicks: tuple[Click, ...]
    clicker: str = "centre"


@dataclass(frozen=True)
class ClickProposed(Report):
    """The simulated annotator's next click; None when nothing is wrong."""

    click: Click | None


@dataclass(frozen=True, eq=False)
class SuggestPlace(Request):
    """Where is the network least sure?

    Attributes:
        uncertainty: read-only (h, w) from 0 to 1, or None: it follows from the logits.
        logits: read-only (h, w) of a mask, or None.
        logit_threshold: of the mask.
        size: (H, W) of the image.
        clicks: earlier clicks, in image pixels.
    """

    uncertainty: NDArray[np.float32] | None
    logits: NDArray[np.float32] | None
    logit_threshold: float
    size: tuple[int, int]
    clicks: tuple[Click, ...]


@dataclass(frozen=True)
class PlaceSuggested(Report):
    """Where the network is least sure.

    Attributes:
        place: (x, y) in image pixels; None where it is sure everywhere.
        radius: image pixels to where it is sure.
        uncertainty: there, 0 to 1.
    """

    place: tuple[float, float] | None
    radius: float = 0.0
    uncertainty: float = 0.0
