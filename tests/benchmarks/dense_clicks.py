"""What refinement brings on label maps, mattes and depth: scores over simulated clicks on held-back pictures.

    python -m tests.benchmarks.dense_clicks --task matting --data ../shared/data --layers sb bmconv --levels 1 2 3

Prints a table in Markdown, one line per setting: the scores after 0, 1, 5, 10 and 20 clicks, the area under their curve
(trapezoid over the clicks, click 0 included), the share of pixels that changed outside the attention radius, and the
median seconds per click. `--ladder` runs every setting at the ten learning rates of the paper. `--skip` and `--every`
split the pictures, so that settings are chosen on others than those reported.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

import models
from gbrs_core import RefinementConfig, RefinementSession
from gbrs_core.config import LEARNING_RATE_LADDER
from gbrs_core.evaluation.dense_click import next_class_click, next_value_click
from gbrs_core.evaluation.depth_metrics import depth_scores
from gbrs_core.evaluation.example import DenseExample
from gbrs_core.evaluation.label_metrics import confusion_matrix, mean_iou
from gbrs_core.evaluation.matting_metrics import mse, sad
from gbrs_core.interaction import Click
from gbrs_core.prediction import Prediction

SHOWN = (0, 1, 5, 10, 20)
Clicks = Sequence[Click]


class Measure(Protocol):
    """How a task is clicked and scored."""

    names: tuple[str, ...]

    def next_click(self, prediction: Prediction, example: DenseExample, clicks: Clicks) -> Click | None:
        """The simulated annotator."""

    def score(self, prediction: Prediction, example: DenseExample) -> NDArray[np.float64]:
        """Something that `total` can average over pictures."""

    def total(self, scores: NDArray[np.float64]) -> list[float]:
        """The scores by name, from those of all pictures stacked."""


class SemanticMeasure:
    """mIoU from one confusion matrix over all pictures, and the mean of their own mIoUs."""

    names = ("mIoU", "mean image mIoU")

    def __init__(self, class_count: int) -> None:
        self._class_count = class_count

    def next_click(self, prediction: Prediction, example: DenseExample, clicks: Clicks) -> Click | None:
        return next_class_click(prediction.array, example.target, example.valid, clicks)

    def score(self, prediction: Prediction, example: DenseExample) -> NDArray[np.float64]:
        matrix = confusion_matrix(prediction.array, example.target, self._class_count, example.valid)
        return matrix.astype(np.float64)

    def total(self, scores: NDArray[np.float64]) -> list[float]:
        matrices = scores.astype(np.int64)
        return [mean_iou(matrices.sum(axis=0)), float(np.mean([mean_iou(matrix) for matrix in matrices]))]


class MattingMeasure:
    """Over the unknown pixels: MSE in thousandths, and SAD in thousands."""

    names = ("MSE x1e3", "SAD")

    def next_click(self, prediction: Prediction, example: DenseExample, clicks: Clicks) -> Click | None:
        return next_value_click(prediction.array, example.target, example.valid, clicks)

    def score(self, prediction: Prediction, example: DenseExample) -> NDArray[np.float64]:
        alpha = prediction.array
        measured = (mse(alpha, example.target, example.valid), sad(alpha, example.target, example.valid))
        return np.array([measured[0] * 1000, measured[1]])

    def total(self, scores: NDArray[np.float64]) -> list[float]:
        return [float(value) for value in scores.mean(axis=0)]


class DepthMeasure:
    """d1, absolute relative error and RMSE in metres, averaged over pictures."""

    names = ("d1", "AbsRel", "RMSE")

    def next_click(self, prediction: Prediction, example: DenseExample, clicks: Clicks) -> Click | None:
        return next_value_click(prediction.array, example.target, example.valid, clicks)

    def score(self, prediction: Prediction, example: DenseExample) -> NDArray[np.float64]:
        scores = depth_scores(prediction.array, example.target, example.valid)
        return np.array([scores.d1, scores.abs_rel, scores.rmse])

    def total(self, scores: NDArray[np.float64]) -> list[float]:
        return [float(value) for value in scores.mean(axis=0)]


@dataclass(frozen=True, eq=False)
class Curve:
    """One picture: a score per click, clicks included that were no longer needed."""

    scores: list[NDArray[np.float64]]
    seconds: list[float]
    outside: list[float]


def curve(measure: Measure, session: RefinementSession, example: DenseExample, count: int) -> Curve:
    """Click up to `count` times."""
    scores, clicks = [measure.score(session.prediction, example)], list[Click]()
    for _ in range(count):
        click = measure.next_click(session.prediction, example, clicks)
        if click is None:
            break
        clicks.append(click)
        for _ in session.refine(click):
            pass
        scores.append(measure.score(session.prediction, example))
    scores += [scores[-1]] * (count + 1 - len(scores))
    return Curve(
        scores, [report.seconds for report in session.reports], [report.changed_outside for report in session.reports]
    )


def row(measure: Measure, title: str, curves: Sequence[Curve], count: int) -> str:
    """One line of the table."""
    totals = np.array([measure.total(np.stack([one.scores[index] for one in curves])) for index in range(count + 1)])
    area = np.trapezoid(totals, axis=0) / count
    cells = [" / ".join(f"{value:.3f}" for value in totals[index]) for index in SHOWN if index <= count]
    cells += [" / ".join(f"{value:.3f}" for value in area)]
    outside = np.mean([share for one in curves for share in one.outside])
    seconds = np.median([second for one in curves for second in one.seconds])
    return f"| {title} | " + " | ".join([*cells, f"{outside:.1%}", f"{seconds:.2f}"]) + " |"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--task", choices=("semantic", "matting", "depth"), required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--checkpoint", help="default: the task's embedded network")
    parser.add_argument("--layers", nargs="+", default=["sb", "bmsb", "bmsb-m", "bmconv"])
    parser.add_argument("--levels", nargs="+", type=int, default=[1])
    parser.add_argument("--layout", help="insertion layout")
    parser.add_argument("--preset", default="tuned")
    parser.add_argument("--lr", nargs="+", type=float, help="learning rates; default: the task's own")
    parser.add_argument("--ladder", action="store_true", help="the ten learning rates of the paper")
    parser.add_argument("--no-consistency", action="store_true")
    parser.add_argument("--disc", type=float, help="radius of the disc that a click supervises, working pixels")
    parser.add_argument("--top-k", type=int)
    parser.add_argument("--clicks", type=int, default=20)
    parser.add_argument("--skip", type=int, default=0)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--working-side", type=int)
    parser.add_argument("--threads", type=int, default=0)
    return parser.parse_args()


def measure_of(args: argparse.Namespace, class_count: int | None) -> Measure:
    """The task's measure."""
    if args.task == "semantic":
        return SemanticMeasure(class_count or 2)
    return MattingMeasure() if args.task == "matting" else DepthMeasure()


def main() -> int:
    """Measure and print."""
    args = arguments()
    if args.threads:
        torch.set_num_threads(args.threads)
    recipe: Any = import_module(f"models.training.recipes.{args.task}")
    examples = recipe.held_back_examples(args.data)[args.skip :: args.every][: args.limit]
    loaded = models.load(args.checkpoint or f"light_{args.task}")
    measure = measure_of(args, loaded.spec.class_count)
    head = [f"after {count}" for count in SHOWN if count <= args.clicks]
    titles = ["setting", *head, "AUC", "outside", "s/click"]
    sys.stdout.write(f"{len(examples)} pictures; {' / '.join(measure.names)}\n")
    sys.stdout.write(f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}\n")
    rates = LEARNING_RATE_LADDER if args.ladder else (args.lr or [None])
    for layer, levels, rate in product(args.layers, args.levels, rates):
        config = RefinementConfig(
            layer=layer,
            preset=args.preset,
            layout=args.layout,
            levels=levels,
            learning_rate=rate,
            consistency_weight=0.0 if args.no_consistency else None,
            click_disc_radius=args.disc,
            top_k_channels=args.top_k,
        )
        curves = []
        for example in examples:
            session = RefinementSession(loaded, example.image, config, example.guidance, working_side=args.working_side)
            curves.append(curve(measure, session, example, args.clicks))
        title = f"{layer} L{levels}" + ("" if rate is None else f" lr {rate:.5f}")
        sys.stdout.write(row(measure, title, curves, args.clicks) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
