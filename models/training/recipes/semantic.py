"""Recipe of the label map network: views of CamVid in, weighted cross entropy on both guesses; scored by mIoU."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from gbrs_core.evaluation.example import DenseExample
from gbrs_core.evaluation.label_metrics import confusion_matrix, mean_iou
from models.training.augment import jitter_colours
from models.training.config import Phase, TrainConfig, TrainingError
from models.training.sources import Image, read_labels, read_rgb

CLASS_COUNT = 11
VOID = 11
IGNORED = -1
CLASS_SHARES = (0.168, 0.233, 0.0098, 0.317, 0.0449, 0.0972, 0.0117, 0.0113, 0.0587, 0.0064, 0.0029)
"""Share of the training pixels per class; rare classes weigh more in the loss, by the inverse square root."""
GUESS_WEIGHT = 0.4
ZOOM = (0.6, 2.0)
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)


def as_input(images: NDArray[np.uint8]) -> Tensor:
    """(B, H, W, 3) -> (B, 3, H, W): normalised RGB, channels_last."""
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
    return ((pixels - MEAN) / STD).contiguous(memory_format=torch.channels_last)


def held_back_examples(data: Path, limit: int | None = None) -> list[DenseExample]:
    """The validation images of CamVid, in the order of their names."""
    examples = []
    for image, path in _pairs(data, "val")[:limit]:
        labels = read_labels(path).astype(np.int64)
        examples.append(DenseExample(read_rgb(image), labels, labels != VOID, None, image.stem))
    return examples


class SemanticRecipe:
    """Trains on random views of all images, one pass through them after the other."""

    def __init__(self, config: TrainConfig, rng: np.random.Generator) -> None:
        self._rng = rng
        self._examples = [(read_rgb(image), read_labels(labels)) for image, labels in _pairs(config.data, "train")]
        self._held_back = held_back_examples(config.data)
        self._weights = torch.tensor(CLASS_SHARES).rsqrt()
        self._weights /= self._weights.mean()
        self._phase: Phase | None = None
        self._order: list[int] = []

    def start_phase(self, phase: Phase) -> None:
        """Crops change size from now on."""
        self._phase = phase

    def next_batch(self) -> tuple[tuple[Tensor, ...], Tensor]:
        """(image,) and the classes (B, S, S) int64, IGNORED where nothing is known."""
        if self._phase is None:
            raise RuntimeError("start_phase() must be called first")
        views = [
            random_view(*self._examples[self._next()], self._phase.crop, self._rng) for _ in range(self._phase.batch)
        ]
        target = torch.from_numpy(np.stack([classes for _, classes in views])).long()
        return (as_input(np.stack([image for image, _ in views])),), target

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Cross entropy of the logits, and of the first guess with less weight."""
        logits, guess = output[:, :CLASS_COUNT], output[:, CLASS_COUNT:]
        weights = self._weights.to(output.device)
        parts = [F.cross_entropy(part, target, weights, ignore_index=IGNORED) for part in (logits, guess)]
        return parts[0] + GUESS_WEIGHT * parts[1]

    def feed_back(self, output: Tensor) -> None:
        """Nothing depends on the answers."""

    def validate(self, network: nn.Module) -> dict[str, float]:
        """MIoU over the held-back images from one confusion matrix, and the share of pixels that are right."""
        matrix = np.zeros((CLASS_COUNT, CLASS_COUNT), dtype=np.int64)
        for example in self._held_back:
            with torch.no_grad():
                logits = network(as_input(example.image[None]))
            matrix += confusion_matrix(
                logits[0].float().argmax(dim=0).numpy(), example.target, CLASS_COUNT, example.valid
            )
        return {"miou": mean_iou(matrix), "accuracy": float(matrix.trace() / matrix.sum())}

    def _next(self) -> int:
        if not self._order:
            self._order = self._rng.permutation(len(self._examples)).tolist()
        return self._order.pop()


def random_view(
    image: Image, labels: NDArray[np.generic], side: int, rng: np.random.Generator
) -> tuple[Image, NDArray[np.int8]]:
    """A square view: zoomed, mirrored, a little turned, recoloured; IGNORED for void and past the border."""
    height, width = labels.shape
    zoom = float(np.exp(rng.uniform(*np.log(ZOOM))))
    angle = np.deg2rad(rng.normal(0, 3))
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = zoom * turn @ np.diag([mirror, 1.0])
    half = 0.5 * side / zoom
    centre = np.array([_place(width, half, rng), _place(height, half, rng)])
    matrix = np.concatenate([linear, (np.full(2, side / 2) - linear @ centre)[:, None]], axis=1)
    classes = np.where(labels == VOID, IGNORED, labels.astype(np.int16)).astype(np.int16)
    view = cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    target = cv2.warpAffine(classes, matrix, (side, side), flags=cv2.INTER_NEAREST, borderValue=(IGNORED,))
    return jitter_colours(np.asarray(view, dtype=np.uint8), rng), target.astype(np.int8)


def _place(size: int, half: float, rng: np.random.Generator) -> float:
    """A centre along one side such that the view stays inside where it fits."""
    low, high = min(half, size / 2), max(size - half, size / 2)
    return float(rng.uniform(low, high))


def _pairs(data: Path, split: str) -> list[tuple[Path, Path]]:
    """Images and label files of a split. Raises TrainingError if there are none."""
    folder = data / "camvid"
    images = sorted((folder / "images" / split).glob("*.jpg"))
    if not images:
        raise TrainingError(f"no images in {folder / 'images' / split}; the semantic recipe trains on CamVid")
    return [(image, folder / "labels" / split / f"{image.stem}.png") for image in images]


def make(config: TrainConfig, rng: np.random.Generator) -> SemanticRecipe:
    """The recipe for a configuration."""
    return SemanticRecipe(config, rng)
