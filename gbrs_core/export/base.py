"""What a format offers, and the writing that all formats share. Torch-free."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, TypeVar

from gbrs_core.atomic import atomic_write
from gbrs_core.errors import ExportError
from gbrs_core.export.requests import ExportRequest
from gbrs_core.prediction import OutputKind

_NAME_LENGTH = 60

RequestT = TypeVar("RequestT", bound=ExportRequest)


class FormatLimitError(ExportError):
    """A format cannot hold what it is asked to; the text names the limit, `write_export` adds the file."""


@dataclass(frozen=True)
class Exporter(ABC, Generic[RequestT]):
    """A file format; one instance of each is listed in `EXPORTERS`.

    Attributes:
        name: registry name.
        title: what the export dialog shows.
        ending: what is appended to the image's stem, with the suffix: "_mask.png".
        splits: whether it writes one file per object or class: never, when asked to, or always.
        description: what is worth knowing of the values in the file, for a hint below the format; may be empty.
    """

    kind: ClassVar[OutputKind]
    name: str
    title: str
    ending: str
    splits: Literal["never", "optionally", "always"] = "never"
    description: str = ""

    @property
    def can_split(self) -> bool:
        """Whether one file per object can be chosen."""
        return self.splits == "optionally"

    @property
    def unavailable(self) -> str:
        """Why it cannot be used on this machine and what to do about it; empty if it can."""
        return ""

    @abstractmethod
    def encode(self, request: RequestT) -> bytes:
        """The content of the file. Raises FormatLimitError if the format cannot hold it."""

    def notes(self, request: RequestT) -> tuple[str, ...]:
        """What the file will not say exactly as the request does, a sentence each: saturated values, lost classes."""
        return ()


@dataclass(frozen=True)
class WrittenExport:
    """What `write_export` did.

    Attributes:
        paths: the files written.
        notes: what they do not say exactly, for the annotator to read; without repetitions.
    """

    paths: tuple[Path, ...]
    notes: tuple[str, ...] = ()


def suggested_path(exporter: Exporter[Any], image_path: Path) -> Path:
    """The file beside the image that the export dialog proposes: photo.jpg -> photo_mask.png."""
    return image_path.with_name(image_path.stem + exporter.ending)


def export_paths(
    exporter: Exporter[Any], request: ExportRequest, path: Path, one_file_per_object: bool = False
) -> tuple[Path, ...]:
    """The files that `write_export` will write, for asking before files are replaced.

    With one file per object or class its name is appended: cups_mask.png -> cups_mask_left-cup.png. Characters that
    file systems dislike become "-"; a name that is taken gets a number.
    """
    if not _is_split(exporter, one_file_per_object):
        return (path,)
    endings: list[str] = []
    taken: set[str] = set()
    for number, (name, _) in enumerate(request.parts(), start=1):
        word = re.sub(r"[^\w]+", "-", name).strip("-")[:_NAME_LENGTH] or f"object-{number}"
        ending, count = word, 1
        while ending.casefold() in taken:  # Windows and macOS do not tell Cup from cup
            count += 1
            ending = f"{word}-{count}"
        taken.add(ending.casefold())
        endings.append(ending)
    return tuple(path.with_name(f"{path.stem}_{ending}{path.suffix}") for ending in endings)


def write_export(
    exporter: Exporter[Any], request: ExportRequest, path: Path, one_file_per_object: bool = False
) -> WrittenExport:
    """Write one export: first all files in full under temporary names, then in place of the old ones.

    Raises:
        ExportError: there is nothing to write, the format is for another kind of prediction, cannot be used here or
            cannot hold what it gets, or a file cannot be written; the files that were there before are untouched.
    """
    _check_writable(exporter, request, path, one_file_per_object)
    paths = export_paths(exporter, request, path, one_file_per_object)
    parts = [part for _, part in request.parts()] if _is_split(exporter, one_file_per_object) else [request]
    if not parts:
        raise ExportError(f"cannot write {path}: no pixel belongs to any class")
    for target in paths:
        if target.is_dir():  # found out now, not when the first of several files has been replaced
            raise ExportError(f"cannot write {target}: it is a folder")
    notes: dict[str, None] = {}
    with ExitStack() as files:
        for target, part in zip(paths, parts, strict=True):
            _write_later(files, exporter, part, target)
            notes.update(dict.fromkeys(exporter.notes(part)))
    return WrittenExport(paths, tuple(notes))


def _is_split(exporter: Exporter[Any], one_file_per_object: bool) -> bool:
    return one_file_per_object or exporter.splits == "always"


def _check_writable(exporter: Exporter[Any], request: ExportRequest, path: Path, one_file_per_object: bool) -> None:
    if request.kind is not exporter.kind:
        kinds = [kind.value.replace("_", " ") for kind in (exporter.kind, request.kind)]
        raise ExportError(f"cannot write {path}: {exporter.title} holds a {kinds[0]}, not a {kinds[1]}")
    if exporter.unavailable:
        raise ExportError(f"cannot write {path}: {exporter.unavailable}")
    if request.problem:
        raise ExportError(f"cannot write {path}: {request.problem}")
    if one_file_per_object and exporter.splits == "never":
        raise ExportError(f"cannot write {path}: {exporter.title} holds all objects in one file")


def _write_later(files: ExitStack, exporter: Exporter[Any], request: ExportRequest, path: Path) -> None:
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
    except MemoryError as error:
        raise ExportError(f"cannot write {path}: there is not enough memory for it") from error
