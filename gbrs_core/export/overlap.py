"""Which object a pixel belongs to, for formats with one value per pixel. Torch-free."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gbrs_core.export.requests import ExportObject


def instance_ids(objects: Sequence[ExportObject], size: tuple[int, int]) -> NDArray[np.uint16]:
    """Number the pixels by object, in the order of the list.

    Where objects overlap, the later one gets the pixel, but nothing takes a pixel from a locked object; between two
    locked ones the earlier keeps it.

    Args:
        objects: at most 65535.
        size: (H, W) of the masks.

    Returns:
        (H, W) uint16: 0 background, 1 the first object, 2 the second, ...
    """
    ids = np.zeros(size, np.uint16)
    numbered = list(enumerate(objects, start=1))
    unlocked = [pair for pair in numbered if not pair[1].is_locked]
    locked = [pair for pair in numbered if pair[1].is_locked]
    for number, item in [*unlocked, *reversed(locked)]:
        ids[item.mask] = number
    return ids
