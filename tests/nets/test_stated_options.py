"""What keys and shapes do not tell: BTS's largest depth, and what the classes are called."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

import pytest
import torch

import models
from models import class_lists
from models.checkpoint_reader import read_here
from models.checkpoints import convert_checkpoint, load_network, save_safetensors
from models.class_lists import ClassList, classes_of, numbered
from models.matching import best_match
from models.plain_weights import shapes_of
from tests.helpers.reproducible import fill

load = partial(load_network, reader=read_here)


@pytest.fixture(scope="module")
def depth_weights() -> dict[str, torch.Tensor]:
    return dict(models.create("bts_densenet161").state_dict())


@pytest.mark.slow
def test_the_largest_depth_of_a_published_file(tmp_path: Path, depth_weights: dict[str, torch.Tensor]) -> None:
    folder = tmp_path / "bts_eigen_v2_pytorch_densenet161"
    folder.mkdir()
    torch.save({"model": depth_weights}, folder / "model")
    loaded = load(folder / "model")
    assert loaded.spec.options == {"max_depth": 80.0}
    assert loaded.spec.max_depth == 80.0

    out = tmp_path / "kitti.safetensors"
    convert_checkpoint(folder / "model", out)
    converted = load(out)
    assert converted.spec.options == {"max_depth": 80.0}
    image = torch.rand(1, 3, 64, 64)
    assert torch.equal(converted.module(image), loaded.module(image))


@pytest.mark.parametrize("options", [{"max_depth": -1}, {"max_depth": "deep"}, {"max_depth": math.inf}, {"width": 3}])
def test_nonsense_is_ignored(options: dict[str, object], depth_weights: dict[str, torch.Tensor]) -> None:
    match = best_match(shapes_of(depth_weights))
    assert match is not None
    assert match.with_options(options).options == {"max_depth": 10.0}


@pytest.mark.parametrize("stated", ["{", "[]", "[" * 99_999, '{"width": 3}'])
def test_a_header_with_nonsense_does_no_harm(tmp_path: Path, stated: str) -> None:
    path = tmp_path / "weights.safetensors"
    save_safetensors(path, models.create("light_interactive"), {"options": stated, "classes": stated})
    assert load(path).spec.options == {}


def test_options_cannot_change_what_the_shapes_say() -> None:
    with torch.device("meta"):
        shapes = shapes_of(models.create("hrnet_ocr_mscale", num_classes=30).state_dict())
    match = best_match(shapes)
    assert match is not None
    assert match.with_options({"num_classes": 19}).options == {"num_classes": 30}
    assert match.spec.class_count == 30


def test_classes_of_the_published_networks() -> None:
    from models import hrnet_ocr_mscale

    cityscapes = hrnet_ocr_mscale.spec(num_classes=19)
    assert cityscapes.class_count == len(cityscapes.class_names) == len(cityscapes.class_colours) == 19
    assert (cityscapes.class_names[0], cityscapes.class_colours[18]) == ("road", (119, 11, 32))
    assert classes_of(hrnet_ocr_mscale.spec(num_classes=65)) == numbered(65)


@pytest.mark.slow
def test_a_remembered_list_names_the_classes_and_travels_with_a_conversion(tmp_path: Path) -> None:
    name = "light_semantic"
    if name not in models.names():
        pytest.skip("no small semantic network")
    network = fill(models.create(name), 3)
    path, out = tmp_path / "weights.safetensors", tmp_path / "converted.safetensors"
    save_safetensors(path, network, {})
    before = load(path)
    count = before.spec.class_count
    assert count is not None
    mine = ClassList(tuple(f"mine {number}" for number in range(count)), numbered(count).colours)
    class_lists.remember(before.sha256, mine)
    assert classes_of(load(path).spec) == mine
    convert_checkpoint(path, out)
    assert classes_of(load(out).spec) == mine
    class_lists.remember(before.sha256, numbered(count + 1))
    assert classes_of(load(path).spec) == classes_of(before.spec)
