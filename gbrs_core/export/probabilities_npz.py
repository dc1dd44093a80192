"""Probabilities of the classes: compressed NumPy archive, read without pickle. Torch-free."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from gbrs_core.export.base import Exporter, FormatLimitError
from gbrs_core.export.requests import LabelMapRequest
from gbrs_core.prediction import OutputKind

_ROWS_AT_ONCE = 64


@dataclass(frozen=True)
class ProbabilitiesNpz(Exporter[LabelMapRequest]):
    """Holds `probabilities` (K, H, W), `label_map` (H, W) int32, `class_names` (K,) and `class_colours` (K, 3) uint8.

    Attributes:
        bits: of each probability; 16 keeps three digits, in half of the memory.
    """

    kind: ClassVar[OutputKind] = OutputKind.LABEL_MAP
    bits: Literal[16, 32] = 16

    def encode(self, request: LabelMapRequest) -> bytes:
        """The archive. Raises FormatLimitError if the request has no logits: imported label maps have none."""
        if request.logits is None:
            raise FormatLimitError("there are no probabilities: the label map does not come from a network")
        dtype = np.float16 if self.bits == 16 else np.float32
        return _archive(
            {
                "probabilities": probabilities(request.logits, request.size, dtype),
                "label_map": request.label_map.astype(np.int32),
                "class_names": np.array(request.class_names, np.str_),
                "class_colours": np.array(request.class_colours, np.uint8).reshape(-1, 3),
            }
        )


def _archive(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """An npz file; deflated at level 1, which makes smaller files of such numbers than NumPy's level 6, and sooner."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)
    return content.getvalue()


def probabilities(
    logits: NDArray[np.float32], size: tuple[int, int], dtype: type[np.float16] | type[np.float32]
) -> NDArray[Any]:
    """Softmax over the classes, of logits enlarged bilinearly between pixel centres.

    Made some rows at a time: at the size of a photograph the logits alone would be gigabytes.

    Args:
        logits: (K, h, w) float32.
        size: (H, W) of the result.
        dtype: of the result.

    Returns:
        (K, H, W).
    """
    height, width = size
    class_count, small_height, _ = logits.shape
    wide = np.stack([cv2.resize(np.asarray(plane), (width, small_height)) for plane in logits])
    place = np.clip((np.arange(height) + 0.5) * small_height / height - 0.5, 0, small_height - 1)
    above = np.floor(place).astype(np.intp)
    below = np.minimum(above + 1, small_height - 1)
    share = (place - above).astype(np.float32)[:, np.newaxis]
    result = np.empty((class_count, height, width), dtype)
    for top in range(0, height, _ROWS_AT_ONCE):
        rows = slice(top, top + _ROWS_AT_ONCE)
        band = wide[:, above[rows]] * (1 - share[rows]) + wide[:, below[rows]] * share[rows]
        band -= band.max(axis=0)
        np.exp(band, out=band)
        result[:, rows] = band / band.sum(axis=0)
    return result
