"""Arrays to PNG bytes. Torch-free."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gbrs_core.export.base import FormatLimitError
from gbrs_core.label_maps import Colour

LARGEST_INDEX = 255
"""Last index of a palette."""

_TO_OPENCV = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}


def encode_png(array: NDArray[Any]) -> bytes:
    """PNG without loss of (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA, uint8 or uint16.

    OpenCV writes it because Pillow has no 16-bit colour; bytes because OpenCV cannot open every path on Windows.
    """
    swapped = cv2.cvtColor(array, _TO_OPENCV[array.shape[2]]) if array.ndim == 3 else array
    is_done, encoded = cv2.imencode(".png", np.asarray(swapped))
    if not is_done:
        raise FormatLimitError(f"the PNG encoder refused an array of shape {array.shape}")
    return encoded.tobytes()


def encode_palette_png(indices: NDArray[np.uint8], colours: Sequence[Colour]) -> bytes:
    """PNG of mode P with 8 bits per pixel; indices (H, W) without a colour are black."""
    image = Image.fromarray(indices, "P")
    palette = bytes(value for colour in colours for value in colour)
    # All 256 entries, because Pillow would pack few of them into 1, 2 or 4 bits, which some readers refuse.
    image.putpalette(palette.ljust(3 * (LARGEST_INDEX + 1), b"\0"))
    content = io.BytesIO()
    image.save(content, "PNG")
    return content.getvalue()
