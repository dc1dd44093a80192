"""What the window asks of the checkpoint thread, and what comes back. Qt-free and torch-free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.messages import Report, Request
from app.state.document import Colour

if TYPE_CHECKING:
    from models.published import PublishedCheckpoint
    from models.scan import FoundCheckpoint


@dataclass(frozen=True)
class ListPublished(Request):
    """Say which checkpoints are published."""


@dataclass(frozen=True)
class ScanFolder(Request):
    """Look for checkpoints in a folder and those below it."""

    folder: Path


@dataclass(frozen=True)
class EstimateMemory(Request):
    """Estimate what a click takes with a network of the registry, and what the device has left."""

    architecture: str
    device: str


@dataclass(frozen=True)
class ConvertCheckpoint(Request):
    """Write a checkpoint as safetensors."""

    source: Path
    target: Path


@dataclass(frozen=True)
class ReadClassList(Request):
    """Read a class list and remember it for a network.

    Attributes:
        path: the user's file.
        sha256: hash of the network's checkpoint.
        names: of the classes as they are now; a file that only has colours leaves them.
    """

    path: Path
    sha256: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class ForgetClassList(Request):
    """Forget the class list that is remembered for the network with this hash."""

    sha256: str


@dataclass(frozen=True, eq=False)
class PublishedListed(Report):
    """The catalogue.

    Attributes:
        published: all published checkpoints.
        tasks: registry name of the task by registry name of the network.
    """

    published: tuple[PublishedCheckpoint, ...]
    tasks: Mapping[str, str]


@dataclass(frozen=True)
class CheckpointProgress(Report):
    """What is being done and how far it is, from 0 to 1."""

    text: str
    share: float


@dataclass(frozen=True, eq=False)
class CheckpointFound(Report):
    """A scan came across a file."""

    found: FoundCheckpoint


@dataclass(frozen=True)
class ScanEnded(Report):
    """No more files of this scan will come; not complete if it was cancelled."""

    is_complete: bool


@dataclass(frozen=True)
class MemoryEstimated(Report):
    """What one click takes.

    Attributes:
        architecture: registry name of the network.
        device: what the user calls the device.
        size: (height, width) in pixels at which the network runs.
        needed_bytes: memory of a click.
        available_bytes: what the device has left, None if it cannot be told.
    """

    architecture: str
    device: str
    size: tuple[int, int]
    needed_bytes: int
    available_bytes: int | None


@dataclass(frozen=True, eq=False)
class CheckpointConverted(Report):
    """A checkpoint was written as safetensors."""

    found: FoundCheckpoint


@dataclass(frozen=True)
class WorkCancelled(Report):
    """What was asked for was cancelled; nothing was written."""


@dataclass(frozen=True)
class ClassListRead(Report):
    """A class list was read and is remembered for the network with this hash."""

    path: Path
    sha256: str
    names: tuple[str, ...]
    colours: tuple[Colour, ...]


@dataclass(frozen=True, eq=False)
class ClassListForgotten(Report):
    """No class list is remembered for the network with this hash any more.

    Attributes:
        sha256: of the network's checkpoint.
        was_there: whether there was one.
    """

    sha256: str
    was_there: bool
