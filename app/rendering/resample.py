"""Values on a coarse grid, seen through a window of device pixels: bilinear, fast, and in the right place.

`cv2.resize` is about ten times faster than `cv2.warpAffine`, but places its output only on whole pixels. What is
missing to the exact place is made up for on the coarse grid, where it is cheap.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]
"""(h, w)."""
Scalar = TypeVar("Scalar", np.float32, np.uint8)

_GRID_STEP = 8
"""Output pixels between exact samples at very high magnification."""
_HUGE_SCALE = 16.0


@dataclass(frozen=True)
class Axis:
    """How output pixels of one axis lie on the values: output pixel p is at value (p + 0.5 - offset) / scale - 0.5.

    Attributes:
        scale: output pixels per value, > 0.
        offset: output position of the first value's outer edge.
        length: number of output pixels.
    """

    scale: float
    offset: float
    length: int

    def positions(self, step: int = 1) -> NDArray[np.float64]:
        """Positions on the values of the middle of every `step` output pixels, enough to cover the length."""
        count = -(-self.length // step)
        return np.asarray(((np.arange(count) + 0.5) * step - self.offset) / self.scale - 0.5, np.float64)

    def span(self, count: int) -> slice:
        """Which of `count` values are needed, with one more at either end."""
        first = math.floor(-self.offset / self.scale) - 2
        end = math.ceil((self.length - self.offset) / self.scale) + 2
        first = min(max(first, 0), count - 1)
        return slice(first, max(min(end, count), first + 1))

    def beginning_with(self, first: int) -> Axis:
        """The axis of the same output on the values from `first` on."""
        return Axis(self.scale, self.offset + first * self.scale, self.length)


def resample(values: NDArray[Scalar], rows: Axis, columns: Axis) -> NDArray[Scalar]:
    """Bilinear samples of values (h, w), in their own type, (rows.length, columns.length).

    Beyond the border the border value goes on. Bytes are rounded twice, so they may be off by one.
    """
    if max(rows.scale, columns.scale) > _HUGE_SCALE:
        return _from_exact_grid(values, rows, columns)
    while min(rows.scale, columns.scale) <= 0.5:
        values, rows, columns = _halved(values, rows, columns)
    row_span, column_span = rows.span(values.shape[0]), columns.span(values.shape[1])
    rows, columns = rows.beginning_with(row_span.start), columns.beginning_with(column_span.start)
    crop = _shifted(values[row_span, column_span], _missing_shift(rows), _missing_shift(columns))
    return place(crop, rows, columns)


def place(values: NDArray[Any], rows: Axis, columns: Axis, interpolation: int = cv2.INTER_LINEAR) -> NDArray[Any]:
    """Values (h, w) or (h, w, c) resized, to the nearest whole output pixel.

    The border value goes on where the values end; the values must reach into the output.
    """
    fx, fy = max(columns.scale, 1 / values.shape[1]), max(rows.scale, 1 / values.shape[0])
    large: NDArray[Any] = cv2.resize(values, None, fx=fx, fy=fy, interpolation=interpolation)
    top, left = round(rows.offset), round(columns.offset)
    before = max(top, 0), max(left, 0)
    part = large[max(-top, 0) :, max(-left, 0) :][: rows.length - before[0], : columns.length - before[1]]
    after = rows.length - before[0] - part.shape[0], columns.length - before[1] - part.shape[1]
    if not (any(before) or any(after)):
        return part
    return np.asarray(cv2.copyMakeBorder(part, before[0], after[0], before[1], after[1], cv2.BORDER_REPLICATE))


def value_at(values: Values, image_size: tuple[int, int], x: float, y: float) -> float:
    """The bilinear value at an image position of values that cover an image of size (H, W)."""
    row = (y + 0.5) * values.shape[0] / image_size[0] - 0.5
    column = (x + 0.5) * values.shape[1] / image_size[1] - 0.5
    return float(_interpolated(values, np.array([row]), np.array([column]))[0, 0])


def _missing_shift(axis: Axis) -> float:
    """What `place` misses by rounding, in values."""
    return (axis.offset - round(axis.offset)) / axis.scale


def _shifted(values: NDArray[Scalar], down: float, right: float) -> NDArray[Scalar]:
    """Values moved by less than one cell, bilinear."""
    moved = cv2.sepFilter2D(values, -1, _shift_kernel(right), _shift_kernel(down), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(moved, values.dtype)


def _shift_kernel(shift: float) -> NDArray[np.float32]:
    return np.array([max(shift, 0.0), 1.0 - abs(shift), max(-shift, 0.0)], np.float32)


def _halved(values: NDArray[Scalar], rows: Axis, columns: Axis) -> tuple[NDArray[Scalar], Axis, Axis]:
    even = cv2.copyMakeBorder(values, 0, values.shape[0] % 2, 0, values.shape[1] % 2, cv2.BORDER_REPLICATE)
    half = cv2.resize(even, (even.shape[1] // 2, even.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return (
        np.asarray(half, values.dtype),
        Axis(rows.scale * 2, rows.offset, rows.length),
        Axis(columns.scale * 2, columns.offset, columns.length),
    )


def _from_exact_grid(values: NDArray[Scalar], rows: Axis, columns: Axis) -> NDArray[Scalar]:
    """Exact samples every few pixels, enlarged; enlarging a few huge cells instead would reach far out of the window.

    One sample more at either end keeps the border of the output from being extrapolated.
    """
    grid = _interpolated(values, _around(rows.positions(_GRID_STEP)), _around(columns.positions(_GRID_STEP)))
    large = cv2.resize(grid, None, fx=_GRID_STEP, fy=_GRID_STEP, interpolation=cv2.INTER_LINEAR)
    part = np.asarray(large)[_GRID_STEP:, _GRID_STEP:][: rows.length, : columns.length]
    return np.asarray(part if values.dtype == np.float32 else np.rint(part), values.dtype)


def _around(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Evenly spaced positions with one more at either end."""
    step = positions[1] - positions[0] if len(positions) > 1 else 0.0
    return np.concatenate([[positions[0] - step], positions, [positions[-1] + step]])


def _interpolated(values: NDArray[Scalar], rows: NDArray[np.float64], columns: NDArray[np.float64]) -> Values:
    """Bilinear samples at every pair of a row and a column position."""
    upper, lower, row_weight = _neighbours(rows, values.shape[0])
    left, right, column_weight = _neighbours(columns, values.shape[1])
    lines = values[upper] * (1 - row_weight[:, None]) + values[lower] * row_weight[:, None]
    return np.asarray(lines[:, left] * (1 - column_weight) + lines[:, right] * column_weight, np.float32)


def _neighbours(
    positions: NDArray[np.float64], count: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    inside = np.clip(positions, 0, count - 1)
    first = np.minimum(inside.astype(np.intp), max(count - 2, 0))
    return first, np.minimum(first + 1, count - 1), (inside - first).astype(np.float32)
