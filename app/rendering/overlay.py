"""What renderers hand to the canvas: one byte per device pixel and a table of colours.

Nearly every view fits this form (distance to the outline, class id, opacity, depth step), and turning 8-bit levels
into colours costs the screen next to nothing. A view that shows a photograph of its own is a `Picture`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.rendering.layers import Colour

Levels = NDArray[np.uint8]
"""(height, width), device pixels."""
Palette = NDArray[np.uint8]
"""(256, 4): red, green, blue, opacity of every level; colours are not multiplied by the opacity."""

_TONE_BIT = np.uint8(128)


@dataclass(frozen=True, eq=False)
class Overlay:
    """A picture with transparency over a part of the window.

    Attributes:
        left, top: where it begins, device pixels from the corner of the window.
        levels: (height, width) uint8.
        palette: (256, 4) uint8, the colour of every level.
    """

    left: int
    top: int
    levels: Levels
    palette: Palette

    def rgba(self) -> NDArray[np.uint8]:
        """The picture as uint8 (height, width, 4), colours not multiplied by the opacity."""
        return self.palette[self.levels]


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture with colours of its own and transparency, over a part of the window.

    Attributes:
        left, top: where it begins, device pixels from the corner of the window.
        pixels: uint8 (height, width, 4): blue, green, red, opacity; colours are not multiplied by the opacity.
    """

    left: int
    top: int
    pixels: NDArray[np.uint8]

    def rgba(self) -> NDArray[np.uint8]:
        """The picture as uint8 (height, width, 4), colours not multiplied by the opacity."""
        return self.pixels[:, :, [2, 1, 0, 3]]


Drawing = Overlay | Picture
"""What a renderer gives back."""


def stacked(layers: Sequence[tuple[Colour, NDArray[np.float64]]]) -> Palette:
    """A palette that draws colours over each other, first at the bottom; opacities are (256,) in [0, 1]."""
    colours = np.zeros((256, 3))
    opacity = np.zeros(256)
    for colour, part in layers:
        whole = part + opacity * (1 - part)
        share = np.divide(part, whole, out=np.zeros(256), where=whole > 0)[:, None]
        colours = np.asarray(colour, np.float64) * share + colours * (1 - share)
        opacity = whole
    return np.asarray(np.rint(np.column_stack([colours, opacity * 255])), np.uint8)


def two_toned(levels: Levels, is_second: NDArray[np.bool_]) -> Levels:
    """Levels at half resolution, with the pattern in the upper half of the range; see `two_tone_palette`."""
    return np.asarray((levels >> 1) | (is_second.astype(np.uint8) * _TONE_BIT), np.uint8)


def two_tone_palette(first: Palette, second: Palette) -> Palette:
    """The palette of `two_toned` levels: `first` where the pattern is false, `second` where it is true."""
    return np.concatenate([first[::2], second[::2]])
