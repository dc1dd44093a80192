"""How each task is clicked and scored during an evaluation: one class and one line per task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from gbrs_core.evaluation.auto_click import next_click
from gbrs_core.evaluation.dense_click import next_class_click, next_value_click
from gbrs_core.evaluation.depth_metrics import depth_scores
from gbrs_core.evaluation.example import DenseExample
from gbrs_core.evaluation.label_metrics import confusion_matrix, mean_iou
from gbrs_core.evaluation.matting_metrics import mse, sad
from gbrs_core.evaluation.metrics import intersection_over_union
from gbrs_core.interaction import Click
from gbrs_core.prediction import Prediction

Clicks = Sequence[Click]
Tally = NDArray[np.float64]
"""What is kept of one prediction: the scores themselves, or counts from which those of a whole data set follow."""


class Measure(ABC):
    """The simulated annotator and the scores of one task.

    Attributes:
        names: of the scores, the main one first.
        is_rising: whether larger is better for the main one.
    """

    names: tuple[str, ...]
    is_rising: bool

    @property
    def rises(self) -> tuple[bool, ...]:
        """For each score, whether larger is better: those beside the main one are errors."""
        return tuple(self.is_rising and place == 0 for place in range(len(self.names)))

    @abstractmethod
    def next_click(self, prediction: Prediction, example: DenseExample, clicks: Clicks) -> Click | None:
        """Where section 3.1 of the paper clicks next; None when nothing is wrong."""

    @abstractmethod
    def tally(self, prediction: Prediction, example: DenseExample) -> Tally:
        """What is kept of a prediction."""

    def meant(self, example: DenseExample, click: Click) -> NDArray[np.bool_]:
        """The pixels (H, W) where the click's target is true: where a person could have clicked instead."""
        return np.asarray(example.valid & (example.target == click.target))

    def true_target(self, example: DenseExample, click: Click) -> float:
        """The target of a click where it is now, after a person missed the middle."""
        return click.target

    def scores(self, tally: Tally) -> list[float]:
        """The scores of one picture, by `names`."""
        return [float(value) for value in tally]

    def total(self, tallies: Sequence[Tally]) -> list[float]:
        """The scores of a data set, by `names`."""
        return [float(value) for value in np.mean([self.scores(tally) for tally in tallies], axis=0)]


class InteractiveMeasure(Measure):
    """IoU of the object, kept as float32."""

    names = ("IoU",)
    is_rising = True

    def __init__(self, class_count: int | None) -> None:
        """`class_count` is for other tasks."""

    def next_click(self, prediction: Prediction, example: DenseExample, clicks: Clicks) -> Click | None:
        """Equation 14 with two classes."""
        target = np.where(example.valid, example.target, -1)
        return next_click(prediction.array > 0, target, tuple(clicks))

    def meant(self, example: DenseExample, click: Click) -> NDArray[np.bool_]:
        """Object or background."""
        return np.asarray(example.valid & ((example.target == 1) == click.is_positive))

    def tally(self, prediction: Prediction, example: DenseExample) -> Tally:
        """The IoU itself."""
        target = np.where(example.valid, example.target, -1)
        return np.array([intersection_over_union(prediction.array > 0, target)], dtype=np.float64)


class SemanticMeasure(Measure):
    """mIoU: of a data set from one summed confusion matrix, of a picture from its own; the two are never mixed."""

    names = ("mIoU",)
    is_rising = True

    def __init__(self, class_count: int | None) -> None:
        """`class_count` is K; ValueError without it."""
        if class_count is None:
            raise ValueError("label maps are scored with a known number of classes")
        self._class_count = class_count

    def next_click(self, prediction: Prediction, example: DenseExample, clicks: Clicks) -> Click | None:
        """Equation 14."""
        return next_class_click(prediction.array, example.target, example.valid, clicks)

    def tally(self, prediction: Prediction, example: DenseExample) -> Tally:
        """The confusion matrix, flat."""
        matrix = confusion_matrix(prediction.array, example.target, self._class_count, example.valid)
        return matrix.ravel().astype(np.float64)

    def scores(self, tally: Tally) -> list[float]:
        """Of the picture's own confusion matrix."""
        return [mean_iou(tally.reshape(self._class_count, -1).astype(np.int64))]

    def total(self, tallies: Sequence[Tally]) -> list[float]:
        """Of the summed confusion matrix."""
        return self.scores(np.sum(tallies, axis=0))


class RegressionMeasure(Measure):
    """What matting and depth share."""

    def __init__(self, class_count: int | None) -> None:
        """`class_count` is for other tasks."""

    def next_click(self, prediction: Prediction, example: DenseExample, clicks: Clicks) -> Click | None:
        """By Otsu's threshold on the error."""
        return next_value_click(prediction.array, example.target, example.valid, clicks)

    def meant(self, example: DenseExample, click: Click) -> NDArray[np.bool_]:
        """Wherever the value is known; the target is then the value there."""
        return example.valid

    def true_target(self, example: DenseExample, click: Click) -> float:
        """The true value under the click."""
        return float(example.target[round(click.y), round(click.x)])


class MattingMeasure(RegressionMeasure):
    """Over the unknown pixels: MSE in thousandths, and SAD in thousands."""

    names = ("MSE x1e3", "SAD")
    is_rising = False

    def tally(self, prediction: Prediction, example: DenseExample) -> Tally:
        """The errors themselves."""
        alpha, target, valid = prediction.array, example.target, example.valid
        return np.array([mse(alpha, target, valid) * 1000, sad(alpha, target, valid)])


class DepthMeasure(RegressionMeasure):
    """d1, absolute relative error and RMSE in metres."""

    names = ("d1", "AbsRel", "RMSE")
    is_rising = True

    def tally(self, prediction: Prediction, example: DenseExample) -> Tally:
        """The scores themselves."""
        scores = depth_scores(prediction.array, example.target, example.valid)
        return np.array([scores.d1, scores.abs_rel, scores.rmse])


MEASURES: Mapping[str, Callable[[int | None], Measure]] = {
    "interactive": InteractiveMeasure,
    "semantic": SemanticMeasure,
    "matting": MattingMeasure,
    "depth": DepthMeasure,
}
"""Makes the measure of a task for a number of classes (None where there are none)."""
