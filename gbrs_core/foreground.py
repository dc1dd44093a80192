"""Colours of a foreground behind its soft edges: fast multi-level foreground estimation. Torch-free.

Where an alpha matte is between 0 and 1, a pixel of the photograph is a mixture I = a F + (1 - a) B. Cutting out with
the mixed colour leaves a rim of the old background; this module estimates F (and B). After T. Germer, T. Uelwer,
S. Conrad, S. Harmeling, "Fast Multi-Level Foreground Estimation", ICPR 2020.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gbrs_core.errors import ShapeError

REGULARISATION = 1e-5
"""epsilon_r of the paper: how much neighbours want the same colour where alpha does not change."""

GRADIENT_WEIGHT = 0.1
"""omega of the paper: how much more they want it where alpha changes. The smaller, the better hair is matched."""

SMALL_SIDE = 32
SMALL_ITERATIONS, BIG_ITERATIONS = 10, 4
"""Iterations at levels up to `SMALL_SIDE` pixels, and above."""

_MARGIN = 16  # pixels of plain foreground and background kept around the soft ones
_BAND_PIXELS = 32_768  # worked on at a time, so that they stay in the processor's cache

Planes = NDArray[np.float32]


def foreground_colours(image: NDArray[np.uint8], alpha_matte: NDArray[np.float32]) -> NDArray[np.float32]:
    """Estimate the colours of the foreground.

    Args:
        image: (H, W, 3) RGB uint8.
        alpha_matte: (H, W) float32 in [0, 1].

    Returns:
        (H, W, 3) float32 in [0, 1]: the image where alpha is 1, estimated where it is between 0 and 1; where it is 0
        the colour means nothing.

    Raises:
        ShapeError: the matte is not of the image's size.
    """
    if alpha_matte.shape != image.shape[:2]:
        raise ShapeError("alpha matte", alpha_matte.shape, f"the image's {image.shape[:2]}")
    colours = image.astype(np.float32)
    colours /= 255
    is_soft = (alpha_matte > 0) & (alpha_matte < 1)
    if not is_soft.any():
        return colours
    window = _window(is_soft)
    estimate, _ = estimate_layers(colours[window], alpha_matte[window])
    np.copyto(colours[window], estimate, where=is_soft[window][..., np.newaxis])
    return colours


def estimate_layers(
    image: NDArray[np.float32], alpha_matte: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Foreground and background, from one pixel up to the full size: each level begins with the one before, enlarged.

    Minimised is, over all pixels i and their four neighbours j (equations 2 and 3 of the paper),
    |a F_i + (1 - a) B_i - I_i|^2 + sum_j (epsilon_r + omega |a_i - a_j|) (|F_i - F_j|^2 + |B_i - B_j|^2).

    Args:
        image: (H, W, 3) float32 in [0, 1].
        alpha_matte: (H, W) float32 in [0, 1].

    Returns:
        F and B, (H, W, 3) float32 in [0, 1].
    """
    planes = np.ascontiguousarray(np.moveaxis(image, 2, 0))
    layers = np.zeros((2, 3, 1, 1), np.float32)
    for height, width in _levels(*alpha_matte.shape):
        layers = _nearest(layers, height, width)
        iterations = SMALL_ITERATIONS if max(height, width) <= SMALL_SIDE else BIG_ITERATIONS
        layers = _refined(layers, _nearest(planes, height, width), _nearest(alpha_matte, height, width), iterations)
    foreground, background = np.moveaxis(layers, 1, 3)
    return foreground, background


def _window(is_soft: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Rows and columns of the soft pixels and a margin; what is farther away does not mix."""
    spans = []
    for axis in (1, 0):
        found = np.flatnonzero(is_soft.any(axis=axis))
        spans.append(slice(max(0, int(found[0]) - _MARGIN), int(found[-1]) + 1 + _MARGIN))
    return spans[0], spans[1]


def _levels(height: int, width: int) -> list[tuple[int, int]]:
    """(h, w) of each level, from a single pixel, about twice as large each time."""
    count = max(1, math.ceil(math.log2(max(height, width))))
    return [(round(height ** (level / count)), round(width ** (level / count))) for level in range(count + 1)]


def _nearest(planes: Planes, height: int, width: int) -> Planes:
    """(..., h, w) at another size, by the pixels nearest to the new centres."""
    rows, columns = (
        np.minimum(((np.arange(new) + 0.5) * old / new).astype(np.intp), old - 1)
        for new, old in ((height, planes.shape[-2]), (width, planes.shape[-1]))
    )
    return np.ascontiguousarray(planes[..., rows[:, np.newaxis], columns])


def _refined(layers: Planes, image: Planes, alpha: Planes, iterations: int) -> Planes:
    """Jacobi iterations: every pixel takes the best F and B for its neighbours' last ones.

    With m_F, m_B the weighted means of the neighbours, s the sum of the weights and r = I - a m_F - (1 - a) m_B, the
    2 x 2 system of a pixel has the solution F = m_F + a r / q, B = m_B + (1 - a) r / q, q = s + a^2 + (1 - a)^2.

    Args:
        layers: (2, 3, h, w), F and B.
        image: (3, h, w).
        alpha: (h, w).
        iterations: how many.
    """
    weights, total = _weights(alpha)
    shares = np.stack([alpha, 1 - alpha])
    steps = shares / (total + (shares**2).sum(axis=0))
    height = len(alpha)
    band_height = max(1, _BAND_PIXELS // alpha.shape[1])
    for _ in range(iterations):
        padded = np.pad(layers, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
        for top in range(0, height, band_height):
            rows = slice(top, min(top + band_height, height))
            around = padded[..., rows.start : rows.stop + 2, :]
            layers[..., rows, :] = _solved(around, image[:, rows], weights[:, rows], shares[:, rows], steps[:, rows])
    return layers


def _solved(around: Planes, image: Planes, weights: Planes, shares: Planes, steps: Planes) -> Planes:
    """One iteration for some rows; `around` (2, 3, h + 2, w + 2) has the layers and one pixel more on every side."""
    means = weights[0] * around[..., :-2, 1:-1]
    part = np.empty_like(means)
    neighbours = (around[..., 2:, 1:-1], around[..., 1:-1, :-2], around[..., 1:-1, 2:])
    for weight, neighbour in zip(weights[1:], neighbours, strict=True):
        means += np.multiply(weight, neighbour, out=part)
    residual = image - shares[0] * means[0]
    residual -= shares[1] * means[1]
    means += np.multiply(steps[:, np.newaxis], residual, out=part)
    return np.asarray(np.clip(means, 0, 1, out=means), np.float32)


def _weights(alpha: Planes) -> tuple[Planes, Planes]:
    """(4, h, w) weights of the neighbours above, below, left and right, as shares of their sum; and that sum."""
    padded = np.pad(alpha, 1, mode="edge")
    around = np.stack([padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]])
    weights = REGULARISATION + GRADIENT_WEIGHT * np.abs(around - alpha)
    total = weights.sum(axis=0)
    return weights / total, total
