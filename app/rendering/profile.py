"""Values of a map along a line across the image, and their table. Torch-free, no Qt."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
"""(x, y), image pixels."""

_MOST_SAMPLES = 2000


@dataclass(frozen=True, eq=False)
class Profile:
    """A cross-section.

    Attributes:
        x, y: float64 (n,), image pixels of the samples, n >= 2.
        distances: float64 (n,), image pixels from the line's beginning.
        after: float32 (n,), the values now; NaN where they are not known.
        before: float32 (n,), the values before; None if there are none.
        unit: of the values: "m", or "" for numbers without one.
        name: what the values are, for the table's heading.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    distances: NDArray[np.float64]
    after: NDArray[np.float32]
    before: NDArray[np.float32] | None = None
    unit: str = ""
    name: str = "value"


def profile_along(
    start: Point,
    end: Point,
    image_size: tuple[int, int],
    after: NDArray[np.float32],
    before: NDArray[np.float32] | None = None,
    *,
    unit: str = "",
    name: str = "value",
) -> Profile:
    """Bilinear samples about one image pixel apart; what is not finite, and all that is mixed with it, is NaN.

    The line goes from `start` to `end`, which may lie outside of the image of size (H, W), where the border's values go
    on. `after` and `before`, float32 (h, w), each cover the whole image. For `unit` and `name` see `Profile`.
    """
    length = math.hypot(end[0] - start[0], end[1] - start[1])
    count = min(max(math.ceil(length) + 1, 2), _MOST_SAMPLES)
    x, y = np.linspace(start[0], end[0], count), np.linspace(start[1], end[1], count)
    return Profile(
        x,
        y,
        np.linspace(0.0, length, count),
        _sampled(after, image_size, x, y),
        _sampled(before, image_size, x, y) if before is not None else None,
        unit,
        name,
    )


def profile_csv(profile: Profile) -> str:
    """The samples as comma-separated lines under a heading; unknown values are empty."""
    unit = f"_{profile.unit}" if profile.unit else ""
    has_before = profile.before is not None
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    heading = ["distance_px", "x", "y", *([f"{profile.name}_before{unit}"] if has_before else [])]
    writer.writerow([*heading, f"{profile.name}{unit}"])
    before = profile.before if profile.before is not None else profile.after
    for distance, x, y, earlier, now in zip(
        profile.distances, profile.x, profile.y, before, profile.after, strict=True
    ):
        values = [_number(earlier), _number(now)] if has_before else [_number(now)]
        writer.writerow([f"{distance:.3f}", f"{x:.3f}", f"{y:.3f}", *values])
    return text.getvalue()


def _number(value: np.float32) -> str:
    return f"{value:.6g}" if np.isfinite(value) else ""


def _sampled(
    values: NDArray[np.float32], image_size: tuple[int, int], x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.float32]:
    columns = (x + 0.5) * (values.shape[1] / image_size[1]) - 0.5
    rows = (y + 0.5) * (values.shape[0] / image_size[0]) - 0.5
    finite = np.where(np.isfinite(values), values, np.float32(np.nan)).astype(np.float32)
    places = columns.astype(np.float32)[None], rows.astype(np.float32)[None]
    samples = cv2.remap(finite, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(samples, np.float32).reshape(-1)
