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
from gbrs_core.evaluation.label_metrics import confusion_matrix, mean_iou, pixel_accuracy
from gbrs_core.evaluation.matting_metrics import connectivity_error, gradient_error, mse, sad
from gbrs_core.evaluation.metrics import intersection_over_union
from gbrs_core.interaction import Click
from gbrs_core.prediction import Prediction

Clicks = Sequence[Click]
Tally = NDArray[np.float64]
"""What is kept of one prediction: the scores themselves, or counts from which those of a whole data set follow.

Scores are only ever added at the end: results that are kept from before then hold fewer of them, and stay readable.
"""


class Measure(ABC):
    """The simulated annotator and the scores of one task.

    Attributes:
        names: of the scores, the main one first.
        rises: for each score, whether larger is better.
        starts_blank: whether every prediction before the first click is the same, so that samples differ only after it.
        counts_clicks: whether the number of clicks to a good score (NoC) is asked for.
    """

    names: tuple[str, ...]
    rises: tuple[bool, ...]
    starts_blank = False
    counts_clicks = False

    @property
    def is_rising(self) -> bool:
        """Whether larger is better for the main score."""
        return self.rises[0]

    def objection(self, example: DenseExample) -> str:
        """Why the truth of an example cannot be compared with what the network says; empty if it can."""
        return ""

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

    def brief(self) -> Measure:
        """The same without scores that take long, for whoever has to answer a click."""
        return self

    def scores(self, tally: Tally) -> list[float]:
        """The scores of one picture, by `names`."""
        return [float(value) for value in tally]

    def pooled(self, summed: Tally) -> list[float] | None:
        """The scores of a data set from the sum of its tallies; None: they are the means of its pictures' scores."""
        return None

    def total(self, tallies: Sequence[Tally]) -> list[float]:
        """The scores of a data set, by `names`."""
        pooled = self.pooled(np.sum(tallies, axis=0))
        if pooled is not None:
            return pooled
        return [float(value) for value in np.mean([self.scores(tally) for tally in tallies], axis=0)]


class InteractiveMeasure(Measure):
    """IoU of the object, kept as float32."""

    names = ("IoU",)
    rises = (True,)
    starts_blank = True
    counts_clicks = True

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
    """mIoU and accuracy: of a data set from one summed confusion matrix, of a picture from its own; never mixed."""

    names = ("mIoU", "pixel accuracy")
    rises = (True, True)

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

    def objection(self, example: DenseExample) -> str:
        """Classes that the network does not have."""
        known = np.unique(example.target[example.valid])
        strange = known[(known < 0) | (known >= self._class_count)]
        if not strange.size:
            return ""
        named = ", ".join(str(label) for label in strange[:8]) + (", ..." if strange.size > 8 else "")
        return f"the labels of {example.name} hold the classes {named}; the network knows 0 to {self._class_count - 1}"

    def scores(self, tally: Tally) -> list[float]:
        """Of the picture's own confusion matrix."""
        matrix = tally.reshape(self._class_count, -1).astype(np.int64)
        return [mean_iou(matrix), pixel_accuracy(matrix)]

    def pooled(self, summed: Tally) -> list[float]:
        """Of the summed confusion matrix."""
        return self.scores(summed)


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
    """Over the unknown pixels: MSE in thousandths; SAD, gradient and connectivity error in thousands."""

    def __init__(self, class_count: int | None, *, is_brief: bool = False) -> None:
        """`class_count` is for other tasks."""
        self._is_brief = is_brief
        self.names = ("MSE x1e3", "SAD") if is_brief else ("MSE x1e3", "SAD", "Grad", "Conn")
        self.rises = (False,) * len(self.names)

    def brief(self) -> Measure:
        """Gradient and connectivity take seconds for a large photograph."""
        return MattingMeasure(None, is_brief=True)

    def tally(self, prediction: Prediction, example: DenseExample) -> Tally:
        """The errors themselves."""
        compared = prediction.array, example.target, example.valid
        errors = [mse(*compared) * 1000, sad(*compared)]
        if not self._is_brief:
            errors += [gradient_error(*compared), connectivity_error(*compared)]
        return np.array(errors)


class DepthMeasure(RegressionMeasure):
    """The scores of Eigen et al.: errors in metres, SILog times 100."""

    names = ("d1", "AbsRel", "RMSE", "d2", "d3", "SqRel", "RMSElog", "log10", "SILog")
    rises = (True, False, False, True, True, False, False, False, False)

    def tally(self, prediction: Prediction, example: DenseExample) -> Tally:
        """The scores themselves."""
        found = depth_scores(prediction.array, example.target, example.valid)
        first = (found.d1, found.abs_rel, found.rmse)
        return np.array([*first, found.d2, found.d3, found.sq_rel, found.rmse_log, found.log10, found.silog])


MEASURES: Mapping[str, Callable[[int | None], Measure]] = {
    "interactive": InteractiveMeasure,
    "semantic": SemanticMeasure,
    "matting": MattingMeasure,
    "depth": DepthMeasure,
}
"""Makes the measure of a task for a number of classes (None where there are none)."""
