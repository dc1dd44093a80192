"""How good the plain depth network is on each real scene that no training saw.

    python -m tests.benchmarks.depth_scenes --data ../shared/data

Prints a table in Markdown, one line per scene: d1 and relative error as the network says, and d1 with the scale given
(the median of truth / prediction). Scenes of which only disparity is known are scored after the best scale and shift of
inverse depth, which says less.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

import models
from gbrs_core.evaluation.depth_metrics import (
    aligned_by_scale,
    aligned_to_disparity,
    clamped,
    countable,
    depth_scores,
)
from models.light.depth import MAX_DEPTH
from models.training.depth_frames import DepthFrame, read_frames
from models.training.recipes.depth import predicted

LEAST_DISPARITY = 0.5
"""Aligned disparity is clamped to this, so that its inverse stays positive."""


def scores_of(network: object, frame: DepthFrame) -> tuple[float, float, float]:
    """d1, relative error (not a number for disparity), and d1 after alignment."""
    depth = clamped(predicted(network, frame.image), MAX_DEPTH)  # type: ignore[arg-type]
    if frame.is_metric:
        counts = countable(frame.values, MAX_DEPTH)
        plain = depth_scores(depth, frame.values, counts)
        scaled = clamped(aligned_by_scale(depth, frame.values, counts), MAX_DEPTH)
        return plain.d1, plain.abs_rel, depth_scores(scaled, frame.values, counts).d1
    counts = frame.values > 0
    aligned = np.maximum(aligned_to_disparity(depth, frame.values, counts), LEAST_DISPARITY)
    return np.nan, np.nan, depth_scores(aligned, frame.values, counts).d1


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--checkpoint", default="light_depth")
    parser.add_argument("--trained", action="store_true", help="the scenes that were trained on instead")
    args = parser.parse_args()
    network = models.load(args.checkpoint).module
    by_scene: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for frame in read_frames(args.data / "depth", held_back=not args.trained):
        by_scene[frame.scene].append(scores_of(network, frame))
    sys.stdout.write("| scene | frames | d1 | AbsRel | d1 aligned |\n|---|---|---|---|---|\n")
    for scene, scores in sorted(by_scene.items()):
        cells = ["-" if np.isnan(value) else f"{value:.3f}" for value in np.mean(scores, axis=0)]
        sys.stdout.write(f"| {scene} | {len(scores)} | {' | '.join(cells)} |\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
