"""What is asked of the file thread, and what comes back. Frozen, with plain values and read-only arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.messages import Logits, Report, Request, RgbImage
from app.rendering.options import BackgroundPhoto
from app.state.results import Values
from gbrs_core.prediction import OutputKind


@dataclass(frozen=True)
class ReadImage(Request):
    """Open an image, or the first image of a folder.

    Attributes:
        path: file or folder.
        lists_folder: whether the other images of its folder are wanted for paging; always so for a folder.
    """

    path: Path
    lists_folder: bool = False


@dataclass(frozen=True, eq=False)
class ImageRead(Report):
    """An image was opened.

    Attributes:
        path: the file.
        image: its pixels.
        note: what was changed on the way, empty if nothing.
        siblings: the images of the folder in order, empty if they were not asked for.
    """

    path: Path
    image: RgbImage
    note: str
    siblings: tuple[Path, ...]


@dataclass(frozen=True)
class ReadBackground(Request):
    """Read a photograph to see a cut-out on."""

    path: Path


@dataclass(frozen=True, eq=False)
class BackgroundRead(Report):
    """A background was read.

    Attributes:
        path: the file.
        photo: it, with its halved copies.
    """

    path: Path
    photo: BackgroundPhoto


@dataclass(frozen=True, eq=False)
class MakeTrimap(Request):
    """Make a trimap from an object.

    Attributes:
        logits: its mask at working size.
        logit_threshold: above it a pixel belongs to the object.
        size: (H, W) of the image.
        erode: width of the unknown band inside of the edge, image pixels.
        dilate: width of the unknown band outside of the edge, image pixels.
    """

    logits: Logits
    logit_threshold: float
    size: tuple[int, int]
    erode: float
    dilate: float


@dataclass(frozen=True)
class ReadTrimap(Request):
    """Read a trimap for an image of size (H, W)."""

    path: Path
    size: tuple[int, int]


@dataclass(frozen=True, eq=False)
class TrimapReady(Report):
    """A trimap was made or read.

    Attributes:
        values: read-only (H, W) uint8 of 0, 128 and 255.
        text: what the history calls it.
        notes: what was changed on the way, a sentence each.
    """

    values: NDArray[np.uint8]
    text: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReadReference(Request):
    """Read a map of another program to compare the prediction with.

    Attributes:
        path: the file.
        kind: what it is.
        size: (H, W) of the image.
        class_count: number of classes of a label map.
    """

    path: Path
    kind: OutputKind
    size: tuple[int, int]
    class_count: int = 0


@dataclass(frozen=True, eq=False)
class ReferenceReady(Report):
    """A map to compare with was read.

    Attributes:
        path: the file.
        values: read-only (H, W) at image size, as `Values` has them; depth 0 where it is not known.
        notes: what was changed on the way, a sentence each.
    """

    path: Path
    values: Values
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ExportItem:
    """One object to be written.

    Attributes:
        name: its name.
        colour: its colour.
        logits: its mask at working size.
        logit_threshold: above it a pixel belongs to the object.
        is_locked: whether its pixels win over those of other objects.
    """

    name: str
    colour: tuple[int, int, int]
    logits: Logits
    logit_threshold: float
    is_locked: bool


@dataclass(frozen=True, eq=False)
class ExportMap:
    """The map of a dense task to be written.

    Attributes:
        kind: what it is.
        values: at working size, as drawn.
        scores: of a label map: logits (K, h, w).
        class_names: of a label map.
        class_colours: of a label map.
        trimap: of a matte.
        background: of composites: a colour, or a photograph's file.
        field_of_view: of point clouds, degrees.
    """

    kind: OutputKind
    values: Values
    scores: NDArray[np.float32] | None = None
    class_names: tuple[str, ...] = ()
    class_colours: tuple[tuple[int, int, int], ...] = ()
    trimap: NDArray[np.uint8] | None = None
    background: tuple[int, int, int] | Path = (255, 255, 255)
    field_of_view: float = 60.0


@dataclass(frozen=True, eq=False)
class Export(Request):
    """Write objects, or the map of a dense task, to a file.

    Attributes:
        path: the file.
        format_name: registry name of the format.
        splits: one file per object.
        image: the image, full size.
        image_path: the image's file.
        items: the objects in display order; empty for a map.
        map: the map; None for objects.
    """

    path: Path
    format_name: str
    splits: bool
    image: RgbImage
    image_path: Path
    items: tuple[ExportItem, ...]
    map: ExportMap | None = None


@dataclass(frozen=True)
class Exported(Report):
    """An export was written to these files; the notes say what they do not say exactly, a sentence each."""

    paths: tuple[Path, ...]
    notes: tuple[str, ...] = ()
