"""Looking for checkpoints in a folder: everything that is one is found and named, nothing stops the search."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
import torch

import models
from gbrs_core.errors import CheckpointError
from models import scan
from models.checkpoints import save_safetensors
from models.scan import FoundCheckpoint, scan_folder
from tests.helpers.processes import children
from tests.helpers.reproducible import fill

NAME = "light_interactive"


def found_in(folder: Path) -> dict[str, FoundCheckpoint]:
    return {str(found.path.relative_to(folder)): found for found in scan_folder(folder, lambda: False)}


@pytest.mark.slow
def test_a_folder_of_everything(tmp_path: Path) -> None:
    state = fill(models.create(NAME), 5).state_dict()
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    (tmp_path / ".hidden").mkdir()
    torch.save(state, tmp_path / "mine.pth")
    torch.save(state, tmp_path / "deep" / "deeper" / "model", _use_new_zipfile_serialization=False)
    torch.save({"model": state}, tmp_path / "deep" / "zipped")
    save_safetensors(tmp_path / "converted.safetensors", fill(models.create(NAME), 5), {})
    torch.save({key: value for key, value in state.items() if key != "head.classify.bias"}, tmp_path / "part.pth.tar")
    torch.save(torch.nn.Linear(3, 2).state_dict(), tmp_path / "another.pt")
    torch.save(state, tmp_path / ".hidden" / "copy.pth")
    (tmp_path / "page.pth").write_text("<html>not found</html>")
    (tmp_path / "empty.pth").touch()
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "README").write_text("nothing either")
    (tmp_path / "archive").write_bytes(b"PK\x03\x04" + bytes(300))
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / "pipe.pth")
    (tmp_path / "circle.pth").symlink_to(tmp_path / "circle.pth")
    (tmp_path / "around").symlink_to(tmp_path)

    found = found_in(tmp_path)

    assert set(found) == {
        "another.pt", "circle.pth", "converted.safetensors", "deep/deeper/model", "deep/zipped", "empty.pth",
        "mine.pth", "page.pth", "part.pth.tar", "pipe.pth",
    }  # fmt: skip
    good = {name for name, entry in found.items() if not entry.problem}
    assert good == {"converted.safetensors", "deep/deeper/model", "deep/zipped", "mine.pth"}
    assert all(found[name].architecture == NAME for name in good)
    for name in (*good, "part.pth.tar", "another.pt"):
        path = tmp_path / name
        assert found[name].sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert found[name].size_bytes == path.stat().st_size
    assert found["part.pth.tar"].architecture == NAME
    assert "head.classify.bias" in found["part.pth.tar"].problem
    assert found["another.pt"].architecture == ""
    assert "web page" in found["page.pth"].problem
    assert "empty" in found["empty.pth"].problem
    assert "pipe" in found["pipe.pth"].problem
    assert "circle" in found["circle.pth"].problem
    for entry in found.values():
        assert entry.published is None
        assert str(tmp_path) not in entry.problem
        assert "\n" not in entry.problem


@pytest.mark.slow
def test_a_published_checkpoint_is_named(tmp_path: Path) -> None:
    torch.save(fill(models.create("hrnet18_ocr64"), 1).state_dict(), tmp_path / "hrnet18_ocr64_sbd.pth")
    (found,) = scan_folder(tmp_path, lambda: False)
    assert found.published is not None
    assert found.published.architecture == found.architecture == "hrnet18_ocr64"
    assert found.published.training_data == "SBD"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read(tmp_path: Path) -> None:
    torch.save({}, tmp_path / "secret.pth")
    (tmp_path / "secret.pth").chmod(0)
    (tmp_path / "locked").mkdir(mode=0)
    found = found_in(tmp_path)
    assert set(found) == {"secret.pth"}
    assert "may not read" in found["secret.pth"].problem


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "missing", tmp_path / "file"):
        with pytest.raises(CheckpointError, match="cannot look for checkpoints"):
            list(scan_folder(folder, lambda: False))


def test_cancelling_ends_it(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.pth").write_text("<html>")
    found: list[FoundCheckpoint] = []
    for entry in scan_folder(tmp_path, lambda: len(found) == 1):
        found.append(entry)  # noqa: PERF402 - the list is what cancels
    assert [entry.path.name for entry in found] == ["0.pth"]


def test_giving_it_up_ends_it(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.pth").write_text("<html>")
    entries = scan_folder(tmp_path, lambda: False)
    assert next(entries).path.name == "0.pth"
    entries.close()
    assert children() == []


def test_progress_names_the_file(tmp_path: Path) -> None:
    torch.save(fill(models.create(NAME), 5).state_dict(), tmp_path / "mine.pth")
    reports: list[tuple[str, float]] = []
    list(scan_folder(tmp_path, lambda: False, lambda name, share: reports.append((name, share))))
    assert {name for name, _ in reports} == {"mine.pth"}
    assert [share for _, share in reports] == sorted(share for _, share in reports)


@pytest.mark.slow
def test_the_search_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path
    for level in range(9):
        folder = folder / f"level{level}"
        folder.mkdir()
        (folder / "page.pth").write_text("<html>")
    assert len(found_in(tmp_path)) == scan.DEEPEST_FOLDER
    monkeypatch.setattr(scan, "MOST_FILES", 2)
    assert len(found_in(tmp_path)) == 2
    monkeypatch.setattr(scan, "MOST_ENTRIES", 2)
    (tmp_path / "level0" / "level1").rename(tmp_path / "level0" / "z")
    assert set(found_in(tmp_path)) == {"level0/page.pth"}
