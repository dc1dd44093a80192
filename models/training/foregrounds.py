"""Foreground and background colours behind an alpha matte, so that a matte can be laid over another background."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Colours = NDArray[np.float32]
"""(H, W, 3) RGB in [0, 1]."""

REGULARISATION = 1e-5
GRADIENT_WEIGHT = 1.0


def estimate_colours(image: NDArray[np.uint8], alpha: NDArray[np.float32]) -> tuple[Colours, Colours]:
    """Foreground and background such that alpha * foreground + (1 - alpha) * background is about the image.

    Fast multi-level estimation (Germer, Uelwer, Conrad, Harmeling, ICPR 2020): per pixel a 2x2 system that ties both
    colours to the image and to their neighbours, the more the faster alpha changes there; solved from one pixel up to
    the full size, so that colours spread far at little cost. All pixels of a sweep are solved at once.

    Args:
        image: (H, W, 3) RGB.
        alpha: (H, W) in [0, 1].

    Returns:
        Foreground and background, (H, W, 3) in [0, 1].
    """
    pixels = np.asarray(image / np.float32(255), dtype=np.float32)
    height, width = alpha.shape
    levels = int(np.ceil(np.log2(max(height, width))))
    foreground = pixels[alpha > 0.9].mean(axis=0) if (alpha > 0.9).any() else pixels.mean(axis=(0, 1))
    background = pixels[alpha < 0.1].mean(axis=0) if (alpha < 0.1).any() else pixels.mean(axis=(0, 1))
    colours = np.concatenate([foreground, background]).astype(np.float32).reshape(1, 1, 6)
    for level in range(levels + 1):
        share = level / levels
        size = (max(1, round(width**share)), max(1, round(height**share)))
        small, small_alpha = _resized(pixels, size, cv2.INTER_AREA), _resized(alpha, size, cv2.INTER_AREA)
        colours = _resized(colours, size, cv2.INTER_NEAREST).reshape(size[1], size[0], 6)
        for _ in range(20 if max(size) <= 32 else 4):
            colours = _sweep(colours, small, small_alpha)
    return colours[..., :3], colours[..., 3:]


def _sweep(colours: Colours, pixels: Colours, alpha: NDArray[np.float32]) -> Colours:
    """One Jacobi sweep; (H, W, 6) foreground and background -> the same."""
    padded = cv2.copyMakeBorder(colours, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    padded_alpha = cv2.copyMakeBorder(alpha, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    height, width = alpha.shape
    weights = np.zeros((height, width, 1), np.float32)
    pulled = np.zeros((height, width, 6), np.float32)
    for top, left in ((0, 1), (2, 1), (1, 0), (1, 2)):
        there = slice(top, top + height), slice(left, left + width)
        weight = (REGULARISATION + GRADIENT_WEIGHT * np.abs(padded_alpha[there] - alpha))[..., None]
        weights += weight
        pulled += weight * padded[there]
    front, back = alpha[..., None], 1 - alpha[..., None]
    first, mixed, second = front * front + weights, front * back, back * back + weights
    right_front = front * pixels + pulled[..., :3]
    right_back = back * pixels + pulled[..., 3:]
    determinant = first * second - mixed * mixed
    solved = np.concatenate(
        [second * right_front - mixed * right_back, first * right_back - mixed * right_front], axis=2
    )
    return np.asarray(np.clip(solved / determinant, 0, 1), dtype=np.float32)


def _resized(values: NDArray[np.float32], size: tuple[int, int], interpolation: int) -> NDArray[np.float32]:
    """`size` is (width, height)."""
    return np.asarray(cv2.resize(values, size, interpolation=interpolation), dtype=np.float32)


def spread_colours(image: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The colours inside a mask, carried outwards over the whole picture by averages of ever coarser pictures.

    Args:
        image: (H, W, 3) RGB.
        mask: (H, W) true where the colours count.

    Returns:
        (H, W, 3): the image inside the mask, smooth colours outside.
    """
    weight = mask.astype(np.float32)[..., None]
    return np.asarray(_pull(np.concatenate([image * weight, weight], axis=2)) + 0.5, dtype=np.uint8)


def _pull(weighted: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W, 4) colours times weight, and weight -> (H, W, 3) colours; where the weight is small, from coarser ones."""
    height, width = weighted.shape[:2]
    colours = weighted[..., :3] / np.maximum(weighted[..., 3:], 1e-6)
    if max(height, width) <= 2 or weighted[..., 3].min() >= 0.999:
        mean = weighted[..., :3].sum(axis=(0, 1)) / max(float(weighted[..., 3].sum()), 1e-6)
        return np.where(weighted[..., 3:] > 0, colours, mean).astype(np.float32)
    size = ((width + 1) // 2, (height + 1) // 2)
    coarse = _pull(_resized(weighted, size, cv2.INTER_AREA))
    wide = _resized(coarse, (width, height), cv2.INTER_LINEAR)
    share = np.clip(weighted[..., 3:], 0, 1)
    return np.asarray(share * colours + (1 - share) * wide, dtype=np.float32)
