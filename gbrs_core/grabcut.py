"""OpenCV's GrabCut fed with the same clicks: an outside reference, no part of the method."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from gbrs_core.interaction import Click

SURE_RADIUS = 4.0
ITERATIONS = 3
COLOURS = 5
"""Of either side in OpenCV's models; fewer pixels than that cannot be modelled."""


def grabcut(image: NDArray[np.uint8], clicks: Sequence[Click]) -> NDArray[np.bool_]:
    """The mask (H, W) for these clicks in pixels of the image (H, W, 3) uint8 RGB.

    Clicks are sure discs of 4 pixels; the attention disc of an object click is probable object. Where that leaves
    nothing to tell apart (no object click, or one whose disc is the whole image) the discs are the mask.
    """
    labels = np.full(image.shape[:2], cv2.GC_PR_BGD, dtype=np.uint8)
    for click in clicks:
        if click.is_positive:
            _paint(labels, click, max(SURE_RADIUS, click.radius), cv2.GC_PR_FGD)
    for click in clicks:
        _paint(labels, click, SURE_RADIUS, cv2.GC_FGD if click.is_positive else cv2.GC_BGD)
    is_object = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    if min(np.count_nonzero(is_object), np.count_nonzero(~is_object)) < COLOURS:
        return np.asarray(is_object)
    reversed_channels = np.ascontiguousarray(image[:, :, ::-1])
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(reversed_channels, labels, (0, 0, 1, 1), *models, ITERATIONS, cv2.GC_INIT_WITH_MASK)
    return np.asarray((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD))


def _paint(labels: NDArray[np.uint8], click: Click, radius: float, value: int) -> None:
    cv2.circle(labels, (round(click.x), round(click.y)), round(radius), value, thickness=-1)
