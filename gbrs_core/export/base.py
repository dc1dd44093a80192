"""What an export gets, what a format offers, and the writing that all formats share. Torch-free."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gbrs_core.atomic import atomic_write
from gbrs_core.errors import ExportError, ShapeError
from gbrs_core.prediction import OutputKind

Colour = tuple[int, int, int]
"""Red, green, blue, 0 to 255 each."""

_NAME_LENGTH = 60


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


@dataclass(frozen=True, eq=False)
class ExportRequest:
    """Everything an exporter may write down.

    Attributes:
        image: (H, W, 3) RGB uint8.
        objects: in the order of the objects list.
        image_path: where the image came from; suggested names are built from its stem.

    Raises:
        ShapeError: the image is not (H, W, 3), or a mask or logits are not of its size.
    """

    image: NDArray[np.uint8]
    objects: tuple[ExportObject, ...]
    image_path: Path

    def __post_init__(self) -> None:
        if self.image.ndim != 3 or self.image.shape[2] != 3:
            raise ShapeError("image", self.image.shape, "(H, W, 3)")
        for item in self.objects:
            if item.mask.shape != self.size:
                raise ShapeError(f"mask of {item.name!r}", item.mask.shape, f"the image's {self.size}")
            if item.logits is not None and item.logits.shape != self.size:
                raise ShapeError(f"logits of {item.name!r}", item.logits.shape, f"the image's {self.size}")

    @property
    def size(self) -> tuple[int, int]:
        """(H, W)."""
        return self.image.shape[0], self.image.shape[1]


class FormatLimitError(ExportError):
    """A format cannot hold what it is asked to; the text names the limit, `write_export` adds the file."""


class Exporter(Protocol):
    """A file format; one instance of each is listed in `EXPORTERS`."""

    @property
    def name(self) -> str:
        """Registry name."""

    @property
    def title(self) -> str:
        """What the export dialog shows."""

    @property
    def ending(self) -> str:
        """What is appended to the image's stem, with the suffix: "_mask.png"."""

    @property
    def kinds(self) -> tuple[OutputKind, ...]:
        """The kinds of prediction it can write."""

    @property
    def can_split(self) -> bool:
        """Whether one file per object makes sense."""

    def encode(self, request: ExportRequest) -> bytes:
        """The content of the file. Raises FormatLimitError if the format cannot hold it."""


def suggested_path(exporter: Exporter, image_path: Path) -> Path:
    """The file beside the image that the export dialog proposes: photo.jpg -> photo_mask.png."""
    return image_path.with_name(image_path.stem + exporter.ending)


def export_paths(request: ExportRequest, path: Path, one_file_per_object: bool = False) -> tuple[Path, ...]:
    """The files that `write_export` will write, for asking before files are replaced.

    With one file per object the object's name is appended: cups_mask.png -> cups_mask_left-cup.png. Characters that
    file systems dislike become "-"; a name that is taken gets a number.
    """
    if not one_file_per_object:
        return (path,)
    endings: list[str] = []
    taken: set[str] = set()
    for number, item in enumerate(request.objects, start=1):
        word = re.sub(r"[^\w]+", "-", item.name).strip("-")[:_NAME_LENGTH] or f"object-{number}"
        ending, count = word, 1
        while ending.casefold() in taken:  # Windows and macOS do not tell Cup from cup
            count += 1
            ending = f"{word}-{count}"
        taken.add(ending.casefold())
        endings.append(ending)
    return tuple(path.with_name(f"{path.stem}_{ending}{path.suffix}") for ending in endings)


def write_export(
    exporter: Exporter, request: ExportRequest, path: Path, one_file_per_object: bool = False
) -> tuple[Path, ...]:
    """Write one export: first all files in full under temporary names, then in place of the old ones.

    Returns:
        The files written, as `export_paths` tells them.

    Raises:
        ExportError: there is no object, the format cannot hold them, or a file cannot be written; the files that were
            there before are untouched.
    """
    if not request.objects:
        raise ExportError(f"cannot write {path}: there is no object to export")
    if one_file_per_object and not exporter.can_split:
        raise ExportError(f"cannot write {path}: {exporter.title} holds all objects in one file")
    paths = export_paths(request, path, one_file_per_object)
    parts = [replace(request, objects=(item,)) for item in request.objects] if one_file_per_object else [request]
    with ExitStack() as files:
        for target, part in zip(paths, parts, strict=True):
            _write_later(files, exporter, part, target)
    return paths


def _write_later(files: ExitStack, exporter: Exporter, request: ExportRequest, path: Path) -> None:
    """Write the temporary file now; it takes the place of `path` when the stack is closed without an error."""
    files.enter_context(_export_errors(path))
    temporary = files.enter_context(atomic_write(path))
    temporary.write_bytes(exporter.encode(request))


@contextmanager
def _export_errors(path: Path) -> Iterator[None]:
    """Say which file failed, once: errors of the files after it pass through."""
    try:
        yield
    except OSError as error:
        raise ExportError(f"cannot write {path}: {error.strerror or error}") from error
    except FormatLimitError as error:
        raise ExportError(f"cannot write {path}: {error}") from error
