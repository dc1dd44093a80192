"""Cut-out: the objects on a transparent ground, RGBA PNG with 8 or 16 bits per channel. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from gbrs_core.export.base import Exporter
from gbrs_core.export.png import encode_png
from gbrs_core.export.requests import ExportObject, MaskRequest
from gbrs_core.prediction import OutputKind


@dataclass(frozen=True)
class CutoutPng(Exporter[MaskRequest]):
    """All objects together, or one file per object.

    Colours are those of the image, not multiplied with alpha. Where alpha is 0 they are black: nothing of the
    background is in the file, not even hidden.

    Attributes:
        bits: per channel.
    """

    kind: ClassVar[OutputKind] = OutputKind.MASK
    splits: Literal["never", "optionally", "always"] = "optionally"
    bits: Literal[8, 16] = 8

    def encode(self, request: MaskRequest) -> bytes:
        """(H, W, 4) RGBA; alpha is the largest of the objects'."""
        alpha = np.zeros(request.size, np.float32)
        for item in request.objects:
            np.maximum(alpha, object_alpha(item), out=alpha)
        full_scale, dtype = (255, np.uint8) if self.bits == 8 else (65535, np.uint16)
        rgba = np.empty((*request.size, 4), dtype)
        rgba[..., :3] = request.image
        rgba[..., :3] *= full_scale // 255
        rgba[..., 3] = np.rint(alpha * full_scale)
        rgba[rgba[..., 3] == 0] = 0
        return encode_png(rgba)


def object_alpha(item: ExportObject) -> NDArray[np.float32]:
    """The share of each pixel that the object covers.

    Without logits it is the mask. With logits, pixels at the edge of the mask get 1/2 + f / |grad f|, clipped to
    [0, 1]: the signed distance, to first order, from the pixel's centre to the line f = 0 where the edge runs. This is
    one pixel wide however soft or hard the network's logits are, unlike a sigmoid of them. Where mask and logits
    disagree, the mask was changed by hand and stays hard.

    Returns:
        (H, W) float32 in [0, 1].
    """
    alpha = item.mask.astype(np.float32)
    if item.logits is None:
        return alpha
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    inside = item.mask.astype(np.uint8)
    is_edge = cv2.dilate(inside, cross) != cv2.erode(inside, cross)
    rows, cols = np.nonzero(is_edge & (item.mask == (item.logits > 0)))
    slope = np.hypot(
        _central_difference(item.logits, rows, cols, axis=0), _central_difference(item.logits, rows, cols, axis=1)
    )
    distance = item.logits[rows, cols] / np.maximum(slope, np.finfo(np.float32).tiny)
    alpha[rows, cols] = np.clip(0.5 + distance, 0, 1)
    return alpha


def _central_difference(
    values: NDArray[np.float32], rows: NDArray[np.intp], cols: NDArray[np.intp], axis: Literal[0, 1]
) -> NDArray[np.float32]:
    """Change per pixel along one axis at the given places; one-sided at the border."""
    position, last = (rows, cols)[axis], values.shape[axis] - 1
    before, after = np.maximum(position - 1, 0), np.minimum(position + 1, last)
    step = np.maximum(after - before, 1)
    ends = ((after, cols), (before, cols)) if axis == 0 else ((rows, after), (rows, before))
    change: NDArray[np.float32] = (values[ends[0]] - values[ends[1]]) / step.astype(np.float32)
    return change
