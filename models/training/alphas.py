"""Procedural alpha mattes: hair, fur, nets and lace, smoke, motion blur, soft shapes.

All functions take a generator and answer with (H, W) float32 in [0, 1].
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Alpha = NDArray[np.float32]
_OVERSAMPLING = 2
"""Strands are drawn this much larger and reduced: finer than a pixel, with true partial coverage."""
_SHIFT = 4
"""Fraction bits of OpenCV's point coordinates."""


def noise(size: tuple[int, int], cell: float, octaves: int, rng: np.random.Generator) -> Alpha:
    """Smooth noise: bicubic random values `cell` pixels apart, each octave half as coarse and half as strong."""
    height, width = size
    total = np.zeros(size, np.float32)
    for octave in range(octaves):
        step = max(2.0, cell / 2**octave)
        grid = rng.random((int(height / step) + 3, int(width / step) + 3), dtype=np.float32)
        total += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) / 2**octave
    low, high = float(total.min()), float(total.max())
    return np.asarray((total - low) / max(high - low, 1e-6), dtype=np.float32)


def shape(size: tuple[int, int], rng: np.random.Generator) -> Alpha:
    """A filled smooth closed curve of 4 % .. 45 % of the picture."""
    height, width = size
    angles = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    radius = np.ones_like(angles)
    for frequency in range(2, 7):
        radius += rng.normal(0, 0.5 / frequency**1.3) * np.cos(frequency * angles + rng.uniform(0, 2 * np.pi))
    radius = np.maximum(radius, 0.2) * min(height, width) * rng.uniform(0.15, 0.4)
    centre = np.array([rng.uniform(0.25, 0.75) * width, rng.uniform(0.25, 0.75) * height])
    stretch = np.exp(rng.uniform(-0.3, 0.3))
    points = centre + np.stack([radius * stretch * np.cos(angles), radius / stretch * np.sin(angles)], axis=1)
    drawn = np.zeros(size, np.uint8)
    cv2.fillPoly(drawn, [_fixed(points)], 255, cv2.LINE_AA, _SHIFT)
    return np.asarray(drawn / np.float32(255), dtype=np.float32)


def soft(mask: Alpha, rng: np.random.Generator) -> Alpha:
    """The shape out of focus: blurred by 0.6 to 12 pixels, more in some places than in others."""
    near = cv2.GaussianBlur(mask, (0, 0), float(np.exp(rng.uniform(np.log(0.6), np.log(3)))))
    far = cv2.GaussianBlur(mask, (0, 0), float(np.exp(rng.uniform(np.log(1), np.log(12)))))
    share = noise(mask.shape, 0.6 * max(mask.shape), 1, rng)
    return np.asarray(share * near + (1 - share) * far, dtype=np.float32)


def motion_blurred(mask: Alpha, rng: np.random.Generator) -> Alpha:
    """The shape moved 5 to 60 pixels along a straight or bent line while the picture was taken."""
    length = int(np.exp(rng.uniform(np.log(5), np.log(60))))
    side = length | 1
    kernel = np.zeros((side, side), np.float32)
    angle, bend = rng.uniform(0, np.pi), rng.uniform(-0.8, 0.8)
    steps = np.linspace(-0.5, 0.5, 4 * side)
    directions = angle + bend * steps
    cols = np.clip(np.rint(side / 2 + length * steps * np.cos(directions)), 0, side - 1).astype(int)
    rows = np.clip(np.rint(side / 2 + length * steps * np.sin(directions)), 0, side - 1).astype(int)
    np.add.at(kernel, (rows, cols), 1)
    moved = cv2.filter2D(cv2.GaussianBlur(mask, (0, 0), 0.7), -1, kernel / kernel.sum())
    return np.asarray(np.clip(moved, 0, 1), dtype=np.float32)


def hair(mask: Alpha, rng: np.random.Generator) -> Alpha:
    """Locks of long curling strands that leave the shape in a common direction."""
    canvas = _enlarged(mask)
    starts, _ = _contour(mask, rng, count=int(rng.integers(30, 160)))
    heading = rng.uniform(0, 2 * np.pi)
    curl = rng.normal(0, 0.05)
    length = rng.uniform(0.12, 0.5) * min(mask.shape)
    for start in starts:
        angle = heading + rng.normal(0, 0.45)
        _strand(canvas, start, angle, length * rng.uniform(0.4, 1.2), curl + rng.normal(0, 0.04), rng)
    return _reduced(canvas, mask, rng)


def fur(mask: Alpha, rng: np.random.Generator) -> Alpha:
    """Short strands all around the shape, leaning to one side."""
    canvas = _enlarged(mask)
    starts, normals = _contour(mask, rng, count=int(rng.integers(200, 900)))
    lean = rng.normal(0, 0.5)
    length = float(np.exp(rng.uniform(np.log(5), np.log(40))))
    for start, normal in zip(starts, normals, strict=True):
        angle = normal + lean + rng.normal(0, 0.3)
        _strand(canvas, start, angle, length * rng.uniform(0.3, 1.3), rng.normal(0, 0.08), rng)
    return _reduced(canvas, mask, rng)


def net(mask: Alpha, rng: np.random.Generator) -> Alpha:
    """A warped regular mesh or lace inside the shape: threads with holes, partly see-through."""
    height, width = mask.shape
    rows, cols = np.mgrid[0:height, 0:width].astype(np.float32)
    strength = rng.uniform(2, 14)
    rows = rows + strength * noise(mask.shape, 80, 2, rng)
    cols = cols + strength * noise(mask.shape, 80, 2, rng)
    angle, period = rng.uniform(0, np.pi), float(np.exp(rng.uniform(np.log(6), np.log(36))))
    along = (cols * np.cos(angle) + rows * np.sin(angle)) * (2 * np.pi / period)
    across = (rows * np.cos(angle) - cols * np.sin(angle)) * (2 * np.pi / (period * rng.uniform(0.7, 1.4)))
    if rng.random() < 0.5:
        pattern = np.maximum(np.cos(along), np.cos(across))
    else:
        pattern = np.cos(along) * np.cos(across) + 0.35 * np.cos(2 * along + across)
    threshold, softness = rng.uniform(0.2, 0.85), rng.uniform(0.15, 0.8) * 6 / period
    threads = np.clip((pattern - threshold) / softness + 0.5, 0, 1)
    base = rng.uniform(0, 0.5) if rng.random() < 0.4 else 0.0
    edge = cv2.GaussianBlur(mask, (0, 0), 0.8)
    return np.asarray(edge * (base + (1 - base) * threads), dtype=np.float32)


def smoke(mask: Alpha, rng: np.random.Generator) -> Alpha:
    """Clouds of changing density, thin towards the rim of the shape."""
    rim = cv2.GaussianBlur(mask, (0, 0), rng.uniform(8, 30))
    clouds = noise(mask.shape, rng.uniform(40, 160), 5, rng)
    density = np.clip((clouds - rng.uniform(0.2, 0.5)) * rng.uniform(1.2, 3), 0, 1)
    return np.asarray(np.clip(rim * density * rng.uniform(0.6, 1.3), 0, 1), dtype=np.float32)


KINDS = {"soft": soft, "motion": motion_blurred, "hair": hair, "fur": fur, "net": net, "smoke": smoke}


def _fixed(points: NDArray[np.float64]) -> NDArray[np.int32]:
    return np.asarray(np.rint(points * 2**_SHIFT), dtype=np.int32)


def _enlarged(mask: Alpha) -> NDArray[np.uint8]:
    size = (mask.shape[1] * _OVERSAMPLING, mask.shape[0] * _OVERSAMPLING)
    large = cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.GaussianBlur(large, (0, 0), 1.5) * 255, dtype=np.uint8)


def _reduced(canvas: NDArray[np.uint8], mask: Alpha, rng: np.random.Generator) -> Alpha:
    """The canvas at the size of the shape, which strands that cross it do not make transparent."""
    small = cv2.resize(canvas, mask.shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    drawn = np.maximum(small, cv2.GaussianBlur(mask, (0, 0), 0.8))
    blurred = cv2.GaussianBlur(drawn, (0, 0), rng.uniform(0.5, 1.2)) if rng.random() < 0.4 else drawn
    return np.asarray(blurred, dtype=np.float32)


def _contour(mask: Alpha, rng: np.random.Generator, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """`count` random (x, y) on the shape's outline, and the angles of the normals that point out of it."""
    outlines, _ = cv2.findContours((mask > 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not outlines:
        return np.empty((0, 2)), np.empty(0)
    points = np.concatenate([outline[:, 0, :] for outline in outlines])
    chosen = points[rng.integers(len(points), size=count)]
    smooth = cv2.GaussianBlur(mask, (0, 0), 4)
    down, right = np.gradient(smooth)
    rows, cols = chosen[:, 1], chosen[:, 0]
    return chosen.astype(np.float64), np.arctan2(-down[rows, cols], -right[rows, cols]).astype(np.float64)


def _strand(
    canvas: NDArray[np.uint8],
    start: NDArray[np.float64],
    angle: float,
    length: float,
    curl: float,
    rng: np.random.Generator,
) -> None:
    """Draw a strand that turns by `curl` per tenth of its length and gets thinner at its end."""
    turns = angle + np.cumsum(np.full(11, 3 * curl) + rng.normal(0, 0.06, 11))
    steps = np.stack([np.cos(turns), np.sin(turns)], axis=1) * (length / 10)
    points = _fixed((start + np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])) * _OVERSAMPLING)
    value, thick = int(rng.integers(140, 256)), int(rng.integers(1, 4))
    cv2.polylines(canvas, [points[:8]], False, value, thick, cv2.LINE_AA, _SHIFT)
    cv2.polylines(canvas, [points[7:]], False, value * 3 // 4, max(1, thick - 1), cv2.LINE_AA, _SHIFT)
