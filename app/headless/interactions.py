"""Clicks, strokes and pushes on the command line. All of them go into one list, so that their order is kept."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from gbrs_core.errors import GbrsError
from gbrs_core.interaction import Click, Interaction, Push, Stroke

_DIRECTIONS: dict[str, Literal[1, -1]] = {"up": 1, "down": -1}


@dataclass(frozen=True)
class StrokeFile:
    """A file with painted classes; what it says is known when the image and the network are."""

    path: Path


Given = Click | Push | StrokeFile
"""An interaction as it is on the command line."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that say what to do to the prediction."""
    parser.add_argument(
        "--click", action="append", type=click, dest="interactions", metavar="X,Y,RADIUS,TARGET",
        help="image pixels from the centre of the top left one; target: 1 object or -1 background, class id, alpha "
        "from 0 to 1, or depth in metres; repeat for more",
    )  # fmt: skip
    parser.add_argument(
        "--stroke", action="append", type=stroke_file, dest="interactions", metavar="FILE.png",
        help="painted classes of a label map: grey or palette PNG of the image's size with class ids, 255 (8 bits) or "
        "65535 (16 bits) where nothing is painted",
    )  # fmt: skip
    parser.add_argument(
        "--push", action="append", type=push, dest="interactions", metavar="X,Y,up|down",
        help="raise or lower alpha or depth at a pixel by one step",
    )  # fmt: skip
    parser.add_argument("--push-step", type=float, metavar="F", help="step of --push (alpha 0.1, depth 0.1 m)")


def click(text: str) -> Click:
    """An argument type: X,Y,RADIUS,TARGET."""
    try:
        x, y, radius, target = (float(part) for part in text.split(","))
        return Click(x, y, radius, target)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not X,Y,RADIUS,TARGET: {error}") from error


def push(text: str) -> Push:
    """An argument type: X,Y,up or X,Y,down."""
    try:
        x, y, direction = text.split(",")
        return Push(float(x), float(y), _DIRECTIONS[direction.strip().lower()])
    except KeyError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not X,Y,up or X,Y,down: no direction {error}") from error
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not X,Y,up or X,Y,down: {error}") from error


def stroke_file(text: str) -> StrokeFile:
    """An argument type: a file that is there."""
    from app.headless import existing_file

    return StrokeFile(existing_file(text))


def resolved(
    given: Sequence[Given], size: tuple[int, int], class_count: int | None, push_step: float | None
) -> tuple[Interaction, ...]:
    """The interactions of the command line on an image; a stroke file becomes a stroke per class.

    Args:
        given: in their order.
        size: (H, W) of the image.
        class_count: of the network, None if it tells no classes apart.
        push_step: of all pushes.

    Raises:
        GbrsError: a click or push is outside of the image, a stroke file cannot be used, or the step is no step.
    """
    found: list[Interaction] = []
    for one in given:
        if isinstance(one, StrokeFile):
            found.extend(_strokes(one.path, size, class_count))
            continue
        _check_place(one, *size)
        found.append(one if isinstance(one, Click) or push_step is None else _with_step(one, push_step))
    return tuple(found)


def _strokes(path: Path, size: tuple[int, int], class_count: int | None) -> tuple[Stroke, ...]:
    from gbrs_core.imports import read_strokes

    if class_count is None:
        raise GbrsError(f"cannot use {path}: strokes are for label maps; use --click or --push")
    return read_strokes(path, size, class_count)


def _with_step(one: Push, step: float) -> Push:
    try:
        return replace(one, step=step)
    except ValueError as error:
        raise GbrsError(f"cannot use --push-step {step:g}: {error}") from error


def _check_place(one: Click | Push, height: int, width: int) -> None:
    if not (-0.5 <= one.x < width - 0.5 and -0.5 <= one.y < height - 0.5):
        what = "click" if isinstance(one, Click) else "push"
        raise GbrsError(f"the {what} at {one.x:g},{one.y:g} is outside of the image of {width} x {height} pixels")
