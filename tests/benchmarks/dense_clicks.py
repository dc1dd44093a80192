"""What refinement brings on label maps, mattes and depth: scores over simulated clicks on held-back pictures.

    python -m tests.benchmarks.dense_clicks --task matting --data ../shared/data --layers sb bmconv --levels 1 2 3

Prints a table in Markdown, one line per setting: the scores of the data set after 0, 1, 5, 10 and 20 clicks, the area
under their curve (trapezoid over the clicks, click 0 included), for label maps also the mean of the pictures' scores,
the share of pixels that changed outside the attention radius, by how much a click raised the mean error there (metres,
alpha, or share of wrong pixels; below zero it fell), and the median seconds of the processor per click, which hold on a
busy machine too. `--generated` measures on generated pictures instead, where the recipe makes any. `--ladder` runs
every setting at the ten learning rates of the paper. `--skip`, `--every` and `--limit` split the pictures, so that
settings are chosen on others than those reported. `--radius` gives every click the same attention radius, as somebody
does who does not know how far the error reaches. A click that diverges ends its picture.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch

import models
from gbrs_core import RefinementConfig, RefinementSession
from gbrs_core.config import LEARNING_RATE_LADDER
from gbrs_core.errors import DivergedError
from gbrs_core.evaluation.example import DenseExample, reduced
from gbrs_core.evaluation.measures import MEASURES, Measure, SemanticMeasure, Tally
from gbrs_core.interaction import Click
from gbrs_core.prediction import OutputKind, Prediction

SHOWN = (0, 1, 5, 10, 20)


@dataclass(frozen=True, eq=False)
class Curve:
    """One picture: a tally before the first click and after each, the last repeated for clicks that did not come."""

    tallies: list[Tally]
    seconds: list[float]
    outside: list[float]
    errors: list[float]
    """By how much each click raised the mean error outside its attention radius."""


def error_outside(prediction: Prediction, example: DenseExample, click: Click) -> float:
    """Mean error over the known pixels outside a click's attention radius, 0 if there are none."""
    rows, cols = np.indices(example.valid.shape)
    is_outside = example.valid & (np.hypot(cols - click.x, rows - click.y) > click.radius)
    values, target = prediction.array[is_outside], example.target[is_outside]
    errors = values != target if prediction.kind is OutputKind.LABEL_MAP else np.abs(values - target)
    return float(errors.mean()) if errors.size else 0.0


def curve(
    measure: Measure, session: RefinementSession, example: DenseExample, count: int, radius_share: float | None
) -> Curve:
    """Click up to `count` times, with the annotator's own radius or one of so many shorter sides of the picture."""
    tallies, clicks = [measure.tally(session.prediction, example)], list[Click]()
    seconds, errors = list[float](), list[float]()
    for _ in range(count):
        click = measure.next_click(session.prediction, example, clicks)
        if click is None:
            break
        if radius_share is not None:
            click = replace(click, radius=radius_share * min(example.valid.shape))
        clicks.append(click)
        before = error_outside(session.prediction, example, click)
        started = time.process_time()
        try:
            for _ in session.refine(click):
                pass
        except DivergedError as error:
            sys.stderr.write(f"{example.name}, click {len(clicks)}: {error}\n")
            break
        seconds.append(time.process_time() - started)
        tallies.append(measure.tally(session.prediction, example))
        errors.append(error_outside(session.prediction, example, click) - before)
    tallies += [tallies[-1]] * (count + 1 - len(tallies))
    return Curve(tallies, seconds, [report.changed_outside for report in session.reports], errors)


def names_of(measure: Measure) -> list[str]:
    """What `scores_of` gives."""
    return [*measure.names, *(["mean image mIoU"] if isinstance(measure, SemanticMeasure) else [])]


def scores_of(measure: Measure, tallies: Sequence[Tally]) -> list[float]:
    """The scores of the data set; for label maps also the mean of the pictures' own."""
    totals = measure.total(tallies)
    if isinstance(measure, SemanticMeasure):
        totals.append(float(np.mean([measure.scores(tally)[0] for tally in tallies])))
    return totals


def row(measure: Measure, title: str, curves: Sequence[Curve], count: int) -> str:
    """One line of the table."""
    totals = np.array([scores_of(measure, [one.tallies[index] for one in curves]) for index in range(count + 1)])
    area = np.trapezoid(totals, axis=0) / count
    cells = [" / ".join(f"{value:.3f}" for value in totals[index]) for index in SHOWN if index <= count]
    cells += [" / ".join(f"{value:.3f}" for value in area)]
    outside = [share for one in curves for share in one.outside] or [0.0]
    errors = [error for one in curves for error in one.errors] or [0.0]
    seconds = [second for one in curves for second in one.seconds] or [0.0]
    cells += [f"{np.mean(outside):.1%}", f"{np.mean(errors):+.3f}", f"{np.median(seconds):.2f}"]
    return f"| {title} | " + " | ".join(cells) + " |"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--task", choices=("semantic", "matting", "depth"), required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--generated", type=int, metavar="COUNT", help="so many generated pictures instead")
    parser.add_argument("--checkpoint", help="default: the task's embedded network")
    parser.add_argument("--layers", nargs="+", default=["sb", "bmsb", "bmsb-m", "bmconv"])
    parser.add_argument("--levels", nargs="+", type=int, default=[1])
    parser.add_argument("--layout", help="insertion layout")
    parser.add_argument("--preset", default="tuned")
    parser.add_argument("--lr", nargs="+", type=float, help="learning rates; default: the task's own")
    parser.add_argument("--ladder", action="store_true", help="the ten learning rates of the paper")
    parser.add_argument("--no-consistency", action="store_true")
    parser.add_argument("--consistency", type=float, help="weight of the consistency loss; default: the task's own")
    parser.add_argument("--free", action="store_true", help="hold nothing inside the discs of earlier clicks either")
    parser.add_argument("--disc", type=float, help="radius of the disc that a click supervises, working pixels")
    parser.add_argument("--radius", type=float, help="attention radius of all clicks in shorter sides of the picture")
    parser.add_argument("--top-k", type=int)
    parser.add_argument("--clicks", type=int, default=20)
    parser.add_argument("--skip", type=int, default=0)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--working-side", type=int)
    parser.add_argument("--picture-side", type=int, help="reduce the pictures to this longest side first")
    parser.add_argument("--threads", type=int, default=0)
    return parser.parse_args()


def main() -> int:
    """Measure and print."""
    args = arguments()
    if args.threads:
        torch.set_num_threads(args.threads)
    recipe: Any = import_module(f"models.training.recipes.{args.task}")
    all_examples = recipe.generated_examples(args.generated) if args.generated else recipe.held_back_examples(args.data)
    examples = all_examples[args.skip :: args.every][: args.limit]
    if args.picture_side:
        examples = [reduced(example, args.picture_side) for example in examples]
    loaded = models.load(args.checkpoint or f"light_{args.task}")
    measure = MEASURES[args.task](loaded.spec.class_count)
    head = [f"after {count}" for count in SHOWN if count <= args.clicks]
    titles = ["setting", *head, "AUC", "outside", "error outside", "CPU s/click"]
    sys.stdout.write(f"{len(examples)} pictures; {' / '.join(names_of(measure))}\n")
    sys.stdout.write(f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}\n")
    rates = LEARNING_RATE_LADDER if args.ladder else (args.lr or [None])
    for layer, levels, rate in product(args.layers, args.levels, rates):
        config = RefinementConfig(
            layer=layer,
            preset=args.preset,
            layout=args.layout,
            levels=levels,
            learning_rate=rate,
            consistency_weight=0.0 if args.no_consistency else args.consistency,
            free_earlier_clicks=args.free or None,
            click_disc_radius=args.disc,
            top_k_channels=args.top_k,
        )
        curves = []
        for example in examples:
            session = RefinementSession(loaded, example.image, config, example.guidance, working_side=args.working_side)
            curves.append(curve(measure, session, example, args.clicks, args.radius))
        title = f"{layer} L{levels}" + ("" if rate is None else f" lr {rate:.5f}")
        sys.stdout.write(row(measure, title, curves, args.clicks) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
