"""Streets between buildings, seen from a car or by somebody who walks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.training.scenes.furniture import Builder, car, hedge, person, pole, tree
from models.training.scenes.render import BUILDING, PAVEMENT, ROAD, Camera, Light, Scene
from models.training.scenes.textures import bricks, clouds, even, leaves, windows

Photos = Sequence[NDArray[np.uint8]]
Rng = np.random.Generator
_FAR_M = 160.0
"""How far the road goes."""


def street(height: int, width: int, photos: Photos, rng: Rng) -> Scene:
    """A straight road with pavements, parked and driving cars, people, trees, poles and buildings."""
    half_road = float(rng.uniform(3, 8))
    walkers = float(rng.uniform(1.5, 4.5))
    is_walking = rng.random() < 0.3
    x = float(np.sign(rng.normal()) * (half_road + 1) if is_walking else rng.uniform(-0.6, 0.6) * half_road)
    position = (x, -float(rng.uniform(1.3, 2.0)), 0.0)
    build = Builder(photos, rng, position, clearance=1.2)
    _ground(build, half_road, walkers)
    for side in (-1, 1):
        _front(build, side, half_road + walkers)
        _kerb(build, side, half_road, walkers)
    _traffic(build, half_road)
    if rng.random() < 0.5:
        _end(build, half_road + walkers)
    focal = float(width * np.exp(rng.uniform(np.log(0.55), np.log(1.2))))
    camera = Camera(
        height,
        width,
        focal,
        position,
        yaw=float(rng.normal(0, 0.12)),
        pitch=float(rng.normal(0.02, 0.04)),
        roll=float(rng.normal(0, 0.015)),
    )
    sun = rng.uniform(0.2, 1.2) * rng.uniform(0.9, 1.1, 3)
    direction = (float(rng.normal()), -float(rng.uniform(0.4, 2)), float(rng.normal()))
    length = float(np.linalg.norm(direction))
    towards = (direction[0] / length, direction[1] / length, direction[2] / length)
    light = Light(towards, (float(sun[0]), float(sun[1]), float(sun[2])), is_sun=True)
    grey = float(rng.uniform(0.35, 0.8))
    haze = float(rng.uniform(60, 600))
    return Scene(camera, build.solids, build.textures, [light], (grey, grey, grey * 1.05), haze)


def _ground(build: Builder, half_road: float, walkers: float) -> None:
    rng = build.rng
    asphalt = build.texture(clouds(rng) * 0.3 + rng.uniform(0.15, 0.4))
    stone = build.texture((bricks if rng.random() < 0.5 else clouds)(rng) * 0.5 + rng.uniform(0.1, 0.4))
    grass = build.texture(leaves(rng) if rng.random() < 0.5 else clouds(rng))
    middle = _FAR_M / 2 - 10
    build.add("box", (0, 0.6, middle), (60, 0.5, _FAR_M / 2), PAVEMENT, texture=grass, tile=3)
    build.add("box", (0, 0.5, middle), (half_road, 0.5, _FAR_M / 2), ROAD, texture=asphalt, tile=4)
    for side in (-1, 1):
        place = (side * (half_road + walkers / 2), 0.38, middle)
        build.add("box", place, (walkers / 2, 0.5, _FAR_M / 2), PAVEMENT, texture=stone, tile=2)
    if rng.random() < 0.7:
        paint = build.texture(even(float(rng.uniform(0.7, 0.95))))
        number, period = build.new_object(), float(rng.uniform(4, 9))
        for z in np.arange(3, 70, period):
            place = (0, 0.0, float(z))
            build.add("box", place, (0.07, 0.004, period / 4), ROAD, texture=paint, instance=number)


def _front(build: Builder, side: int, start: float) -> None:
    """Buildings, hedges or trees along one side."""
    rng, z = build.rng, -8.0
    is_green = rng.random() < 0.25
    while z < _FAR_M * 0.8:
        long = float(rng.uniform(4, 20))
        back = start + float(rng.choice([0.0, 0.0, rng.uniform(0, 8)]))
        if is_green and rng.random() < 0.6:
            height = float(rng.uniform(1, 5))
            hedge(build, side * (back + 1.5), z + long / 2, (1.5, long / 2), height)
        else:
            tall, deep, storey = float(rng.uniform(3, 22)), 6.0, float(rng.uniform(2.6, 4))
            pattern = windows if rng.random() < 0.6 else bricks
            texture = build.texture(pattern(rng)) if rng.random() < 0.5 else build.texture()
            half = (deep / 2, tall / 2, long / 2)
            place = (side * (back + deep / 2), -tall / 2, z + long / 2)
            build.add("box", place, half, BUILDING, texture=texture, tile=storey)
        z += long + float(rng.choice([0.0, 0.0, rng.uniform(0, 10)]))


def _kerb(build: Builder, side: int, half_road: float, walkers: float) -> None:
    """Parked cars, poles, trees and people at one side of the road."""
    rng = build.rng
    if rng.random() < 0.7:
        for z in np.arange(rng.uniform(3, 9), 60, rng.uniform(5.5, 14)):
            if rng.random() < 0.75:
                car(build, side * (half_road - 1.05), float(z), float(rng.normal(0, 0.04) + np.pi * (side < 0)))
    foliage = build.texture(leaves(rng))
    every = float(rng.uniform(6, 25))
    for z in np.arange(rng.uniform(4, 12), 90, every):
        x = side * (half_road + 0.5)
        if rng.random() < 0.5:
            tree(build, x, float(z), foliage)
        else:
            pole(build, x, float(z))
    for _ in range(int(rng.integers(0, 4))):
        person(build, side * (half_road + rng.uniform(0.5, walkers)), float(rng.uniform(4, 35)))


def _traffic(build: Builder, half_road: float) -> None:
    rng = build.rng
    for _ in range(int(rng.integers(0, 4))):
        side = int(rng.choice([-1, 1]))
        car(build, side * half_road * 0.35, float(rng.uniform(6, 60)), float(np.pi * (side < 0)))


def _end(build: Builder, half: float) -> None:
    """The road ends at a building."""
    rng, tall = build.rng, float(build.rng.uniform(4, 20))
    place = (0.0, -tall / 2, float(rng.uniform(35, 110)))
    build.add("box", place, (half + 8, tall / 2, 4), BUILDING, texture=build.texture(windows(rng)), tile=3.5)
