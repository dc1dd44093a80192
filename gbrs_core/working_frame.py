"""The way between the pixels of an image and those at which its network runs."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from gbrs_core.attention import outside_disc
from gbrs_core.interaction import Box, Interaction, Push, Stroke
from gbrs_core.network import NetworkSpec


class WorkingFrame:
    """An image's size and the size its network runs at; pixel centres are at whole numbers in both.

    Args:
        image_size: (H, W).
        working_size: (h, w).
    """

    def __init__(self, image_size: tuple[int, int], working_size: tuple[int, int]) -> None:
        self.image_size = image_size
        self.working_size = working_size
        self._strokes: dict[Stroke, Stroke] = {}

    def shrunk(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The image (H, W, 3) at working size."""
        height, width = self.working_size
        if image.shape[:2] == self.working_size:
            return image
        return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)

    def to_working(self, interaction: Interaction) -> Interaction:
        """An interaction in image pixels, in working pixels."""
        if isinstance(interaction, Stroke):
            if interaction not in self._strokes:
                self._strokes[interaction] = _resized_stroke(interaction, self.image_size, self.working_size)
            return self._strokes[interaction]
        (height, width), (working_height, working_width) = self.image_size, self.working_size
        down, right = working_height / height, working_width / width
        x, y = (interaction.x + 0.5) * right - 0.5, (interaction.y + 0.5) * down - 0.5
        if isinstance(interaction, Push):
            return replace(interaction, x=x, y=y)
        return replace(interaction, x=x, y=y, radius=interaction.radius * math.sqrt(down * right))

    def box_in_image(self, box: Box) -> Box:
        """A box in working pixels, in image pixels."""
        (height, width), (working_height, working_width) = self.image_size, self.working_size
        down, right = height / working_height, width / working_width
        x0, y0, x1, y1 = box
        return (x0 + 0.5) * right - 0.5, (y0 + 0.5) * down - 0.5, (x1 + 0.5) * right - 0.5, (y1 + 0.5) * down - 0.5

    def attended(self, working: Interaction) -> NDArray[np.bool_]:
        """The pixels (h, w) that an interaction in working pixels is about: its disc, its paint; all for a push."""
        if isinstance(working, Stroke):
            return working.painted(*self.working_size)
        if isinstance(working, Push):
            return np.ones(self.working_size, dtype=np.bool_)
        outside = outside_disc(working.x, working.y, working.radius, *self.working_size).numpy()
        return np.asarray(outside == 0)


def working_size(size: tuple[int, int], spec: NetworkSpec, working_side: int | None = None) -> tuple[int, int]:
    """(h, w) at which the network runs for an image of `size` (H, W): never larger, a multiple of what it needs."""
    scale = min(1.0, (working_side or spec.working_side) / max(size))
    multiple = spec.size_multiple
    height, width = (max(1, round(side * scale / multiple)) * multiple for side in size)
    return height, width


def _resized_stroke(stroke: Stroke, size: tuple[int, int], working: tuple[int, int]) -> Stroke:
    """The stroke at working size: the pixels it covers by half, or, if it is thinner than that, all it touches."""
    if size == working:
        return stroke
    painted = stroke.painted(*size).astype(np.float32)
    cover = cv2.resize(painted, (working[1], working[0]), interpolation=cv2.INTER_AREA)
    mask = cover >= 0.5
    return Stroke(mask if mask.any() else cover > 0, stroke.target)
