"""Random views of an example: geometry first, then light and colour, as a photograph may differ from another."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.sources import Example, Image, Target

MINIMUM_OBJECT_SHARE = 0.004
"""A view must show at least this share of object, or another is drawn."""


def random_view(example: Example, side: int, rng: np.random.Generator) -> Example:
    """A square view of `side` pixels that shows part of the object.

    Zoom 0.4 .. 1.6 of the original pixels, aspect up to 1.25, rotation up to 20 degrees, mirroring. Past the border the
    photograph is mirrored, the target ignored.
    """
    for _ in range(8):
        view = _warp(example, side, rng)
        share = float((view.target == 1).mean())
        if MINIMUM_OBJECT_SHARE <= share <= 0.85:
            break
    return Example(jitter_colours(view.image, rng), view.target)


def _warp(example: Example, side: int, rng: np.random.Generator) -> Example:
    height, width = example.target.shape
    longest = max(height, width)
    # From a close look at the object to the whole photograph, evenly in the logarithm.
    extent = float(np.exp(rng.uniform(np.log(0.4 * longest), np.log(1.15 * longest))))
    scale = float(np.clip(side / extent, 0.35, 1.8))
    aspect = float(np.exp(rng.uniform(-0.2, 0.2)))
    angle = np.deg2rad(rng.normal(0, 7) if rng.random() < 0.7 else rng.uniform(-20, 20))
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.diag([scale * aspect * mirror, scale / aspect])
    centre = _view_centre(example.target, side / scale, rng)
    matrix = np.concatenate([linear, (np.full(2, side / 2) - linear @ centre)[:, None]], axis=1)
    shrinking = scale < 0.8
    image = cv2.warpAffine(
        cv2.GaussianBlur(example.image, (0, 0), 0.35 / scale) if shrinking else example.image,
        matrix,
        (side, side),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    target = cv2.warpAffine(
        example.target.astype(np.int16), matrix, (side, side), flags=cv2.INTER_NEAREST, borderValue=(-1,)
    )
    return Example(np.asarray(image, dtype=np.uint8), target.astype(np.int8))


def _view_centre(target: Target, extent: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """(x, y) the view is centred on: near a random object pixel, kept inside the photograph where it fits."""
    height, width = target.shape
    inside = np.flatnonzero(target == 1)
    if len(inside) == 0:
        inside = np.array([target.size // 2])
    row, col = divmod(int(rng.choice(inside)), width)
    wanted = np.array([col, row]) + rng.uniform(-0.35, 0.35, 2) * extent
    half = 0.5 * extent
    limits = np.array([width, height], dtype=np.float64)
    low, high = np.minimum(half, limits / 2), np.maximum(limits - half, limits / 2)
    return np.asarray(np.clip(wanted, low, high), dtype=np.float64)


def jitter_colours(image: Image, rng: np.random.Generator) -> Image:
    """Brightness, contrast, gamma, colour cast, saturation, hue-like mixing, blur and noise; (H, W, 3) uint8."""
    pixels = image.astype(np.float32) / 255
    pixels = pixels * rng.uniform(0.7, 1.3) * rng.uniform(0.9, 1.1, 3).astype(np.float32)
    mean = pixels.mean()
    pixels = (pixels - mean) * rng.uniform(0.7, 1.35) + mean + rng.uniform(-0.06, 0.06)
    grey = pixels.mean(axis=2, keepdims=True)
    pixels = grey + (pixels - grey) * (0.0 if rng.random() < 0.06 else rng.uniform(0.5, 1.5))
    if rng.random() < 0.15:
        mixing = np.eye(3, dtype=np.float32) + rng.uniform(-0.25, 0.25, (3, 3)).astype(np.float32)
        pixels = pixels @ (mixing / mixing.sum(axis=0, keepdims=True))
    pixels = np.clip(pixels, 0, 1)
    if rng.random() < 0.4:
        pixels = pixels ** np.float32(np.exp(rng.uniform(-0.35, 0.35)))
    if rng.random() < 0.12:
        pixels = cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.4, 1.4))
    if rng.random() < 0.2:
        pixels = pixels + rng.normal(0, rng.uniform(0.01, 0.05), pixels.shape).astype(np.float32)
    return np.asarray(np.clip(pixels * 255 + 0.5, 0, 255), dtype=np.uint8)
