"""Rooms with furniture, and close views of things on a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.training.scenes.furniture import Builder, chair, person, seat, shelf, small_thing, table
from models.training.scenes.render import CEILING, FIXTURE, FLOOR, FURNITURE, WALL, Camera, Light, Scene
from models.training.scenes.textures import bricks, checker, clouds, colour, plain, stripes, wood

Photos = Sequence[NDArray[np.uint8]]
Rng = np.random.Generator
_THICK = 0.1
"""Half the thickness of walls, floor and ceiling."""


def room(height: int, width: int, photos: Photos, rng: Rng) -> Scene:
    """A furnished room of 2.5 m to 9 m seen by someone who stands or sits in it."""
    across, tall = rng.uniform(2.5, 8), rng.uniform(2.2, 3.3)
    deep = rng.uniform(2.5, 9)
    position = (
        float(rng.uniform(-0.42, 0.42) * across),
        -float(rng.uniform(0.7, min(1.9, tall - 0.3))),
        float(rng.uniform(0.05, 0.35) * deep),
    )
    build = Builder(photos, rng, position)
    _shell(build, across, tall, deep)
    _fixtures(build, across, tall, deep)
    _furnish(build, across, deep)
    camera = Camera(
        height,
        width,
        _focal(width, rng),
        position,
        yaw=float(np.clip(rng.normal(0, 0.35) - 0.6 * position[0] / across, -1, 1)),
        pitch=float(rng.normal(0.18, 0.15)),
        roll=float(rng.normal(0, 0.03)),
    )
    return Scene(camera, build.solids, build.textures, _lamps(across, tall, deep, rng), _ambient(rng))


def table_top(height: int, width: int, photos: Photos, rng: Rng) -> Scene:
    """A table full of things from 0.5 m to 1.6 m away, the room behind it."""
    across, tall, deep = rng.uniform(3, 6), rng.uniform(2.3, 3), rng.uniform(1.6, 5)
    high = float(rng.uniform(0.4, 1.0))
    distance, rise = float(rng.uniform(0.45, 1.4)), float(rng.uniform(0.15, 0.9))
    size = (float(rng.uniform(0.8, 2.2)), float(rng.uniform(0.6, 1.2)))
    middle = float(rng.uniform(0.9, max(1.0, deep - 0.7)))
    position = (float(rng.uniform(-0.3, 0.3)), -(high + rise), middle - distance)
    build = Builder(photos, rng, position, clearance=0.3)
    _shell(build, across, tall, deep, behind=3.0)
    _fixtures(build, across, tall, deep)
    turn = float(rng.uniform(-0.4, 0.4))
    table(build, 0, middle, turn, size, high)
    for _ in range(int(rng.integers(3, 16))):
        x, z = rng.uniform(-0.42, 0.42) * size[0], rng.uniform(-0.42, 0.42) * size[1]
        small_thing(build, x, -high, middle + z, float(rng.uniform(0.06, 0.35)))
    if rng.random() < 0.4:
        chair(build, float(rng.uniform(-1, 1)), middle + size[1] / 2 + 0.4, float(rng.uniform(-0.5, 0.5)))
    camera = Camera(
        height,
        width,
        _focal(width, rng),
        position,
        yaw=float(np.arctan2(-position[0], distance) + rng.normal(0, 0.1)),
        pitch=float(np.arctan2(rise, distance) * rng.uniform(0.5, 1.1)),
        roll=float(rng.normal(0, 0.05)),
    )
    return Scene(camera, build.solids, build.textures, _lamps(across, tall, deep, rng), _ambient(rng))


def _focal(width: int, rng: Rng) -> float:
    """Focal length in pixels: horizontal fields of view from 38 to 80 degrees."""
    return float(width * np.exp(rng.uniform(np.log(0.6), np.log(1.45))))


def _ambient(rng: Rng) -> tuple[float, float, float]:
    grey = rng.uniform(0.2, 0.7)
    red, green, blue = (float(grey * rng.uniform(0.9, 1.1)) for _ in range(3))
    return red, green, blue


def _lamps(across: float, tall: float, deep: float, rng: Rng) -> list[Light]:
    lamps = []
    for _ in range(int(rng.integers(1, 4))):
        place = (rng.uniform(-0.4, 0.4) * across, -tall * rng.uniform(0.75, 0.97), rng.uniform(0.1, 0.9) * deep)
        red, green, blue = rng.uniform(0.5, 1.6) * rng.uniform(0.8, 1.1, 3)
        lamps.append(Light(place, (float(red), float(green), float(blue)), float(rng.uniform(1.5, 6))))
    return lamps


def _shell(build: Builder, across: float, tall: float, deep: float, behind: float = 0.3) -> None:
    """Floor, ceiling and four walls round x in +-across / 2 and z from -behind to deep."""
    rng = build.rng
    floors = (wood, checker, clouds, clouds, stripes)
    floor = build.texture(floors[int(rng.integers(len(floors)))](rng))
    walls = (plain, plain, plain, clouds, stripes, bricks)
    shared = build.texture(walls[int(rng.integers(len(walls)))](rng))
    ceiling = build.texture(plain(rng) * 0.2 + rng.uniform(0.5, 0.8))
    middle, half_z = (deep - behind) / 2, (deep + behind) / 2 + _THICK
    half_x, tile = across / 2 + _THICK, float(rng.uniform(0.8, 3))
    add = build.add
    add("box", (0, _THICK, middle), (half_x, _THICK, half_z), FLOOR, texture=floor, tile=tile)
    add("box", (0, -tall - _THICK, middle), (half_x, _THICK, half_z), CEILING, texture=ceiling, tile=tile)
    for x, z, hx, hz in (
        (-half_x, middle, _THICK, half_z),
        (half_x, middle, _THICK, half_z),
        (0, deep + _THICK, half_x, _THICK),
        (0, -behind - _THICK, half_x, _THICK),
    ):
        texture = shared if rng.random() < 0.8 else build.texture()
        build.add("box", (x, -tall / 2, z), (hx, tall / 2, hz), WALL, texture=texture, tile=tile)


def _fixtures(build: Builder, across: float, tall: float, deep: float) -> None:
    """Doors, windows and pictures on the far wall and the side walls."""
    rng = build.rng
    for _ in range(int(rng.integers(0, 5))):
        kind = rng.choice(["picture", "window", "door"])
        half = {"picture": rng.uniform(0.15, 0.5), "window": rng.uniform(0.4, 0.9), "door": 0.45}[str(kind)]
        high = {"picture": half * rng.uniform(0.6, 1.3), "window": 0.55, "door": 1.0}[str(kind)]
        middle = 1.0 if kind == "door" else min(rng.uniform(1.2, 1.7), tall - high)
        texture = build.texture(clouds(rng) * 0.2 + rng.uniform(0.8, 1.0)) if kind == "window" else build.texture()
        flat, tile = 0.025, 2 * float(half)
        if rng.random() < 0.5:
            x = rng.uniform(-0.5, 0.5) * max(0.1, across - 2 * half)
            build.add("box", (x, -middle, deep), (half, high, flat), FIXTURE, texture=texture, tile=tile)
        else:
            x, z = rng.choice([-1, 1]) * across / 2, rng.uniform(0.3, 0.9) * deep
            build.add("box", (x, -middle, z), (flat, high, half), FIXTURE, texture=texture, tile=tile)


def _furnish(build: Builder, across: float, deep: float) -> None:
    rng = build.rng
    for _ in range(int(rng.integers(2, 7))):
        _at_wall(build, across, deep)
    for _ in range(int(rng.integers(0, 3))):
        x, z, yaw = (
            rng.uniform(-0.3, 0.3) * across,
            rng.uniform(0.35, 0.85) * deep,
            rng.choice([0, 0, rng.uniform(0, 3)]),
        )
        size, high = (float(rng.uniform(0.6, 1.8)), float(rng.uniform(0.5, 1.0))), float(rng.uniform(0.4, 0.8))
        table(build, x, z, yaw, size, high)
        for _ in range(int(rng.integers(0, 6))):
            dx, dz = rng.uniform(-0.4, 0.4, 2) * min(size)
            small_thing(build, x + dx, -high, z + dz, float(rng.uniform(0.08, 0.4)))
        for _ in range(int(rng.integers(0, 4))):
            angle = rng.uniform(0, 2 * np.pi)
            reach = max(size) / 2 + 0.35
            chair(build, x + reach * np.sin(angle), z + reach * np.cos(angle), angle)
    for _ in range(int(rng.integers(0, 5))):
        small_thing(
            build, rng.uniform(-0.45, 0.45) * across, 0.0, rng.uniform(0.25, 0.95) * deep, rng.uniform(0.1, 0.7)
        )
    if rng.random() < 0.2:
        person(build, float(rng.uniform(-0.35, 0.35) * across), float(rng.uniform(0.4, 0.9) * deep))


def _at_wall(build: Builder, across: float, deep: float) -> None:
    """A cupboard, shelf, worktop, sofa or bed with its back to the far wall or a side wall."""
    rng = build.rng
    wide, thick = float(rng.uniform(0.5, 2.2)), float(rng.uniform(0.3, 0.7))
    yaw = float(rng.choice([0.0, np.pi / 2, -np.pi / 2]))
    if yaw == 0:
        x, z = rng.uniform(-0.5, 0.5) * max(0.1, across - wide), deep - thick / 2
    else:
        x, z = np.sign(yaw) * (across / 2 - thick / 2), rng.uniform(0.2, 0.95) * deep
    kind = rng.choice(["cupboard", "cupboard", "worktop", "shelf", "seat"])
    if kind == "shelf":
        shelf(build, x, z, yaw, (wide, float(rng.uniform(0.8, 2.1)), thick * 0.7))
    elif kind == "seat":
        seat(build, x, z, yaw, max(wide, 1.2), thick + 0.4)
    else:
        high = rng.uniform(0.8, 0.95) if kind == "worktop" else rng.uniform(0.5, 2.1)
        half = (wide / 2, high / 2, thick / 2)
        texture = build.texture(plain(rng) * 0.3 + colour(rng) * 0.7) if rng.random() < 0.4 else None
        build.add("box", (x, -high / 2, z), half, FURNITURE, yaw=yaw, texture=texture)
        for _ in range(int(rng.integers(0, 5)) if high < 1.4 else 0):
            small_thing(build, x + rng.uniform(-0.15, 0.15), -high, z + rng.uniform(-0.15, 0.15), rng.uniform(0.1, 0.4))
