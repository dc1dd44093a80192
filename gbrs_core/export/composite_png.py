"""The foreground over a new background: 8-bit RGB PNG. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from gbrs_core.export.alpha_png import scaled
from gbrs_core.export.base import Exporter
from gbrs_core.export.png import encode_png
from gbrs_core.export.requests import AlphaMatteRequest
from gbrs_core.foreground import foreground_colours
from gbrs_core.label_maps import Colour
from gbrs_core.prediction import OutputKind


@dataclass(frozen=True)
class CompositePng(Exporter[AlphaMatteRequest]):
    """A photograph as background is scaled to cover the image and cut evenly on both sides."""

    kind: ClassVar[OutputKind] = OutputKind.ALPHA_MATTE
    name: str = "composite"
    title: str = "Over the chosen background (PNG)"
    ending: str = "_composite.png"

    def encode(self, request: AlphaMatteRequest) -> bytes:
        """(H, W, 3) RGB."""
        return encode_png(composite(request.image, request.alpha_matte, request.background))


def composite(
    image: NDArray[np.uint8], alpha_matte: NDArray[np.float32], background: Colour | NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """The foreground of a photograph over another background, a F + (1 - a) B.

    Args:
        image: (H, W, 3) RGB uint8.
        alpha_matte: (H, W) float32 in [0, 1].
        background: (R, G, B) from 0 to 255, or a photograph (h, w, 3) RGB uint8.

    Returns:
        (H, W, 3) RGB uint8.
    """
    foreground = foreground_colours(image, alpha_matte)
    if isinstance(background, tuple):
        behind = np.array(background, np.float32) / 255
    else:
        behind = covering(background, *alpha_matte.shape).astype(np.float32) / 255
    mixed = behind + alpha_matte[..., np.newaxis] * (foreground - behind)
    return np.asarray(scaled(np.asarray(mixed, np.float32), 8), np.uint8)


def covering(photo: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """The middle of a photograph (h, w, 3), scaled so that it just covers (height, width)."""
    old_height, old_width = photo.shape[:2]
    scale = max(height / old_height, width / old_width)
    # The part of the photograph that will be seen, at its own size: nothing larger than the result is ever made.
    seen_height = min(old_height, max(1, round(height / scale)))
    seen_width = min(old_width, max(1, round(width / scale)))
    top, left = (old_height - seen_height) // 2, (old_width - seen_width) // 2
    seen = photo[top : top + seen_height, left : left + seen_width]
    if seen.shape[:2] == (height, width):
        return seen
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(seen, (width, height), interpolation=how), np.uint8)
