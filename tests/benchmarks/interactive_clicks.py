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

import numpy as np
import torch

import models
from gbrs_core import RefinementConfig, RefinementSession
from gbrs_core.evaluation.grabcut import GrabCutMethod
from gbrs_core.evaluation.metrics import number_of_clicks
from gbrs_core.evaluation.protocol import ClickCurve, ClickMethod, SessionMethod, click_curve
from models.training.recipes.interactive import held_back_examples
from models.training.sources import Image

CLICKS = 20
OVERRIDES = (
    "learning_rate",
    "iterations",
    "stop_residual",
    "click_disc_radius",
    "consistency_weight",
    "bias_map",
)
SHOWN = (1, 3, 5, 10, 20)
LAYERS = ("none", "sb", "bmsb", "bmsb-m", "bmconv")


def method_maker(name: str, args: argparse.Namespace) -> Callable[[Image], ClickMethod]:
    """A fresh method per image: "grabcut", a layer name, or layer:preset."""
    if name == "grabcut":
        return GrabCutMethod
    layer, _, preset = name.partition(":")
    loaded = models.load(args.checkpoint)
    overrides = {
        key: value
        for key in (
            "learning_rate",
            "iterations",
            "stop_residual",
            "click_disc_radius",
            "consistency_weight",
            "bias_map",
        )
        if (value := getattr(args, key)) is not None
    }
    config = RefinementConfig(layer=layer, preset=preset or args.preset, **overrides)
    return lambda image: SessionMethod(RefinementSession(loaded, image, config=config))


def row(name: str, curves: list[ClickCurve]) -> str:
    """One line of the table."""
    scores = np.stack([curve.scores for curve in curves])
    figures = [np.mean([number_of_clicks(line, threshold) for line in scores]) for threshold in (0.85, 0.90)]
    means = [scores[:, count - 1].mean() for count in SHOWN]
    seconds = np.median([second for curve in curves for second in curve.seconds])
    cells = [f"{value:.2f}" for value in figures] + [f"{value:.3f}" for value in [*means, seconds]]
    return f"| {name} | " + " | ".join(cells) + " |"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds bsds500/")
    parser.add_argument("--methods", nargs="+", default=[*LAYERS, "grabcut"], help="layer, layer:preset or grabcut")
    parser.add_argument("--checkpoint", default="light_interactive")
    parser.add_argument("--preset", default="tuned")
    parser.add_argument("--every", type=int, default=1, help="take every n-th object")
    parser.add_argument("--threads", type=int, default=0)
    for option, kind in (
        ("learning-rate", float), ("iterations", int), ("stop-residual", float),
        ("click-disc-radius", float), ("consistency-weight", float), ("bias-map", str),
    ):  # fmt: skip
        parser.add_argument(f"--{option}", type=kind)
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    examples = held_back_examples(args.data)[:: args.every]
    head = " | ".join(["method", "NoC@85", "NoC@90", *(f"IoU@{count}" for count in SHOWN), "s/click"])
    sys.stdout.write(f"{len(examples)} objects\n| {head} |\n|{'---|' * 9}\n")
    for name in args.methods:
        make = method_maker(name, args)
        curves = [click_curve(make(example.image), example.target, CLICKS) for example in examples]
        sys.stdout.write(row(name, curves) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
