"""Recipe of the click segmentation network: clicked samples in, mask losses, IoU after simulated clicks as score."""

from __future__ import annotations

import json
from collections import deque
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gbrs_core.evaluation.auto_click import next_click
from gbrs_core.evaluation.metrics import intersection_over_union
from gbrs_core.interaction import Click
from models.training.config import Phase, TrainConfig
from models.training.losses import normalised_focal_loss, soft_iou_loss
from models.training.samples import ClickedSample, SamplePool
from models.training.sources import Example, MixedSource, held_back_stems, read_labels, read_rgb

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
VALIDATION_CLICKS = (1, 3, 5, 10)


def as_input(images: NDArray[np.uint8], click_maps: NDArray[np.float32]) -> tuple[Tensor, Tensor]:
    """(B, H, W, 3) uint8 and (B, 2, H, W) float32 -> normalised image (B, 3, H, W) and click maps, channels_last."""
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
    image = ((pixels - MEAN) / STD).contiguous(memory_format=torch.channels_last)
    return image, torch.from_numpy(click_maps).contiguous(memory_format=torch.channels_last)


def held_back_examples(data: Path, limit: int | None = None) -> list[Example]:
    """The clear objects of the held-back BSDS500 images, in the order of image name and object list."""
    folder = data / "bsds500"
    index = json.loads((folder / "objects.json").read_text(encoding="utf-8"))
    examples = [
        Example(
            read_rgb(folder / index[stem]["image"]),
            (read_labels(folder / index[stem]["label"]) == item["id"]).astype(np.int8),
        )
        for stem in held_back_stems(index)
        for item in index[stem]["objects"]
        if item["clear_object"]
    ]
    return examples[:limit]


class InteractiveRecipe:
    """Trains on a pool of clicked samples."""

    def __init__(self, config: TrainConfig, rng: np.random.Generator) -> None:
        self._config, self._rng = config, rng
        self._source = MixedSource.of(config.data, config.source_weights)
        self._held_back = held_back_examples(config.data)[::2]
        self._pool: SamplePool | None = None
        self._batch = 0
        self._unanswered: deque[list[int]] = deque()

    def start_phase(self, phase: Phase) -> None:
        """Fill a new pool with crops of the phase's size."""
        self._batch = phase.batch
        self._unanswered.clear()
        self._pool = SamplePool(self._source, max(self._config.pool, 3 * phase.batch), phase.crop, self._rng)

    def next_batch(self) -> tuple[tuple[Tensor, ...], Tensor]:
        """(image, click_maps) and the target (B, 1, S, S) float32."""
        if self._pool is None:
            raise RuntimeError("start_phase() must be called first")
        places, samples = self._pool.lend(self._batch)
        self._unanswered.append(places)
        inputs = as_input(
            np.stack([sample.image for sample in samples]), np.stack([sample.click_maps() for sample in samples])
        )
        target = torch.from_numpy(np.stack([sample.target for sample in samples])).float().unsqueeze(1)
        return inputs, target

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Normalised focal loss plus half the soft IoU loss."""
        return normalised_focal_loss(output, target) + 0.5 * soft_iou_loss(output, target)

    def feed_back(self, output: Tensor) -> None:
        """Click where the answer is wrong."""
        if self._pool is not None and self._unanswered:
            self._pool.give_back(self._unanswered.popleft(), (output[:, 0] > 0).numpy())

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Mean IoU over held-back objects after 1, 3, 5 and 10 simulated clicks, without refinement."""
        scores = np.array([iou_after_clicks(network, example, max(VALIDATION_CLICKS)) for example in self._held_back])
        return {f"iou@{count}": float(scores[:, count - 1].mean()) for count in VALIDATION_CLICKS}


def iou_after_clicks(network: nn.Module, example: Example, clicks: int) -> NDArray[np.float64]:
    """(clicks,) IoU after each simulated click, the plain network answering."""
    sample = ClickedSample(example.image, example.target)
    prediction = np.zeros(example.target.shape, dtype=bool)
    placed: list[Click] = []
    scores = np.ones(clicks)
    for index in range(clicks):
        click = next_click(prediction, example.target, placed)
        if click is None:
            break
        placed.append(click)
        sample.place_click(round(click.y), round(click.x), click.is_positive)
        inputs = as_input(example.image[None], sample.click_maps()[None])
        with torch.no_grad():
            prediction = (network(*inputs)[0, 0] > 0).numpy()
        scores[index:] = intersection_over_union(prediction, example.target)
    return scores


def make(config: TrainConfig, rng: np.random.Generator) -> InteractiveRecipe:
    """The recipe for a configuration."""
    return InteractiveRecipe(config, rng)
