"""Reading in a process of its own: the same result, bounded, cancellable, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import models
from gbrs_core.errors import CancelledError, CheckpointError
from models import isolated
from models.isolated import ReadingProcess, read_isolated
from models.read_checkpoint import FILE_COPIES, SPARE_BYTES
from models.watch import Watch
from tests.helpers.processes import children
from tests.helpers.reproducible import fill

NAME = "light_interactive"
ROOT = Path(models.__file__).parents[1]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("checkpoint") / "weights.pth"
    torch.save({"state_dict": fill(models.create(NAME), 5).state_dict()}, path)
    return path


@pytest.fixture(autouse=True)
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the process puts what it read; empty again after every test."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_a_network_comes_through_whole(checkpoint: Path, temporary_folder: Path) -> None:
    shares: list[float] = []
    loaded = models.load(checkpoint, lambda text, share: shares.append(share))
    expected = fill(models.create(NAME), 5).state_dict()
    assert loaded.spec.name == NAME
    assert all(torch.equal(value, expected[key]) for key, value in loaded.module.state_dict().items())
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len(shares) > 20
    assert list(temporary_folder.iterdir()) == []


def test_a_relative_path(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(checkpoint.parent)
    assert read_isolated(Path(checkpoint.name), Watch(), wants_values=False).path == Path(checkpoint.name)


def test_a_strangers_folder_is_not_imported_from(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch.py").write_text("raise SystemExit('a stranger ran')")
    monkeypatch.chdir(tmp_path)
    assert read_isolated(checkpoint, Watch(), wants_values=False).architecture == NAME


@pytest.mark.slow
def test_one_process_reads_many_files(checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.pth").write_bytes(b"PK\x03\x04 and nothing else")
    with ReadingProcess() as process:
        first = process.read(checkpoint, Watch(), wants_values=True)
        with pytest.raises(CheckpointError, match="damaged"):
            process.read(tmp_path / "bad.pth", Watch(), wants_values=True)
        second = process.read(checkpoint, Watch(), wants_values=False)
    assert first.values
    assert not second.values
    assert first.sha256 == second.sha256


@pytest.mark.parametrize("answers", [0, 3, 40])
def test_cancelling_ends_the_process(checkpoint: Path, temporary_folder: Path, answers: int) -> None:
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > answers

    with pytest.raises(CancelledError):
        read_isolated(checkpoint, Watch(cancelled=cancelled), wants_values=True)
    assert len(asked) == answers + 1
    assert list(temporary_folder.iterdir()) == []


@pytest.mark.slow
def test_a_process_that_dies_is_reported_and_replaced(checkpoint: Path) -> None:
    with ReadingProcess() as process:
        process.read(checkpoint, Watch(), wants_values=False)

        def kill(text: str, share: float) -> None:
            os.kill(children()[0], signal.SIGKILL)

        with pytest.raises(CheckpointError, match="ended unexpectedly"):
            process.read(checkpoint, Watch(kill), wants_values=False)
        assert process.read(checkpoint, Watch(), wants_values=False).architecture == NAME
    assert children() == []


@pytest.mark.slow
def test_a_process_that_died_between_two_files(checkpoint: Path) -> None:
    with ReadingProcess() as process:
        process.read(checkpoint, Watch(), wants_values=False)
        os.kill(children()[0], signal.SIGKILL)
        with pytest.raises(CheckpointError, match="ended"):
            process.read(checkpoint, Watch(), wants_values=False)
        assert process.read(checkpoint, Watch(), wants_values=False).architecture == NAME


def test_time_is_bounded(tmp_path: Path) -> None:
    """The time goes with the size of the file, so that a small one leaves less than the process takes to start."""
    path = tmp_path / "small.pth"
    path.write_bytes(bytes(1000))
    with ReadingProcess(start_seconds=0.0) as process, pytest.raises(CheckpointError, match="was stopped after"):
        process.read(path, Watch(), wants_values=False)
    assert children() == []


@pytest.mark.slow
def test_memory_is_bounded(tmp_path: Path) -> None:
    """A process with the limit of a small file cannot take a gigabyte more than that, and survives the attempt."""
    path = tmp_path / "small"
    path.write_bytes(bytes(1000))
    code = (
        "import sys, torch\n"
        "from pathlib import Path\n"
        "from models.read_checkpoint import _limit_memory\n"
        "_limit_memory(Path(sys.argv[1]))\n"
        "torch.zeros(100 << 20, dtype=torch.uint8)\n"
        "try:\n"
        "    torch.zeros(int(sys.argv[2]), dtype=torch.uint8)\n"
        "except RuntimeError as error:\n"
        "    sys.exit(0 if \"can't allocate\" in str(error) else 'another error')\n"
        "sys.exit('it was given')\n"
    )
    size = SPARE_BYTES + FILE_COPIES * 1000 + (64 << 20)
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), str(size)], cwd=ROOT, check=False, capture_output=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_memory_is_guarded_where_there_is_no_limit() -> None:
    code = (
        "import sys, time\n"
        "from models.read_checkpoint import MemoryGuard\n"
        "size = 0\n"
        "guard = MemoryGuard(lambda: size)\n"
        "guard.allow(10)\n"
        "guard.allow(1000)\n"
        "time.sleep(0.1)\n"
        "size = 1000\n"
        "time.sleep(0.1)\n"
        "print('alive', flush=True)\n"
        "size = 1001\n"
        "time.sleep(60)\n"
        "print('still alive')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "alive\n")


def test_a_full_disk_is_named(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from models import read_checkpoint

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(read_checkpoint, "save_file", full)
    folder = checkpoint.parent / "answers"
    folder.mkdir(exist_ok=True)
    read_checkpoint._answer(checkpoint, folder, True, lambda text, share: None)
    assert "No space left on device" in (folder / isolated.ANSWER).read_text()


def test_what_the_process_hands_over_is_checked_again(checkpoint: Path) -> None:
    """Values that are not the network's, by key, shape or type, do not get into it."""
    from models.checkpoints import load_network
    from models.reading import CheckpointReading

    def without_bias(path: Path, watch: Watch, wants_values: bool) -> CheckpointReading:
        return changed(
            path, lambda values: {key: value for key, value in values.items() if key != "head.classify.bias"}
        )

    def as_half(path: Path, watch: Watch, wants_values: bool) -> CheckpointReading:
        return changed(path, lambda values: {key: value.half() for key, value in values.items()})

    def changed(path: Path, change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> CheckpointReading:
        from dataclasses import replace

        from models.checkpoint_reader import read_here

        reading = read_here(path, Watch(), wants_values=True)
        return replace(reading, values=change(dict(reading.values)))

    for reader in (without_bias, as_half):
        with pytest.raises(CheckpointError, match="is not what light_interactive consists of"):
            load_network(checkpoint, reader=reader)


@pytest.mark.slow
def test_no_thread_is_left(checkpoint: Path) -> None:
    before = threading.active_count()
    read_isolated(checkpoint, Watch(), wants_values=False)
    assert threading.active_count() == before
