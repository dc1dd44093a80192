"""Label maps through a window: which class every device pixel belongs to, with smooth boundaries, and where they are.

Labels themselves are never enlarged: every class has a field of margins to the best other class, which is enlarged
bilinearly, and the class whose field is greatest wins. Fields are kept in bytes and as small as their class, so that
some milliseconds are enough for a whole screen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from app.rendering.overlay import Levels
from app.rendering.resample import resample
from app.rendering.windows import axes
from app.state.viewport import DeviceWindow

UNKNOWN = 65535
"""Stands for every id that is no class."""
MAX_SLOTS = 254
"""So many classes at most are told apart in one window."""

_SATURATED_LOGITS = 6.0
"""Margins beyond are as good as certain."""
_SMOOTHING = np.array([1.0, 3.0, 1.0], np.float32) / 5
"""Rounds the corners of cells; the middle weighs enough for lines of one cell to stay."""
_REACH_CELLS = 2
_FULL_RESOLUTION_PIXELS = 2_500_000


@dataclass(frozen=True, eq=False)
class ClassField:
    """Where one class is.

    Attributes:
        class_id: the class, or UNKNOWN.
        left, top: cell at which the margins begin.
        margins: uint8 (h', w'), greater where the class is more likely.
    """

    class_id: int
    left: int
    top: int
    margins: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class LabelField:
    """What is computed once per label map and used in every window.

    Attributes:
        shape: (h, w) of the label map.
        classes: the classes that occur, the most frequent first.
    """

    shape: tuple[int, int]
    classes: tuple[ClassField, ...]

    @property
    def class_ids(self) -> tuple[int, ...]:
        """The classes that occur, the most frequent first."""
        return tuple(item.class_id for item in self.classes)


def label_field(
    labels: NDArray[np.integer[Any]], class_count: int, scores: NDArray[np.float32] | None = None
) -> LabelField:
    """Prepare a label map, integer (h, w), and the scores (K, h, w) it is the argmax of, if they are known.

    Ids outside of 0 to class_count - 1 become UNKNOWN. Raises ValueError if the scores are of another size.
    """
    if scores is not None and scores.shape[1:] != labels.shape:
        raise ValueError(f"scores of shape {scores.shape} do not belong to labels of shape {labels.shape}")
    is_class = (labels >= 0) & (labels < class_count)
    known = np.where(is_class, labels, np.int32(UNKNOWN)).astype(np.uint16)
    counts = np.bincount(known.ravel())
    ids = np.flatnonzero(counts)
    best = _two_best(scores) if scores is not None else None
    fields = []
    for class_id in ids[np.argsort(-counts[ids], kind="stable")]:
        mask = np.asarray(known == class_id)
        left, top, right, bottom = _box(mask, _REACH_CELLS)
        part = np.s_[top:bottom, left:right]
        if best is None or scores is None or class_id >= len(scores):
            margins = _smoothed(mask[part])
        else:
            margins = _margins(scores[class_id][part], mask[part], best[0][part], best[1][part])
        fields.append(ClassField(int(class_id), left, top, margins))
    return LabelField((int(labels.shape[0]), int(labels.shape[1])), tuple(fields))


def class_slots(
    field: LabelField, slots: Mapping[int, int], window: DeviceWindow, image_size: tuple[int, int]
) -> Levels:
    """The slot of the winning class of every pixel of the window, uint8 (window.height, window.width).

    Args:
        field: the label map.
        slots: the slot of each of its classes.
        window: the visible part of the image.
        image_size: (H, W) of the image.
    """
    if window.width * window.height > _FULL_RESOLUTION_PIXELS:
        half = class_slots(field, slots, _half(window), image_size)
        large = cv2.resize(half, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
        return np.asarray(large, np.uint8)[: window.height, : window.width]
    won = np.zeros((window.height, window.width), np.uint8)
    best = np.zeros_like(won)
    for item in field.classes:
        rows, columns = (
            _pixels(first, first + length, window_first, window.zoom * side / cells, window_length)
            for first, length, window_first, side, cells, window_length in (
                (item.top, item.margins.shape[0], window.origin_y - window.top, image_size[0], field.shape[0],
                 window.height),
                (item.left, item.margins.shape[1], window.origin_x - window.left, image_size[1], field.shape[1],
                 window.width),
            )
        )  # fmt: skip
        if rows.stop <= rows.start or columns.stop <= columns.start:
            continue
        down, across = axes(field.shape, window, image_size, rows, columns)
        margins = resample(item.margins, down.beginning_with(item.top), across.beginning_with(item.left))
        so_far, place = best[rows, columns], won[rows, columns]
        is_better = cv2.compare(margins, so_far, cv2.CMP_GT)
        cv2.copyTo(np.full_like(margins, slots[item.class_id]), is_better, place)
        cv2.max(margins, so_far, so_far)
    return won


def slot_table(*fields: LabelField) -> dict[int, int]:
    """A slot from 1 on for every class that occurs in any of the label maps; rare ones beyond MAX_SLOTS share one."""
    ids = dict.fromkeys(class_id for field in fields for class_id in field.class_ids)
    return {class_id: min(index, MAX_SLOTS) for index, class_id in enumerate(ids, start=1)}


def boundary_coverage(slots: Levels, pixel_ratio: float) -> Levels:
    """How much of every pixel lines between slots cover, 0 to 255: about two logical pixels wide, with soft edges."""
    reach = max(round(pixel_ratio), 1)
    shape = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    is_edge = cv2.compare(cv2.dilate(slots, shape), cv2.erode(slots, shape), cv2.CMP_NE)
    soft = cv2.blur(is_edge, (3, 3))
    return np.asarray(cv2.convertScaleAbs(soft, alpha=1.5, beta=-63.0) if reach > 1 else soft, np.uint8)


def _two_best(scores: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The greatest and the second greatest score of every cell."""
    best = np.array(scores[0])
    second = np.full_like(best, -np.inf)
    for score in scores[1:]:
        second = np.maximum(second, np.minimum(best, score))
        best = np.maximum(best, score)
    return best, second


def _margins(
    score: NDArray[np.float32], mask: NDArray[np.bool_], best: NDArray[np.float32], second: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """The margin of a class over the best other one, from logits to bytes; at least 128 where the class wins."""
    with np.errstate(invalid="ignore"):  # infinite scores of two classes
        margin = np.nan_to_num(score - np.where(mask, second, best), nan=0.0)
    squeezed = np.clip(margin, -_SATURATED_LOGITS, _SATURATED_LOGITS) * np.float32(126 / _SATURATED_LOGITS)
    return np.asarray(np.rint(squeezed) + np.where(mask, 129, 127), np.uint8)


def _smoothed(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    share = mask.astype(np.uint8) * np.uint8(255)
    return np.asarray(cv2.sepFilter2D(share, -1, _SMOOTHING, _SMOOTHING, borderType=cv2.BORDER_REPLICATE), np.uint8)


def _box(mask: NDArray[np.bool_], reach: int) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is true, with cells around it, end exclusive."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    height, width = mask.shape
    return (
        max(int(columns[0]) - reach, 0),
        max(int(rows[0]) - reach, 0),
        min(int(columns[-1]) + 1 + reach, width),
        min(int(rows[-1]) + 1 + reach, height),
    )


def _pixels(first: int, end: int, offset: int, scale: float, length: int) -> slice:
    """Device pixels of cells, clipped to the window."""
    return slice(max(int(first * scale + offset), 0), min(int(end * scale + offset) + 1, length))


def _half(window: DeviceWindow) -> DeviceWindow:
    """The same part of the image at half the resolution."""
    left, top = window.left // 2, window.top // 2
    return DeviceWindow(
        left,
        top,
        -(-window.width // 2),
        -(-window.height // 2),
        left + (window.origin_x - window.left) // 2,
        top + (window.origin_y - window.top) // 2,
        window.zoom / 2,
        window.pixel_ratio / 2,
    )
