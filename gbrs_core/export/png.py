"""Arrays to PNG bytes. Torch-free."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from gbrs_core.export.base import FormatLimitError


def encode_png(array: NDArray[Any]) -> bytes:
    """PNG without loss of (H, W) grey or (H, W, 4) RGBA, uint8 or uint16.

    OpenCV writes it because Pillow has no 16-bit RGBA; bytes because OpenCV cannot open every path on Windows.
    """
    swapped = cv2.cvtColor(array, cv2.COLOR_RGBA2BGRA) if array.ndim == 3 else array
    is_done, encoded = cv2.imencode(".png", np.asarray(swapped))
    if not is_done:
        raise FormatLimitError(f"the PNG encoder refused an array of shape {array.shape}")
    return encoded.tobytes()
