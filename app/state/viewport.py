"""Which part of the image the canvas shows: the only owner of the transform between image and widget.

Three kinds of coordinates: *image* pixels, (0, 0) at the centre of the top-left pixel; *view* coordinates, logical
pixels of the widget from its top-left corner; *device* pixels of the screen, `pixel_ratio` per logical pixel.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

MIN_ZOOM = 0.01
MAX_ZOOM = 64.0
FIT_MARGIN = 14.0
"""Logical pixels left free around a fitted image."""
MIN_VISIBLE = 32.0
"""Logical pixels of the image that panning always leaves in the view."""

Box = tuple[float, float, float, float]
"""left, top, right, bottom."""


@dataclass(frozen=True)
class DeviceWindow:
    """The visible part of the image in whole device pixels: the frame that renderers fill.

    Attributes:
        left, top: first visible device pixel, counted from the widget's corner.
        width, height: size in device pixels, at least 1.
        origin_x, origin_y: device position of the image's left and top edge, may be far outside of the widget.
        zoom: device pixels per image pixel.
        pixel_ratio: device pixels per logical pixel.
    """

    left: int
    top: int
    width: int
    height: int
    origin_x: int
    origin_y: int
    zoom: float
    pixel_ratio: float


@dataclass(frozen=True)
class Viewport:
    """The transform between an image and the widget that shows it.

    Attributes:
        image_size: (H, W) in image pixels.
        view_size: (height, width) of the widget in logical pixels.
        pixel_ratio: device pixels per logical pixel.
        zoom: device pixels per image pixel; 1 is 100 %.
        centre_x, centre_y: image position in the middle of the widget.
        is_fitted: whether the whole image is to stay in view when the widget changes its size.
    """

    image_size: tuple[int, int]
    view_size: tuple[float, float]
    pixel_ratio: float = 1.0
    zoom: float = 1.0
    centre_x: float = 0.0
    centre_y: float = 0.0
    is_fitted: bool = False

    @property
    def scale(self) -> float:
        """Logical pixels per image pixel."""
        return self.zoom / self.pixel_ratio

    def to_view(self, x: float, y: float) -> tuple[float, float]:
        """View coordinates of an image position."""
        height, width = self.view_size
        return width / 2 + (x - self.centre_x) * self.scale, height / 2 + (y - self.centre_y) * self.scale

    def to_image(self, view_x: float, view_y: float) -> tuple[float, float]:
        """Image position of view coordinates; may lie outside of the image."""
        height, width = self.view_size
        return self.centre_x + (view_x - width / 2) / self.scale, self.centre_y + (view_y - height / 2) / self.scale

    def contains(self, x: float, y: float) -> bool:
        """Whether an image position lies on one of the image's pixels."""
        height, width = self.image_size
        return -0.5 <= x < width - 0.5 and -0.5 <= y < height - 0.5

    def fitted(self) -> Viewport:
        """The whole image, as large as possible."""
        height, width = self.image_size
        whole = self.showing((-0.5, -0.5, width - 0.5, height - 0.5), FIT_MARGIN)
        return replace(whole, is_fitted=True)

    def showing(self, box: Box, margin: float) -> Viewport:
        """A box of image positions, as large as possible, with a margin in logical pixels around it."""
        left, top, right, bottom = box
        zoom = min(
            max(self.view_size[1] - 2 * margin, 1.0) * self.pixel_ratio / max(right - left, 1e-9),
            max(self.view_size[0] - 2 * margin, 1.0) * self.pixel_ratio / max(bottom - top, 1e-9),
        )
        zoomed = replace(self, zoom=self._limited(zoom))
        return zoomed.centred((left + right) / 2, (top + bottom) / 2)

    def centred(self, x: float, y: float) -> Viewport:
        """The same zoom with an image position in the middle."""
        return replace(self, centre_x=x, centre_y=y, is_fitted=False)._inside()

    def zoomed_to(self, zoom: float, anchor: tuple[float, float] | None = None) -> Viewport:
        """Another zoom; the image position at the anchor (view coordinates, default the middle) stays where it is."""
        height, width = self.view_size
        view_x, view_y = anchor if anchor is not None else (width / 2, height / 2)
        x, y = self.to_image(view_x, view_y)
        zoomed = replace(self, zoom=self._limited(zoom))
        return zoomed.centred(x - (view_x - width / 2) / zoomed.scale, y - (view_y - height / 2) / zoomed.scale)

    def panned(self, dx: float, dy: float) -> Viewport:
        """The image moved by logical pixels, to the right and down."""
        return self.centred(self.centre_x - dx / self.scale, self.centre_y - dy / self.scale)

    def resized(self, view_size: tuple[float, float], pixel_ratio: float) -> Viewport:
        """The same view in a widget of another size or on another screen: fitted again, or the middle kept."""
        zoom = self.zoom * pixel_ratio / self.pixel_ratio
        changed = replace(self, view_size=view_size, pixel_ratio=pixel_ratio, zoom=zoom)
        return changed.fitted() if self.is_fitted else replace(changed, zoom=changed._limited(zoom))._inside()

    def window(self) -> DeviceWindow | None:
        """The visible part of the image; None if there is none."""
        ratio = self.pixel_ratio
        spans = []
        for side, view_side, centre in zip(
            self.image_size, self.view_size, (self.centre_y, self.centre_x), strict=True
        ):
            origin = round(view_side * ratio / 2 - (centre + 0.5) * self.zoom)
            first = max(origin, 0)
            end = min(max(round(origin + side * self.zoom), origin + 1), round(view_side * ratio))
            if end <= first:
                return None
            spans.append((origin, first, end - first))
        (origin_y, top, height), (origin_x, left, width) = spans
        return DeviceWindow(left, top, width, height, origin_x, origin_y, self.zoom, ratio)

    def _limited(self, zoom: float) -> float:
        """The zoom within its limits; a huge image may always be zoomed out until it is seen whole."""
        whole = min(view * self.pixel_ratio / side for view, side in zip(self.view_size, self.image_size, strict=True))
        smallest = min(MIN_ZOOM, whole / 2) if whole > 0 else MIN_ZOOM
        return min(max(zoom, smallest), MAX_ZOOM)

    def _inside(self) -> Viewport:
        """The same view, moved so that some of the image is seen."""
        height, width = self.view_size
        return replace(
            self,
            centre_x=self._nearest_centre(self.centre_x, self.image_size[1], width),
            centre_y=self._nearest_centre(self.centre_y, self.image_size[0], height),
        )

    def _nearest_centre(self, centre: float, image_side: int, view_side: float) -> float:
        reach = max(view_side / 2 - min(MIN_VISIBLE, view_side / 4), 0.0) / self.scale
        return min(max(centre, -0.5 - reach), image_side - 0.5 + reach)
