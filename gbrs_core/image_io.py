"""Opening photographs: every common file becomes (H, W, 3) RGB uint8, upright. Torch-free.

What is changed on the way is said in `ImageFile.note`:

- EXIF orientation is applied (silently: every viewer does it).
- Grey, palette and CMYK pictures become RGB.
- Transparent parts are shown over white, as viewers and web pages show them; the colours that happen to be stored
  under full transparency are never seen.
- 16-bit values are scaled by the smallest of 8, 10, 12, 14 or 16 bits that holds the brightest one, so that
  12-bit camera and microscope files are not almost black.
- Floating-point and wider integer values are stretched from their 0.5th to their 99.5th percentile.
- Of several pages or animation frames the first is opened.
"""

from __future__ import annotations

import io
import logging
import lzma
import re
import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from gbrs_core.errors import ImageError

SUFFIXES: tuple[str, ...] = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp")
"""Suffixes of the files that `list_images` lists, in lower case."""

MAX_PIXELS = 200_000_000
"""Largest picture that is opened, in pixels (600 MB as RGB); larger ones are refused before they are decoded."""

MAX_SIDE = 65_535
"""Longest side that is opened, in pixels."""

_FORMATS = ("JPEG", "PNG", "BMP", "WEBP")
_BIT_DEPTHS = (8, 10, 12, 14, 16)
_PERCENTILES = (0.5, 99.5)
_PERCENTILE_SAMPLES = 1_000_000
_PNG_BIT_DEPTH_AT = 24  # signature 8, chunk length 4, "IHDR" 4, width 4, height 4
_PNG_END = b"IEND\xaeB`\x82"
_TIFF_KINDS = (tifffile.PHOTOMETRIC.MINISWHITE, tifffile.PHOTOMETRIC.MINISBLACK, tifffile.PHOTOMETRIC.RGB)
_TRANSPARENCY_NOTE = "transparent parts shown over white"

Pixels = NDArray[np.uint8]
Samples = NDArray[Any]  # numbers as stored in the file

# check_size stands in front of every decoder here; Pillow's own guard would warn from 89 megapixels on.
Image.MAX_IMAGE_PIXELS = None
# What the decoders have to say about a damaged file is in the ImageError; a command prints one line, not theirs too.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
for _decoder in ("PIL", "tifffile"):
    logging.getLogger(_decoder).addHandler(logging.NullHandler())
warnings.filterwarnings("ignore", module=r"PIL\.")

DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    EOFError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    cv2.error,
    tifffile.TiffFileError,
)
"""What the three decoders raise on damaged files, as seen with truncated and scrambled ones."""


@dataclass(frozen=True, eq=False)
class ImageFile:
    """An opened photograph.

    Attributes:
        array: (H, W, 3) RGB uint8, C-contiguous, read-only, upright.
        path: the file.
        note: what was changed or left out to get there, one line in plain words; empty if nothing.
    """

    array: Pixels
    path: Path
    note: str = ""


def read_image(path: Path | str) -> ImageFile:
    """Open a JPEG, PNG, TIFF, WebP or BMP file; its content decides, not its suffix.

    Raises:
        ImageError: the file is missing, a folder, empty, no image, damaged, or larger than `MAX_PIXELS`, `MAX_SIDE`.
    """
    path = Path(path)
    content = file_content(path)
    try:
        array, notes = _decode(content)
    except ImageError as error:
        raise ImageError(f"cannot open {path}: {error}") from error
    except UnidentifiedImageError as error:
        raise ImageError(f"cannot open {path}: not a JPEG, PNG, TIFF, WebP or BMP image") from error
    except MemoryError as error:
        raise ImageError(f"cannot open {path}: there is not enough memory for it") from error
    except DECODER_ERRORS as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ImageError(f"cannot open {path}: the image is damaged or cut short ({reason})") from error
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return ImageFile(array=array, path=path, note="; ".join(notes))


def list_images(folder: Path | str) -> tuple[Path, ...]:
    """The image files of a folder (not of its subfolders) in natural order: photo2 before photo10.

    Hidden files are left out: they are thumbnails, resource forks and half-written files.

    Raises:
        ImageError: the folder is missing, a file, or cannot be listed.
    """
    folder = Path(folder)
    try:
        found = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file()]
    except OSError as error:
        raise ImageError(f"cannot list {folder}: {error.strerror or error}") from error
    return tuple(sorted((path for path in found if not path.name.startswith(".")), key=_natural_key))


def _natural_key(path: Path) -> tuple[list[str | int], str]:
    parts = re.split(r"([0-9]+)", path.name.casefold())
    return [int(part) if part.isdigit() and part.isascii() else part for part in parts], path.name


def file_content(path: Path) -> bytes:
    """Everything in an image file. Raises ImageError naming it: missing, a folder, empty, not readable."""
    try:
        content = path.read_bytes()
    except IsADirectoryError as error:
        raise ImageError(f"cannot open {path}: it is a folder, not an image") from error
    except OSError as error:
        # Windows answers "permission denied" for a folder.
        reason = "it is a folder, not an image" if path.is_dir() else error.strerror or error
        raise ImageError(f"cannot open {path}: {reason}") from error
    if not content:
        raise ImageError(f"cannot open {path}: the file is empty (0 bytes)")
    return content


def _decode(content: bytes) -> tuple[Pixels, list[str]]:
    if content[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return _decode_tiff(content)
    with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
        check_size(*image.size)
        if image.format == "PNG" and content[_PNG_BIT_DEPTH_AT] == 16:
            return _decode_deep_png(image, content)
        image.load()
        array, notes = _rgb_from_pillow(image)
        frames = getattr(image, "n_frames", 1) if image.format != "MPO" else 1  # MPO: a photo and its gain map
        if frames > 1:
            notes.append(f"frame 1 of {frames}")
        return _upright(array, _orientation(image)), notes


def check_size(width: int, height: int) -> None:
    """Raises ImageError if a picture of this size is not decoded."""
    if width < 1 or height < 1:
        raise ImageError(f"it has no pixels ({width} x {height})")
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise ImageError(
            f"{width} x {height} pixels are too many; up to {MAX_PIXELS // 1_000_000} megapixels "
            f"and {MAX_SIDE} pixels a side can be opened"
        )


# Orientation


def _orientation(image: Image.Image) -> int:
    """EXIF orientation 1 to 8; unreadable EXIF data counts as none, the picture itself may be fine."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except DECODER_ERRORS:
        return 1
    return orientation if isinstance(orientation, int) else 1


def _upright(array: Pixels, orientation: int) -> Pixels:
    """Turn and mirror as EXIF orientation says; values outside of 2 to 8 change nothing."""
    if orientation in (5, 6, 7, 8):
        array = np.asarray(cv2.transpose(array), np.uint8)
    flips = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}  # OpenCV: 1 left-right, 0 up-down, -1 both
    return np.asarray(cv2.flip(array, flips[orientation]), np.uint8) if orientation in flips else array


# 8-bit files


def _rgb_from_pillow(image: Image.Image) -> tuple[Pixels, list[str]]:
    if image.mode in ("I", "F", "I;16", "I;16B", "I;16L"):
        return _rgb_from_samples(np.asarray(image)[..., np.newaxis], has_alpha=False)
    if image.has_transparency_data:
        array, is_transparent = _over_white(image.convert("RGBA"))
        return array, [_TRANSPARENCY_NOTE] if is_transparent else []
    notes = ["CMYK colours converted without their profile"] if image.mode == "CMYK" else []
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB")), notes


def _over_white(image: Image.Image) -> tuple[Pixels, bool]:
    """Composite an RGBA image over white; also whether anything was transparent at all."""
    alpha = image.getchannel("A")
    if alpha.getextrema()[0] == 255:
        return np.asarray(image.convert("RGB")), False
    canvas = Image.new("RGB", image.size, "white")
    canvas.paste(image, mask=alpha)
    return np.asarray(canvas), True


# Deep files


def _rgb_from_samples(samples: Samples, has_alpha: bool) -> tuple[Pixels, list[str]]:
    """(H, W, C) samples of any number type, RGB or grey, then perhaps alpha or further channels, as 8-bit RGB."""
    colour_count = samples.shape[2] - has_alpha
    used = 3 if colour_count >= 3 else 1
    rgb, notes = _eight_bit(samples[..., :used])
    if used == 1:
        rgb = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_GRAY2RGB), np.uint8)
    if colour_count not in (1, 3):
        notes.append(f"{used} of {colour_count} channels shown")
    if has_alpha:
        alpha = samples[..., -1:].astype(np.float32) / _full_scale(samples.dtype)
        alpha = np.rint(alpha.clip(0, 1) * 255).astype(np.uint8)
        rgb, is_transparent = _over_white(Image.fromarray(np.concatenate([rgb, alpha], axis=2)))
        notes += [_TRANSPARENCY_NOTE] if is_transparent else []
    return rgb, notes


def _full_scale(dtype: np.dtype[Any]) -> float:
    return float(np.iinfo(dtype).max) if np.issubdtype(dtype, np.integer) else 1.0


def _eight_bit(samples: Samples) -> tuple[Pixels, list[str]]:
    """Scale to 0 .. 255; see the head of the file for the rule."""
    if samples.dtype == np.uint8:
        return samples, []
    if samples.dtype == np.uint16:
        brightest = int(samples.max())
        bits = next(bits for bits in _BIT_DEPTHS if brightest < 2**bits)
        scaled = cv2.convertScaleAbs(np.ascontiguousarray(samples), alpha=255 / (2**bits - 1))
        note = f"{bits}-bit values scaled to 8 bits" if bits > 8 else "16-bit file with 8-bit values"
        return np.asarray(scaled, np.uint8).reshape(samples.shape), [note]
    return _stretched(samples)


def _stretched(samples: Samples) -> tuple[Pixels, list[str]]:
    """Percentile stretch; not-a-number becomes black. The percentiles are taken of about a million samples."""
    values = samples.astype(np.float32)
    sampled = values.reshape(-1)[:: max(1, values.size // _PERCENTILE_SAMPLES)]
    sampled = sampled[np.isfinite(sampled)]
    low, high = np.percentile(sampled, _PERCENTILES) if len(sampled) else (0.0, 1.0)
    span = high - low if high > low else 1.0
    scaled = np.nan_to_num((values - low) * (255 / span), nan=0.0, posinf=255.0, neginf=0.0)
    return np.rint(scaled).clip(0, 255).astype(np.uint8), [f"values {low:.6g} to {high:.6g} stretched to 8 bits"]


def _decode_deep_png(image: Image.Image, content: bytes) -> tuple[Pixels, list[str]]:
    """16-bit PNG through OpenCV; Pillow keeps 8 bits of all but grey ones and serves for the orientation alone."""
    if _PNG_END not in content:  # OpenCV would fill the missing rest with black and say nothing
        raise ImageError("the image is cut short")
    array, notes = _rgb_from_samples(*decode_with_opencv(content))
    return _upright(array, _orientation(image) if "exif" in image.info else 1), notes


def decode_with_opencv(content: bytes) -> tuple[Samples, bool]:
    """(H, W, C) samples in RGB order, and whether the last one is alpha."""
    samples = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if samples is None:
        raise ImageError("the image is damaged or of a kind that cannot be read")
    if samples.ndim == 2:
        return samples[..., np.newaxis], False
    swap = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}
    channels = samples.shape[2]
    return cv2.cvtColor(samples, swap[channels]) if channels in swap else samples, channels in (2, 4)


# TIFF


def _decode_tiff(content: bytes) -> tuple[Pixels, list[str]]:
    """8-bit files through Pillow, which knows every compression; others through tifffile, else OpenCV."""
    with tifffile.TiffFile(io.BytesIO(content)) as tiff:
        page = tiff.pages.first
        check_size(page.imagewidth, page.imagelength)
        if _suits_pillow(page):
            array, notes = _decode_tiff_with_pillow(content)
        else:
            array, notes = _rgb_from_samples(*_tiff_samples(page, content))
            array = _upright(array, int(page.tags.valueof("Orientation", 1)))
        pages = len(tiff.pages)
    if pages > 1:
        notes.append(f"page 1 of {pages}")
    return array, notes


def _suits_pillow(page: tifffile.TiffPage) -> bool:
    """Whether Pillow keeps all bits and signs, and knows what the channels are."""
    is_grey = page.photometric in (tifffile.PHOTOMETRIC.MINISBLACK, tifffile.PHOTOMETRIC.MINISWHITE)
    is_byte = page.bitspersample <= 8 and page.sampleformat == tifffile.SAMPLEFORMAT.UINT
    return is_byte and not (is_grey and page.samplesperpixel > 1)


def _decode_tiff_with_pillow(content: bytes) -> tuple[Pixels, list[str]]:
    with Image.open(io.BytesIO(content), formats=("TIFF",)) as image:
        image.load()  # turns the picture upright as well
        return _rgb_from_pillow(image)


def _tiff_samples(page: tifffile.TiffPage, content: bytes) -> tuple[Samples, bool]:
    if page.photometric not in _TIFF_KINDS:
        raise ImageError(f"TIFF images of kind {page.photometric!s} and {page.bitspersample} bits are not supported")
    try:
        samples = page.asarray()
    except ValueError:  # tifffile asks for the imagecodecs package: LZW and JPEG compression
        return decode_with_opencv(content)
    if page.planarconfig == tifffile.PLANARCONFIG.SEPARATE and page.samplesperpixel > 1:
        samples = np.moveaxis(samples, 0, -1)
    samples = samples.reshape(page.imagelength, page.imagewidth, page.samplesperpixel)
    if page.photometric == tifffile.PHOTOMETRIC.MINISWHITE:
        samples = samples.max() - samples
    return samples, page.samplesperpixel in (2, 4) and len(page.extrasamples) > 0
