"""Training samples that keep their clicks from step to step.

A pool of samples is held; every step trains on some of them, and each answer of the network yields that sample's next
click, placed on its error. So every forward pass both trains and simulates the annotator (iterative click sampling
without extra passes), and one batch mixes samples with few and with many clicks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gbrs_core.evaluation.auto_click import error_masks, first_maximum, inner_distance
from models.training.augment import random_view
from models.training.sources import Image, Source, Target

NORM_RADIUS = 260.0
MAXIMUM_CLICKS = 20


@dataclass(eq=False)
class ClickedSample:
    """An image, its target and the clicks so far.

    Attributes:
        image: (S, S, 3) uint8 RGB.
        target: (S, S) int8, 1 object, 0 background, -1 ignored.
        distances: (2, S, S) float32, squared distance to the nearest positive and negative click, 1e6 * 260^2 without.
        click_count: clicks placed so far.
    """

    image: Image
    target: Target
    distances: NDArray[np.float32] = field(init=False)
    click_count: int = 0

    def __post_init__(self) -> None:
        self.distances = np.full((2, *self.target.shape), 1e6 * NORM_RADIUS**2, dtype=np.float32)

    def place_click(self, row: int, col: int, is_positive: bool) -> None:
        """Add a click at integer pixel coordinates."""
        rows = np.arange(self.target.shape[0], dtype=np.float32)[:, None] - row
        cols = np.arange(self.target.shape[1], dtype=np.float32)[None, :] - col
        channel = self.distances[0 if is_positive else 1]
        np.minimum(channel, rows * rows + cols * cols, out=channel)
        self.click_count += 1

    def click_maps(self) -> NDArray[np.float32]:
        """(2, S, S) tanh distance maps, positive first."""
        maps: NDArray[np.float32] = np.tanh(2.0 / NORM_RADIUS * np.sqrt(self.distances))
        return maps

    def click_error(self, prediction: NDArray[np.bool_], rng: np.random.Generator) -> bool:
        """Place the next click on the larger error of `prediction`; False when there is none.

        Mostly at the deepest pixel, as the simulated annotator does, else anywhere in the error, as people do.
        """
        errors = error_masks(prediction, self.target)
        depths = (inner_distance(errors.missed), inner_distance(errors.spilled))
        if max(depths[0].max(), depths[1].max()) < 1.5:
            return False
        is_positive = bool(depths[0].max() > depths[1].max())
        row, col = _pick(depths[0] if is_positive else depths[1], rng, centre_share=0.65)
        self.place_click(row, col, is_positive)
        return True


def _pick(depth: NDArray[np.float32], rng: np.random.Generator, centre_share: float) -> tuple[int, int]:
    """The deepest pixel, or with probability 1 - centre_share a pixel at least 30 % as deep."""
    if rng.random() < centre_share:
        return first_maximum(depth)
    candidates = np.flatnonzero(depth >= max(1.0, 0.3 * float(depth.max())))
    row, col = np.unravel_index(int(rng.choice(candidates)), depth.shape)
    return int(row), int(col)


def new_sample(source: Source, side: int, rng: np.random.Generator) -> ClickedSample:
    """A fresh view with its first clicks: one on the object, at times several of both kinds."""
    while True:
        view = random_view(source.draw(rng), side, rng)
        if (view.target == 1).any():
            break
    sample = ClickedSample(view.image, view.target)
    inside = inner_distance(view.target == 1)
    sample.place_click(*_pick(inside, rng, centre_share=0.6), is_positive=True)
    if rng.random() < 0.3:
        outside = inner_distance(view.target == 0)
        for _ in range(int(rng.integers(0, 3))):
            sample.place_click(*_pick(inside, rng, centre_share=0.0), is_positive=True)
        for _ in range(int(rng.integers(0, 3)) if outside.max() >= 1 else 0):
            sample.place_click(*_pick(outside, rng, centre_share=0.0), is_positive=False)
    return sample


class SamplePool:
    """A fixed number of clicked samples, renewed one by one."""

    def __init__(self, source: Source, size: int, side: int, rng: np.random.Generator, keep: float = 0.86) -> None:
        """`keep` is the chance that a sample stays for another click."""
        self._source, self._side, self._rng, self._keep = source, side, rng, keep
        self._samples = [new_sample(source, side, rng) for _ in range(size)]
        self._lent: NDArray[np.intp] = np.empty(0, dtype=np.intp)

    def lend(self, count: int) -> tuple[list[int], list[ClickedSample]]:
        """`count` samples that were not in the batch before, with their places in the pool."""
        free = np.setdiff1d(np.arange(len(self._samples)), self._lent)
        self._lent = self._rng.choice(free, size=count, replace=False)
        places = [int(place) for place in self._lent]
        return places, [self._samples[place] for place in places]

    def give_back(self, places: list[int], predictions: NDArray[np.bool_]) -> None:
        """Click the errors of the (B, S, S) predictions; samples that are finished are renewed."""
        for place, prediction in zip(places, predictions, strict=True):
            sample = self._samples[place]
            stays = sample.click_count < MAXIMUM_CLICKS and self._rng.random() < self._keep
            if not stays or not sample.click_error(prediction, self._rng):
                self._samples[place] = new_sample(self._source, self._side, self._rng)
