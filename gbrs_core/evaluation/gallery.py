"""Small pictures of what a method ended with: prediction over the photograph, the truth's outline, clicks, rings."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from html import escape
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from gbrs_core.evaluation.example import DenseExample
from gbrs_core.interaction import Click
from gbrs_core.prediction import OutputKind, Prediction

Rgb = NDArray[np.uint8]

SIDE = 320
"""Longest side of a picture in pixels."""
QUALITY = 82
_BLUE, _WHITE, _GREEN, _RED, _YELLOW = (40, 110, 255), (255, 255, 255), (40, 210, 90), (235, 60, 60), (250, 210, 40)
_GOLDEN_ANGLE = 67.5
"""Between the hues of consecutive classes, in OpenCV's half degrees, so that neighbours differ."""


def picture(example: DenseExample, prediction: Prediction, clicks: Sequence[Click]) -> bytes:
    """A JPEG file of at most SIDE pixels.

    Args:
        example: photograph and truth.
        prediction: at image size.
        clicks: with their attention radii; green says object, red background, yellow a value or class.
    """
    height, width = example.image.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    drawn = _DRAWN[prediction.kind](example, prediction.array)
    small = np.ascontiguousarray(cv2.resize(drawn, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    if prediction.kind is OutputKind.MASK:
        truth = cv2.resize((example.target == 1).astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        outlines, _ = cv2.findContours(truth, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(small, outlines, -1, _WHITE, 1)
    for click in clicks:
        _draw_click(small, click, scale, is_object_mask=prediction.kind is OutputKind.MASK)
    _, encoded = cv2.imencode(".jpg", small[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return encoded.tobytes()


def chosen(scores: Sequence[float], *, is_rising: bool) -> list[tuple[str, int]]:
    """Which samples are shown: ("best" | "median" | "worst", index), each index once.

    Args:
        scores: final main score of every sample; those that are no numbers are left out.
        is_rising: whether larger is better.
    """
    order = sorted((index for index, score in enumerate(scores) if not math.isnan(score)), key=lambda i: scores[i])
    if not order:
        return []
    if is_rising:
        order.reverse()
    wanted = [("best", order[0]), ("median", order[len(order) // 2]), ("worst", order[-1])]
    shown: dict[int, str] = {}
    for title, index in wanted:
        shown.setdefault(index, title)
    return [(title, index) for index, title in shown.items()]


def figure(path: Path, caption: str) -> str:
    """A picture as a piece of HTML that holds it; empty if there is no such file."""
    try:
        data = base64.b64encode(path.read_bytes()).decode("ascii")
    except OSError:
        return ""
    text = escape(caption)
    return f'<figure><img src="data:image/jpeg;base64,{data}" alt="{text}"><figcaption>{text}</figcaption></figure>'


def _mask(example: DenseExample, logits: NDArray[np.float32]) -> Rgb:
    return _blended(example.image, np.broadcast_to(np.array(_BLUE, np.uint8), example.image.shape), logits > 0)


def _label_map(example: DenseExample, labels: NDArray[np.generic]) -> Rgb:
    hues = (labels.astype(np.int64) * _GOLDEN_ANGLE % 180).astype(np.uint8)
    plain = np.full(hues.shape, 220, np.uint8)
    colours = np.asarray(cv2.cvtColor(np.dstack([hues, plain, plain]), cv2.COLOR_HSV2RGB), dtype=np.uint8)
    return _blended(example.image, colours, np.ones(labels.shape, dtype=np.bool_))


def _alpha(example: DenseExample, alpha: NDArray[np.float32]) -> Rgb:
    shares = np.clip(np.nan_to_num(alpha), 0, 1)[:, :, None]
    return np.asarray(example.image * shares + 90 * (1 - shares), dtype=np.uint8)


def _depth(example: DenseExample, depth: NDArray[np.float32]) -> Rgb:
    known = example.target[example.valid & (example.target > 0)]
    near, far = np.percentile(known, (2, 98)) if known.size else (1.0, 10.0)
    spread = max(np.log(far) - np.log(near), 1e-6)
    shares = (np.log(np.maximum(np.nan_to_num(depth), 1e-6)) - np.log(near)) / spread
    levels = np.asarray(255 * (1 - np.clip(shares, 0, 1)), dtype=np.uint8)
    return np.asarray(cv2.applyColorMap(levels, cv2.COLORMAP_VIRIDIS)[:, :, ::-1], dtype=np.uint8)


_DRAWN = {
    OutputKind.MASK: _mask,
    OutputKind.LABEL_MAP: _label_map,
    OutputKind.ALPHA_MATTE: _alpha,
    OutputKind.DEPTH_MAP: _depth,
}


def _blended(image: Rgb, colours: NDArray[np.uint8], where: NDArray[np.bool_]) -> Rgb:
    mixed = np.asarray(image * 0.5 + colours * 0.5, dtype=np.uint8)
    return np.where(where[:, :, None], mixed, image)


def _draw_click(image: Rgb, click: Click, scale: float, *, is_object_mask: bool) -> None:
    colour = (_GREEN if click.is_positive else _RED) if is_object_mask else _YELLOW
    centre = round((click.x + 0.5) * scale - 0.5), round((click.y + 0.5) * scale - 0.5)
    cv2.circle(image, centre, max(1, round(click.radius * scale)), colour, 1, cv2.LINE_AA)
    cv2.circle(image, centre, 3, colour, cv2.FILLED, cv2.LINE_AA)
    cv2.circle(image, centre, 3, (0, 0, 0), 1, cv2.LINE_AA)
