"""Recipe of the depth network: generated scenes first, then real frames among them; scored on scenes kept back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gbrs_core.evaluation.depth_metrics import aligned_by_scale, clamped, countable, depth_scores
from gbrs_core.evaluation.example import DenseExample
from models.light.depth import MAX_DEPTH
from models.training.config import Phase, TrainConfig, TrainingError
from models.training.depth_frames import LONGEST_SIDE, DepthFrame, DepthView, random_view, read_frames
from models.training.depth_losses import depth_loss
from models.training.scenes import KINDS, make_frame
from models.training.sources import read_rgb

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
REAL = "real"
REAL_FROM = 0.5
"""Share of the training after which phases show real frames too."""
WORKING_SIDE = 480
ASPECT = 0.75
"""Height of a view in units of its width, which is the phase's `crop`."""
PHOTO_COUNT = 60
"""Pictures whose parts become textures."""
_GENERATED_SEED = 20_000
"""Generated pictures to measure on have seeds from here; trainings have small ones."""


def as_input(images: NDArray[np.uint8]) -> Tensor:
    """(B, H, W, 3) uint8 -> normalised (B, 3, H, W), channels_last."""
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
    return ((pixels - MEAN) / STD).contiguous(memory_format=torch.channels_last)


def held_back_examples(data: Path, limit: int | None = None) -> list[DenseExample]:
    """The metric frames of the real scenes that no training sees, at full size."""
    frames = [frame for frame in read_frames(data / "depth", held_back=True) if frame.is_metric]
    return [as_example(frame) for frame in frames][:limit]


def as_example(frame: DepthFrame) -> DenseExample:
    """A metric frame with its known pixels up to `MAX_DEPTH`."""
    return DenseExample(frame.image, frame.values, countable(frame.values, MAX_DEPTH), name=frame.name)


def generated_examples(count: int, height: int = 360, width: int = 480) -> list[DenseExample]:
    """Generated scenes that no training sees, the kinds by turns; textures are procedural only."""
    kinds = list(KINDS)
    examples = []
    for number in range(count):
        kind = kinds[number % len(kinds)]
        frame = make_frame(kind, height, width, np.random.default_rng(_GENERATED_SEED + number))
        known = countable(frame.depth, MAX_DEPTH)
        examples.append(DenseExample(frame.image, frame.depth, known, name=f"{kind} {number}"))
    return examples


class DepthRecipe:
    """Trains on a pool of generated frames, one of which is renewed with every batch, and on real ones."""

    def __init__(self, config: TrainConfig, rng: np.random.Generator) -> None:
        self._config, self._rng = config, rng
        unknown = sorted(set(config.source_weights) - {REAL, *KINDS})
        if unknown:
            raise TrainingError(f"unknown data sources {', '.join(unknown)}; known: {REAL}, {', '.join(KINDS)}")
        generated = [config.source_weights.get(kind, 0.0) for kind in KINDS]
        self._real_share = config.source_weights.get(REAL, 0.0) / sum(config.source_weights.values())
        self._kind_shares = np.array(generated) / sum(generated)
        self._frames = read_frames(config.data / "depth", held_back=False, longest_side=LONGEST_SIDE)
        self._frame_shares = _shares(self._frames)
        self._held_back = held_back_examples(config.data)
        self._photos = _photos(config.data)
        self._phase: Phase | None = None
        self._pool: list[DepthView] = []
        self._oldest = 0

    def start_phase(self, phase: Phase) -> None:
        """Render a new pool of the phase's size."""
        cv2.setNumThreads(1)
        self._phase, self._oldest = phase, 0
        self._pool = [self._rendered(phase) for _ in range(self._config.pool)]

    def next_batch(self) -> tuple[tuple[Tensor, ...], Tensor]:
        """Images (B, 3, H, W), and the target (B, 2, H, W) as `depth_loss` takes it."""
        phase = self._phase
        if phase is None:
            raise RuntimeError("start_phase() must be called first")
        self._pool[self._oldest] = self._rendered(phase)
        self._oldest = (self._oldest + 1) % len(self._pool)
        views = [self._view(phase) for _ in range(phase.batch)]
        target = np.stack([np.stack([view.values, np.full_like(view.values, view.is_metric)]) for view in views])
        return (as_input(np.stack([view.image for view in views])),), torch.from_numpy(target)

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """`depth_loss`."""
        return depth_loss(output, target)

    def feed_back(self, output: Tensor) -> None:
        """Nothing: the views do not depend on the answers."""

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Mean d1 over held-back real scenes, as they are and with the true median, and the mean relative error."""
        return mean_over_scenes(network, self._held_back)

    def _rendered(self, phase: Phase) -> DepthView:
        kind = list(KINDS)[self._rng.choice(len(KINDS), p=self._kind_shares)]
        frame = make_frame(kind, round(ASPECT * phase.crop), phase.crop, self._rng, self._photos)
        return DepthView(frame.image, np.minimum(frame.depth, np.float32(MAX_DEPTH)), is_metric=True)

    def _view(self, phase: Phase) -> DepthView:
        rng = self._rng
        source: DepthView | DepthFrame = self._pool[rng.integers(len(self._pool))]
        if self._frames and phase.until > REAL_FROM and rng.random() < self._real_share:
            source = self._frames[rng.choice(len(self._frames), p=self._frame_shares)]
        return random_view(source, round(ASPECT * phase.crop), phase.crop, rng)


def mean_over_scenes(network: nn.Module, examples: Sequence[DenseExample]) -> dict[str, float]:
    """Scores of the plain network: d1, d1 with the scale given, relative error; each the mean over scenes."""
    by_scene: dict[str, list[tuple[float, float, float]]] = {}
    for example in examples:
        depth = predicted(network, example.image)
        plain = depth_scores(clamped(depth, MAX_DEPTH), example.target, example.valid)
        scaled = aligned_by_scale(depth, example.target, example.valid)
        given = depth_scores(clamped(scaled, MAX_DEPTH), example.target, example.valid)
        scene = example.name.rsplit("_", 1)[0] if example.name.startswith("nyu_dining") else example.name
        by_scene.setdefault(scene, []).append((plain.d1, given.d1, plain.abs_rel))
    means = np.mean([np.mean(scores, axis=0) for scores in by_scene.values()], axis=0)
    return {name: float(value) for name, value in zip(("d1", "d1_scaled", "abs_rel"), means, strict=True)}


def predicted(network: nn.Module, image: NDArray[np.uint8], working_side: int = WORKING_SIDE) -> NDArray[np.float32]:
    """(H, W) depth in metres of the plain network, run at the working size."""
    height, width = image.shape[:2]
    share = min(1.0, working_side / max(height, width))
    small = cv2.resize(image, (round(width * share), round(height * share)), interpolation=cv2.INTER_AREA)
    with torch.no_grad():
        depth = network(as_input(np.asarray(small, np.uint8)[None]))[0, 0].float().numpy()
    return np.asarray(cv2.resize(depth, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def _shares(frames: Sequence[DepthFrame]) -> NDArray[np.float64]:
    """How often each frame is shown: a scene by the root of its number of frames."""
    counts = {frame.scene: sum(other.scene == frame.scene for other in frames) for frame in frames}
    weights = np.array([counts[frame.scene] ** -0.5 for frame in frames])
    return np.asarray(weights / max(weights.sum(), 1e-9), dtype=np.float64)


def _photos(data: Path) -> list[NDArray[np.uint8]]:
    """Pictures of BSDS500's training part, if it is there."""
    return [read_rgb(path) for path in sorted((data / "bsds500" / "images" / "train").glob("*.jpg"))[:PHOTO_COUNT]]


def make(config: TrainConfig, rng: np.random.Generator) -> DepthRecipe:
    """The recipe for a configuration."""
    return DepthRecipe(config, rng)
