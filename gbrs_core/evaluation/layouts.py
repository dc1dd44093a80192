"""The folder layouts of the data sets that the papers evaluate on: one function and one line per layout."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from gbrs_core.errors import GbrsError, ImageError
from gbrs_core.evaluation.example import DenseExample
from gbrs_core.image_io import file_content, read_image

MAT_OBJECTS = "GTinst"
NYU_RANGE = (1e-3, 10.0)
"""Depths in metres that count on NYU Depth V2."""


class SampleError(GbrsError):
    """A sample cannot be used; the text says which file and why. The evaluation counts it and goes on."""


@dataclass(frozen=True)
class Sample:
    """One thing to be annotated.

    Attributes:
        name: unique in its data set, usable in file names.
        load: reads it; SampleError if it cannot be used.
    """

    name: str
    load: Callable[[], DenseExample]


@dataclass(frozen=True)
class Layout:
    """How a data set lies in its folder.

    Attributes:
        task: whose truth it has.
        samples: lists the samples, sorted by name; GbrsError if there are none.
    """

    task: str
    samples: Callable[[Path], Iterator[Sample]]


def _stem(path: Path) -> str:
    """The name up to its first dot: how images and masks find each other."""
    return path.name.split(".")[0]


def _files(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise GbrsError(f"there is no folder {folder}; check --data and --layout")
    found = {_stem(path): path for path in sorted(folder.iterdir()) if path.is_file() and not path.name.startswith(".")}
    if not found:
        raise GbrsError(f"the folder {folder} is empty")
    return found


def _pixels(path: Path | None, what: str) -> NDArray[Any]:
    """The samples of a file as they are, RGB order for colours. Raises SampleError."""
    if path is None:
        raise SampleError(f"{what} is missing")
    try:
        decoded = cv2.imdecode(np.frombuffer(file_content(path), np.uint8), cv2.IMREAD_UNCHANGED)
    except (ImageError, cv2.error) as error:
        raise SampleError(f"{what} {path} cannot be read: {error}") from error
    if decoded is None:
        raise SampleError(f"{what} {path} cannot be read")
    return decoded if decoded.ndim == 2 else decoded[:, :, 2::-1]


def _image(path: Path | None) -> NDArray[np.uint8]:
    if path is None:
        raise SampleError("the image is missing")
    try:
        return read_image(path).array
    except ImageError as error:
        raise SampleError(str(error)) from error


def _example(
    name: str,
    image: NDArray[np.uint8],
    target: NDArray[Any],
    valid: NDArray[np.bool_],
    guidance: NDArray[np.uint8] | None = None,
) -> DenseExample:
    """Checked: everything of the image's size, something known, and for objects something of the object."""
    for what, array in (("the truth", target), ("the trimap", guidance)):
        if array is not None and array.shape != image.shape[:2]:
            raise SampleError(f"{what} of {name} is {array.shape}, its image {image.shape[:2]} (height, width)")
    if not valid.any():
        raise SampleError(f"nothing is known in the truth of {name}")
    return DenseExample(image, target, valid, guidance, name)


def _object(name: str, image: NDArray[np.uint8], target: NDArray[np.int8]) -> DenseExample:
    example = _example(name, image, target, target >= 0)
    if not (target == 1).any():
        raise SampleError(f"the object of {name} is empty")
    return example


def _pairs(
    folder: Path, images: str, truths: str, load: Callable[[str, Path, Path | None], DenseExample]
) -> Iterator[Sample]:
    truth = _files(folder / truths)
    for name, path in _files(folder / images).items():
        yield Sample(name, partial(load, name, path, truth.get(name)))


def _trimap_mask(name: str, image: Path, mask: Path | None) -> DenseExample:
    """GrabCut's rule: first channel 0 background, 128 ignored, above 128 object; 1 counts as object too."""
    values = _pixels(mask, f"the mask of {name}")
    first = values if values.ndim == 2 else values[:, :, 0]
    target = np.zeros(first.shape, dtype=np.int8)
    target[(first > 128) | (first == 1)] = 1
    target[first == 128] = -1
    return _object(name, _image(image), target)


def _any_mask(name: str, image: Path, mask: Path | None) -> DenseExample:
    """DAVIS's rule: whatever is not black is object."""
    values = _pixels(mask, f"the mask of {name}")
    return _object(name, _image(image), ((values if values.ndim == 2 else values.max(axis=2)) > 0).astype(np.int8))


def _sbd(folder: Path) -> Iterator[Sample]:
    """`img/<name>.jpg`, `inst/<name>.mat`, names in `val.txt`; one sample per object."""
    names = folder / "val.txt"
    if not names.is_file():
        raise GbrsError(f"there is no file {names}; check --data and --layout")
    for name in names.read_text(encoding="utf-8").split():
        image, path = folder / "img" / f"{name}.jpg", folder / "inst" / f"{name}.mat"
        try:
            labels = _mat_objects(path)
        except SampleError as error:
            yield Sample(name, partial(_refused, error))
            continue
        for label in np.unique(labels[(labels > 0) & (labels < 255)]):
            yield Sample(f"{name}_{label}", partial(_sbd_object, f"{name}_{label}", image, path, int(label)))


def _sbd_object(name: str, image: Path, path: Path, label: int) -> DenseExample:
    return _object(name, _image(image), (_mat_objects(path) == label).astype(np.int8))


def _refused(error: SampleError) -> DenseExample:
    raise error


def _mat_objects(path: Path) -> NDArray[Any]:
    """Object ids (H, W) of an SBD file, read without running anything in it."""
    import struct
    import zlib

    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    damage = (MatReadError, zlib.error, struct.error, OSError, KeyError, ValueError, IndexError, TypeError)
    try:
        return np.asarray(loadmat(path)[MAT_OBJECTS]["Segmentation"][0, 0])
    except (*damage, NotImplementedError) as error:
        raise SampleError(f"the objects in {path} cannot be read: {error}") from error


def _labels(name: str, image: Path, labels: Path | None, ignored: int) -> DenseExample:
    values = _pixels(labels, f"the labels of {name}")
    if values.ndim != 2:
        raise SampleError(f"the labels of {name} have colours; class numbers are wanted")
    return _example(name, _image(image), values.astype(np.int64), values != ignored)


def _camvid(folder: Path) -> Iterator[Sample]:
    return _pairs(folder, "images", "labels", partial(_labels, ignored=11))


def _cityscapes(folder: Path) -> Iterator[Sample]:
    """`leftImg8bit/val/<city>/*_leftImg8bit.png` and `gtFine/val/<city>/*_gtFine_labelTrainIds.png`."""
    images = sorted((folder / "leftImg8bit" / "val").glob("*/*_leftImg8bit.png"))
    if not images:
        raise GbrsError(f"no pictures in {folder / 'leftImg8bit' / 'val'}; check --data and --layout")
    for image in images:
        name = image.name.removesuffix("_leftImg8bit.png")
        truth = folder / "gtFine" / "val" / image.parent.name / f"{name}_gtFine_labelTrainIds.png"
        found = truth if truth.is_file() else None
        yield Sample(name, partial(_labels, name, image, found, ignored=255))


def _mapillary(folder: Path) -> Iterator[Sample]:
    """`images/` and `labels/` of Mapillary Vistas 1.2; class 65 is unlabelled."""
    return _pairs(folder, "images", "labels", partial(_labels, ignored=65))


def _composition(folder: Path) -> Iterator[Sample]:
    """`image/`, `alpha/` and `trimap/` with the same stems."""
    trimaps = _files(folder / "trimap")

    def load(name: str, image: Path, alpha: Path | None) -> DenseExample:
        values, trimap = _pixels(alpha, f"the alpha of {name}"), _pixels(trimaps.get(name), f"the trimap of {name}")
        flat = [array if array.ndim == 2 else array[:, :, 0] for array in (values, trimap)]
        shares = flat[0].astype(np.float32) / np.iinfo(flat[0].dtype).max
        stray = np.setdiff1d(flat[1], (0, 128, 255))
        if stray.size:
            raise SampleError(f"the trimap of {name} has values other than 0, 128 and 255: {stray[:5].tolist()}")
        guidance = flat[1].astype(np.uint8)
        return _example(name, _image(image), shares, guidance == 128, guidance)

    return _pairs(folder, "image", "alpha", load)


def _nyu(folder: Path) -> Iterator[Sample]:
    """`image/` and 16-bit millimetres in `depth/` with the same stems."""

    def load(name: str, image: Path, depth: Path | None) -> DenseExample:
        values = _pixels(depth, f"the depth of {name}")
        if values.dtype != np.uint16 or values.ndim != 2:
            raise SampleError(f"the depth of {name} is no 16-bit grey picture")
        metres = values.astype(np.float32) / 1000
        return _example(name, _image(image), metres, (metres > NYU_RANGE[0]) & (metres < NYU_RANGE[1]))

    return _pairs(folder, "image", "depth", load)


LAYOUTS: Mapping[str, Layout] = {
    "grabcut": Layout("interactive", lambda folder: _pairs(folder, "data_GT", "boundary_GT", _trimap_mask)),
    "berkeley": Layout("interactive", lambda folder: _pairs(folder, "images", "masks", _trimap_mask)),
    "davis": Layout("interactive", lambda folder: _pairs(folder, "img", "gt", _any_mask)),
    "coco_mval": Layout("interactive", lambda folder: _pairs(folder, "img", "gt", _any_mask)),
    "sbd": Layout("interactive", _sbd),
    "camvid": Layout("semantic", _camvid),
    "cityscapes": Layout("semantic", _cityscapes),
    "mapillary": Layout("semantic", _mapillary),
    "composition1k": Layout("matting", _composition),
    "nyu": Layout("depth", _nyu),
}
"""By the name that `--layout` takes."""
