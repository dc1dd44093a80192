"""The embedded label map network and its recipe."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

import models
from models.light.semantic import CLASS_COLOURS, CLASS_NAMES, STRIDES, WIDTHS
from models.training.config import Phase, TrainConfig, TrainingError
from models.training.recipes import make_recipe
from models.training.recipes.semantic import IGNORED, random_view


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return models.create("light_semantic")


@pytest.fixture
def data(tmp_path):
    """Two pictures per split with sky over road and a strip of void."""
    rng = np.random.default_rng(0)
    for split in ("train", "val"):
        for kind in ("images", "labels"):
            (tmp_path / "camvid" / kind / split).mkdir(parents=True)
        for name in ("a", "b"):
            image = rng.integers(0, 40, (96, 128, 3), dtype=np.uint8)
            image[:48, :, 0] += 200
            labels = np.zeros((96, 128), dtype=np.uint8)
            labels[48:], labels[-4:] = 3, 11
            cv2.imwrite(str(tmp_path / "camvid" / "images" / split / f"{name}.jpg"), image)
            cv2.imwrite(str(tmp_path / "camvid" / "labels" / split / f"{name}.png"), labels)
    return tmp_path


def config(data: Path, **changes: object) -> TrainConfig:
    entries = {
        "recipe": "semantic", "network": "light_semantic", "data": data, "output": data / "run",
        "weights": data / "weights.safetensors", "steps": 4, "phases": [{"until": 1.0, "crop": 64, "batch": 2}],
        "learning_rate": 0.002, "source_weights": {"camvid": 1.0}, **changes,
    }  # fmt: skip
    return TrainConfig.model_validate(entries)


def test_it_is_small_and_names_its_classes(network):
    assert sum(parameter.numel() for parameter in network.parameters()) <= 3_000_000
    spec = models.registry.entry("light_semantic").spec()
    assert spec.class_count == len(spec.class_names) == len(spec.class_colours) == 11
    assert len(set(CLASS_NAMES)) == len(set(CLASS_COLOURS)) == 11
    points = [point for level in spec.layout.levels for point in level]
    assert [point.stride for point in points] == list(reversed(STRIDES))
    assert [point.channels for point in points] == list(reversed(WIDTHS))


@pytest.mark.parametrize(("height", "width"), [(64, 96), (37, 61), (1, 1), (33, 200)])
def test_any_size(network, height, width):
    with torch.no_grad():
        output = network(torch.randn(2, 3, height, width))
    assert output.shape == (2, 11, height, width)
    assert torch.isfinite(output).all()


def test_sizes_that_are_not_whole_cells_are_padded_not_shifted(network):
    image = torch.randn(1, 3, 64, 64)
    padded = torch.nn.functional.pad(image[..., :50], (0, 14, 0, 0), mode="replicate")
    with torch.no_grad():
        torch.testing.assert_close(network(image[..., :50]), network(padded)[..., :50])


def test_batches_are_views_with_classes(data):
    recipe = make_recipe(config(data), np.random.default_rng(0))
    recipe.start_phase(Phase(until=1.0, crop=64, batch=6))
    (images,), target = recipe.next_batch()
    assert images.shape == (6, 3, 64, 64) and images.dtype == torch.float32
    assert target.shape == (6, 64, 64) and target.dtype == torch.int64
    assert set(target.unique().tolist()) <= {IGNORED, 0, 3}
    blue = images[:, 2]
    assert blue[target == 0].mean() > blue[target == 3].mean()


def test_beyond_the_picture_nothing_is_known():
    labels = np.zeros((8, 8), dtype=np.uint8)
    _, target = random_view(np.zeros((8, 8, 3), np.uint8), labels, 64, np.random.default_rng(0))
    assert (target == IGNORED).mean() > 0.5 and (target == 0).any()


@pytest.mark.slow
def test_a_few_steps_lower_the_loss(data):
    recipe = make_recipe(config(data), np.random.default_rng(0))
    recipe.start_phase(Phase(until=1.0, crop=64, batch=4))
    torch.manual_seed(0)
    network = models.create("light_semantic").train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=0.005)
    (images,), target = recipe.next_batch()
    losses = []
    for _ in range(8):
        loss = recipe.loss(network(images), target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]


def test_validation_scores(data, network):
    scores = make_recipe(config(data), np.random.default_rng(0)).validate(network)
    assert list(scores) == ["miou", "accuracy"]
    assert 0 <= scores["miou"] <= 1 and 0 <= scores["accuracy"] <= 1


def test_without_pictures_it_says_so(tmp_path):
    with pytest.raises(TrainingError, match="camvid"):
        make_recipe(config(tmp_path), np.random.default_rng(0))
