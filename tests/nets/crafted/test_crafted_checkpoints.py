"""Files made to do harm, read by a process of its own: nothing in them runs, and refusing them costs little."""

from __future__ import annotations

import os
import pickle
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from gbrs_core.errors import CheckpointError
from models.checkpoint_files import LARGEST_FILE
from models.checkpoint_reader import read_here
from models.checkpoints import load_network
from models.watch import Watch
from tests.helpers.crafted_checkpoints import CONTAINERS, NAME, legacy


@pytest.fixture
def state() -> dict[str, Tensor]:
    return dict(load_network(NAME).module.state_dict())


class RunsCode:
    """Makes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.marker),)


# Code


@pytest.mark.parametrize("is_zip", [True, False])
@pytest.mark.parametrize("place", ["beside the weights", "as a key", "as the whole file", "inside an optimiser"])
def test_code_does_not_run(
    refusal: Callable[[Path], str], tmp_path: Path, state: dict[str, Tensor], is_zip: bool, place: str
) -> None:
    marker, path = tmp_path / "it ran", tmp_path / "weights.pth"
    bomb = RunsCode(marker)
    content = {
        "beside the weights": {"state_dict": state, "epoch": bomb},
        "as a key": {**state, bomb: 1},
        "as the whole file": bomb,
        "inside an optimiser": {"state_dict": state, "optimizer": {"state": {0: {"step": [bomb]}}}},
    }[place]
    torch.save(content, path, _use_new_zipfile_serialization=is_zip)
    assert "nothing was run" in refusal(path)
    assert not marker.exists()


RUNNING = {
    "GLOBAL": b"cos\nmkdir\n(X\x06\x00\x00\x00markertR.",
    "INST": b"(X\x06\x00\x00\x00markerios\nmkdir\n.",
    "OBJ": b"(cos\nmkdir\nX\x06\x00\x00\x00markero.",
    "STACK_GLOBAL": b"\x80\x04\x8c\x02os\x8c\x05mkdir\x93\x8c\x06marker\x85R.",
    "memoised names": b"\x80\x04(\x8c\x05mkdir\x94\x8c\x02os\x94\x8c\x01x00h\x01h\x00\x93\x8c\x06marker\x85R.",
    "eval": b"\x80\x02cbuiltins\neval\nX\x20\x00\x00\x00__import__('os').mkdir('marker')\x85R.",
}
"""Indexes that make a file or folder called "marker" when Python unpickles them."""
REFUSED = {
    "torch.load": b"\x80\x02ctorch\nload\nX\x01\x00\x00\x00x\x85R.",
    "an allowed name misused": b"\x80\x02ctorch.serialization\n_get_layout\nX\x01\x00\x00\x00x\x85R.",
    "EXT1": b"\x80\x02\x82\x01.",
}


@pytest.mark.parametrize("name", RUNNING)
def test_the_indexes_below_would_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    pickle.loads(RUNNING[name])
    assert (tmp_path / "marker").exists()


@CONTAINERS
@pytest.mark.parametrize("name", [*RUNNING, *REFUSED])
def test_no_opcode_runs_code(
    refusal: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Any, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = pack(tmp_path / "weights.pth", {**RUNNING, **REFUSED}[name])
    refusal(path)
    with pytest.raises(CheckpointError):
        read_here(path, Watch(), wants_values=False)
    assert not (tmp_path / "marker").exists()


# Not files at all


def test_a_pipe_is_not_waited_for(refusal: Callable[[Path], str], tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    os.mkfifo(path)
    assert "a pipe or a device" in refusal(path)
    with pytest.raises(CheckpointError, match="a pipe or a device"):
        load_network(path)


def test_links_that_lead_in_a_circle(refusal: Callable[[Path], str], tmp_path: Path) -> None:
    one, other = tmp_path / "one.pth", tmp_path / "other.pth"
    one.symlink_to(other)
    other.symlink_to(one)
    assert "leads in a circle" in refusal(one)


def test_a_folder_and_a_device(refusal: Callable[[Path], str], tmp_path: Path) -> None:
    assert "a folder" in refusal(tmp_path)
    assert "a pipe or a device" in refusal(Path("/dev/zero"))


def test_a_gigantic_file_is_not_read(refusal: Callable[[Path], str], tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save({}, path)
    with path.open("ab") as stream:
        stream.truncate(LARGEST_FILE + 1)
    assert "more than the 8 GB that are read at most" in refusal(path)


# What it costs


def test_refusing_costs_this_process_little(refusal: Callable[[Path], str], tmp_path: Path) -> None:
    """The reading happens elsewhere: neither this process's memory nor its processor time grows with the file."""
    path = legacy(tmp_path / "weights.pth", b"\x80\x02}(" + b"U\x01kI0\n" * 2_000_000 + b"u.")
    memory, seconds = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    refusal(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 20_000
    assert time.process_time() - seconds < 2
