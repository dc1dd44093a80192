"""The process of its own that reads the crafted files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from models.isolated import ReadingProcess
from tests.helpers.crafted_checkpoints import assert_reads_good_files, refuser, warm_process


@pytest.fixture(scope="module")
def process() -> Iterator[ReadingProcess]:
    """One process for all files: each must leave it able to read the next."""
    with warm_process() as reading:
        yield reading


@pytest.fixture
def refusal(process: ReadingProcess) -> Callable[[Path], str]:
    return refuser(process)


@pytest.fixture(autouse=True)
def _still_reads_good_files(process: ReadingProcess) -> Iterator[None]:
    yield
    assert_reads_good_files(process)
