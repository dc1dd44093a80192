"""What can be chosen of a view beside its mode and opacity, one class per output kind. Frozen, compared by content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.rendering.layers import Colour
from app.rendering.pyramid import ImagePyramid, build_pyramid

UncertaintyMeasure = Literal["entropy", "probability"]
ColourMapName = Literal["turbo", "viridis", "magma", "inferno", "cividis", "grey"]

COLOUR_MAPS: tuple[ColourMapName, ...] = ("turbo", "viridis", "magma", "inferno", "cividis", "grey")
"""Colour maps of depth, in the order they are offered."""
GREEN_SCREEN: Colour = (0, 177, 64)


@dataclass(frozen=True)
class LabelMapOptions:
    """Options of label maps.

    Attributes:
        has_outlines: whether classes are outlined where they are filled.
        measure: what the view "uncertainty" shows: the entropy of the classes' probabilities over its greatest value,
            or 1 - the probability of the most probable class.
    """

    has_outlines: bool = True
    measure: UncertaintyMeasure = "entropy"


@dataclass(frozen=True, eq=False)
class BackgroundPhoto:
    """A photograph to put a cut-out on; equal to itself only.

    Attributes:
        pyramid: the photograph and its halved copies.
    """

    pyramid: ImagePyramid

    @classmethod
    def of(cls, image: NDArray[np.uint8]) -> BackgroundPhoto:
        """From uint8 (H, W, 3); takes some milliseconds per megapixel."""
        return cls(build_pyramid(image) or ImagePyramid((image,)))


@dataclass(frozen=True)
class AlphaOptions:
    """Options of alpha mattes.

    Attributes:
        colour: the background of the view "colour".
        photo: the background of the view "photo"; without one a checkerboard stands in.
    """

    colour: Colour = GREEN_SCREEN
    photo: BackgroundPhoto | None = None


@dataclass(frozen=True)
class DepthOptions:
    """Options of depth maps.

    Attributes:
        colour_map: one of COLOUR_MAPS; near is its first colour.
        is_reversed: whether near is its last colour instead.
        near, far: the depths of the first and the last colour; None follows the depth map (2nd and 98th percentile).
        is_logarithmic: whether equal ratios are equally far apart in colour, instead of equal differences.
        has_contours: whether lines of equal depth are drawn.
        contour_step: depth between two lines, > 0; None for a round number that gives about ten lines.
    """

    colour_map: ColourMapName = "turbo"
    is_reversed: bool = True
    near: float | None = None
    far: float | None = None
    is_logarithmic: bool = False
    has_contours: bool = False
    contour_step: float | None = None


ViewOptions = LabelMapOptions | AlphaOptions | DepthOptions
"""Options of one output kind."""
