"""Things made of several solids: tables, chairs, shelves, beds, cars, people, trees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.training.scenes.render import FURNITURE, PERSON, POLE, THING, VEGETATION, VEHICLE
from models.training.scenes.solids import Kind, Solid
from models.training.scenes.textures import Picture, any_texture, clouds, colour, even, leaves

Triple = tuple[float, float, float]
Rng = np.random.Generator


@dataclass(eq=False)
class Builder:
    """Collects the solids and textures of a scene.

    Attributes:
        photos: pictures whose parts may serve as textures.
        rng: decides everything.
        keep_clear: (x, y, z) of the camera; solids nearer than `clearance` are left out.
        clearance: metres.
    """

    photos: Sequence[NDArray[np.uint8]]
    rng: Rng
    keep_clear: Triple = (0.0, 0.0, 0.0)
    clearance: float = 0.45
    solids: list[Solid] = field(default_factory=list)
    textures: list[Picture] = field(default_factory=list)
    _objects: int = 0

    def texture(self, picture: Picture | None = None) -> int:
        """Number of a new texture, a random one where none is given."""
        self.textures.append(any_texture(self.photos, self.rng) if picture is None else picture)
        return len(self.textures) - 1

    def known_texture(self) -> int:
        """Number of one of the last few textures, or of a new one: many things share few textures."""
        if len(self.textures) < 12:
            return self.texture()
        return int(self.rng.integers(len(self.textures)))

    def new_object(self) -> int:
        """Number that the solids of one object share."""
        self._objects += 1
        return self._objects

    def add(
        self,
        kind: Kind,
        centre: Triple,
        half: Triple,
        label: int,
        *,
        texture: int | None = None,
        yaw: float = 0.0,
        instance: int | None = None,
        tile: float | None = None,
    ) -> Solid | None:
        """Add a solid unless it would hold or touch the camera."""
        dx, dz = turned(self.keep_clear[0] - centre[0], self.keep_clear[2] - centre[2], -yaw)
        offset = np.array([dx, self.keep_clear[1] - centre[1], dz])
        gap = np.maximum(np.abs(offset) - half, 0)
        if float(np.linalg.norm(gap)) < self.clearance:
            return None
        solid = Solid(
            kind,
            centre,
            half,
            label,
            self.known_texture() if texture is None else texture,
            float(tile or self.rng.uniform(0.3, 2.0)),
            yaw,
            self.new_object() if instance is None else instance,
        )
        self.solids.append(solid)
        return solid


def turned(x: float, z: float, yaw: float) -> tuple[float, float]:
    """A solid's own (x, z) in world directions, as `Solid.yaw` turns it."""
    return x * np.cos(yaw) + z * np.sin(yaw), -x * np.sin(yaw) + z * np.cos(yaw)


def table(build: Builder, x: float, z: float, yaw: float, size: tuple[float, float], height: float) -> None:
    """A table of (width, depth) with four legs or two sides."""
    rng, number, texture = build.rng, build.new_object(), build.known_texture()
    half_x, half_z = size[0] / 2, size[1] / 2
    thick = rng.uniform(0.01, 0.03)
    top = (half_x, thick, half_z)
    build.add("box", (x, -height + thick, z), top, FURNITURE, texture=texture, yaw=yaw, instance=number)
    radius = rng.uniform(0.02, 0.05)
    kind: Kind = "box" if rng.random() < 0.6 else "cylinder"
    for side in (-1, 1):
        for end in (-1, 1):
            dx, dz = turned(side * (half_x - radius), end * (half_z - radius), yaw)
            leg = (radius, height / 2 - thick, radius)
            place = (x + dx, -height / 2 + thick, z + dz)
            build.add(kind, place, leg, FURNITURE, texture=texture, yaw=yaw, instance=number)


def chair(build: Builder, x: float, z: float, yaw: float) -> None:
    """Seat, back and legs."""
    rng, number, texture = build.rng, build.new_object(), build.known_texture()
    half, height = rng.uniform(0.19, 0.26), rng.uniform(0.4, 0.5)
    parts: list[tuple[Triple, Triple]] = [((0, -height, 0), (half, 0.025, half))]
    back = rng.uniform(0.2, 0.3)
    parts.append(((0, -height - back, half - 0.02), (half, back, 0.02)))
    leg, reach = (0.018, height / 2, 0.018), half - 0.02
    parts += [((side * reach, -height / 2, end * reach), leg) for side in (-1, 1) for end in (-1, 1)]
    for (px, py, pz), size in parts:
        dx, dz = turned(px, pz, yaw)
        build.add("box", (x + dx, py, z + dz), size, FURNITURE, texture=texture, yaw=yaw, instance=number)


def shelf(build: Builder, x: float, z: float, yaw: float, size: Triple) -> None:
    """Sides, back and boards of (width, height, depth), with rows of books and things."""
    rng, number, texture = build.rng, build.new_object(), build.known_texture()
    width, height, depth = size
    boards = int(rng.integers(2, 6))
    parts: list[tuple[Triple, Triple]] = [((0, -height / 2, depth / 2), (width / 2, height / 2, 0.01))]
    parts += [((side * width / 2, -height / 2, 0), (0.012, height / 2, depth / 2)) for side in (-1, 1)]
    parts += [((0, -height * level / boards, 0), (width / 2, 0.012, depth / 2)) for level in range(boards + 1)]
    for (px, py, pz), half in parts:
        dx, dz = turned(px, pz, yaw)
        build.add("box", (x + dx, py, z + dz), half, FURNITURE, texture=texture, yaw=yaw, instance=number)
    for level in range(boards):
        for _ in range(int(rng.integers(0, 4))):
            half_x, tall = rng.uniform(0.03, width / 5), rng.uniform(0.3, 0.85) * height / boards
            dx, dz = turned(rng.uniform(-0.4, 0.4) * width, rng.uniform(-0.2, 0.2) * depth, yaw)
            place = (x + dx, -height * level / boards - tall / 2, z + dz)
            build.add("box", place, (half_x, tall / 2, depth * 0.25), THING, yaw=yaw)


def seat(build: Builder, x: float, z: float, yaw: float, width: float, depth: float) -> None:
    """A sofa or bed: a low block with a back and at times arms."""
    rng, number, texture = build.rng, build.new_object(), build.known_texture()
    height = rng.uniform(0.3, 0.5)
    parts: list[tuple[Triple, Triple]] = [((0, -height / 2, 0), (width / 2, height / 2, depth / 2))]
    back = rng.uniform(0.15, 0.35)
    parts.append(((0, -height - back / 2, depth / 2 - 0.08), (width / 2, back / 2, 0.08)))
    if rng.random() < 0.6:
        parts += [((side * width / 2, -height * 0.7, 0), (0.09, height * 0.7, depth / 2)) for side in (-1, 1)]
    for (px, py, pz), half in parts:
        dx, dz = turned(px, pz, yaw)
        build.add("box", (x + dx, py, z + dz), half, FURNITURE, texture=texture, yaw=yaw, instance=number)
    for _ in range(int(rng.integers(0, 4))):
        dx, dz = turned(rng.uniform(-0.4, 0.4) * width, 0.25 * depth, yaw)
        size = rng.uniform(0.12, 0.25)
        build.add("ball", (x + dx, -height - size * 0.8, z + dz), (size, size, size * 0.5), THING, yaw=yaw)


def small_thing(build: Builder, x: float, floor: float, z: float, size: float) -> None:
    """A box, can, bottle or ball of about `size` metres standing at height `floor` (y, so minus the height)."""
    rng = build.rng
    kind = rng.choice(["box", "can", "ball", "bottle", "book"])
    wide = size * rng.uniform(0.25, 0.6)
    tall = size * rng.uniform(0.4, 1.3)
    yaw = rng.uniform(0, np.pi)
    if kind == "ball":
        build.add("ball", (x, floor - wide, z), (wide, wide, wide), THING)
    elif kind == "can":
        build.add("cylinder", (x, floor - tall / 2, z), (wide * 0.7, tall / 2, wide * 0.7), THING)
    elif kind == "bottle":
        number, texture = build.new_object(), build.known_texture()
        for share, width in ((0.7, 0.5), (1.0, 0.2)):
            half = (wide * width, tall * share / 2, wide * width)
            build.add("cylinder", (x, floor - tall * share / 2, z), half, THING, texture=texture, instance=number)
    else:
        flat = 0.2 if kind == "book" else 1.0
        half = (wide, tall * flat / 2, wide * rng.uniform(0.5, 1.2))
        build.add("box", (x, floor - half[1], z), half, THING, yaw=yaw, tile=2 * wide)


def person(build: Builder, x: float, z: float) -> None:
    """Legs, trunk and head, 1.5 to 1.95 m."""
    rng, number = build.rng, build.new_object()
    tall = rng.uniform(1.5, 1.95)
    legs, trunk, skin = (build.texture(clouds(rng)) for _ in range(3))
    wide = rng.uniform(0.17, 0.26)
    for side in (-1, 1):
        place = (x + side * wide * 0.45, -tall * 0.24, z)
        build.add("cylinder", place, (0.08, tall * 0.24, 0.09), PERSON, texture=legs, instance=number)
    build.add("ball", (x, -tall * 0.65, z), (wide, tall * 0.22, 0.15), PERSON, texture=trunk, instance=number)
    build.add("ball", (x, -tall * 0.93, z), (0.09, tall * 0.07, 0.1), PERSON, texture=skin, instance=number)


def car(build: Builder, x: float, z: float, yaw: float) -> None:
    """Body, cabin and wheels; a van at times."""
    rng, number = build.rng, build.new_object()
    shade = colour(rng)
    paint = build.texture(clouds(rng) * 0.1 + shade * 0.9)
    glass = build.texture(clouds(rng) * 0.15 + rng.uniform(0.02, 0.2))
    long, wide = rng.uniform(3.6, 4.9), rng.uniform(1.65, 1.95)
    is_van = rng.random() < 0.2
    waist, roof = (1.0, rng.uniform(1.9, 2.4)) if is_van else (rng.uniform(0.8, 0.95), rng.uniform(1.4, 1.65))
    cabin = (wide / 2 * 0.93, (roof - waist) / 2, long * (0.45 if is_van else 0.28))
    parts: list[tuple[Kind, Triple, Triple, int]] = [
        ("box", (0, -(0.25 + waist) / 2, 0), (wide / 2, (waist - 0.25) / 2, long / 2), paint),
        ("box", (0, -(waist + roof) / 2, 0.1 * long * (not is_van)), cabin, paint if is_van else glass),
    ]
    tyre = build.texture(even(0.06))
    wheel, reach = (0.13, 0.32, 0.32), wide / 2 - 0.1
    parts += [("ball", (side * reach, -0.32, end * long * 0.31), wheel, tyre) for side in (-1, 1) for end in (-1, 1)]
    for kind, (px, py, pz), half, texture in parts:
        dx, dz = turned(px, pz, yaw)
        build.add(kind, (x + dx, py, z + dz), half, VEHICLE, texture=texture, yaw=yaw, instance=number, tile=2.0)


def tree(build: Builder, x: float, z: float, foliage: int) -> None:
    """A trunk and a few balls of leaves."""
    rng, number = build.rng, build.new_object()
    tall, radius = rng.uniform(3, 9), rng.uniform(0.08, 0.25)
    build.add("cylinder", (x, -tall / 3, z), (radius, tall / 3, radius), VEGETATION, instance=number)
    for _ in range(int(rng.integers(1, 5))):
        size = tall * rng.uniform(0.15, 0.35)
        place = (x + rng.normal(0, 0.12) * tall, -tall * rng.uniform(0.6, 0.95), z + rng.normal(0, 0.12) * tall)
        half = (size, size * rng.uniform(0.7, 1.2), size)
        build.add("ball", place, half, VEGETATION, texture=foliage, instance=number, tile=1.5)


def pole(build: Builder, x: float, z: float) -> None:
    """A lamp post or a road sign."""
    rng, number, texture = build.rng, build.new_object(), build.known_texture()
    is_sign = rng.random() < 0.5
    tall, radius = (rng.uniform(2, 3), 0.04) if is_sign else (rng.uniform(4, 9), rng.uniform(0.06, 0.12))
    build.add("cylinder", (x, -tall / 2, z), (radius, tall / 2, radius), POLE, texture=texture, instance=number)
    if is_sign:
        build.add("box", (x, -tall + 0.3, z - 0.05), (0.3, 0.3, 0.02), POLE, instance=number, tile=0.6)


def hedge(build: Builder, x: float, z: float, half: tuple[float, float], height: float) -> None:
    """A block of leaves."""
    texture = build.texture(leaves(build.rng))
    build.add("box", (x, -height / 2, z), (half[0], height / 2, half[1]), VEGETATION, texture=texture, tile=1.0)
