"""Where training images and objects come from: one class per data set, all answering with an image and a target.

A target is (H, W) int8: 1 object, 0 background, -1 ignored. Images are (H, W, 3) uint8 RGB. Both stay in memory once
read, so that two processor cores spend their time on the network.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.config import TrainingError

Image = NDArray[np.uint8]
Target = NDArray[np.int8]
HELD_BACK_IMAGES = 30
"""BSDS500 validation images with the most clear objects that no training sees; figures are measured on them."""


@dataclass(frozen=True, eq=False)
class Example:
    """An image with one object.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        target: (H, W) int8, 1 object, 0 background, -1 ignored.
    """

    image: Image
    target: Target


class Source(Protocol):
    """A data set that can be drawn from."""

    def draw(self, rng: np.random.Generator) -> Example:
        """One random example."""


@cache
def read_rgb(path: Path) -> Image:
    """(H, W, 3) uint8 RGB. Raises TrainingError when the file cannot be read."""
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise TrainingError(f"cannot read the training image {path}; is the data folder complete?")
    return np.ascontiguousarray(pixels[:, :, ::-1], dtype=np.uint8)


@cache
def read_labels(path: Path) -> NDArray[np.uint8]:
    """(H, W) uint8 label ids. Raises TrainingError when the file cannot be read."""
    labels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if labels is None:
        raise TrainingError(f"cannot read the label image {path}; is the data folder complete?")
    return np.asarray(labels if labels.ndim == 2 else labels[:, :, 0], dtype=np.uint8)


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise TrainingError(f"cannot read {path}: {error}") from error


def held_back_stems(objects: Mapping[str, Any]) -> list[str]:
    """Names of the BSDS500 images kept for measuring: the validation images with most clear objects, then by name."""

    def clear_count(stem: str) -> int:
        return sum(entry["clear_object"] for entry in objects[stem]["objects"])

    validation = [stem for stem in objects if stem.startswith("val/")]
    return sorted(sorted(validation, key=lambda stem: (-clear_count(stem), stem))[:HELD_BACK_IMAGES])


class BsdsSource:
    """Segments of BSDS500: listed objects, any segment, or a union of neighbouring segments."""

    def __init__(self, folder: Path) -> None:
        index = _read_json(folder / "objects.json")
        held_back = set(held_back_stems(index))
        self._folder = folder
        self._index = {stem: entry for stem, entry in index.items() if stem not in held_back}
        self._stems = sorted(self._index)

    def draw(self, rng: np.random.Generator) -> Example:
        """A listed object (65 %), a random segment (15 %) or a union of touching segments (20 %)."""
        stem = self._stems[rng.integers(len(self._stems))]
        entry = self._index[stem]
        image = read_rgb(self._folder / entry["image"])
        labels = read_labels(self._folder / entry["label"])
        kind = rng.random()
        if kind < 0.65 and entry["objects"]:
            weights = np.array([3.0 if item["clear_object"] else 1.0 for item in entry["objects"]])
            chosen = entry["objects"][rng.choice(len(weights), p=weights / weights.sum())]["id"]
            mask = labels == chosen
        else:
            mask = _random_segments(labels, rng, count=1 if kind < 0.8 else int(rng.integers(2, 4)))
        return Example(image, mask.astype(np.int8))


def _random_segments(labels: NDArray[np.uint8], rng: np.random.Generator, count: int) -> NDArray[np.bool_]:
    """A segment of 0.8 % .. 50 % of the image, joined with up to count - 1 of the segments it touches."""
    areas = np.bincount(labels.ravel(), minlength=256)
    usable = np.flatnonzero((areas >= 0.008 * labels.size) & (areas <= 0.5 * labels.size))
    if len(usable) == 0:
        usable = np.array([int(areas.argmax())])
    mask = labels == rng.choice(usable)
    for _ in range(count - 1):
        rim = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool) & ~mask
        neighbours = np.intersect1d(np.unique(labels[rim]), usable)
        if len(neighbours) == 0 or mask.sum() > 0.35 * mask.size:
            break
        mask |= labels == rng.choice(neighbours)
    return np.asarray(mask)


class InstanceSource:
    """The instances of the sample photographs; label 255 is ignored."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entries: list[tuple[Path, Path, int]] = []
        for entry in _read_json(folder / "index.json"):
            labels = read_labels(folder / entry["mask"])
            areas = np.bincount(labels.ravel(), minlength=256)
            self._entries += [
                (folder / entry["image"], folder / entry["mask"], int(label))
                for label in map(int, entry["instances"])
                if 0.003 * labels.size <= areas[label] <= 0.7 * labels.size
            ]

    def draw(self, rng: np.random.Generator) -> Example:
        """One instance of at least 0.3 % of its photograph."""
        image_path, mask_path, label = self._entries[rng.integers(len(self._entries))]
        labels = read_labels(mask_path)
        target = np.where(labels == 255, -1, labels == label).astype(np.int8)
        return Example(read_rgb(image_path), target)


class CamvidSource:
    """Connected regions of CamVid's classes; Void (11) is ignored."""

    def __init__(self, folder: Path) -> None:
        self._pairs = [(path, folder / "labels" / "train" / f"{path.stem}.png") for path in _images(folder)]

    def draw(self, rng: np.random.Generator) -> Example:
        """A connected region of 0.5 % .. 50 % of a frame, of any class but Void."""
        for _ in range(20):
            image_path, label_path = self._pairs[rng.integers(len(self._pairs))]
            labels = read_labels(label_path)
            present = [value for value in np.unique(labels) if value != 11]
            wanted = labels == rng.choice(present)
            _, regions, stats, _ = cv2.connectedComponentsWithStats(wanted.astype(np.uint8), connectivity=4)
            areas = stats[1:, cv2.CC_STAT_AREA]
            usable = 1 + np.flatnonzero((areas >= 0.005 * labels.size) & (areas <= 0.5 * labels.size))
            if len(usable):
                region = regions == rng.choice(usable)
                return Example(read_rgb(image_path), np.where(labels == 11, -1, region).astype(np.int8))
        raise TrainingError("CamVid's labels hold no usable region; is the data folder complete?")


def _images(folder: Path) -> list[Path]:
    paths = sorted((folder / "images" / "train").glob("*.jpg"))
    if not paths:
        raise TrainingError(f"no training images in {folder / 'images' / 'train'}")
    return paths


class CompositeSource:
    """Objects cut out of one photograph and pasted into another, with soft edges and matched or foreign light.

    Cut-outs are the real mattes and the clear objects of the other sources.
    """

    def __init__(self, matting: Path, objects: Source, backgrounds: Source) -> None:
        self._mattes = [
            (matting / "images" / path.name, path)
            for path in sorted((matting / "alpha").glob("*.png"))
            if (matting / "images" / path.name).exists()
        ]
        self._objects = objects
        self._backgrounds = backgrounds

    def draw(self, rng: np.random.Generator) -> Example:
        """A pasted object covering 3 % .. 50 % of its new background."""
        foreground, alpha = self._cut_out(rng)
        background = self._backgrounds.draw(rng).image
        height, width = background.shape[:2]
        matrix = _placement(alpha, (height, width), rng)
        warped = cv2.warpAffine(foreground, matrix, (width, height), flags=cv2.INTER_AREA)
        coverage = cv2.warpAffine(alpha, matrix, (width, height), flags=cv2.INTER_LINEAR)
        light = rng.uniform(0.75, 1.25, 3) if rng.random() < 0.5 else np.ones(3)
        mixed = coverage[..., None] * np.clip(warped * light, 0, 255) + (1 - coverage[..., None]) * background
        target = np.where(np.abs(coverage - 0.5) < 0.2, -1, coverage > 0.5).astype(np.int8)
        target[coverage > 0.7] = 1
        return Example(mixed.astype(np.uint8), target)

    def _cut_out(self, rng: np.random.Generator) -> tuple[Image, NDArray[np.float32]]:
        if self._mattes and rng.random() < 0.4:
            image_path, alpha_path = self._mattes[rng.integers(len(self._mattes))]
            return read_rgb(image_path), (read_labels(alpha_path) / 255).astype(np.float32)
        example = self._objects.draw(rng)
        mask = cv2.GaussianBlur((example.target == 1).astype(np.float32), (0, 0), 0.8)
        return example.image, np.asarray(mask, dtype=np.float32)


def _placement(alpha: NDArray[np.float32], size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float64]:
    """2x3 affine matrix that puts the cut-out somewhere into a (H, W) picture at a random size, turned and mirrored."""
    rows, cols = np.nonzero(alpha > 0.5)
    if len(rows) == 0:
        rows, cols = np.array([0, alpha.shape[0] - 1]), np.array([0, alpha.shape[1] - 1])
    height, width = size
    scale = np.sqrt(rng.uniform(0.03, 0.5) * height * width / max(1, len(rows)))
    scale = float(np.clip(scale, 0.2, 2.0))
    angle = np.deg2rad(rng.uniform(-25, 25))
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    turn = scale * np.array([[np.cos(angle) * mirror, -np.sin(angle)], [np.sin(angle) * mirror, np.cos(angle)]])
    centre = np.array([cols.mean(), rows.mean()])
    goal = np.array([rng.uniform(0.2, 0.8) * width, rng.uniform(0.2, 0.8) * height])
    return np.concatenate([turn, (goal - turn @ centre)[:, None]], axis=1)


def _bsds(data: Path) -> Source:
    return BsdsSource(data / "bsds500")


def _instances(data: Path) -> Source:
    return InstanceSource(data / "instance" / "samples")


def _camvid(data: Path) -> Source:
    return CamvidSource(data / "camvid")


def _composites(data: Path) -> Source:
    return CompositeSource(
        data / "matting" / "alphamatting", MixedSource.of(data, {"bsds": 1, "instances": 1}), _bsds(data)
    )


SOURCES: dict[str, Callable[[Path], Source]] = {
    "bsds": _bsds,
    "instances": _instances,
    "camvid": _camvid,
    "composites": _composites,
}


class MixedSource:
    """Several sources, drawn from by weight."""

    def __init__(self, sources: list[Source], weights: list[float]) -> None:
        self._sources = sources
        self._shares = np.array(weights) / sum(weights)

    @classmethod
    def of(cls, data: Path, weights: Mapping[str, float]) -> MixedSource:
        """The named sources below a data folder. Raises TrainingError for an unknown name."""
        unknown = sorted(set(weights) - set(SOURCES))
        if unknown:
            raise TrainingError(f"unknown data sources {', '.join(unknown)}; known: {', '.join(SOURCES)}")
        return cls([SOURCES[name](data) for name in weights], list(weights.values()))

    def draw(self, rng: np.random.Generator) -> Example:
        """One example of a source chosen by weight."""
        return self._sources[rng.choice(len(self._sources), p=self._shares)].draw(rng)
