"""How the values of a coarse grid that covers the image lie in a window of device pixels."""

from __future__ import annotations

from app.rendering.resample import Axis
from app.state.viewport import Box, DeviceWindow


def axes(
    shape: tuple[int, ...], window: DeviceWindow, image_size: tuple[int, int], rows: slice, columns: slice
) -> tuple[Axis, Axis]:
    """How pixels of a part of the window lie on values of this shape."""
    return (
        Axis(window.zoom * image_size[0] / shape[0], window.origin_y - window.top - rows.start, rows.stop - rows.start),
        Axis(
            window.zoom * image_size[1] / shape[1],
            window.origin_x - window.left - columns.start,
            columns.stop - columns.start,
        ),
    )


def whole_axes(shape: tuple[int, ...], window: DeviceWindow, image_size: tuple[int, int]) -> tuple[Axis, Axis]:
    """How all pixels of the window lie on values of this shape."""
    return axes(shape, window, image_size, slice(0, window.height), slice(0, window.width))


def whole_box(image_size: tuple[int, int]) -> Box:
    """All of the image, in image pixels."""
    return -0.5, -0.5, image_size[1] - 0.5, image_size[0] - 0.5
