"""Writes the held-back pictures of the development data into folders that `main.py evaluate` reads.

    python -m tests.benchmarks.held_back --data ../shared/data --out FOLDER

One folder per task: `interactive` (layout davis), `semantic` (camvid), `matting` (composition1k), `depth` (nyu). Only
the pictures that are reported on are written; those that settings were chosen on are left out (`--tuning` writes them
instead). `semantic_further` has more label maps, on which only the default is reported. The development data are
BSDS500, CamVid, the alphamatting.com training set, NYU Depth V2 and YCB-Video; see the model cards for where they come
from.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from gbrs_core.evaluation.example import DenseExample
from models.training.mattes import read_matte, trimap_of
from models.training.sources import held_back_stems, read_rgb

REPORTED = {"interactive": slice(0, None, 2), "semantic": slice(5, None, 17), "matting": slice(1, None, 2)}
TUNING = {"interactive": slice(1, None, 2), "semantic": slice(2, None, 12), "matting": slice(0, None, 2)}
SECOND_LOOK = slice(8, None, 12)
"""Label maps on which an idea from those for tuning was tried again."""
DEPTH_TUNING_SCENES = ("nyu_diningroom",)
FOLDERS = {
    "interactive": ("img", "gt"),
    "semantic": ("images", "labels"),
    "matting": ("image", "alpha"),
    "depth": ("image", "depth"),
}
VOID = 11
COMPOSITES = 2
ALMOST = 0.02
"""Alpha this near to nothing or all is taken for it when a matte is put over another photograph."""


def truth_of(task: str, example: Any) -> NDArray[Any]:
    """The truth as the layout's files have it."""
    if task == "interactive":
        return np.where(example.target == 1, 255, 0).astype(np.uint8)
    if task == "semantic":
        return np.where(example.valid, example.target, VOID).astype(np.uint8)
    if task == "matting":
        return np.rint(example.target * 255).astype(np.uint8)
    return np.where(example.valid, np.rint(example.target * 1000), 0).astype(np.uint16)


def composites(data: Path, mattes: Sequence[str], count: int, seed: int = 5) -> list[DenseExample]:
    """Held-back mattes over held-back photographs, as in Composition-1k, with trimaps of random widths.

    Args:
        data: the development data.
        mattes: names, for example "GT11".
        count: photographs behind each.
        seed: of the trimaps.
    """
    folder = data / "matting" / "alphamatting"
    objects = json.loads((data / "bsds500" / "objects.json").read_text(encoding="utf-8"))
    photographs = iter(held_back_stems(objects))
    rng, made = np.random.default_rng(seed), []
    for name, number in product(mattes, range(count)):
        matte = read_matte(folder, name)
        alpha = matte.alpha.astype(np.float32) / 255
        alpha[alpha < ALMOST], alpha[alpha > 1 - ALMOST] = 0, 1
        behind = read_rgb(data / "bsds500" / objects[next(photographs)]["image"])
        if (behind.shape[0] > behind.shape[1]) != (alpha.shape[0] > alpha.shape[1]):
            behind = np.ascontiguousarray(np.rot90(behind))
        behind = cv2.resize(behind, alpha.shape[::-1], interpolation=cv2.INTER_CUBIC)
        image = np.rint(alpha[..., None] * matte.colours + (1 - alpha[..., None]) * behind).astype(np.uint8)
        trimap = trimap_of(alpha, rng)
        made.append(DenseExample(image, alpha, trimap == 128, trimap, f"{name} over {number}"))
    return made


def chosen(task: str, examples: Sequence[Any], *, is_tuning: bool) -> Sequence[Any]:
    """The pictures that are reported on, or those that settings are chosen on."""
    if task == "depth":
        return [one for one in examples if one.name.startswith(DEPTH_TUNING_SCENES) == is_tuning]
    return examples[(TUNING if is_tuning else REPORTED)[task]]


def further(examples: Sequence[Any]) -> Sequence[Any]:
    """Every second label map of those that no setting of today was tried on."""
    tried = {one.name for part in (TUNING["semantic"], SECOND_LOOK) for one in examples[part]}
    return [one for one in examples if one.name not in tried][::2]


def write(task: str, examples: Sequence[Any], folder: Path) -> None:
    """Photographs as PNG, so that they keep their pixels."""
    images, truths = (folder / name for name in FOLDERS[task])
    for number, example in enumerate(examples):
        name = f"{number:03}{getattr(example, 'name', '').replace(' ', '_')}.png"
        files = {images / name: example.image[:, :, ::-1], truths / name: truth_of(task, example)}
        if task == "matting":
            files[folder / "trimap" / name] = example.guidance
        for path, pixels in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), pixels)


def main() -> int:
    """Write all four."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tuning", action="store_true", help="the pictures that settings are chosen on")
    args = parser.parse_args()
    mattes = ("GT04", "GT16") if args.tuning else ("GT11", "GT22")
    for task in FOLDERS:
        recipe: Any = import_module(f"models.training.recipes.{task}")
        examples = recipe.held_back_examples(args.data)
        shown = list(chosen(task, examples, is_tuning=args.tuning))
        if task == "matting":
            shown += composites(args.data, mattes, COMPOSITES)
        write(task, shown, args.out / task)
        if task == "semantic" and not args.tuning:
            write(task, further(examples), args.out / "semantic_further")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
