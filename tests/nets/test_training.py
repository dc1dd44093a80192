"""Training from a configuration: it learns, resumes, writes loadable weights, and runs data-parallel."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

import models
from gbrs_core.errors import GbrsError
from models.training.config import TrainConfig, read_config
from models.training.losses import normalised_focal_loss, soft_iou_loss
from models.training.samples import ClickedSample, SamplePool
from models.training.sources import BsdsSource, Example, held_back_stems
from models.training.trainer import Trainer, join_processes

ROOT = Path(__file__).parents[2]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A BSDS500 in miniature: bright squares on noise, 6 training and 2 validation images."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "data" / "bsds500"
    index = {}
    for number in range(8):
        part = "train" if number < 6 else "val"
        stem = f"{part}/{number:04d}"
        for kind in ("images", "labels"):
            (folder / kind / part).mkdir(parents=True, exist_ok=True)
        image = rng.integers(0, 90, (80, 96, 3), dtype=np.uint8)
        labels = np.ones((80, 96), dtype=np.uint8)
        top, left = rng.integers(5, 40, 2)
        image[top : top + 32, left : left + 32] += 150
        labels[top : top + 32, left : left + 32] = 2
        cv2.imwrite(str(folder / "images" / f"{stem}.png"), image)
        cv2.imwrite(str(folder / "labels" / f"{stem}.png"), labels)
        index[stem] = {
            "image": f"images/{stem}.png",
            "label": f"labels/{stem}.png",
            "objects": [{"id": 2, "clear_object": True}],
        }
    (folder / "objects.json").write_text(json.dumps(index))
    return tmp_path / "data"


def config_text(data: Path, steps: int) -> str:
    return f"""
recipe = "interactive"
network = "light_interactive"
data = "{data}"
output = "{data.parent / "run"}"
weights = "{data.parent / "weights.safetensors"}"
steps = {steps}
learning_rate = 0.003
warmup_steps = 2
ema_decay = 0.8
bf16 = false
threads = 1
seed = 3
pool = 8
checkpoint_every = 2
validate_every = 100
[[phases]]
until = 1.0
crop = 64
batch = 4
[source_weights]
bsds = 1.0
"""


@pytest.fixture
def config(data: Path) -> TrainConfig:
    path = data.parent / "train.toml"
    path.write_text(config_text(data, steps=4))
    return read_config(path)


def test_validation_images_are_held_back(data: Path) -> None:
    index = json.loads((data / "bsds500" / "objects.json").read_text())
    assert held_back_stems(index) == ["val/0006", "val/0007"]
    source = BsdsSource(data / "bsds500")
    drawn = {source.draw(np.random.default_rng(seed)).image.tobytes() for seed in range(60)}
    held_back = {
        cv2.imread(str(data / "bsds500" / "images" / f"{stem}.png"))[:, :, ::-1].tobytes()
        for stem in ("val/0006", "val/0007")
    }
    assert len(drawn) == 6
    assert not drawn & held_back


def test_training_runs_and_writes_weights(config: TrainConfig) -> None:
    steps = []
    trainer = Trainer(config, models.create(config.network), join_processes())
    scores = trainer.run(lambda progress: steps.append(progress.step))
    assert steps == [1, 2, 3, 4]
    assert set(scores) == {"iou@1", "iou@3", "iou@5", "iou@10"}
    assert all(0 <= score <= 1 for score in scores.values())


def test_same_seed_trains_the_same_network(config: TrainConfig) -> None:
    states = []
    for _ in range(2):
        torch.manual_seed(0)
        trainer = Trainer(config, models.create(config.network), join_processes())
        trainer.run(lambda progress: None)
        states.append(trainer.averaged.state_dict())
    for key, value in states[0].items():
        assert torch.equal(value, states[1][key]), key


def test_resume_goes_on_from_the_checkpoint(config: TrainConfig) -> None:
    Trainer(config, models.create(config.network), join_processes()).run(lambda progress: None)
    longer = config.model_copy(update={"steps": 6})
    trainer = Trainer(longer, models.create(config.network), join_processes())
    assert trainer.resume() == 4
    steps: list[int] = []
    trainer.run(lambda progress: steps.append(progress.step))
    assert steps == [5, 6]


def test_resume_without_a_checkpoint_is_refused(config: TrainConfig) -> None:
    with pytest.raises(GbrsError, match="nothing to resume"):
        Trainer(config, models.create(config.network), join_processes()).resume()


def test_configuration_errors_name_the_entry(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(config_text(tmp_path, steps=4).replace("steps = 4", "steps = 0"))
    with pytest.raises(GbrsError, match="steps"):
        read_config(path)


def test_a_sample_is_clicked_where_the_network_is_wrong() -> None:
    target = np.zeros((40, 40), dtype=np.int8)
    target[10:31, 10:31] = 1
    sample = ClickedSample(np.zeros((40, 40, 3), dtype=np.uint8), target)
    rng = np.random.default_rng(0)
    assert sample.click_error(np.zeros((40, 40), dtype=bool), rng)
    maps = sample.click_maps()
    row, col = np.unravel_index(maps[0].argmin(), maps[0].shape)
    assert target[row, col] == 1 and maps[0, row, col] == 0
    assert (maps[1] == 1).all()
    assert not sample.click_error(target.astype(bool), rng)


def test_pool_renews_finished_samples() -> None:
    class Squares:
        def draw(self, rng: np.random.Generator) -> Example:
            target = np.zeros((64, 64), dtype=np.int8)
            target[20:50, 20:50] = 1
            return Example(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8), target)

    pool = SamplePool(Squares(), size=6, side=48, rng=np.random.default_rng(1))
    places, samples = pool.lend(3)
    pool.give_back(places, np.stack([sample.target == 1 for sample in samples]))
    other_places, _ = pool.lend(3)
    assert not set(places) & set(other_places)
    pool.give_back(other_places, np.zeros((3, 48, 48), dtype=bool))
    _, renewed = pool.lend(3)
    assert all(new is not old for new in renewed for old in samples)


def test_normalised_focal_loss_by_hand() -> None:
    logits = torch.zeros(1, 1, 1, 2)
    target = torch.tensor([[[[1.0, 0.0]]]])
    # Both pixels have p = 0.5, equal weights, so the scaled mean is plain cross entropy.
    assert normalised_focal_loss(logits, target).item() == pytest.approx(np.log(2), rel=1e-4)


def test_ignored_pixels_carry_no_loss() -> None:
    logits = torch.tensor([[[[3.0, -3.0, 9.0]]]], requires_grad=True)
    target = torch.tensor([[[[1.0, 0.0, -1.0]]]])
    (normalised_focal_loss(logits, target) + soft_iou_loss(logits, target)).backward()
    assert logits.grad is not None
    assert logits.grad[0, 0, 0, 2] == 0
    assert logits.grad[0, 0, 0, 0] < 0 < logits.grad[0, 0, 0, 1]


def test_soft_iou_loss_by_hand() -> None:
    logits = torch.zeros(1, 1, 1, 2)
    target = torch.tensor([[[[1.0, 0.0]]]])
    # overlap 0.5, union (0.5 + 1 - 0.5) + 0.5 = 1.5, both plus one
    assert soft_iou_loss(logits, target).item() == pytest.approx(1 - 1.5 / 2.5)


@pytest.mark.slow
def test_two_gloo_processes_train_together(data: Path) -> None:
    path = data.parent / "train.toml"
    path.write_text(config_text(data, steps=3))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", f"--master-port={port}"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, "main.py", "train", str(path)],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("wrote ") == 1
    assert "3/3" in done.stderr
    assert models.load(data.parent / "weights.safetensors").spec.name == "light_interactive"
