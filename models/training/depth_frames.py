"""Real pictures with measured depth: which are trained on, which are kept back, and random views of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.augment import jitter_colours
from models.training.config import TrainingError
from models.training.sources import Image, read_rgb

LONGEST_SIDE = 512
"""Pixels to which training frames are reduced."""


@dataclass(frozen=True, eq=False)
class DepthFrame:
    """A picture with its depth or disparity.

    Attributes:
        name: file name without ending.
        scene: frames of one place share it.
        image: (H, W, 3) uint8 RGB.
        values: (H, W) float32, metres or disparity (larger is nearer, of unknown scale and offset); 0 unknown.
        is_metric: whether the values are metres.
    """

    name: str
    scene: str
    image: Image
    values: NDArray[np.float32]
    is_metric: bool


@dataclass(frozen=True, eq=False)
class DepthView:
    """A training sample: (h, w, 3) uint8 and (h, w) float32 as in `DepthFrame`."""

    image: Image
    values: NDArray[np.float32]
    is_metric: bool


def is_held_back(scene: str, scenes: set[str]) -> bool:
    """Whether no training sees a scene.

    Scenes whose names begin with the same word come from one data set. Every second scene of a data set, in the order
    of the names and beginning with the first, is kept back; a data set of a single scene is trained on.
    """
    family = sorted(other for other in scenes if other.split("_")[0] == scene.split("_")[0])
    return len(family) > 1 and family.index(scene) % 2 == 0


def read_frames(folder: Path, *, held_back: bool, longest_side: int | None = None) -> list[DepthFrame]:
    """The frames that are trained on, or those that are kept back, in the order of the index.

    Args:
        folder: with `index.json`, images and 16-bit depth.
        held_back: which of the two.
        longest_side: reduce larger frames to this many pixels.

    Raises:
        TrainingError: a file is missing or damaged.
    """
    try:
        index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        scenes = {entry["scene"] for entry in index}
        chosen = [entry for entry in index if is_held_back(entry["scene"], scenes) == held_back]
    except (OSError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise TrainingError(f"cannot read the list of depth frames {folder / 'index.json'}: {error}") from error
    return [
        _reduced(
            DepthFrame(
                Path(entry["image"]).stem,
                entry["scene"],
                read_rgb(folder / entry["image"]),
                _read_values(folder / entry["depth"], float(entry["png_scale"])),
                entry["kind"] == "metric_depth",
            ),
            longest_side,
        )
        for entry in chosen
    ]


@cache
def _read_values(path: Path, scale: float) -> NDArray[np.float32]:
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.ndim != 2:
        raise TrainingError(f"cannot read the depth image {path}; is the data folder complete?")
    return np.asarray(pixels / scale, dtype=np.float32)


def _reduced(frame: DepthFrame, longest_side: int | None) -> DepthFrame:
    height, width = frame.values.shape
    if longest_side is None or max(height, width) <= longest_side:
        return frame
    share = longest_side / max(height, width)
    size = (round(width * share), round(height * share))
    image = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA)
    values = cv2.resize(frame.values, size, interpolation=cv2.INTER_NEAREST)
    return DepthFrame(frame.name, frame.scene, np.asarray(image, np.uint8), np.asarray(values), frame.is_metric)


def random_view(view: DepthView | DepthFrame, height: int, width: int, rng: np.random.Generator) -> DepthView:
    """A part of at least 80 % of the largest one of that shape, mirrored at times, in other light; depth untouched.

    A narrower part looks as if taken with a longer lens, which the network must live with: it is not told the lens.
    """
    rows, cols = view.values.shape
    whole = min(rows / height, cols / width)
    share = whole * float(rng.uniform(0.8, 1.0))
    part_rows, part_cols = int(share * height), int(share * width)
    top = int(rng.integers(rows - part_rows + 1))
    left = int(rng.integers(cols - part_cols + 1))
    part = (slice(top, top + part_rows), slice(left, left + part_cols))
    shrinking = share > 1
    image = cv2.resize(
        view.image[part], (width, height), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    )
    values = cv2.resize(view.values[part], (width, height), interpolation=cv2.INTER_NEAREST)
    if rng.random() < 0.5:
        image, values = image[:, ::-1], values[:, ::-1]
    return DepthView(jitter_colours(np.asarray(image, np.uint8), rng), np.ascontiguousarray(values), view.is_metric)
