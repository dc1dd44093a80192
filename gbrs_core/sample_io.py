"""Opening maps: files whose numbers mean something are read as they are stored, not as pictures. Torch-free.

PNG with 1 to 16 bits, grey, palette or colour; TIFF of any numbers; NumPy arrays without
pickle. JPEG is refused: it changes the numbers.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from gbrs_core.errors import ImageError
from gbrs_core.image_io import DECODER_ERRORS, check_size, decode_with_opencv, file_content

_TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_NPY_SIGNATURE = b"\x93NUMPY"
_PALETTE_OR_GREY = ("1", "L", "P", "I", "I;16", "I;16B", "F")


def read_samples(path: Path, takes_indices: bool = False) -> NDArray[Any]:
    """The numbers of a file: (H, W), or (H, W, C) for colour pictures, RGB or RGBA; C-contiguous.

    Black and white files (1 bit) become 0 and 255. Of several pages the first is read.

    Args:
        path: the file.
        takes_indices: whether the numbers of a palette PNG are its indices, as in label maps, or its colours.

    Raises:
        ImageError: the file is missing, empty, damaged, too large, of another format, or no map of two dimensions.
    """
    content = file_content(path)
    try:
        samples = _decoded(content, takes_indices)
        if samples.ndim not in (2, 3) or samples.dtype.kind not in "buif":
            raise ImageError(f"it holds an array of shape {samples.shape} and type {samples.dtype}, not a map")
        check_size(samples.shape[1], samples.shape[0])
    except ImageError as error:
        raise ImageError(f"cannot open {path}: {error}") from error
    except UnidentifiedImageError as error:
        raise ImageError(f"cannot open {path}: not a PNG, TIFF or NumPy file (JPEG would change the values)") from error
    except MemoryError as error:
        raise ImageError(f"cannot open {path}: there is not enough memory for it") from error
    except DECODER_ERRORS as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ImageError(f"cannot open {path}: the file is damaged or cut short ({reason})") from error
    return np.ascontiguousarray(samples if samples.dtype != np.bool_ else samples * np.uint8(255))


def _decoded(content: bytes, takes_indices: bool) -> NDArray[Any]:
    if content.startswith(_NPY_SIGNATURE):
        array: NDArray[Any] = np.load(io.BytesIO(content), allow_pickle=False)
        return np.squeeze(array) if array.ndim > 2 and 1 in (array.shape[0], array.shape[-1]) else array
    if content[:4] in _TIFF_SIGNATURES:
        return _decoded_tiff(content)
    with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
        check_size(*image.size)
        if image.mode in _PALETTE_OR_GREY:
            image.load()
            if image.mode == "P" and not takes_indices:
                return np.asarray(image.convert("RGB"))
            return np.asarray(image.convert("L") if image.mode == "1" else image)
        image.verify()  # OpenCV would fill a missing rest with black and say nothing
    samples, _ = decode_with_opencv(content)
    return samples


def _decoded_tiff(content: bytes) -> NDArray[Any]:
    with tifffile.TiffFile(io.BytesIO(content)) as tiff:
        page = tiff.pages.first
        check_size(page.imagewidth, page.imagelength)
        try:
            samples = page.asarray()
        except ValueError:  # tifffile asks for the imagecodecs package: LZW and JPEG compression
            samples, _ = decode_with_opencv(content)
            return samples[..., 0] if samples.shape[2] == 1 else samples
        is_planar = page.planarconfig == tifffile.PLANARCONFIG.SEPARATE and samples.ndim == 3
        return np.moveaxis(samples, 0, -1) if is_planar else np.asarray(samples)
