"""The folder layouts of the data sets that the papers evaluate on: one function and one line per layout. Torch-free.

What a sample needs is read by functions of this module, never by closures: samples travel to other processes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gbrs_core.errors import GbrsError
from gbrs_core.evaluation import layout_files as files
from gbrs_core.evaluation.depth_metrics import countable, eigen_crop_kitti, eigen_crop_nyu, garg_crop
from gbrs_core.evaluation.example import DenseExample
from gbrs_core.evaluation.layout_files import SampleError

Paths = tuple[Path, ...]
Crop = Callable[[int, int], NDArray[np.bool_]]
"""(height, width) -> (H, W), what counts. Raises ValueError for a size that it is not made for."""
Load = Callable[[str, Path, Paths], DenseExample]
"""(name, image, the files with its truth) -> the example. Raises SampleError."""
NYU_FARTHEST, KITTI_FARTHEST = 10.0, 80.0
"""Depths in metres below which truth counts."""
NYU_PER_METRE, KITTI_PER_METRE = 1000, 256
"""How many steps of the 16-bit numbers make a metre."""
KITTI_LIST = "eigen_test_files_with_gt.txt"


@dataclass(frozen=True)
class Sample:
    """One thing to be annotated.

    Attributes:
        name: unique in its data set.
        load: reads it; SampleError if it cannot be used. Can be pickled.
    """

    name: str
    load: Callable[[], DenseExample]


@dataclass(frozen=True)
class Layout:
    """How a data set lies in its folder.

    Attributes:
        task: whose truth it has.
        samples: lists the samples, sorted by name; GbrsError if there are none.
        crops: parts of the picture to which scores can be confined, by name.
    """

    task: str
    samples: Callable[[Path], Iterator[Sample]]
    crops: Mapping[str, Crop] = field(default_factory=dict)


def cropped(crop: Crop, example: DenseExample) -> DenseExample:
    """The example of which only what lies inside the crop counts. Raises SampleError if nothing does."""
    try:
        inside = crop(*example.target.shape)
    except ValueError as error:
        raise SampleError(f"{example.name} cannot be cropped: {error}") from error
    valid = example.valid & inside
    if not valid.any():
        raise SampleError(f"nothing is known in the truth of {example.name} inside the crop")
    return replace(example, valid=valid)


def _refused(error: SampleError) -> DenseExample:
    raise error


def _pairs(folder: Path, images: str, truths: str, load: Load) -> Iterator[Sample]:
    """A sample per image file, as published; and per truth without an image, so that it is counted."""
    truth = defaultdict[str, list[Path]](list)
    for path in files.listed(folder / truths):
        truth[files.stem(path)].append(path)
    pictures = files.listed(folder / images)
    stems = Counter(map(files.stem, pictures))
    alone = [stem for stem in truth if stem not in stems]
    found = [(files.stem(path) if stems[files.stem(path)] == 1 else path.name, path) for path in pictures]
    for name, picture in sorted([*found, *((stem, None) for stem in alone)], key=lambda pair: pair[0]):
        if picture is None:
            yield Sample(name, partial(_refused, SampleError(f"the image of {truth[name][0]} is missing")))
        else:
            yield Sample(name, partial(load, name, picture, tuple(truth.get(files.stem(picture), ()))))


# --- objects ---


def _trimap_mask(name: str, image: Path, masks: Paths) -> DenseExample:
    """GrabCut's rule: first channel 0 background, 128 ignored, above 128 object; 1 counts as object too."""
    values = files.pixels(files.only(masks, f"the mask of {name}"), f"the mask of {name}")
    first = values if values.ndim == 2 else values[:, :, 0]
    target = np.zeros(first.shape, dtype=np.int8)
    target[(first > 128) | (first == 1)] = 1
    target[first == 128] = -1
    return files.object_example(name, files.photograph(image), target)


def _any_mask(name: str, image: Path, masks: Paths) -> DenseExample:
    """DAVIS's rule: whatever is not black is object."""
    values = files.pixels(files.only(masks, f"the mask of {name}"), f"the mask of {name}")
    is_object = (values if values.ndim == 2 else values.max(axis=2)) > 0
    return files.object_example(name, files.photograph(image), is_object.astype(np.int8))


def _sbd(folder: Path) -> Iterator[Sample]:
    """`img/<name>.jpg`, `inst/<name>.mat`, names in `val.txt`; one sample per object, its ids ascending."""
    for name in (name for line in files.lines_of(folder / "val.txt") for name in line.split()):
        image, path = folder / "img" / f"{name}.jpg", folder / "inst" / f"{name}.mat"
        try:
            labels = files.mat_objects(path)
            objects = np.unique(labels[(labels > 0) & (labels < 255)])
            if not objects.size:
                raise SampleError(f"there is no object in {path}")
        except SampleError as error:
            yield Sample(name, partial(_refused, error))
            continue
        for label in objects:
            yield Sample(f"{name}_{label}", partial(_sbd_object, f"{name}_{label}", image, path, int(label)))


def _sbd_object(name: str, image: Path, path: Path, label: int) -> DenseExample:
    return files.object_example(name, files.photograph(image), (files.mat_objects(path) == label).astype(np.int8))


# --- label maps ---


def _labels(name: str, image: Path, labels: Paths, ignored: Collection[int]) -> DenseExample:
    values = files.numbers(files.only(labels, f"the labels of {name}"), f"the labels of {name}")
    if values.dtype.kind not in "ui":
        raise SampleError(f"the labels of {name} are {values.dtype} numbers; class numbers are wanted")
    target = values.astype(np.int64)
    return files.example(name, files.photograph(image), target, ~np.isin(target, list(ignored)))


def _label_maps(folder: Path, ignored: Collection[int]) -> Iterator[Sample]:
    return _pairs(folder, "images", "labels", partial(_labels, ignored=ignored))


def _cityscapes(folder: Path) -> Iterator[Sample]:
    """`leftImg8bit/val/<city>/*_leftImg8bit.png` and `gtFine/val/<city>/*_gtFine_labelTrainIds.png`, as published;
    or, without those folders, `images/` and `labels/`.
    """
    images, truths, load = folder / "leftImg8bit" / "val", folder / "gtFine" / "val", partial(_labels, ignored=(255,))
    if not images.is_dir():
        yield from _label_maps(folder, (255,))
        return
    ends = "_leftImg8bit.png", "_gtFine_labelTrainIds.png"
    pictures = {path.name.removesuffix(ends[0]): path for path in images.glob(f"*/*{ends[0]}")}
    labels = {path.name.removesuffix(ends[1]): path for path in truths.glob(f"*/*{ends[1]}")}
    if not pictures:
        raise GbrsError(f"no pictures in {images}; check --data and --layout")
    for name in sorted({*pictures, *labels}):
        if name in pictures:
            yield Sample(name, partial(load, name, pictures[name], (labels[name],) if name in labels else ()))
        else:
            yield Sample(name, partial(_refused, SampleError(f"the image of {labels[name]} is missing")))


# --- mattes and depth ---


def _matte(name: str, image: Path, alphas: Paths, trimaps: Path) -> DenseExample:
    target = files.alpha_matte(files.only(alphas, f"the alpha of {name}"), f"the alpha of {name}")
    beside = tuple(path for path in files.listed(trimaps) if files.stem(path) == files.stem(image))
    guidance = files.trimap(files.only(beside, f"the trimap of {name}"), f"the trimap of {name}")
    return files.example(name, files.photograph(image), target, guidance == 128, guidance)


def _composition(folder: Path) -> Iterator[Sample]:
    """`image/`, `alpha/` and `trimap/` with the same stems."""
    files.listed(folder / "trimap")  # complain once, not for every sample
    return _pairs(folder, "image", "alpha", partial(_matte, trimaps=folder / "trimap"))


def _depth(name: str, image: Path, depths: Paths, per_metre: int, farthest: float) -> DenseExample:
    metres = files.depth_map(files.only(depths, f"the depth of {name}"), f"the depth of {name}", per_metre)
    return files.example(name, files.photograph(image), metres, countable(metres, farthest))


def _nyu(folder: Path) -> Iterator[Sample]:
    """`image/` and 16-bit millimetres (or floating-point metres) in `depth/` with the same stems."""
    return _pairs(folder, "image", "depth", partial(_depth, per_metre=NYU_PER_METRE, farthest=NYU_FARTHEST))


def _kitti(folder: Path) -> Iterator[Sample]:
    """The Eigen split: `eigen_test_files_with_gt.txt` with an image and a depth map (or None) a line, both below the
    folder; or, without that list, `image/` and `depth/`. Depth in 1/256 metres, as published.
    """
    load = partial(_depth, per_metre=KITTI_PER_METRE, farthest=KITTI_FARTHEST)
    if not (folder / KITTI_LIST).is_file():
        yield from _pairs(folder, "image", "depth", load)
        return
    for line in files.lines_of(folder / KITTI_LIST):
        image, *depth = line.split()
        # <date>/<drive>/image_02/data/<frame>.png: frames of different drives are numbered alike.
        drive, frame = Path(image).parts[1:2] or ("",), Path(image).stem
        name = "_".join(filter(None, (*drive, frame)))
        truth = (folder / depth[0],) if depth and depth[0] != "None" else ()
        yield Sample(name, partial(load, name, folder / image, truth))


LAYOUTS: Mapping[str, Layout] = {
    "grabcut": Layout("interactive", partial(_pairs, images="data_GT", truths="boundary_GT", load=_trimap_mask)),
    "berkeley": Layout("interactive", partial(_pairs, images="images", truths="masks", load=_trimap_mask)),
    "davis": Layout("interactive", partial(_pairs, images="img", truths="gt", load=_any_mask)),
    "coco_mval": Layout("interactive", partial(_pairs, images="img", truths="gt", load=_any_mask)),
    "sbd": Layout("interactive", _sbd),
    "camvid": Layout("semantic", partial(_label_maps, ignored=(11, 255))),
    "cityscapes": Layout("semantic", _cityscapes),
    "mapillary": Layout("semantic", partial(_label_maps, ignored=(65, 255))),
    "composition1k": Layout("matting", _composition),
    "nyu": Layout("depth", _nyu, {"eigen": eigen_crop_nyu}),
    "kitti": Layout("depth", _kitti, {"eigen": eigen_crop_kitti, "garg": garg_crop}),
}
"""By the name that `--layout` takes."""
