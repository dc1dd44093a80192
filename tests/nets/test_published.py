"""The catalogue of published checkpoints agrees with the registry, and files are found in it by name and keys."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from models import registry
from models.published import PUBLISHED, PublishedCheckpoint, published_as


@pytest.mark.parametrize("entry", PUBLISHED, ids=lambda entry: entry.title)
def test_every_entry_can_be_opened_and_shown(entry: PublishedCheckpoint) -> None:
    spec = registry.entry(entry.architecture).spec(**entry.options)
    assert spec.task == entry.task
    assert entry.project_page.startswith("https://github.com/")
    for text in (entry.file_name, entry.title, entry.training_data, entry.figures, entry.licence, entry.note):
        assert text == text.strip()
        assert text
        assert "\n" not in text


def test_every_published_network_is_in_the_catalogue() -> None:
    published = {name for name in registry.names() if not name.startswith("light_")}
    assert {entry.architecture for entry in PUBLISHED} == published


def test_by_task() -> None:
    counts = Counter(one.task for one in PUBLISHED)
    assert counts == {"interactive": 7, "semantic": 2, "matting": 1, "depth": 2}


def test_a_file_is_found_by_name_and_keys_together() -> None:
    found = published_as(Path("/x/RESNET50_dh128_LVIS.pth"), "resnet50_dh128")
    assert found is not None
    assert found.training_data == "COCO + LVIS"
    assert published_as(Path("/x/resnet50_dh128_lvis.pth"), "resnet101_dh256") is None
    assert published_as(Path("/x/mine.pth"), "resnet50_dh128") is None


def test_a_file_name_that_says_nothing_is_told_apart_by_its_folder() -> None:
    def depth(folder: str) -> float | None:
        found = published_as(Path("/data") / folder / "model", "bts_densenet161")
        return None if found is None else found.options["max_depth"]

    assert depth("bts_nyu_v2_pytorch_densenet161") == depth("bts_nyu_v2_pytorch") == 10.0
    assert depth("bts_eigen_v2_pytorch_densenet161") == 80.0
    assert depth("b") is None
    assert depth("runs") is None
