"""Recipe of the matting network: composites and trimaps in, losses on alpha; scored on held-back real mattes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gbrs_core.evaluation.example import DenseExample
from models.training.config import Phase, TrainConfig, TrainingError
from models.training.losses import matting_loss
from models.training.mattes import (
    UNKNOWN,
    Compositor,
    LayerMaker,
    MattingSample,
    held_back_names,
    matte_names,
    read_matte,
)
from models.training.sources import MixedSource, read_labels, read_rgb

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
TRIMAPS = ("trimap1", "trimap2")
BANK = 256
"""Procedural foregrounds held at a time."""


def as_input(images: NDArray[np.uint8], trimaps: NDArray[np.uint8]) -> Tensor:
    """(B, H, W, 3) and (B, H, W) -> (B, 4, H, W): normalised RGB and trimap / 255, channels_last."""
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
    guidance = torch.from_numpy(trimaps).unsqueeze(1).float() / 255
    return torch.cat([(pixels - MEAN) / STD, guidance], dim=1).contiguous(memory_format=torch.channels_last)


def held_back_examples(data: Path, limit: int | None = None) -> list[DenseExample]:
    """The real mattes that no training sees at full size, all with the narrower trimap, then with the wider one.

    Every second one, from either start, is half of the mattes with both trimaps.
    """
    folder = data / "matting" / "alphamatting"
    examples = []
    for kind in TRIMAPS:
        for name in held_back_names(folder):
            image = read_rgb(folder / "images" / f"{name}.png")
            alpha = read_labels(folder / "alpha" / f"{name}.png").astype(np.float32) / 255
            trimap = read_labels(folder / kind / f"{name}.png")
            examples.append(DenseExample(image, alpha, trimap == UNKNOWN, trimap, f"{name} {kind}"))
    return examples[:limit]


class MattingRecipe:
    """Trains on fresh views, half of every batch, and on views of the steps before."""

    def __init__(self, config: TrainConfig, rng: np.random.Generator) -> None:
        self._config, self._rng = config, rng
        folder = config.data / "matting" / "alphamatting"
        held_back = set(held_back_names(folder))
        mattes = [read_matte(folder, name) for name in matte_names(folder) if name not in held_back]
        objects = MixedSource.of(config.data, _chosen(config.source_weights, ("bsds", "instances")))
        backgrounds = MixedSource.of(config.data, _chosen(config.source_weights, ("bsds", "camvid")))
        maker = LayerMaker(objects, backgrounds)
        share = config.source_weights.get("mattes", 0.0) / sum(config.source_weights.values())
        self._compositor = Compositor(mattes, maker, backgrounds, BANK, share)
        self._held_back = held_back_examples(config.data)
        self._pool: list[MattingSample] = []
        self._phase: Phase | None = None

    def start_phase(self, phase: Phase) -> None:
        """Views of the phase's size from now on."""
        cv2.setNumThreads(1)
        self._phase = phase
        self._compositor.renew(self._rng)
        self._pool = [self._compositor.draw(phase.crop, self._rng) for _ in range(max(self._config.pool, phase.batch))]

    def next_batch(self) -> tuple[tuple[Tensor, ...], Tensor]:
        """Image and trimap (B, 4, S, S); target (B, 3, S, S): alpha, unknown, contrast, as `matting_loss` takes it."""
        if self._phase is None:
            raise RuntimeError("start_phase() must be called first")
        self._compositor.renew(self._rng)
        chosen = self._rng.choice(len(self._pool), size=self._phase.batch, replace=False)
        for place in chosen[: -(-self._phase.batch // 2)]:
            self._pool[place] = self._compositor.draw(self._phase.crop, self._rng)
        samples = [self._pool[place] for place in chosen]
        target = np.stack([np.stack([s.alpha, s.trimap == UNKNOWN, s.contrast]) for s in samples])
        inputs = as_input(np.stack([s.image for s in samples]), np.stack([s.trimap for s in samples]))
        return (inputs,), torch.from_numpy(target.astype(np.float32))

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """`matting_loss`."""
        return matting_loss(output, target)

    def feed_back(self, output: Tensor) -> None:
        """Nothing: the views do not depend on the answers."""

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Mean squared error times 1000 and SAD over the unknown pixels of the held-back mattes; smaller is better."""
        if not self._held_back:
            raise TrainingError(f"no mattes to validate on below {self._config.data}")
        errors = [(_predicted(network, example) - example.target)[example.valid] for example in self._held_back]
        return {
            "mse": float(np.mean([1000 * (error**2).mean() for error in errors])),
            "sad": float(np.mean([np.abs(error).sum() / 1000 for error in errors])),
        }


def _predicted(network: nn.Module, example: DenseExample) -> NDArray[np.float32]:
    """(H, W) alpha in [0, 1] of the plain network."""
    if example.guidance is None:
        raise ValueError(f"{example.name} has no trimap")
    with torch.no_grad():
        alpha = network(as_input(example.image[None], example.guidance[None]))
    return np.asarray(alpha[0, 0].float().clamp(0, 1).numpy())


def _chosen(weights: Mapping[str, float], names: tuple[str, ...]) -> dict[str, float]:
    chosen = {name: weights[name] for name in names if name in weights}
    if not chosen:
        raise TrainingError(f"source_weights must name one of {', '.join(names)}")
    return chosen


def make(config: TrainConfig, rng: np.random.Generator) -> MattingRecipe:
    """The recipe for a configuration."""
    return MattingRecipe(config, rng)
