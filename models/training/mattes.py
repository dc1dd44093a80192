"""Training images for matting: foregrounds with their alpha over other photographs, and a trimap of random width."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training import alphas
from models.training.foregrounds import estimate_colours, spread_colours
from models.training.sources import Image, Source, read_labels, read_rgb

UNKNOWN = 128
HIDDEN_SHARE = 0.25
"""How often a part of the known foreground is left unknown, as a hand-drawn trimap leaves what a thing holds out."""
JOINED_SHARE = 0.3
"""How often a procedural foreground is two things of other colours."""
SNAP = 0.02
"""Alpha nearer than this to 0 or 1 counts as that: the mattes' noise, which no trimap would call unknown."""


@dataclass(eq=False)
class Layer:
    """A foreground that can be laid over a background.

    Attributes:
        colours: (H, W, 3) uint8 RGB, defined everywhere.
        alpha: (H, W) uint8, 255 opaque.
        trimaps: drawn trimaps, (H, W) uint8 of 0, 128 and 255.
        behind: (H, W, 3) uint8 RGB of the photograph the foreground was cut from, None if not known.
        edge: places (row, col) of partial alpha, at most 4096, where views are centred.
    """

    colours: Image
    alpha: NDArray[np.uint8]
    trimaps: tuple[NDArray[np.uint8], ...] = ()
    behind: Image | None = None
    edge: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        partial = np.argwhere((self.alpha > 10) & (self.alpha < 245))
        if len(partial) == 0:
            partial = np.array([[self.alpha.shape[0] // 2, self.alpha.shape[1] // 2]])
        self.edge = partial[:: -(-len(partial) // 4096)]


@dataclass(frozen=True, eq=False)
class MattingSample:
    """One training view.

    Attributes:
        image: (S, S, 3) uint8 RGB, the composite.
        trimap: (S, S) uint8 of 0, 128 and 255; alpha is exactly 0 and 1 where it is known.
        alpha: (S, S) float32 in [0, 1].
        contrast: (S, S) float32 in [0, 1], mean absolute difference of foreground and background colour.
    """

    image: Image
    trimap: NDArray[np.uint8]
    alpha: NDArray[np.float32]
    contrast: NDArray[np.float32]


def matte_names(folder: Path) -> list[str]:
    """Names of the real mattes below a data folder, sorted."""
    return sorted(path.stem for path in (folder / "alpha").glob("*.png") if (folder / "images" / path.name).exists())


def held_back_names(folder: Path) -> list[str]:
    """The mattes that no training sees: every fourth by name, from the third."""
    return matte_names(folder)[2::4]


def read_matte(folder: Path, name: str) -> Layer:
    """A real matte with its estimated colours and both drawn trimaps."""
    file = f"{name}.png"
    image, alpha = read_rgb(folder / "images" / file), read_labels(folder / "alpha" / file)
    foreground, background = estimate_colours(image, _fractions(alpha))
    trimaps = tuple(read_labels(folder / kind / file) for kind in ("trimap1", "trimap2"))
    return Layer(_bytes(foreground), alpha, trimaps, _bytes(background))


class LayerMaker:
    """Procedural foregrounds: an object's or a random shape with hair, fur, holes, smoke, soft or moved edges."""

    def __init__(self, objects: Source, pictures: Source) -> None:
        """Shapes and their colours come from `objects`, other colours from `pictures`."""
        self._objects, self._pictures = objects, pictures

    def make(self, rng: np.random.Generator) -> Layer:
        """One foreground, at times two behind each other."""
        layer = self._single(rng)
        return joined(layer, self._single(rng), rng) if rng.random() < JOINED_SHARE else layer

    def _single(self, rng: np.random.Generator) -> Layer:
        """One foreground of one of the kinds of `alphas.KINDS`."""
        kind = str(rng.choice(["soft", "motion", "hair", "fur", "net", "smoke"], p=[0.2, 0.12, 0.2, 0.24, 0.14, 0.1]))
        if kind in ("net", "smoke") or rng.random() < 0.25:
            picture = self._pictures.draw(rng).image
            mask = alphas.shape(picture.shape[:2], rng)
            colours = _painted(picture, kind, rng)
        else:
            example = self._objects.draw(rng)
            mask = cv2.GaussianBlur((example.target == 1).astype(np.float32), (0, 0), 1.0)
            # Without the rim, whose colours are half of the background.
            inside = cv2.erode((mask > 0.6).astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
            colours = spread_colours(example.image, inside if inside.any() else mask > 0.5)
        alpha = alphas.KINDS[kind](mask, rng)
        return Layer(_with_strand_light(colours, rng), _bytes(np.clip(alpha, 0, 1)))


def joined(back: Layer, front: Layer, rng: np.random.Generator) -> Layer:
    """Both as one foreground of the size of `back`; `front` is turned, scaled and centred at an edge of it."""
    height, width = back.alpha.shape
    row, col = back.edge[rng.integers(len(back.edge))]
    centre = np.array([front.alpha.shape[1] / 2, front.alpha.shape[0] / 2])
    matrix = _similarity(centre, rng.uniform(0.4, 1.1), rng.normal(0, 0.4), rng.random() < 0.5, 0)
    matrix[:, 2] += (col, row)
    over = _fractions(np.asarray(cv2.warpAffine(front.alpha, matrix, (width, height)), dtype=np.uint8))[..., None]
    colours = cv2.warpAffine(front.colours, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)
    under = (1 - over) * _fractions(back.alpha)[..., None]
    total = over + under
    mixed = np.where(total > 0, (over * colours + under * back.colours) / np.maximum(total, 1e-6), back.colours)
    return Layer(np.asarray(mixed + 0.5, dtype=np.uint8), _bytes(total[..., 0]))


def _painted(picture: Image, kind: str, rng: np.random.Generator) -> Image:
    """Colours for a shape that is no object: a photograph's, or one colour with a little of the photograph."""
    if kind != "smoke" and rng.random() < 0.5:
        return picture
    colour = rng.uniform(100, 255) * np.ones(3) if kind == "smoke" else rng.uniform(0, 255, 3)
    share = rng.uniform(0, 0.25)
    return np.asarray((1 - share) * colour + share * picture, dtype=np.uint8)


def _with_strand_light(colours: Image, rng: np.random.Generator) -> Image:
    """Fine changes of brightness, as between strands."""
    if rng.random() < 0.5:
        return colours
    light = alphas.noise(colours.shape[:2], rng.uniform(3, 12), 2, rng)[..., None]
    return np.asarray(np.clip(colours * (1 + rng.uniform(0.1, 0.5) * (light - 0.5)), 0, 255), dtype=np.uint8)


class Compositor:
    """Draws views: a foreground, turned and scaled, over another photograph."""

    def __init__(
        self, mattes: list[Layer], maker: LayerMaker, backgrounds: Source, bank: int, matte_share: float
    ) -> None:
        """`bank` procedural foregrounds are kept and renewed one by one; `matte_share` of the views show real ones."""
        self._mattes, self._maker, self._backgrounds = mattes, maker, backgrounds
        self._bank_size, self._matte_share = bank, matte_share
        self._bank: list[Layer] = []

    def renew(self, rng: np.random.Generator) -> None:
        """Fill the bank, or replace one of its foregrounds."""
        while len(self._bank) < self._bank_size:
            self._bank.append(self._maker.make(rng))
        self._bank[rng.integers(len(self._bank))] = self._maker.make(rng)

    def draw(self, side: int, rng: np.random.Generator) -> MattingSample:
        """A view of `side` pixels centred near a soft edge, at 0.5 to 1.5 of the foreground's scale."""
        layers = self._mattes if self._mattes and rng.random() < self._matte_share else self._bank
        layer = layers[rng.integers(len(layers))]
        matrix = _view(layer, side, rng)
        alpha = _snapped(_fractions(_warp(layer.alpha, matrix, side)))
        light = _random_light(rng)
        foreground = _lit(_warp(layer.colours, matrix, side), light)
        if layer.behind is not None and rng.random() < 0.3:
            background = _lit(_warp(layer.behind, matrix, side), light)
        else:
            background = _lit(self._background(side, rng), _random_light(rng))
        image = _noisy(alpha[..., None] * foreground + (1 - alpha[..., None]) * background, rng)
        drawn = None
        if layer.trimaps and rng.random() < 0.4:
            chosen = layer.trimaps[rng.integers(len(layer.trimaps))]
            nearest = cv2.warpAffine(
                chosen, matrix, (side, side), flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT
            )
            drawn = np.asarray(nearest, dtype=np.uint8)
        contrast = np.abs(foreground - background).mean(axis=2) / 255
        return MattingSample(image, trimap_of(alpha, rng, drawn), alpha, contrast)

    def _background(self, side: int, rng: np.random.Generator) -> Image:
        picture = self._backgrounds.draw(rng).image
        height, width = picture.shape[:2]
        scale = float(np.exp(rng.uniform(np.log(0.7), np.log(2.2))))
        centre = np.array([rng.uniform(0.2, 0.8) * width, rng.uniform(0.2, 0.8) * height])
        view = _warp(picture, _similarity(centre, scale, rng.normal(0, 0.1), rng.random() < 0.5, side), side)
        blurred = cv2.GaussianBlur(view, (0, 0), rng.uniform(0.8, 6)) if rng.random() < 0.4 else view
        return np.asarray(blurred, dtype=np.uint8)


def _view(layer: Layer, side: int, rng: np.random.Generator) -> NDArray[np.float64]:
    row, col = layer.edge[rng.integers(len(layer.edge))]
    scale = float(np.exp(rng.uniform(np.log(0.5), np.log(1.5))))
    centre = np.array([col, row]) + rng.uniform(-0.35, 0.35, 2) * side / scale
    return _similarity(centre, scale, rng.normal(0, 0.25), rng.random() < 0.5, side)


def _similarity(
    centre: NDArray[np.float64], scale: float, angle: float, mirrored: bool, side: int
) -> NDArray[np.float64]:
    """2x3 matrix that takes `centre` (x, y) to the middle of a view of `side` pixels."""
    mirror = -1.0 if mirrored else 1.0
    linear = scale * np.array([[np.cos(angle) * mirror, -np.sin(angle)], [np.sin(angle) * mirror, np.cos(angle)]])
    return np.concatenate([linear, (np.full(2, side / 2) - linear @ centre)[:, None]], axis=1)


def _warp(picture: NDArray[np.uint8], matrix: NDArray[np.float64], side: int) -> NDArray[np.uint8]:
    """The view; past its border the picture is mirrored. Drawn at twice the size and reduced where it shrinks much."""
    shrinking = float(np.hypot(*matrix[:, 0])) < 0.75
    drawn = 2 * side if shrinking else side
    warped = cv2.warpAffine(picture, 2 * matrix if shrinking else matrix, (drawn, drawn), borderMode=cv2.BORDER_REFLECT)
    view = cv2.resize(warped, (side, side), interpolation=cv2.INTER_AREA) if shrinking else warped
    return np.asarray(view, dtype=np.uint8)


def _snapped(alpha: NDArray[np.float32]) -> NDArray[np.float32]:
    alpha[alpha < SNAP] = 0
    alpha[alpha > 1 - SNAP] = 1
    return alpha


def trimap_of(
    alpha: NDArray[np.float32], rng: np.random.Generator, drawn: NDArray[np.uint8] | None = None
) -> NDArray[np.uint8]:
    """A trimap for an alpha: known regions shrunk by 1.5 to 45 pixels, each by its own width, at times uneven.

    At times a part of the foreground is left unknown whatever its depth.

    Args:
        alpha: (H, W) in [0, 1].
        rng: where the widths come from.
        drawn: (H, W) trimap to use in place of random widths.

    Returns:
        (H, W) uint8: 255 only where alpha is 1, 0 only where it is 0, else 128.
    """
    trimap = np.full(alpha.shape, UNKNOWN, np.uint8)
    for value, known in ((0, alpha == 0), (255, alpha == 1)):
        if drawn is not None:
            trimap[known & (drawn == value)] = value
            continue
        depth = cv2.distanceTransform(known.astype(np.uint8), cv2.DIST_L2, 3)
        width: float | NDArray[np.float32] = float(np.exp(rng.uniform(np.log(1.5), np.log(45))))
        if rng.random() < 0.3:
            width = width * (0.5 + alphas.noise(alpha.shape, 60, 1, rng))
        trimap[depth > width] = value
    if rng.random() < HIDDEN_SHARE:
        trimap[(trimap == 255) & (alphas.shape(alpha.shape, rng) > 0.5)] = UNKNOWN
    return trimap


def _random_light(rng: np.random.Generator) -> NDArray[np.float32]:
    """3x4 colour matrix: brightness, contrast, saturation, colour cast."""
    grey = np.full((3, 3), 1 / 3)
    saturation = rng.uniform(0.4, 1.4)
    mixing = (np.eye(3) * saturation + grey * (1 - saturation)) * rng.uniform(0.7, 1.25)
    mixing = mixing * rng.uniform(0.88, 1.12, (3, 1))
    offset = rng.uniform(-25, 25, (3, 1)) + rng.uniform(-8, 8)
    return np.asarray(np.concatenate([mixing, offset], axis=1), dtype=np.float32)


def _lit(picture: Image, light: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.clip(cv2.transform(picture.astype(np.float32), light), 0, 255)


def _noisy(pixels: NDArray[np.float32], rng: np.random.Generator) -> Image:
    if rng.random() < 0.3:
        pixels = pixels + rng.uniform(1, 8) * rng.standard_normal(pixels.shape, dtype=np.float32)
    return np.asarray(np.clip(pixels + 0.5, 0, 255), dtype=np.uint8)


def _bytes(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """[0, 1] -> 0 .. 255, rounded."""
    return np.asarray(values * 255 + 0.5, dtype=np.uint8)


def _fractions(values: NDArray[np.uint8]) -> NDArray[np.float32]:
    """0 .. 255 -> [0, 1]."""
    return np.asarray(values, dtype=np.float32) / np.float32(255)
