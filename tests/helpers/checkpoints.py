"""Checkpoints of one small network, and reading them in this process."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import models
from gbrs_core.errors import CheckpointError
from models.checkpoint_reader import read_here
from models.checkpoints import inspect_checkpoint, load_network
from tests.helpers.reproducible import fill

NAME = "light_interactive"
State = dict[str, Tensor]

load = partial(load_network, reader=read_here)
"""Without a process of its own: what is tested here is the same in either, and a process takes a second to start."""
inspect_here = partial(inspect_checkpoint, reader=read_here)


def network_to_save() -> nn.Module:
    return fill(models.create(NAME), 5)


def saver(folder: Path, container: str) -> Callable[[Any], Path]:
    """Writes an object as torch.save does, in either container."""

    def write(content: Any) -> Path:
        path = folder / "checkpoint.pth"
        torch.save(content, path, _use_new_zipfile_serialization=container == "zip")
        return path

    return write


def assert_loads(path: Path, state: State) -> None:
    loaded = load(path)
    assert loaded.spec.name == NAME
    assert loaded.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    for key, value in loaded.module.state_dict().items():
        assert value.dtype == state[key].dtype, key
        assert torch.equal(value, state[key]), key


def refusal(path: Path) -> str:
    """The message with which a file is refused: one line that names the file."""
    with pytest.raises(CheckpointError) as caught:
        load(path)
    message = str(caught.value)
    assert message.count(str(path)) == 1
    assert "\n" not in message
    return message
