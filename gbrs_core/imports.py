"""Maps from other programs: label maps, object masks, trimaps, alpha mattes, depth maps, strokes. Torch-free.

What a file says is checked against the image it is for. What cannot be meant is refused, naming the values; what was
changed on the way is said in `ImportedMap.notes`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gbrs_core.depth_maps import known, with_zero_for_unknown
from gbrs_core.errors import ImageError
from gbrs_core.interaction import Stroke
from gbrs_core.label_maps import void_id
from gbrs_core.sample_io import read_samples
from gbrs_core.trimap import VALUES as TRIMAP_VALUES

DepthUnit = Literal["mm", "1/256 m"]

STEPS_PER_METRE: dict[DepthUnit, int] = {"mm": 1000, "1/256 m": 256}
"""What the values of a 16-bit depth file count: millimetres (NYU Depth), or 1/256 m (KITTI)."""

_TRIMAP_TOLERANCE = 2
_MOST_LISTED = 8


@dataclass(frozen=True, eq=False)
class ImportedMap:
    """A map that was read.

    Attributes:
        array: (H, W), read-only: label map int32, trimap uint8, alpha matte float32 in [0, 1], or depth float32 metres.
        path: the file.
        notes: what was changed to get there, a sentence each.
    """

    array: NDArray[Any]
    path: Path
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.array.flags.writeable = False


def read_label_map(
    path: Path | str, size: tuple[int, int], class_count: int, voids: tuple[int, ...] = (255, 65535)
) -> ImportedMap:
    """Class ids from an 8 or 16-bit grey or palette PNG, a TIFF or a NumPy array.

    Pixels of no class get `void_id(class_count)`.

    Args:
        path: the file.
        size: (H, W) of the image.
        class_count: how many classes there are.
        voids: ids in the file that stand for no class, unless they are classes.

    Raises:
        ImageError: it cannot be read, is of another size or no ids, or has ids beyond the classes; they are named.
    """
    path = Path(path)
    ids = _ids(path, size, "a label map").astype(np.int64)
    is_void = np.isin(ids, [value for value in voids if value >= class_count])
    _check_classes(path, np.unique(ids[~is_void]), class_count, "a label map")
    ids[is_void] = void_id(class_count)
    return ImportedMap(ids.astype(np.int32), path)


def read_strokes(path: Path | str, size: tuple[int, int], class_count: int) -> tuple[Stroke, ...]:
    """Painted classes from a label map, one stroke per class, by rising id.

    Args:
        path: 8-bit file, where 255 is not painted, or 16-bit file, where 65535 is not painted.
        size: (H, W) of the image.
        class_count: how many classes there are.

    Raises:
        ImageError: as of `read_label_map`, or nothing is painted.
    """
    path = Path(path)
    ids = _ids(path, size, "strokes")
    unpainted = 255 if ids.dtype.itemsize == 1 else 65535
    values = [int(value) for value in np.unique(ids) if value != unpainted]
    _check_classes(path, values, class_count, "strokes")
    if not values:
        raise ImageError(f"cannot use {path} as strokes: nothing is painted, every value is {unpainted}")
    return tuple(_stroke(ids == value, value) for value in values)


def read_trimap(path: Path | str, size: tuple[int, int]) -> ImportedMap:
    """A trimap: 0 background, 128 unknown, 255 foreground; values within 2 of them are taken as them.

    Args:
        path: PNG or TIFF, 8 or 16 bits, grey or grey stored as RGB.
        size: (H, W) of the image.

    Raises:
        ImageError: it cannot be read, is of another size or coloured, or has other values (0, 1, 2), which are listed.
    """
    path = Path(path)
    values = _grey(path, size, "a trimap")
    if values.dtype == np.uint16:
        values = np.rint(values / 257).astype(np.uint8)
    if values.dtype.kind not in "ui":
        raise ImageError(f"cannot use {path} as a trimap: its values are {values.dtype}, expected whole numbers")
    found, counts = np.unique(values, return_counts=True)
    nearest = np.array(TRIMAP_VALUES)[np.abs(found[:, np.newaxis].astype(int) - TRIMAP_VALUES).argmin(axis=1)]
    is_stray = np.abs(found.astype(int) - nearest) > _TRIMAP_TOLERANCE
    if is_stray.any():
        raise ImageError(
            f"cannot use {path} as a trimap: it has the values {_listed(found[is_stray])} in "
            f"{_pixels(counts[is_stray].sum())}; a trimap has 0, 128 and 255 only"
        )
    if len(found) > 1 and len(np.unique(nearest)) == 1:
        raise ImageError(
            f"cannot use {path} as a trimap: it has the values {_listed(found)} instead of 0, 128 and 255; "
            "write background as 0, unknown as 128 and foreground as 255"
        )
    notes = tuple(
        f"{_pixels(count)} of value {value} taken as {meant}"
        for value, meant, count in zip(found.tolist(), nearest.tolist(), counts.tolist(), strict=True)
        if value != meant
    )
    table = np.zeros(256, np.uint8)
    table[found] = nearest
    return ImportedMap(table[values], path, notes)


def read_mask(path: Path | str, size: tuple[int, int]) -> NDArray[np.bool_]:
    """An object mask (H, W) bool: what is above half of the largest value, so that 0 and 1 do as well as 0 and 255.

    Args:
        path: PNG, TIFF or NumPy array, grey or grey stored as RGB.
        size: (H, W) of the image.

    Raises:
        ImageError: it cannot be read, is of another size or coloured, or shows no object.
    """
    path = Path(path)
    values = _ids(path, size, "an object mask", takes_indices=False)
    mask = np.asarray(values > int(values.max()) // 2)
    if not mask.any():
        raise ImageError(f"cannot use {path} as an object mask: every pixel is background")
    return mask


def read_object_truth(path: Path | str, size: tuple[int, int]) -> ImportedMap:
    """What is known of an object: 1 where it is, 0 where it is not, -1 where the pixel is not to count; int8.

    Whatever is not 0 is object, as in masks and palette files of data sets. Negative values do not count, and neither
    does 128 beside 255: the border of GrabCut's masks.

    Args:
        path: PNG, TIFF or NumPy array, grey, palette, or grey stored as RGB.
        size: (H, W) of the image.

    Raises:
        ImageError: it cannot be read, is of another size or coloured, has fractions, or shows no object.
    """
    path = Path(path)
    values = _ids(path, size, "the mask of an object")
    is_ignored = values < 0
    if (values == 128).any() and (values == 255).any() and np.isin(values, TRIMAP_VALUES).all():
        is_ignored |= values == 128
    truth = np.where(is_ignored, -1, values != 0).astype(np.int8)
    if not (truth == 1).any():
        raise ImageError(f"cannot use {path} as the mask of an object: every pixel is background")
    ignored = int(np.count_nonzero(is_ignored))
    notes = (f"{_pixels(ignored)} do{'es' if ignored == 1 else ''} not count",) if ignored else ()
    return ImportedMap(truth, path, notes)


def read_alpha_matte(path: Path | str, size: tuple[int, int]) -> ImportedMap:
    """An alpha matte: grey of 8 or 16 bits, floats from 0 to 1, or the alpha channel of a cut-out.

    Args:
        path: PNG, TIFF or NumPy array.
        size: (H, W) of the image.

    Raises:
        ImageError: it cannot be read, is of another size, coloured, or its floats are not from 0 to 1.
    """
    path = Path(path)
    samples = read_samples(path)
    _check_size(path, samples, size, "an alpha matte")
    has_alpha = samples.ndim == 3 and samples.shape[2] in (2, 4)
    values = samples[..., -1] if has_alpha else _without_colour(path, samples, "an alpha matte")
    notes = ("the alpha channel was taken",) if has_alpha else ()
    if values.dtype.kind in "ui":
        return ImportedMap((values / np.float64(np.iinfo(values.dtype).max)).astype(np.float32), path, notes)
    values = values.astype(np.float32)
    if not np.isfinite(values).all() or values.min() < -1e-3 or values.max() > 1 + 1e-3:
        low, high = np.nanmin(values), np.nanmax(values)
        raise ImageError(f"cannot use {path} as an alpha matte: its values go from {low:g} to {high:g}, not 0 to 1")
    return ImportedMap(np.clip(values, 0, 1), path, notes)


def read_depth_map(path: Path | str, size: tuple[int, int], unit: DepthUnit = "mm") -> ImportedMap:
    """Depth in metres, 0 where it is not known.

    Args:
        path: 16-bit PNG or TIFF, or floats in metres as TIFF or NumPy array.
        size: (H, W) of the image.
        unit: what whole numbers count; floats are metres whatever it says.

    Raises:
        ImageError: it cannot be read, is of another size, coloured or 8-bit, or no depth is known in it.
    """
    path = Path(path)
    values = _grey(path, size, "a depth map")
    if values.dtype.kind in "bui" and values.dtype.itemsize == 1:
        raise ImageError(f"cannot use {path} as a depth map: 8 bits are a picture of depth, expected 16 bits or floats")
    metres = values / STEPS_PER_METRE[unit] if values.dtype.kind in "ui" else values
    depth_map = with_zero_for_unknown(np.asarray(metres, np.float32))
    hole_share = 1.0 - float(known(depth_map).mean())
    if hole_share == 1.0:
        raise ImageError(f"cannot use {path} as a depth map: no pixel has a depth above 0")
    notes = (f"{hole_share:.1%} of the pixels have no known depth",) if hole_share else ()
    return ImportedMap(depth_map, path, notes)


# What the files have in common


def _ids(path: Path, size: tuple[int, int], what: str, takes_indices: bool = True) -> NDArray[Any]:
    """(H, W) whole numbers."""
    values = _grey(path, size, what, takes_indices)
    if values.dtype.kind not in "ui":
        raise ImageError(f"cannot use {path} as {what}: its values are {values.dtype}, expected whole numbers")
    return values


def _grey(path: Path, size: tuple[int, int], what: str, takes_indices: bool = False) -> NDArray[Any]:
    """(H, W) numbers of a file without colours. Raises ImageError."""
    samples = read_samples(path, takes_indices)
    _check_size(path, samples, size, what)
    return _without_colour(path, samples, what)


def _without_colour(path: Path, samples: NDArray[Any], what: str) -> NDArray[Any]:
    if samples.ndim == 2:
        return samples
    colours = samples[..., :-1] if samples.shape[2] in (2, 4) else samples
    if not np.array_equal(colours, np.broadcast_to(colours[..., :1], colours.shape)):
        raise ImageError(f"cannot use {path} as {what}: it is a colour picture, expected one value per pixel")
    return np.ascontiguousarray(colours[..., 0])


def _check_size(path: Path, samples: NDArray[Any], size: tuple[int, int], what: str) -> None:
    if samples.shape[:2] != size:
        height, width = samples.shape[:2]
        raise ImageError(
            f"cannot use {path} as {what}: it has {width} x {height} pixels, the image {size[1]} x {size[0]}"
        )


def _check_classes(path: Path, ids: Iterable[int], class_count: int, what: str) -> None:
    beyond = [int(value) for value in ids if not 0 <= value < class_count]
    if beyond:
        raise ImageError(
            f"cannot use {path} as {what}: it has the ids {_listed(beyond)}, the classes end at {class_count - 1}"
        )


def _stroke(is_painted: NDArray[np.bool_], value: int) -> Stroke:
    """The stroke of a mask (H, W), cut to what is painted."""
    rows, columns = (np.flatnonzero(is_painted.any(axis=axis)) for axis in (1, 0))
    top, left = int(rows[0]), int(columns[0])
    mask = is_painted[top : int(rows[-1]) + 1, left : int(columns[-1]) + 1].copy()
    return Stroke(mask, float(value), left, top)


def _listed(values: Iterable[Any]) -> str:
    numbers = [str(value) for value in values]
    more = f" and {len(numbers) - _MOST_LISTED} more" if len(numbers) > _MOST_LISTED else ""
    return ", ".join(numbers[:_MOST_LISTED]) + more


def _pixels(count: int) -> str:
    return f"{count:,} pixel{'s' if count != 1 else ''}"
