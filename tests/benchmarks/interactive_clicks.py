"""Clicks to a good mask on the held-back BSDS500 objects, per method: the table of docs/results.md.

    python -m tests.benchmarks.interactive_clicks --data ../shared/data

Prints a table in Markdown: NoC@85 and NoC@90 (20 clicks at most), mean IoU after 1, 3, 5, 10 and 20 clicks, seconds
per click (median). Every object is clicked 20 times by the simulated annotator of section 3.1 of the paper.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

import models
from gbrs_core import RefinementConfig, RefinementSession
from gbrs_core.config import LEARNING_RATE_LADDER, LayerName
from gbrs_core.evaluation.grabcut import GrabCutMethod
from gbrs_core.evaluation.metrics import number_of_clicks
from gbrs_core.evaluation.protocol import ClickCurve, ClickMethod, SessionMethod, click_curve
from models.training.recipes.interactive import held_back_examples
from models.training.sources import Image

CLICKS = 20
OVERRIDES = {
    "learning_rate": float,
    "iterations": int,
    "stop_residual": float,
    "click_disc_radius": float,
    "consistency_weight": float,
    "bias_map": str,
}
"""Settings that the command line may replace, with their kind."""
SHOWN = (1, 3, 5, 10, 20)
LAYERS = ("none", "sb", "bmsb", "bmsb-m", "bmconv")


def method_maker(name: str, args: argparse.Namespace, **more: Any) -> Callable[[Image], ClickMethod]:
    """A fresh method per image: "grabcut", a layer name, or layer:preset."""
    if name == "grabcut":
        return GrabCutMethod
    layer, _, preset = name.partition(":")
    loaded = models.load(args.checkpoint)
    given = {key: value for key in OVERRIDES if (value := getattr(args, key)) is not None}
    config = RefinementConfig(layer=cast("LayerName", layer), preset=preset or args.preset, **{**given, **more})
    return lambda image: SessionMethod(RefinementSession(loaded, image, config=config))


def row(name: str, curves: list[ClickCurve]) -> str:
    """One line of the table."""
    scores = np.stack([curve.scores for curve in curves])
    figures = [np.mean([number_of_clicks(line, threshold) for line in scores]) for threshold in (0.85, 0.90)]
    means = [scores[:, count - 1].mean() for count in SHOWN]
    seconds = np.median([second for curve in curves for second in curve.seconds])
    cells = [f"{value:.2f}" for value in figures] + [f"{value:.3f}" for value in [*means, seconds]]
    return f"| {name} | " + " | ".join(cells) + " |"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds bsds500/")
    parser.add_argument("--methods", nargs="+", default=[*LAYERS, "grabcut"], help="layer, layer:preset or grabcut")
    parser.add_argument("--checkpoint", default="light_interactive")
    parser.add_argument("--preset", default="tuned")
    parser.add_argument("--every", type=int, default=1, help="take every n-th object")
    parser.add_argument("--skip", type=int, default=0, help="begin with this object")
    parser.add_argument("--stop-at", type=float, help="end an object at this IoU; curves then are flat from there on")
    parser.add_argument("--ladder", action="store_true", help="each method at the ten learning rates of the paper")
    parser.add_argument("--threads", type=int, default=0)
    for name, kind in OVERRIDES.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind)
    return parser.parse_args()


def main() -> int:
    """Measure and print."""
    args = arguments()
    if args.threads:
        torch.set_num_threads(args.threads)
    examples = held_back_examples(args.data)[args.skip :: args.every]
    head = " | ".join(["method", "NoC@85", "NoC@90", *(f"IoU@{count}" for count in SHOWN), "s/click"])
    sys.stdout.write(f"{len(examples)} objects\n| {head} |\n|{'---|' * 9}\n")
    rates = LEARNING_RATE_LADDER if args.ladder else (None,)
    for name in args.methods:
        for rate in rates:
            make = method_maker(name, args, **({} if rate is None else {"learning_rate": rate}))
            curves = [click_curve(make(item.image), item.target, CLICKS, args.stop_at) for item in examples]
            sys.stdout.write(row(name if rate is None else f"{name} {rate:.6f}", curves) + "\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
