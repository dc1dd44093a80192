"""Ray casting of a scene: image, depth, normals, labels, objects and their boundaries."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.scenes.solids import Floats, Solid
from models.training.scenes.textures import Atlas, Picture, noise

LABELS = (
    "sky", "floor", "wall", "ceiling", "furniture", "thing", "fixture",
    "road", "pavement", "building", "vegetation", "vehicle", "person", "pole",
)  # fmt: skip
SKY, FLOOR, WALL, CEILING, FURNITURE, THING, FIXTURE = range(7)
ROAD, PAVEMENT, BUILDING, VEGETATION, VEHICLE, PERSON, POLE = range(7, 14)
_SHADOW_STEP = 3
"""Shadows are cast for every third pixel of every third row."""
_OFFSET_M = 2e-3
"""How far off its surface a shadow ray starts."""


@dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole camera; pixel (x, y) sees along ((x - (W - 1) / 2) / focal, (y - (H - 1) / 2) / focal, 1).

    Attributes:
        height: H in pixels.
        width: W in pixels.
        focal: focal length in pixels.
        position: (x, y, z) in metres; y is minus the height above the floor.
        yaw: turn to the right in radians.
        pitch: turn downwards in radians.
        roll: turn clockwise in radians.
    """

    height: int
    width: int
    focal: float
    position: tuple[float, float, float] = (0.0, 0.0, 0.0)
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0

    def rotation(self) -> Floats:
        """(3, 3) matrix from camera to world directions."""
        (cy, sy), (cp, sp), (cr, sr) = ((np.cos(a), np.sin(a)) for a in (self.yaw, self.pitch, self.roll))
        turn = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
        tilt = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
        roll = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
        return np.asarray(turn @ tilt @ roll, dtype=np.float32)

    def rays(self) -> Floats:
        """(3, H, W) world directions with a component of 1 along the optical axis, so that t is the depth."""
        rows, cols = np.mgrid[0 : self.height, 0 : self.width].astype(np.float32)
        x = (cols - (self.width - 1) / 2) / np.float32(self.focal)
        y = (rows - (self.height - 1) / 2) / np.float32(self.focal)
        own = np.stack([x, y, np.ones_like(x)]).reshape(3, -1)
        return np.asarray((self.rotation() @ own).reshape(3, self.height, self.width), dtype=np.float32)

    def window_of(self, solid: Solid) -> tuple[slice, slice] | None:
        """Rows and columns outside of which the solid cannot be seen; None when it is behind the camera."""
        own = self.rotation().T @ (solid.corners() - np.array(self.position, np.float32)[:, None])
        if own[2].max() <= 0:
            return None
        if own[2].min() < 1e-2:
            return slice(0, self.height), slice(0, self.width)
        x = self.focal * own[0] / own[2] + (self.width - 1) / 2
        y = self.focal * own[1] / own[2] + (self.height - 1) / 2
        rows = slice(max(0, int(np.floor(y.min()))), min(self.height, int(np.ceil(y.max())) + 1))
        cols = slice(max(0, int(np.floor(x.min()))), min(self.width, int(np.ceil(x.max())) + 1))
        return (rows, cols) if rows.start < rows.stop and cols.start < cols.stop else None


@dataclass(frozen=True, eq=False)
class Light:
    """A lamp at a place, or the sun when `is_sun`, in which case `place` is the direction towards it."""

    place: tuple[float, float, float]
    colour: tuple[float, float, float]
    reach: float = 3.0
    is_sun: bool = False


@dataclass(frozen=True, eq=False)
class Scene:
    """What is rendered.

    Attributes:
        camera: where from.
        solids: what is there.
        textures: (SIDE, SIDE, 3) pictures in [0, 1] that solids name by their numbers.
        lights: lamps and sun; the first casts shadows.
        ambient: (3,) light from everywhere.
        haze_m: distance at which the air hides 63 % of a colour; infinity for clear air.
    """

    camera: Camera
    solids: list[Solid]
    textures: list[Picture]
    lights: list[Light]
    ambient: tuple[float, float, float] = (0.4, 0.4, 0.4)
    haze_m: float = float("inf")


@dataclass(frozen=True, eq=False)
class Frame:
    """A rendered scene with its truth.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        depth: (H, W) float32 metres along the optical axis; infinity where there is only sky.
        normals: (H, W, 3) float32 unit vectors in the camera's frame (x right, y down, z away), towards the camera;
            zero in the sky.
        labels: (H, W) uint8 numbers of `LABELS`.
        instances: (H, W) int32 object numbers from 1, 0 in the sky.
        focal: focal length in pixels.
    """

    image: NDArray[np.uint8]
    depth: Floats
    normals: Floats
    labels: NDArray[np.uint8]
    instances: NDArray[np.int32]
    focal: float

    @property
    def boundaries(self) -> NDArray[np.bool_]:
        """(H, W) pixels whose right or lower neighbour belongs to another object."""
        edges = np.zeros(self.instances.shape, dtype=bool)
        edges[:, :-1] = self.instances[:, 1:] != self.instances[:, :-1]
        edges[:-1] |= self.instances[1:] != self.instances[:-1]
        return edges


@dataclass(eq=False)
class _Hits:
    """What the rays see first; `which` is the number of the solid or -1."""

    depth: Floats
    which: NDArray[np.int32]
    normals: Floats = field(init=False)
    across: Floats = field(init=False)
    down: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.normals = np.zeros((3, *self.depth.shape), np.float32)
        self.across, self.down = np.zeros_like(self.depth), np.zeros_like(self.depth)


def render(scene: Scene, rng: np.random.Generator) -> Frame:
    """Cast one ray per pixel; the generator decides sky, exposure and sensor noise only."""
    camera = scene.camera
    rays = camera.rays()
    hits = _cast(scene, rays)
    colours = _shaded(scene, rays, hits)
    is_sky = hits.which < 0
    sky = _sky(camera, rays, rng)
    if np.isfinite(scene.haze_m):
        clear = np.exp(-np.where(is_sky, 0, hits.depth) / np.float32(scene.haze_m))[..., None]
        colours = clear * colours + (1 - clear) * sky.mean(axis=(0, 1))
    colours = np.where(is_sky[..., None], sky, colours)
    labels = np.array([SKY, *(solid.label for solid in scene.solids)], np.uint8)
    numbers = np.array([0, *_instances(scene.solids)], np.int32)
    own_normals = np.einsum("ij,ihw->hwj", camera.rotation(), hits.normals)
    return Frame(
        _developed(colours, rng),
        hits.depth,
        np.ascontiguousarray(own_normals, dtype=np.float32),
        labels[hits.which + 1],
        numbers[hits.which + 1],
        camera.focal,
    )


def _instances(solids: list[Solid]) -> list[int]:
    """Object numbers from 1 in the order of first appearance."""
    keys = [("shared", solid.instance) if solid.instance >= 0 else ("own", index) for index, solid in enumerate(solids)]
    numbers: dict[tuple[str, int], int] = {}
    return [numbers.setdefault(key, len(numbers) + 1) for key in keys]


def _cast(scene: Scene, rays: Floats) -> _Hits:
    origin = np.array(scene.camera.position, np.float32)[:, None]
    hits = _Hits(np.full(rays.shape[1:], np.inf, np.float32), np.full(rays.shape[1:], -1, np.int32))
    windows = [scene.camera.window_of(solid) for solid in scene.solids]
    for number, (solid, window) in enumerate(zip(scene.solids, windows, strict=True)):
        if window is None:
            continue
        part = rays[:, window[0], window[1]]
        t = solid.hit(origin, part.reshape(3, -1)).reshape(part.shape[1:])
        is_nearer = t < hits.depth[window]
        np.copyto(hits.depth[window], t, where=is_nearer)
        np.copyto(hits.which[window], np.int32(number), where=is_nearer)
    for number, (solid, window) in enumerate(zip(scene.solids, windows, strict=True)):
        if window is None:
            continue
        rows, cols = np.nonzero(hits.which[window] == number)
        if len(rows) == 0:
            continue
        rows, cols = rows + window[0].start, cols + window[1].start
        normals, coordinates = solid.surface(origin, rays[:, rows, cols], hits.depth[rows, cols])
        hits.normals[:, rows, cols] = normals
        hits.across[rows, cols], hits.down[rows, cols] = coordinates / np.float32(solid.tile)
    return hits


def _shaded(scene: Scene, rays: Floats, hits: _Hits) -> Floats:
    """(H, W, 3) colours by Lambert's law; pixels of the sky are of no meaning."""
    is_hit = hits.which >= 0
    depth = np.where(is_hit, hits.depth, 1).astype(np.float32)
    points = np.array(scene.camera.position, np.float32)[:, None, None] + depth * rays
    albedo = _albedo(scene, rays, hits, depth)
    # Light from everywhere is a little stronger from above.
    light = np.array(scene.ambient, np.float32) * (0.8 - 0.2 * hits.normals[1])[..., None]
    for number, lamp in enumerate(scene.lights):
        towards = np.array(lamp.place, np.float32)[:, None, None] - (0 if lamp.is_sun else points)
        distance = np.sqrt((towards * towards).sum(axis=0))
        slant = np.maximum((towards * hits.normals).sum(axis=0) / distance, 0)
        strength = slant if lamp.is_sun else slant / (1 + (distance / np.float32(lamp.reach)) ** 2)
        if number == 0:
            strength = strength * _shadows(scene, lamp, points, hits)
        light = light + strength[..., None] * np.array(lamp.colour, np.float32)
    return np.asarray(albedo * light, dtype=np.float32)


def _albedo(scene: Scene, rays: Floats, hits: _Hits, depth: Floats) -> Floats:
    textures = np.array([0, *(solid.texture for solid in scene.solids)], np.int32)[hits.which + 1]
    tiles = np.array([1, *(solid.tile for solid in scene.solids)], np.float32)[hits.which + 1]
    slant = np.abs((rays * hits.normals).sum(axis=0)) / np.sqrt((rays * rays).sum(axis=0))
    footprint = depth / np.float32(scene.camera.focal) / tiles / np.sqrt(np.maximum(slant, 0.05))
    return Atlas(scene.textures).look_up(textures, hits.across, hits.down, footprint)


def _shadows(scene: Scene, lamp: Light, points: Floats, hits: _Hits) -> Floats:
    """(H, W) share of the lamp's light that arrives, with soft edges."""
    step = _SHADOW_STEP
    starts = (points + _OFFSET_M * hits.normals)[:, ::step, ::step]
    size = starts.shape[1:]
    starts = np.ascontiguousarray(starts.reshape(3, -1))
    place = np.array(lamp.place, np.float32)[:, None]
    towards = np.broadcast_to(place, starts.shape) if lamp.is_sun else place - starts
    end = np.float32(np.inf if lamp.is_sun else 1.0)
    lit = np.ones(starts.shape[1], bool)
    for solid in scene.solids:
        if solid.label in (FLOOR, WALL, CEILING, ROAD):
            continue
        lit[lit] &= solid.hit(starts[:, lit], towards[:, lit]) >= end
    soft = cv2.GaussianBlur(lit.reshape(size).astype(np.float32), (0, 0), 0.8)
    return np.asarray(cv2.resize(soft, hits.depth.shape[::-1], interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def _sky(camera: Camera, rays: Floats, rng: np.random.Generator) -> Floats:
    """(H, W, 3): paler towards the horizon, with clouds."""
    up = np.clip(-rays[1] / np.sqrt((rays * rays).sum(axis=0)), 0, 1)
    deep = np.array([0.35, 0.55, 0.9]) * rng.uniform(0.6, 1.1) + rng.uniform(0, 0.25)
    pale = np.full(3, rng.uniform(0.7, 1.0))
    cloud = cv2.resize(noise(rng, 45, 5), (camera.width, camera.height)) * rng.uniform(0, 1)
    share = np.clip(np.sqrt(up) * (1 - cloud), 0, 1)[..., None]
    return np.asarray(share * deep + (1 - share) * pale, dtype=np.float32)


def _developed(colours: Floats, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Exposure, tone curve and sensor noise; (H, W, 3) uint8."""
    exposed = colours * np.float32(rng.uniform(0.35, 0.6) / max(float(colours.mean()), 1e-3))
    toned = np.clip(exposed, 0, 1.4) ** np.float32(rng.uniform(0.7, 1.0))
    toned += rng.normal(0, rng.uniform(0.002, 0.02), toned.shape[:2]).astype(np.float32)[..., None]
    return np.asarray(np.clip(toned * 255 + 0.5, 0, 255), dtype=np.uint8)
