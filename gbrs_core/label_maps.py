"""Class ids per pixel: what counts as no class, shares of pixels, how far two maps agree. Torch-free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gbrs_core.errors import ShapeError

Colour = tuple[int, int, int]
"""Red, green, blue, 0 to 255 each."""


def void_id(class_count: int) -> int:
    """The id of pixels that belong to no class: 255, or 65535 where 255 is a class of its own."""
    return 255 if class_count <= 255 else 65535


def shares(label_map: NDArray[Any], class_count: int) -> NDArray[np.float64]:
    """(K,) share of the pixels of each class, from 0 to 1; pixels of no class count in the whole."""
    is_class = (label_map >= 0) & (label_map < class_count)
    counts = np.bincount(label_map[is_class].astype(np.intp), minlength=class_count)
    return counts / max(1, label_map.size)


def coloured(label_map: NDArray[Any], colours: Sequence[Colour]) -> NDArray[np.uint8]:
    """(H, W, 3) RGB uint8; pixels of no class are black."""
    table = np.zeros((len(colours) + 1, 3), np.uint8)
    table[: len(colours)] = np.asarray(colours, np.uint8).reshape(-1, 3)
    is_class = (label_map >= 0) & (label_map < len(colours))
    return np.asarray(table[np.where(is_class, label_map, len(colours))])


@dataclass(frozen=True, eq=False)
class LabelMapComparison:
    """How far two label maps agree; pixels of no class in either of them are left out.

    Attributes:
        ious: (K,) intersection over union of each class, NaN for classes neither map has.
        mean_iou: their mean, NaN if no pixel can be compared.
        changed_share: share of the compared pixels whose class differs, 0 if there are none.
        compared_share: share of all pixels that have a class in both maps.
    """

    ious: NDArray[np.float64]
    mean_iou: float
    changed_share: float
    compared_share: float


def compare_label_maps(first: NDArray[Any], second: NDArray[Any], class_count: int) -> LabelMapComparison:
    """Compare two label maps (H, W) of the same classes.

    Raises:
        ShapeError: they are not of the same size.
    """
    if first.shape != second.shape:
        raise ShapeError("the second label map", second.shape, f"that of the first one, {first.shape}")
    is_compared = (first >= 0) & (first < class_count) & (second >= 0) & (second < class_count)
    pairs = first[is_compared].astype(np.intp) * class_count + second[is_compared].astype(np.intp)
    confusion = np.bincount(pairs, minlength=class_count**2).reshape(class_count, class_count)
    both = np.diagonal(confusion).astype(np.float64)
    either = confusion.sum(axis=0) + confusion.sum(axis=1) - both
    ious = np.divide(both, either, out=np.full(class_count, np.nan), where=either > 0)
    count = int(confusion.sum())
    return LabelMapComparison(
        ious=ious,
        mean_iou=float(np.nanmean(ious)) if count else float("nan"),
        changed_share=1.0 - float(both.sum()) / count if count else 0.0,
        compared_share=count / max(1, first.size),
    )
