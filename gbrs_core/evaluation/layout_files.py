"""Reading the files of data sets: whatever is wrong with one becomes a `SampleError` that names it. Torch-free."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from gbrs_core.errors import GbrsError, ImageError
from gbrs_core.evaluation.example import DenseExample
from gbrs_core.image_io import file_content, read_image
from gbrs_core.sample_io import read_samples

MAT_OBJECTS = "GTinst"
_TRIMAP_VALUES = (0, 128, 255)


class SampleError(GbrsError):
    """A sample cannot be used; the text says which file and why. The evaluation counts it and goes on."""


def stem(path: Path) -> str:
    """The name up to its first dot: how images and masks find each other."""
    return path.name.split(".")[0]


def listed(folder: Path) -> list[Path]:
    """The files of a folder, sorted by name. Raises GbrsError if it is not there, empty, or cannot be listed."""
    if not folder.is_dir():
        raise GbrsError(f"there is no folder {folder}; check --data and --layout")
    try:
        found = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    except OSError as error:
        raise GbrsError(f"cannot list {folder}: {error.strerror or error}") from error
    if not found:
        raise GbrsError(f"the folder {folder} is empty")
    return found


def lines_of(path: Path) -> list[str]:
    """The lines of a list that are not blank. Raises GbrsError if it cannot be read."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise GbrsError(f"there is no file {path}; check --data and --layout") from error
    except (OSError, UnicodeDecodeError) as error:
        raise GbrsError(f"cannot read {path}: {error}") from error
    return [line for line in lines if line.strip()]


def only(paths: Sequence[Path], what: str) -> Path:
    """The one file that there should be. Raises SampleError for none, and for more than one."""
    if not paths:
        raise SampleError(f"{what} is missing")
    if len(paths) > 1:
        raise SampleError(f"{what} is there more than once: {', '.join(path.name for path in paths)}")
    return paths[0]


def pixels(path: Path, what: str) -> NDArray[Any]:
    """A picture's samples as they are, (H, W) or (H, W, 3) in RGB order. Raises SampleError."""
    try:
        decoded = cv2.imdecode(np.frombuffer(file_content(path), np.uint8), cv2.IMREAD_UNCHANGED)
    except (ImageError, cv2.error) as error:
        raise SampleError(f"{what} {path} cannot be read: {error}") from error
    if decoded is None:
        raise SampleError(f"{what} {path} cannot be read")
    return decoded if decoded.ndim == 2 else decoded[:, :, 2::-1]


def numbers(path: Path, what: str) -> NDArray[Any]:
    """The numbers (H, W) of a PNG (of a palette its indices), TIFF or NumPy file. Raises SampleError."""
    try:
        read = read_samples(path, takes_indices=True)
    except ImageError as error:
        raise SampleError(f"{what} cannot be used: {error}") from error
    if read.ndim != 2:
        raise SampleError(f"{what} {path} has colours; one number per pixel is wanted")
    return read


def photograph(path: Path) -> NDArray[np.uint8]:
    """(H, W, 3) RGB. Raises SampleError."""
    try:
        return read_image(path).array
    except ImageError as error:
        raise SampleError(str(error)) from error


def alpha_matte(path: Path, what: str) -> NDArray[np.float32]:
    """(H, W) in [0, 1], of the first channel. Raises SampleError."""
    values = pixels(path, what)
    first = values if values.ndim == 2 else values[:, :, 0]
    if first.dtype.kind == "u":
        return np.asarray(first.astype(np.float32) / np.iinfo(first.dtype).max, dtype=np.float32)
    if not (np.isfinite(first).all() and first.min() >= 0 and first.max() <= 1):
        raise SampleError(f"{what} {path} holds values that are not between 0 and 1")
    return first.astype(np.float32)


def trimap(path: Path, what: str) -> NDArray[np.uint8]:
    """(H, W) of 0, 128 and 255. Raises SampleError."""
    values = pixels(path, what)
    first = values if values.ndim == 2 else values[:, :, 0]
    stray = np.setdiff1d(first, _TRIMAP_VALUES)
    if stray.size:
        raise SampleError(f"{what} has values other than 0, 128 and 255: {stray[:5].tolist()}")
    if not (first == 128).any():
        raise SampleError(f"{what} {path} has no unknown pixel, so that nothing is known to be scored")
    return first.astype(np.uint8)


def depth_map(path: Path, what: str, per_metre: int) -> NDArray[np.float32]:
    """(H, W) metres, 0 where unknown: 16-bit numbers, so many a metre, or floating-point metres. Raises SampleError."""
    values = numbers(path, what)
    if values.dtype.kind == "f":
        return np.asarray(np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0), dtype=np.float32)
    if values.dtype != np.uint16:
        raise SampleError(f"{what} {path} holds {values.dtype} numbers; 16-bit or floating-point ones are wanted")
    return np.asarray(values.astype(np.float32) / per_metre, dtype=np.float32)


def mat_objects(path: Path) -> NDArray[np.int64]:
    """Object ids (H, W) of an SBD file, read without running anything in it. Raises SampleError."""
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    damage = (MatReadError, zlib.error, struct.error, OSError, KeyError, ValueError, IndexError, TypeError)
    try:
        ids = np.asarray(loadmat(path)[MAT_OBJECTS]["Segmentation"][0, 0])
        if ids.ndim != 2 or ids.dtype.kind not in "bui":
            raise TypeError(f"{MAT_OBJECTS}.Segmentation is no map of whole numbers")
    except (*damage, NotImplementedError) as error:
        raise SampleError(f"the objects in {path} cannot be read: {error}") from error
    return ids.astype(np.int64)


def example(
    name: str,
    image: NDArray[np.uint8],
    target: NDArray[Any],
    valid: NDArray[np.bool_],
    guidance: NDArray[np.uint8] | None = None,
) -> DenseExample:
    """Checked: everything of the image's size, and something known. Raises SampleError."""
    for what, array in (("the truth", target), ("the trimap", guidance)):
        if array is not None and array.shape != image.shape[:2]:
            raise SampleError(f"{what} of {name} is {array.shape}, its image {image.shape[:2]} (height, width)")
    if not valid.any():
        raise SampleError(f"nothing is known in the truth of {name}")
    return DenseExample(image, target, valid, guidance, name)


def object_example(name: str, image: NDArray[np.uint8], target: NDArray[np.int8]) -> DenseExample:
    """Of an object: 1, background 0, ignored -1. Raises SampleError, also if nothing is object."""
    made = example(name, image, target, target >= 0)
    if not (target == 1).any():
        raise SampleError(f"the object of {name} is empty")
    return made
