"""Looks for checkpoints in a folder and says what each is. Torch-free: they are read in a process of their own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gbrs_core.errors import CancelledError, CheckpointError
from models.isolated import ReadingProcess
from models.published import PublishedCheckpoint, published_as
from models.watch import Watch

MOST_FILES = 2000
"""Checkpoints looked into at most; a folder of them holds tens."""
MOST_ENTRIES = 200_000
"""Entries of folders looked at in search of them."""
DEEPEST_FOLDER = 6
"""Levels of folders below the chosen one that are entered."""

_ENDINGS = (".pth", ".pt", ".pth.tar", ".safetensors")
_TORCH_STARTS = (b"PK\x03\x04", b"\x80\x02\x8a\nl\xfc\x9cF\xf9")
_START_BYTES = 256


@dataclass(frozen=True)
class FoundCheckpoint:
    """A file that is, or claims to be, a checkpoint.

    Attributes:
        path: the file.
        size_bytes: its size.
        sha256: hexadecimal digest of the whole file; empty if it was refused or could not be read to the end.
        published: the published checkpoint it is, by its name and its keys; None for every other.
        architecture: registry name of the network its keys belong to, empty if they belong to none.
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
    """The checkpoints in a folder and the folders below it, each as soon as it was read.

    Files in a folder come before those in the folders below, either in the order of their names. Files that are no
    checkpoints by name and first bytes are passed over in silence; those that claim to be but cannot be used are
    reported with the problem. Hidden folders and links to folders are not entered. Run it in a thread of its own, and
    close the generator if it is given up before its end: reading takes about a second per file.

    Args:
        folder: where to look.
        cancelled: asked several times a second; once it is true the iteration ends.
        progress: called with the name of the file that is being read and the share of it done, from this thread.

    Raises:
        CheckpointError: the folder itself cannot be read.
    """
    try:
        os.scandir(folder).close()
    except OSError as error:
        raise CheckpointError(f"cannot look for checkpoints in {folder}: {error.strerror or error}") from error
    with ReadingProcess() as process:
        try:
            for number, path in enumerate(_candidates(folder, Watch(cancelled=cancelled))):
                if number == MOST_FILES:
                    return
                report = None if progress is None else _named(progress, path.name)
                yield _look_into(process, path, Watch(report, cancelled))
        except CancelledError:
            return


def _named(progress: Callable[[str, float], None], name: str) -> Callable[[str, float], None]:
    return lambda _, share: progress(name, share)


def _look_into(process: ReadingProcess, path: Path, watch: Watch) -> FoundCheckpoint:
    """Raises CancelledError when the caller asked to stop."""
    try:
        reading = process.read(path, watch, wants_values=False)
    except CheckpointError as error:
        problem = str(error).removeprefix(f"cannot load {path.absolute()}: ").removeprefix(f"cannot load {path}: ")
        return FoundCheckpoint(path, _size(path), "", None, "", problem)
    published = published_as(path, reading.architecture)
    return FoundCheckpoint(path, reading.size, reading.sha256, published, reading.architecture, reading.problem)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _candidates(folder: Path, watch: Watch) -> Iterator[Path]:
    """Files that may be checkpoints, by name or by their first bytes. Raises CancelledError."""
    waiting = [(folder, 0)]
    seen = 0
    while waiting:
        current, depth = waiting.pop(0)
        below = []
        for entry in _entries(current):
            watch.check()
            seen += 1
            if seen > MOST_ENTRIES:
                return
            if _is_folder(entry):
                if depth < DEEPEST_FOLDER and not entry.name.startswith("."):
                    below.append((Path(entry.path), depth + 1))
            elif _may_be_checkpoint(entry):
                yield Path(entry.path)
        waiting.extend(below)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What is in a folder, by name; nothing if it may not be read."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _may_be_checkpoint(entry: os.DirEntry[str]) -> bool:
    """A name that says so, or no ending at all and the first bytes of torch.save, as of BTS's file called "model"."""
    if entry.name.lower().endswith(_ENDINGS):
        return not entry.is_symlink() or not Path(entry.path).is_dir()
    try:
        if "." in entry.name or not entry.is_file():
            return False
        with Path(entry.path).open("rb") as stream:
            start = stream.read(_START_BYTES)
    except OSError:
        return False
    return start.startswith(_TORCH_STARTS) and (start[:2] != b"PK" or b"data.pkl" in start)
