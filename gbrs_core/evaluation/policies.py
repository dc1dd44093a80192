"""Where simulated annotators click: in the middle of the error, or around it as people do."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gbrs_core.interaction import Click

if TYPE_CHECKING:
    from gbrs_core.evaluation.example import DenseExample
    from gbrs_core.evaluation.measures import Measure

SPREAD = 0.35
"""Standard deviation of a human-like click around the middle of the error, in attention radii."""
TRIES = 16

Policy = Callable[[Click, NDArray[np.bool_], int, str], Click]
"""Moves a click: (click, (H, W) pixels where its target is true, seed, what is unique to the click) -> click."""


def centre(click: Click, meant: NDArray[np.bool_], seed: int, key: str) -> Click:
    """The protocol of the paper: the click as it is."""
    return click


def human(click: Click, meant: NDArray[np.bool_], seed: int, key: str) -> Click:
    """A click somewhere around the middle, normally distributed, on a pixel for which its target is true.

    Centre clicks flatter every method (RClicks): people miss the middle in proportion to the size of what they mean.
    The attention radius grows by how far they miss, so that it still covers the error.
    """
    digest = hashlib.blake2b(f"{seed}/{key}".encode(), digest_size=8).digest()
    rng = np.random.default_rng(int.from_bytes(digest, "little"))
    height, width = meant.shape
    spread = SPREAD * min(click.radius, 0.25 * min(height, width))
    for right, down in rng.normal(0.0, spread, (TRIES, 2)):
        x, y = round(click.x + right), round(click.y + down)
        if 0 <= x < width and 0 <= y < height and meant[y, x]:
            missed = float(np.hypot(x - click.x, y - click.y))
            return Click(float(x), float(y), click.radius + missed, click.target)
    return click


POLICIES: Mapping[str, Policy] = {"centre": centre, "human": human}
"""By the name that `--clicker` takes."""


def placed(policy: Policy, click: Click, measure: Measure, example: DenseExample, index: int, seed: int = 0) -> Click:
    """Where a policy puts the click that a measure proposes, with the target that is true there.

    Args:
        policy: of the annotator.
        click: proposed for the middle of the error.
        measure: of the task.
        example: picture and truth.
        index: how many clicks there are before it.
        seed: equal seeds give equal clicks.
    """
    moved = policy(click, measure.meant(example, click), seed, f"{example.name}/{index}")
    return replace(moved, target=measure.true_target(example, moved)) if moved != click else click
