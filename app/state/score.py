"""Scores of predictions against the ground truth: those that are known, the curve over the clicks, the curve as CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from app.state.document import ResultKey
from gbrs_core.interaction import Click, Interaction, Push, Stroke

Scores = tuple[float, ...]
"""By the names of the truth."""


@dataclass(frozen=True)
class ScoreKey:
    """What a score depends on beside image and truth.

    Attributes:
        result: names the prediction.
        logit_threshold: of a mask; 0 in other tasks.
    """

    result: ResultKey
    logit_threshold: float = 0.0


@dataclass(frozen=True)
class TruthState:
    """A ground truth that was loaded.

    Attributes:
        truth_id: what the scoring thread calls it.
        path: its file.
        task: registry name.
        names: of the scores, the main one first.
        rises: for each score, whether larger is better.
    """

    truth_id: int
    path: Path
    task: str
    names: tuple[str, ...]
    rises: tuple[bool, ...]


@dataclass(frozen=True)
class ScorePoint:
    """The prediction after so many clicks.

    Attributes:
        interaction: the last of them; None before the first.
        scores: None while they are not known, or no longer because the prediction is not kept any more.
    """

    interaction: Interaction | None
    scores: Scores | None


@dataclass(frozen=True)
class ScoreCurve:
    """Scores over the clicks.

    Attributes:
        truth: what they are scores against.
        points: before the first click, after the first, and so on.
        subject: name of the object that is scored; empty in tasks without objects.
    """

    truth: TruthState
    points: tuple[ScorePoint, ...]
    subject: str = ""

    @property
    def newest(self) -> int | None:
        """After how many clicks the newest known scores are; None while none are known."""
        return next((count for count in range(len(self.points) - 1, -1, -1) if self.points[count].scores), None)

    def area(self, place: int) -> float | None:
        """Area under the curve of one score by trapezoids, divided by the number of clicks, as the papers compare
        curves; None before the first click and while a value is not known.
        """
        values = [value for value in self.values(place) if value is not None]
        if len(values) < max(len(self.points), 2):
            return None
        return (sum(values) - (values[0] + values[-1]) / 2) / (len(values) - 1)

    def values(self, place: int) -> tuple[float | None, ...]:
        """One score over the clicks."""
        return tuple(None if point.scores is None else point.scores[place] for point in self.points)


def curve_csv(curve: ScoreCurve) -> str:
    """One line per number of clicks from 0, with the click that was made and the scores after it.

    Columns: `click`, `kind` (click, push or stroke), `x`, `y` and `radius` in image pixels, `target` (of a push its
    step with its sign), then the scores by name. What is not known is empty.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["click", "kind", "x", "y", "radius", "target", *curve.truth.names])
    for count, point in enumerate(curve.points):
        scores = ["" if value is None else f"{value:.8g}" for value in point.scores or [None] * len(curve.truth.names)]
        writer.writerow([count, *_columns(point.interaction), *scores])
    return stream.getvalue()


def _columns(interaction: Interaction | None) -> list[str]:
    if isinstance(interaction, Click):
        numbers = (interaction.x, interaction.y, interaction.radius, interaction.target)
        return ["click", *(f"{number:.8g}" for number in numbers)]
    if isinstance(interaction, Push):
        step = interaction.direction * interaction.step
        return ["push", f"{interaction.x:.8g}", f"{interaction.y:.8g}", "", f"{step:.8g}"]
    if isinstance(interaction, Stroke):
        return ["stroke", "", "", "", f"{interaction.target:.8g}"]
    return [""] * 5
