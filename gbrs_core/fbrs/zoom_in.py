"""ZoomIn of f-BRS (its section 3.4): from the second click on, only the region around the object goes to the network.

Regions are inclusive on all sides, in pixels of the image, as in the published program.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gbrs_core.config import ZoomInConfig
from gbrs_core.interaction import Box

PlacedClick = tuple[float, float, bool]
"""(row, col, is_positive) in pixels, (0, 0) the centre of the top-left one."""


@dataclass(frozen=True)
class Region:
    """A box of an image; all four sides belong to it."""

    top: int
    bottom: int
    left: int
    right: int

    @classmethod
    def whole(cls, height: int, width: int) -> Region:
        """The whole image."""
        return cls(0, height - 1, 0, width - 1)

    @classmethod
    def around(cls, mask: NDArray[np.bool_]) -> Region | None:
        """The box of a mask (H, W), None if it is empty."""
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if not len(rows):
            return None
        return cls(int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1]))

    @property
    def height(self) -> int:
        """In pixels."""
        return self.bottom - self.top + 1

    @property
    def width(self) -> int:
        """In pixels."""
        return self.right - self.left + 1

    @property
    def slices(self) -> tuple[slice, slice]:
        """To cut it out of (..., H, W)."""
        return slice(self.top, self.bottom + 1), slice(self.left, self.right + 1)

    @property
    def edges(self) -> Box:
        """Its outer edges; pixel centres are at whole numbers."""
        return self.left - 0.5, self.top - 0.5, self.right + 0.5, self.bottom + 0.5

    def expanded(self, ratio: float, least: float, height: int, width: int) -> Region:
        """Grown about its centre, to at least so many pixels each way, as far as the image (height, width) goes."""
        top, bottom = _expanded(self.top, self.bottom, ratio, least, height)
        left, right = _expanded(self.left, self.right, ratio, least, width)
        return Region(top, bottom, left, right)

    def overlap(self, other: Region) -> float:
        """Product of the intersections over the unions of rows and of columns."""
        return _overlap((self.top, self.bottom), (other.top, other.bottom)) * _overlap(
            (self.left, self.right), (other.left, other.right)
        )

    def holds_positive(self, clicks: Sequence[PlacedClick]) -> bool:
        """Whether every positive click lies in it; its last row and column count as outside, as published."""
        return all(
            self.top <= row < self.bottom and self.left <= column < self.right
            for row, column, is_positive in clicks
            if is_positive
        )

    def size_for(self, longest_side: int) -> tuple[int, int]:
        """(h, w) of the region resized to a longest side, also upwards."""
        scale = longest_side / max(self.height, self.width)
        return round(self.height * scale), round(self.width * scale)

    def inside(self, clicks: Sequence[PlacedClick], size: tuple[int, int]) -> tuple[PlacedClick, ...]:
        """Clicks of the image in pixels of the region resized to (h, w); not clipped, negative ones may lie outside."""
        height, width = size
        return tuple(
            (height * (row - self.top) / self.height, width * (column - self.left) / self.width, is_positive)
            for row, column, is_positive in clicks
        )


class ZoomIn:
    """Which region of an image the network sees, click after click.

    Args:
        config: settings.
        height: H of the image.
        width: W of the image.
        is_exact: do as published where it errs: when the previous mask is empty, the region of before stays on record
            although the whole image is predicted.
    """

    def __init__(self, config: ZoomInConfig, height: int, width: int, *, is_exact: bool = False) -> None:
        self.config = config
        self._size = height, width
        self._is_exact = is_exact
        self.region: Region | None = None

    def advance(self, clicks: Sequence[PlacedClick], previous: NDArray[np.floating] | None) -> tuple[bool, bool]:
        """Take the clicks so far and the previous probabilities (H, W).

        Returns:
            Whether the network sees a region now, and whether what it sees is another picture than before.
        """
        if len(clicks) <= self.config.skip_clicks:
            return False, False
        wanted = self._wanted(clicks, previous)
        if wanted is None:
            changed = self.region is not None and not self._is_exact
            if not self._is_exact:
                self.region = None
            return False, changed
        kept = self.region
        if kept is not None and kept.holds_positive(clicks) and wanted.overlap(kept) >= self.config.recompute_overlap:
            return True, False
        self.region = wanted
        return True, True

    def is_worth_another_look(self, probability: NDArray[np.floating]) -> bool:
        """After a prediction of the whole image: whether the first click is to be predicted again, zoomed in."""
        if self.config.skip_clicks > 0 or self.region is not None:
            return False
        wanted = self._wanted((), probability)
        return wanted is not None and wanted.overlap(Region.whole(*self._size)) < 0.5

    def _wanted(self, clicks: Sequence[PlacedClick], previous: NDArray[np.floating] | None) -> Region | None:
        if previous is None:
            return None
        mask = previous > self.config.mask_threshold
        if not mask.any():
            return None
        for row, column, is_positive in clicks:
            if is_positive:
                mask[int(row), int(column)] = True
        box = Region.around(mask)
        assert box is not None, "the mask is not empty"
        return box.expanded(self.config.expansion_ratio, self.config.min_crop_size, *self._size)


def _expanded(first: int, last: int, ratio: float, least: float, side: int) -> tuple[int, int]:
    centre, size = 0.5 * (first + last), max(ratio * (last - first + 1), least)
    return max(0, round(centre - 0.5 * size)), min(side - 1, round(centre + 0.5 * size))


def _overlap(first: tuple[int, int], second: tuple[int, int]) -> float:
    """Intersection over the hull of two inclusive intervals."""
    shared = max(0, min(first[1], second[1]) - max(first[0], second[0]) + 1)
    hull = max(first[1], second[1]) - min(first[0], second[0]) + 1
    return shared / hull
