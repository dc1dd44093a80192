"""Checkpoints made by hand to do harm, and the process of its own that reads them, as in the program."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gbrs_core.errors import CheckpointError
from models.checkpoints import load_network
from models.isolated import ReadingProcess
from models.reading import CheckpointReading
from models.registry import weights_file
from models.watch import Watch

NAME = "light_interactive"
MAGIC = 0x1950A86A20F9469CFC6C
"""What torch.save of before 2020 begins with."""


@contextmanager
def warm_process() -> Iterator[ReadingProcess]:
    """A process that has read a good file."""
    with ReadingProcess() as reading:
        reading.read(weights_file(NAME), Watch(), wants_values=False)
        yield reading


def refuser(process: ReadingProcess) -> Callable[[Path], str]:
    """The message with which a file is refused, one line that names it, also when it is only inspected."""

    def refused(path: Path) -> str:
        with pytest.raises(CheckpointError) as caught:
            load_network(path, reader=_checked(process))
        assert str(caught.value).count(str(path)) == 1
        assert "\n" not in str(caught.value)
        return str(caught.value)

    return refused


def _checked(process: ReadingProcess) -> Callable[[Path, Watch, bool], CheckpointReading]:
    return lambda path, watch, wants_values: process.read(path, watch, wants_values)


def assert_reads_good_files(process: ReadingProcess) -> None:
    reading = process.read(weights_file(NAME), Watch(), wants_values=False)
    assert (reading.architecture, reading.problem) == (NAME, "")


def zipped(
    path: Path, index: bytes, storages: dict[str, bytes] | None = None, method: int = zipfile.ZIP_STORED
) -> Path:
    """A file in torch.save's present form around a hand-made index."""
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("archive/data.pkl", index)
        archive.writestr("archive/byteorder", b"little")
        archive.writestr("archive/version", b"3\n")
        for name, content in (storages or {}).items():
            archive.writestr(f"archive/data/{name}", content)
    return path


def legacy(path: Path, index: bytes) -> Path:
    """A file in torch.save's form of before 2020 around a hand-made index."""
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    parts = [pickle.dumps(part, protocol=2) for part in (MAGIC, 1001, system)]
    path.write_bytes(b"".join([*parts, index, pickle.dumps([], protocol=2)]))
    return path


CONTAINERS = pytest.mark.parametrize("pack", [zipped, legacy])
