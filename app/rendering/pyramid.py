"""The photograph at halved sizes, so that zoomed-out views cost what the screen holds and not what the file holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

RgbImage = NDArray[np.uint8]
"""(H, W, 3)."""

_SMALLEST_SIDE = 256


@dataclass(frozen=True, eq=False)
class ImagePyramid:
    """A photograph and its halved copies.

    Attributes:
        levels: level k is uint8 (ceil(H / 2^k), ceil(W / 2^k), 3); level 0 is the photograph itself. The smaller ones
            may not be made yet.
    """

    levels: tuple[RgbImage, ...]

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) of the photograph."""
        height, width = self.levels[0].shape[:2]
        return height, width

    @property
    def is_complete(self) -> bool:
        """Whether every level worth having is here."""
        return bool(max(self.levels[-1].shape[:2]) <= _SMALLEST_SIDE)

    def level_for(self, zoom: float) -> int:
        """The smallest level that has at least a pixel per device pixel, as far as it is made."""
        level = 0
        while zoom * 2 ** (level + 1) <= 1.0 and level + 1 < len(self.levels):
            level += 1
        return level


def build_pyramid(image: RgbImage, is_cancelled: Callable[[], bool] = lambda: False) -> ImagePyramid | None:
    """Every level of a photograph, each pixel the mean of the 2 x 2 below it; None if cancelled meanwhile."""
    pyramid = ImagePyramid((image,))
    while not pyramid.is_complete:
        if is_cancelled():
            return None
        pyramid = ImagePyramid((*pyramid.levels, _halved(pyramid.levels[-1])))
    return pyramid


def _halved(image: RgbImage) -> RgbImage:
    height, width = image.shape[:2]
    even = cv2.copyMakeBorder(image, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    half = cv2.resize(even, (even.shape[1] // 2, even.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(half, np.uint8)
