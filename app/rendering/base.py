"""What every renderer offers the canvas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from app.rendering.layers import Layer
from app.rendering.options import ViewOptions
from app.rendering.overlay import Drawing
from app.state.viewport import Box, DeviceWindow

LayerT = TypeVar("LayerT", bound=Layer, contravariant=True)


@dataclass(frozen=True)
class Frame:
    """Where is drawn: the visible part of an image of size (H, W)."""

    window: DeviceWindow
    image_size: tuple[int, int]


@dataclass(frozen=True)
class ViewStyle:
    """How is drawn.

    Attributes:
        mode: one of the renderer's view modes.
        opacity: of whatever covers the photograph, 0 to 1.
        options: what else can be chosen for the output kind; None, or those of another kind, for its defaults.
    """

    mode: str
    opacity: float
    options: ViewOptions | None = None


class Renderer(Protocol[LayerT]):
    """Draws the layers of one output kind. What it keeps between calls only saves time."""

    view_modes: tuple[str, ...]

    def draw_others(self, layers: Sequence[LayerT], style: ViewStyle, frame: Frame) -> Iterator[Drawing]:
        """What the layers look like that are not worked on, one by one; asked for when they or the view change."""
        ...

    def draw_active(self, layers: Sequence[LayerT], style: ViewStyle, frame: Frame) -> list[Drawing]:
        """What is to be drawn of the active layer, given all: asked for up to 20 times a second while it is refined."""
        ...

    def box_of(self, layer: LayerT, image_size: tuple[int, int]) -> Box | None:
        """Where the layer's object is, in image pixels; None if there is none. For a map of the whole image, all."""
        ...
