"""Arrays to TIFF bytes. Torch-free."""

from __future__ import annotations

import io

import numpy as np
import tifffile
from numpy.typing import NDArray


def encode_float_tiff(array: NDArray[np.float32]) -> bytes:
    """One page of 32-bit floats (H, W), without compression, which every reader of such files can do."""
    content = io.BytesIO()
    tifffile.imwrite(content, np.ascontiguousarray(array, np.float32), photometric="minisblack", metadata=None)
    return content.getvalue()
