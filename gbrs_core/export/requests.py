"""What an export gets to write down: one kind of request for each kind of prediction. Torch-free."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gbrs_core.errors import ShapeError
from gbrs_core.label_maps import Colour, shares, void_id
from gbrs_core.prediction import OutputKind


@dataclass(frozen=True, eq=False, kw_only=True)
class ExportRequest(ABC):
    """What every export has: the photograph, and where it came from.

    Attributes:
        image: (H, W, 3) RGB uint8.
        image_path: suggested names are built from its stem.

    Raises:
        ShapeError: the image is not (H, W, 3), or another array is not of its size.
    """

    kind: ClassVar[OutputKind]
    image: NDArray[np.uint8]
    image_path: Path

    def __post_init__(self) -> None:
        if self.image.ndim != 3 or self.image.shape[2] != 3:
            raise ShapeError("image", self.image.shape, "(H, W, 3)")
        for what, array in self._maps():
            if array.shape != self.size:
                raise ShapeError(what, array.shape, f"the image's {self.size}")

    @property
    def size(self) -> tuple[int, int]:
        """(H, W)."""
        return self.image.shape[0], self.image.shape[1]

    @property
    @abstractmethod
    def problem(self) -> str:
        """Why there is nothing to write, empty if there is something."""

    def parts(self) -> tuple[tuple[str, ExportRequest], ...]:
        """Name and request of each file, for formats that write one file per object or class."""
        return (("", self),)

    @abstractmethod
    def _maps(self) -> Sequence[tuple[str, NDArray[Any]]]:
        """The arrays that must be of the image's size, with what they are called in an error."""


@dataclass(frozen=True, eq=False)
class ExportObject:
    """One object of an annotated image.

    Attributes:
        name: what the annotator called it.
        colour: its colour in palettes.
        mask: (H, W) bool, at image size.
        logits: (H, W) float32 whose zero line is the edge of the mask (threshold already taken off), or None; they
            give cut-outs a smooth edge.
        is_locked: whether no other object may take its pixels.
    """

    name: str
    colour: Colour
    mask: NDArray[np.bool_]
    logits: NDArray[np.float32] | None = None
    is_locked: bool = False


@dataclass(frozen=True, eq=False, kw_only=True)
class MaskRequest(ExportRequest):
    """Object masks.

    Attributes:
        objects: in the order of the objects list.
    """

    kind: ClassVar[OutputKind] = OutputKind.MASK
    objects: tuple[ExportObject, ...]

    @property
    def problem(self) -> str:
        """An annotation without objects cannot be written."""
        return "" if self.objects else "there is no object to export"

    def parts(self) -> tuple[tuple[str, MaskRequest], ...]:
        """One part per object."""
        return tuple(
            (item.name or f"object {number}", replace(self, objects=(item,)))
            for number, item in enumerate(self.objects, start=1)
        )

    def _maps(self) -> Sequence[tuple[str, NDArray[Any]]]:
        masks: list[tuple[str, NDArray[Any]]] = [(f"mask of {item.name!r}", item.mask) for item in self.objects]
        return masks + [(f"logits of {item.name!r}", item.logits) for item in self.objects if item.logits is not None]


@dataclass(frozen=True, eq=False, kw_only=True)
class LabelMapRequest(ExportRequest):
    """A class per pixel.

    Attributes:
        label_map: (H, W) integers, class ids or `gbrs_core.label_maps.void_id`.
        class_names: a name per class.
        class_colours: a colour per class, (R, G, B) from 0 to 255.
        logits: (K, h, w) float32 of any size, before softmax, or None; the probabilities are made of them. At a size
            smaller than the image they are enlarged bilinearly between pixel centres, as predictions are.
        only_class: the one class this part of a request is about, None for all of them.

    Raises:
        ValueError: there is not a colour per name, or the map has ids that are no class.
    """

    kind: ClassVar[OutputKind] = OutputKind.LABEL_MAP
    label_map: NDArray[Any]
    class_names: tuple[str, ...]
    class_colours: tuple[Colour, ...]
    logits: NDArray[np.float32] | None = None
    only_class: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        count = len(self.class_names)
        if len(self.class_colours) != count:
            raise ValueError(f"there are {count} class names and {len(self.class_colours)} class colours")
        if self.logits is not None and (self.logits.ndim != 3 or len(self.logits) != count):
            raise ShapeError("logits", self.logits.shape, f"({count}, h, w), a plane per class")
        beyond = self.label_map[((self.label_map < 0) | (self.label_map >= count)) & (self.label_map != self.void)]
        if beyond.size:
            found = np.unique(beyond).tolist()
            raise ValueError(f"the label map has the ids {found[:8]} beyond the {count} classes")

    @property
    def void(self) -> int:
        """The id of pixels that belong to no class."""
        return void_id(len(self.class_names))

    @property
    def problem(self) -> str:
        """A label map can always be written."""
        return ""

    def parts(self) -> tuple[tuple[str, LabelMapRequest], ...]:
        """One part per class that has a pixel."""
        present = shares(self.label_map, len(self.class_names)) > 0
        return tuple(
            (self.class_names[number] or f"class {number}", replace(self, only_class=int(number)))
            for number in np.flatnonzero(present)
        )

    def _maps(self) -> Sequence[tuple[str, NDArray[Any]]]:
        return (("label map", self.label_map),)


@dataclass(frozen=True, eq=False, kw_only=True)
class AlphaMatteRequest(ExportRequest):
    """An alpha matte.

    Attributes:
        alpha_matte: (H, W) float32 in [0, 1].
        trimap: (H, W) uint8 of 0, 128 and 255, or None.
        background: what composites are laid over: a colour, or a photograph (h, w, 3) RGB uint8 of any size.
    """

    kind: ClassVar[OutputKind] = OutputKind.ALPHA_MATTE
    alpha_matte: NDArray[np.float32]
    trimap: NDArray[np.uint8] | None = None
    background: Colour | NDArray[np.uint8] = (255, 255, 255)

    @property
    def problem(self) -> str:
        """A matte can always be written."""
        return ""

    def _maps(self) -> Sequence[tuple[str, NDArray[Any]]]:
        matte: tuple[str, NDArray[Any]] = ("alpha matte", self.alpha_matte)
        return (matte,) if self.trimap is None else (matte, ("trimap", self.trimap))


@dataclass(frozen=True, eq=False, kw_only=True)
class DepthMapRequest(ExportRequest):
    """A depth map.

    Attributes:
        depth_map: (H, W) float32 in metres along the viewing axis; 0 or not finite where it is not known.
        field_of_view: horizontal, in degrees; point clouds need it, and photographs rarely tell.
        colour_range: nearest and farthest depth in metres of the colour picture; None takes those of the map.
        colour_map: (256, 3) RGB uint8 of the colour picture, from near to far; None takes the format's own.
    """

    kind: ClassVar[OutputKind] = OutputKind.DEPTH_MAP
    depth_map: NDArray[np.float32]
    field_of_view: float = 60.0
    colour_range: tuple[float, float] | None = None
    colour_map: NDArray[np.uint8] | None = None

    @property
    def problem(self) -> str:
        """A map without a single known depth cannot be written."""
        return "" if np.any(np.isfinite(self.depth_map) & (self.depth_map > 0)) else "no pixel has a known depth"

    def _maps(self) -> Sequence[tuple[str, NDArray[Any]]]:
        return (("depth map", self.depth_map),)
