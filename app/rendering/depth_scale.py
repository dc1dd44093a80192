"""How depths become colours and where round depths are: shared by the picture and its legend."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.rendering.layers import DepthUnit
from app.rendering.options import DepthOptions

_PERCENTILES = (2.0, 98.0)
_ROUND_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_LEAST_RATIO = 1.001
"""Of far to near; a range is never narrower."""
_SAMPLE_COUNT = 40_000
"""So many depths tell the percentiles well enough."""


@dataclass(frozen=True)
class DepthScale:
    """The depths of the first and the last colour.

    Attributes:
        near, far: 0 < near < far.
        is_logarithmic: whether equal ratios are equally far apart.
        unit: of both.
    """

    near: float
    far: float
    is_logarithmic: bool = False
    unit: DepthUnit = "m"

    def position(self, depth: float) -> float:
        """Where a depth is between near (0) and far (1); not clipped. Raises ValueError for depths that are not > 0
        on a logarithmic scale.
        """
        if not self.is_logarithmic:
            return (depth - self.near) / (self.far - self.near)
        if depth <= 0:
            raise ValueError(f"a depth on a logarithmic scale must be greater than 0, not {depth}")
        return math.log(depth / self.near) / math.log(self.far / self.near)

    def depth_at(self, position: float) -> float:
        """The depth at a position, 0 is near and 1 is far."""
        if not self.is_logarithmic:
            return self.near + position * (self.far - self.near)
        return float(self.near * (self.far / self.near) ** position)

    def positions(self, depths: NDArray[np.float32]) -> NDArray[np.float32]:
        """`position` of every depth > 0, clipped to [0, 1]."""
        if self.is_logarithmic:
            values = np.log(depths / np.float32(self.near)) / np.float32(math.log(self.far / self.near))
        else:
            values = (depths - np.float32(self.near)) / np.float32(self.far - self.near)
        return np.asarray(np.clip(values, 0, 1), np.float32)

    def ticks(self, count: int) -> tuple[float, ...]:
        """About `count` round depths from near to far."""
        if not self.is_logarithmic or self.far / self.near < 3:
            return _multiples(self.near, self.far, round_step((self.far - self.near) / max(count, 1)))
        decades = range(math.floor(math.log10(self.near)), math.ceil(math.log10(self.far)) + 1)
        ticks: tuple[float, ...] = ()
        for digits in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7), tuple(range(1, 10))):
            found = tuple(
                digit * 10.0**decade
                for decade in decades
                for digit in digits
                if self.near <= digit * 10.0**decade <= self.far * (1 + 1e-9)
            )
            if ticks and len(found) > count * 1.4:
                break
            ticks = found
        return ticks


def is_known(depth: NDArray[np.float32], valid_range: tuple[float, float] | None = None) -> NDArray[np.bool_]:
    """Where a depth map says something: finite, positive, and within what the network can say."""
    known = np.isfinite(depth) & (depth > 0)
    if valid_range is not None:
        # Networks give their limits back up to rounding.
        known &= (depth >= valid_range[0] * 0.999) & (depth <= valid_range[1] * 1.001)
    return np.asarray(known)


def automatic_range(depth: NDArray[np.float32], valid_range: tuple[float, float] | None = None) -> tuple[float, float]:
    """Near and far for the colours: 2nd and 98th percentile of the known depths, rounded so that small changes of the
    map leave them as they are. (1, 2) if nothing is known.
    """
    step = max(math.isqrt(depth.size // _SAMPLE_COUNT), 1) if depth.size else 1
    sample = depth[::step, ::step]
    known = sample[is_known(sample, valid_range)]
    if not len(known):
        return 1.0, 2.0
    near, far = (float(value) for value in np.percentile(known, _PERCENTILES))
    unit = round_step(max(far - near, far * 0.05) / 20)
    near, far = math.floor(near / unit + 1e-6) * unit, math.ceil(far / unit - 1e-6) * unit
    return widened(near if near > 0 else float(known.min()), far)


def widened(near: float, far: float) -> tuple[float, float]:
    """The range, or the least one around it if it is empty or upside down; near is at least a millionth."""
    near = max(near, 1e-6)
    return near, max(far, near * _LEAST_RATIO)


def scale_of(
    depth: NDArray[np.float32], options: DepthOptions, unit: DepthUnit, valid_range: tuple[float, float] | None = None
) -> DepthScale:
    """The scale of a depth map: as chosen, and automatic where nothing is chosen."""
    near, far = options.near, options.far
    if near is None or far is None:
        automatic = automatic_range(depth, valid_range)
        near, far = automatic[0] if near is None else near, automatic[1] if far is None else far
        if near >= far:  # the end that was chosen counts
            near, far = (far / 2, far) if options.near is None else (near, near * 2)
    return DepthScale(*widened(near, far), options.is_logarithmic, unit)


def contour_step(scale: DepthScale, options: DepthOptions) -> float:
    """Depth between two contours, > 0."""
    if options.contour_step is not None and options.contour_step > 0:
        return options.contour_step
    return round_step((scale.far - scale.near) / 10)


def round_step(least: float) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that is not below a number > 0."""
    power = 10.0 ** math.floor(math.log10(max(least, 1e-12)))
    return next(step * power for step in _ROUND_STEPS if step * power >= least * (1 - 1e-6))


def depth_text(depth: float, unit: DepthUnit, step: float | None = None) -> str:
    """A depth with as many digits as a step between depths needs, and its unit."""
    digits = 2 if step is None else _digits(step)
    return f"{depth:.{digits}f} m" if unit == "m" else f"{depth:.{digits}f}"


def _digits(step: float) -> int:
    digits = 0
    while digits < 4 and abs(round(step, digits) - step) > step * 1e-6:
        digits += 1
    return digits


def _multiples(first: float, last: float, step: float) -> tuple[float, ...]:
    begin, end = math.ceil(first / step - 1e-9), math.floor(last / step + 1e-9)
    return tuple(index * step for index in range(begin, end + 1))
