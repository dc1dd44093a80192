"""Procedural rooms and streets with exact depth, normals, labels and boundaries.

`make_frame(kind, height, width, rng)` draws everything of a scene (what stands where, textures, lights, camera) from
one generator and ray-casts it. Length is in metres throughout; the world's x points right, y down and z away from a
camera that is not turned, and the floor is y = 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from models.training.scenes.render import Frame, Scene, render
from models.training.scenes.rooms import room, table_top
from models.training.scenes.streets import street

__all__ = ["KINDS", "Frame", "Scene", "make_frame", "render"]

Photos = Sequence[NDArray[np.uint8]]
KINDS: dict[str, Callable[[int, int, Photos, np.random.Generator], Scene]] = {
    "rooms": room,
    "tables": table_top,
    "streets": street,
}
"""Kind of scene -> function of (height, width, photos, generator)."""


def make_frame(kind: str, height: int, width: int, rng: np.random.Generator, photos: Photos = ()) -> Frame:
    """A random frame; the same one for the same state of the generator.

    Args:
        kind: one of `KINDS`.
        height: H in pixels.
        width: W in pixels.
        rng: decides everything.
        photos: (h, w, 3) uint8 pictures whose parts may serve as textures.

    Raises:
        ValueError: there is no such kind.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind of scene {kind!r}; known: {', '.join(KINDS)}")
    return render(KINDS[kind](height, width, photos, rng), rng)
