"""Looks for checkpoints in a folder and says what each is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from models.published import PublishedCheckpoint

MOST_FILES = 2000
"""Files looked into at most; a folder of checkpoints has tens."""
DEEPEST_FOLDER = 6
"""Levels of folders below the chosen one that are entered."""

_SUFFIXES = (".pth", ".pt", ".tar", ".safetensors")
_SMALLEST = 1024


@dataclass(frozen=True)
class FoundCheckpoint:
    """A file that is, or claims to be, a checkpoint.

    Attributes:
        path: the file.
        size_bytes: its size.
        sha256: hexadecimal digest of the whole file; empty if it could not be read to the end.
        published: the published checkpoint it is, by its name and its keys; None for every other.
        architecture: registry name of the network its keys fit, empty if they fit none.
        problem: why it cannot be loaded, one line; empty if it can.
    """

    path: Path
    size_bytes: int
    sha256: str
    published: PublishedCheckpoint | None
    architecture: str
    problem: str


def scan_folder(
    folder: Path, cancelled: Callable[[], bool], progress: Callable[[str, float], None] | None = None
) -> Iterator[FoundCheckpoint]:
    """The checkpoints in a folder and the folders below it, each as soon as it was read, in order of their paths.

    Files that are no checkpoints by name and first bytes are passed over in silence, those that cannot be read are
    reported with a problem. Links to folders are not followed. Run it in a thread of its own: reading takes seconds per
    file.

    Args:
        folder: where to look.
        cancelled: asked several times a second; once it is true the iteration ends.
        progress: called with the name of the file that is being read and the share of it done, from this thread.

    Raises:
        CheckpointError: the folder itself cannot be read.
    """
    raise NotImplementedError
