"""Patterns that move with the image: stripes for what cannot be changed or is not known, checks for what is not there.

Sizes are in logical pixels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.rendering.layers import Colour
from app.state.viewport import DeviceWindow

HATCH_PX = 5
CHECKER_PX = 10
CHECKER: tuple[Colour, Colour] = ((206, 208, 212), (156, 159, 165))
"""The colours of the checkerboard under what is cut out."""


def hatch(window: DeviceWindow, left: int, top: int, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Diagonal stripes in a part of the window that begins at (left, top) and has this shape."""
    step = max(round(HATCH_PX * window.pixel_ratio), 1)
    period = 2 * step
    across = (np.arange(shape[1] + period) + window.left + left - window.origin_x) // step % 2 == 1
    lines = np.stack([across[shift : shift + shape[1]] for shift in range(period)])
    return lines[(np.arange(shape[0]) + window.top + top - window.origin_y) % period]


def checks(window: DeviceWindow) -> NDArray[np.bool_]:
    """Squares over the whole window."""
    step = max(round(CHECKER_PX * window.pixel_ratio), 1)
    across = (np.arange(window.width) + window.left - window.origin_x) // step % 2 == 1
    down = (np.arange(window.height) + window.top - window.origin_y) // step % 2
    return np.stack([across, ~across])[down]
