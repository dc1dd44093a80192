"""Procedural textures, and the atlas in which all textures of a scene lie with their smaller copies."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 128
"""Texels along the side of a texture at full size."""
LEVELS = 6
"""Full size and five halvings, which are read where a texture is far away, so that nothing flickers."""

Picture = NDArray[np.float32]
Rng = np.random.Generator


def noise(rng: Rng, cell: float = 32.0, octaves: int = 4, aspect: float = 1.0) -> Picture:
    """(SIDE, SIDE) smooth noise in [0, 1]; `aspect` stretches it sideways."""
    total = np.zeros((SIDE, SIDE), np.float32)
    for octave in range(octaves):
        step = max(2.0, cell / 2**octave)
        grid = rng.random((int(SIDE / step) + 2, max(2, int(SIDE / step / aspect) + 2)), dtype=np.float32)
        total += cv2.resize(grid, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) / 2**octave
    low, high = float(total.min()), float(total.max())
    return np.asarray((total - low) / max(high - low, 1e-6), dtype=np.float32)


def colour(rng: Rng) -> NDArray[np.float32]:
    """(3,) a random colour, more often pale or dull than strong."""
    grey = rng.uniform(0.08, 0.95)
    strength = rng.uniform(0, 0.5) ** 1.5
    return np.asarray(np.clip(grey + strength * rng.uniform(-1, 1, 3), 0.03, 0.97), dtype=np.float32)


def _mixed(share: Picture, first: NDArray[np.float32], second: NDArray[np.float32]) -> Picture:
    return np.asarray(share[..., None] * first + (1 - share[..., None]) * second, dtype=np.float32)


def _grid() -> tuple[Picture, Picture]:
    rows, cols = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) / SIDE
    return rows, cols


def even(grey: float) -> Picture:
    """The same grey everywhere."""
    return np.full((SIDE, SIDE, 3), grey, np.float32)


def plain(rng: Rng) -> Picture:
    """One colour, hardly uneven."""
    return _mixed(noise(rng), colour(rng), colour(rng)) * 0.06 + colour(rng) * 0.94


def clouds(rng: Rng) -> Picture:
    """Noise between two colours: plaster, carpet, asphalt, earth."""
    share = noise(rng, float(np.exp(rng.uniform(np.log(3), np.log(60)))), int(rng.integers(2, 6)))
    first = colour(rng)
    second = np.clip(first + rng.uniform(-0.35, 0.35), 0.02, 0.98).astype(np.float32)
    return _mixed(share, first, second)


def checker(rng: Rng) -> Picture:
    """Tiles of two colours, at times with joints."""
    rows, cols = _grid()
    count = int(rng.integers(2, 9))
    share = ((np.floor(rows * count) + np.floor(cols * count)) % 2).astype(np.float32)
    picture = _mixed(share, colour(rng), colour(rng))
    return picture * (0.85 + 0.15 * noise(rng))[..., None]


def stripes(rng: Rng) -> Picture:
    """Stripes of two colours, upright or lying."""
    rows, cols = _grid()
    along = cols if rng.random() < 0.6 else rows
    wave = np.sin(2 * np.pi * along * int(rng.integers(2, 20)) + rng.uniform(0, 6))
    share = np.clip(wave * rng.uniform(0.6, 8) + rng.uniform(0, 1), 0, 1).astype(np.float32)
    return _mixed(share, colour(rng), colour(rng))


def bricks(rng: Rng) -> Picture:
    """Courses of bricks or tiles, each of its own shade, with joints."""
    rows, cols = _grid()
    courses, per_course = int(rng.integers(3, 14)), int(rng.integers(2, 9))
    course = np.floor(rows * courses)
    shift = rng.choice([0.0, 0.5])
    place = cols * per_course + shift * (course % 2)
    brick = (np.floor(place) % per_course).astype(int)
    shade = rng.uniform(0.75, 1.15, (courses, per_course)).astype(np.float32)[course.astype(int), brick]
    joint = rng.uniform(0.02, 0.1)
    is_joint = (rows * courses % 1 < joint * 2) | (place % 1 < joint)
    return np.where(is_joint[..., None], colour(rng), colour(rng) * shade[..., None]).astype(np.float32)


def wood(rng: Rng) -> Picture:
    """Planks with grain."""
    rows, _ = _grid()
    grain = noise(rng, 12, 4, aspect=float(rng.uniform(6, 16)))
    planks = int(rng.integers(1, 9))
    shade = rng.uniform(0.8, 1.1, planks).astype(np.float32)[np.floor(rows * planks).astype(int)]
    base = np.array([0.55, 0.36, 0.2], np.float32) * rng.uniform(0.4, 1.7) + rng.uniform(-0.05, 0.08, 3)
    picture = base.astype(np.float32) * (shade * (0.7 + 0.5 * grain))[..., None]
    gap = rows * planks % 1 < 0.03
    return np.asarray(np.where(gap[..., None] & (planks > 1), picture * 0.5, picture), dtype=np.float32)


def windows(rng: Rng) -> Picture:
    """A front of one storey: wall with windows, some of them lit or curtained."""
    rows, cols = _grid()
    count = int(rng.integers(1, 4))
    left, right = rng.uniform(0.12, 0.3), rng.uniform(0.7, 0.88)
    inside = (cols * count % 1 > left) & (cols * count % 1 < right) & (rows > rng.uniform(0.15, 0.3)) & (rows < 0.78)
    glass = rng.uniform(0.05, 0.5, (count, 1)).astype(np.float32) * rng.uniform(0.8, 1.2, 3).astype(np.float32)
    pane = glass[np.floor(cols * count).astype(int) % count] * (0.6 + 0.8 * noise(rng))[..., None]
    front = clouds(rng) * 0.3 + colour(rng) * 0.7
    return np.where(inside[..., None], pane, front).astype(np.float32)


def leaves(rng: Rng) -> Picture:
    """Foliage: fine noise of greens."""
    dark = np.array([0.08, 0.16, 0.05], np.float32) * rng.uniform(0.5, 1.6)
    light = np.array([0.4, 0.5, 0.2], np.float32) * rng.uniform(0.6, 1.3)
    return _mixed(noise(rng, 8, 3), light.astype(np.float32), dark.astype(np.float32))


def photo(photos: Sequence[NDArray[np.uint8]], rng: Rng) -> Picture:
    """A random square of a random picture, mirrored so that it can be repeated."""
    picture = photos[int(rng.integers(len(photos)))]
    side = int(rng.integers(min(picture.shape[:2]) // 3, min(picture.shape[:2]) + 1))
    top = int(rng.integers(picture.shape[0] - side + 1))
    left = int(rng.integers(picture.shape[1] - side + 1))
    part = cv2.resize(picture[top : top + side, left : left + side], (SIDE // 2, SIDE // 2))
    half = np.concatenate([part, part[:, ::-1]], axis=1)
    return np.asarray(np.concatenate([half, half[::-1]]) / 255, dtype=np.float32)


PATTERNS: tuple[Callable[[Rng], Picture], ...] = (plain, plain, clouds, clouds, checker, stripes, bricks, wood, windows)


def any_texture(photos: Sequence[NDArray[np.uint8]], rng: Rng, photo_share: float = 0.3) -> Picture:
    """A random pattern, or part of a picture where there are pictures."""
    if photos and rng.random() < photo_share:
        return photo(photos, rng)
    return PATTERNS[int(rng.integers(len(PATTERNS)))](rng)


class Atlas:
    """The textures of a scene in one picture, each with its smaller copies beside it."""

    def __init__(self, textures: Sequence[Picture]) -> None:
        """Each texture (SIDE, SIDE, 3) in [0, 1]."""
        self._pixels = np.zeros((SIDE * len(textures), 2 * SIDE, 3), np.float32)
        for number, texture in enumerate(textures):
            left, side, picture = 0, SIDE, texture
            for _ in range(LEVELS):
                self._pixels[number * SIDE : number * SIDE + side, left : left + side] = picture
                left, side = left + side, side // 2
                picture = np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA), np.float32)

    def look_up(
        self, texture: NDArray[np.int32], across: Picture, down: Picture, footprint: Picture
    ) -> NDArray[np.float32]:
        """Colours (H, W, 3) by bilinear interpolation.

        Args:
            texture: (H, W) number of the texture.
            across: (H, W) coordinate in repetitions of the texture.
            down: (H, W) likewise.
            footprint: (H, W) size of an image pixel in repetitions of the texture.
        """
        level = np.clip(np.rint(np.log2(np.maximum(footprint * SIDE, 1e-6))), 0, LEVELS - 1).astype(np.float32)
        side = SIDE * np.exp2(-level)
        left = 2 * (SIDE - side)
        x = left + (across - np.floor(across)) * (side - 1)
        y = texture * np.float32(SIDE) + (down - np.floor(down)) * (side - 1)
        return np.asarray(
            cv2.remap(self._pixels, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR), dtype=np.float32
        )
