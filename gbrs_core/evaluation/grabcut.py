"""OpenCV's GrabCut fed with the same clicks: an outside reference, no part of the method."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from gbrs_core.interaction import Click

SURE_RADIUS = 4.0
ITERATIONS = 3


class GrabCutMethod:
    """Clicks as sure discs of 4 pixels; the attention disc of an object click as probable object."""

    def __init__(self, image: NDArray[np.uint8]) -> None:
        """`image` is (H, W, 3) uint8 RGB."""
        self._image = np.ascontiguousarray(image[:, :, ::-1])
        self._clicks: list[Click] = []

    def click(self, click: Click) -> NDArray[np.bool_]:
        """The mask after one more click, (H, W) bool."""
        self._clicks.append(click)
        labels = np.full(self._image.shape[:2], cv2.GC_PR_BGD, dtype=np.uint8)
        for earlier in self._clicks:
            if earlier.is_positive:
                _paint(labels, earlier, max(SURE_RADIUS, earlier.radius), cv2.GC_PR_FGD)
        for earlier in self._clicks:
            _paint(labels, earlier, SURE_RADIUS, cv2.GC_FGD if earlier.is_positive else cv2.GC_BGD)
        cv2.setRNGSeed(0)
        cv2.grabCut(
            self._image, labels, (0, 0, 1, 1), np.zeros((1, 65)), np.zeros((1, 65)), ITERATIONS, cv2.GC_INIT_WITH_MASK
        )
        return np.asarray((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD))


def _paint(labels: NDArray[np.uint8], click: Click, radius: float, value: int) -> None:
    cv2.circle(labels, (round(click.x), round(click.y)), round(radius), value, thickness=-1)
