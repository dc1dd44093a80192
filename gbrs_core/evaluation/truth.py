"""The true dense output of one picture from a file, for whoever scores a picture that is open. Torch-free."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gbrs_core import imports
from gbrs_core.errors import ImageError
from gbrs_core.evaluation.depth_metrics import NEAREST
from gbrs_core.evaluation.example import DenseExample
from gbrs_core.label_maps import void_id
from gbrs_core.trimap import UNKNOWN


@dataclass(frozen=True)
class TruthOptions:
    """What a file has to fit to.

    Attributes:
        class_count: K of label maps.
        depth_limits: least and greatest depth in metres that counts.
    """

    class_count: int = 0
    depth_limits: tuple[float, float] = (NEAREST, float("inf"))


@dataclass(frozen=True, eq=False)
class Truth:
    """What a file says.

    Attributes:
        target: see `DenseExample.target`.
        valid: (H, W) bool, where it is known and counts.
        notes: what was left out, a sentence each.
    """

    target: NDArray[Any]
    valid: NDArray[np.bool_]
    notes: tuple[str, ...] = ()


def read_truth(path: Path, task: str, image: NDArray[np.uint8], options: TruthOptions) -> tuple[DenseExample, Truth]:
    """The example that image and file make, and what the file says.

    Args:
        path: a mask, label map, alpha matte or depth map, as `gbrs_core.imports` reads them.
        task: registry name.
        image: (H, W, 3) uint8.
        options: what the file has to fit to.

    Raises:
        ImageError: the file cannot be read, is of another size, or says something that cannot be meant.
    """
    truth = _READERS[task](path, (image.shape[0], image.shape[1]), options)
    if not truth.valid.any():
        raise ImageError(f"cannot use {path} as ground truth: there is no pixel that counts")
    return DenseExample(image, truth.target, truth.valid, name=path.stem), truth


def with_trimap(example: DenseExample, trimap: NDArray[np.uint8] | None) -> DenseExample:
    """The example of a matte with the trimap it is refined with: only its unknown pixels count."""
    if trimap is None:
        return example
    return replace(example, valid=example.valid & (trimap == UNKNOWN), guidance=trimap)


def _mask(path: Path, size: tuple[int, int], options: TruthOptions) -> Truth:
    read = imports.read_object_truth(path, size)
    return Truth(read.array, read.array >= 0, read.notes)


def _label_map(path: Path, size: tuple[int, int], options: TruthOptions) -> Truth:
    """CamVid and Mapillary give the id after the last class to pixels of no class."""
    count = options.class_count
    read = imports.read_label_map(path, size, count, voids=(255, 65535, count))
    valid = read.array != void_id(count)
    return Truth(read.array, valid, () if valid.all() else (f"{1 - valid.mean():.1%} of the pixels have no class",))


def _alpha_matte(path: Path, size: tuple[int, int], options: TruthOptions) -> Truth:
    read = imports.read_alpha_matte(path, size)
    return Truth(read.array, np.ones(size, dtype=np.bool_), read.notes)


def _depth_map(path: Path, size: tuple[int, int], options: TruthOptions) -> Truth:
    """Depths a network cannot answer with are no error of its."""
    read = imports.read_depth_map(path, size)
    least, greatest = max(options.depth_limits[0], NEAREST), options.depth_limits[1]
    valid = (read.array > least) & (read.array < greatest)
    beyond = float(((read.array > 0) & ~valid).mean())
    notes = (f"{beyond:.1%} are beyond the {greatest:g} m of the network",) if beyond else ()
    return Truth(read.array, valid, (*read.notes, *notes))


_READERS: Mapping[str, Callable[[Path, tuple[int, int], TruthOptions], Truth]] = {
    "interactive": _mask,
    "semantic": _label_map,
    "matting": _alpha_matte,
    "depth": _depth_map,
}
