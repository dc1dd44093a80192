"""Where a click would tell the network most, judged by how unsure it is. Knows nothing of the truth. Torch-free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gbrs_core.interaction import Click

LEAST_UNCERTAINTY = 0.05
"""Below it a network counts as sure: one class has a probability above 0.99."""
_MOST_EXPONENT = 60.0


@dataclass(frozen=True)
class Suggestion:
    """A place to look at.

    Attributes:
        x: column of the map.
        y: row of the map.
        radius: how far it is to where the network is sure, in pixels of the map, at least 1.
        uncertainty: there, 0 to 1.
    """

    x: int
    y: int
    radius: float
    uncertainty: float


def mask_uncertainty(logits: NDArray[np.floating], threshold: float = 0.0) -> NDArray[np.float32]:
    """Entropy in bits of object against background, (h, w) float32 from 0 to 1, 1 where logits equal the threshold."""
    margin = np.minimum(np.abs(logits.astype(np.float32) - np.float32(threshold)), np.float32(_MOST_EXPONENT))
    rare = np.exp(-margin)
    # H = log(1 + e^-m) + m e^-m / (1 + e^-m), of the margin m = |logit|
    entropy = np.log1p(rare) + margin * rare / (1 + rare)
    return np.asarray(entropy / np.log(2), dtype=np.float32)


def most_uncertain(uncertainty: NDArray[np.floating], clicks: Sequence[Click] = ()) -> Suggestion | None:
    """The deepest point of where a network is unsure, which Otsu's threshold separates from where it is sure.

    The deepest point, not the most uncertain one: along every edge there is a line of pixels between both sides, and
    only where the uncertain part is wide does it mean more than the edge itself.

    Args:
        uncertainty: (h, w), 0 to 1.
        clicks: earlier clicks, in pixels of the map; their pixels have been asked about.

    Returns:
        The place, the first in row-major order among equals; None where the network is sure everywhere.
    """
    levels = np.rint(np.clip(uncertainty, 0, 1) * 255).astype(np.uint8)
    threshold, _ = cv2.threshold(levels.reshape(1, -1), 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    is_unsure = levels > max(threshold, LEAST_UNCERTAINTY * 255)
    height, width = is_unsure.shape
    for click in clicks:
        is_unsure[min(max(round(click.y), 0), height - 1), min(max(round(click.x), 0), width - 1)] = False
    depth = cv2.distanceTransform(np.pad(is_unsure.astype(np.uint8), 1), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    if not is_unsure.any():
        return None
    row, column = np.unravel_index(int(np.argmax(depth)), depth.shape)
    radius = max(1.0, float(depth[row, column]))
    return Suggestion(int(column), int(row), radius, float(uncertainty[row, column]))
