"""`main.py refine IMAGE`: the window's refinement without a window; clicks are applied in order."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gbrs_core.config import LAYER_NAMES, RefinementConfig
from gbrs_core.errors import GbrsError
from gbrs_core.interaction import Click

if TYPE_CHECKING:
    from gbrs_core.session import ClickReport, RefinementSession

OUTPUTS = (".png", ".tif", ".tiff", ".npy")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    from app.headless import TASK_NAMES, device_name, existing_file

    parser.add_argument("image", type=existing_file, metavar="IMAGE", help="photograph to open")
    parser.add_argument("--task", choices=TASK_NAMES, default="interactive", help="default: %(default)s")
    parser.add_argument("--checkpoint", type=existing_file, metavar="FILE", help="network; none: the built-in one")
    parser.add_argument("--device", type=device_name, default="auto", help="auto (default), cpu, cuda, cuda:N or mps")
    parser.add_argument("--preset", choices=("paper", "tuned"), default="tuned", help="default: %(default)s")
    parser.add_argument("--layer", choices=LAYER_NAMES, default="bmconv", help="default: %(default)s")
    parser.add_argument("--levels", type=int, metavar="N", help="active insertion levels, coarse to fine")
    parser.add_argument("--iterations", type=int, help="Adam iterations per click")
    parser.add_argument("--lr", type=float, help="Adam's learning rate")
    parser.add_argument("--consistency", type=float, metavar="F", help="weight of the consistency loss")
    parser.add_argument(
        "--click", action="append", type=click, required=True, metavar="X,Y,RADIUS,TARGET", dest="clicks",
        help="image pixels from the centre of the top left one; target 1 object, -1 background; repeat for more",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help=".png: 8-bit mask; .tif, .npy: float32 logits"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object with a report per click")


def click(text: str) -> Click:
    """An argument type: X,Y,RADIUS,TARGET."""
    try:
        x, y, radius, target = (float(part) for part in text.split(","))
        return Click(x, y, radius, target)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not X,Y,RADIUS,TARGET: {error}") from error


def run(args: argparse.Namespace) -> int:
    """Refine and write the result; 0 when done. Raises GbrsError for anything that cannot be used."""
    import models
    from gbrs_core import devices
    from gbrs_core.image_io import read_image
    from gbrs_core.session import RefinementSession

    if args.out.suffix.lower() not in OUTPUTS:
        raise GbrsError(f"cannot write {args.out}: its name must end in one of {', '.join(OUTPUTS)}")
    image = read_image(args.image).array
    network = models.load(args.checkpoint or "light_interactive")
    if network.spec.task != args.task:
        raise GbrsError(f"{args.checkpoint} is a network for the task {network.spec.task}, not for {args.task}")
    try:
        session = RefinementSession(network, image, config_of(args), device=devices.resolve(args.device))
        check_places(args.clicks, *session.image_size)
        for one in args.clicks:
            for _ in session.refine(one):
                pass
    except ValueError as error:
        raise GbrsError(str(error)) from error
    write(session, args.out)
    for report in [] if args.json else session.reports:
        sys.stdout.write(as_text(report) + "\n")
    if args.json:
        entries = [as_entry(report) for report in session.reports]
        summary = {"network": network.spec.name, "sha256": network.sha256, "out": str(args.out), "clicks": entries}
        sys.stdout.write(json.dumps(summary) + "\n")
    return 0


def config_of(args: argparse.Namespace) -> RefinementConfig:
    """The settings on the command line. Raises ValueError for numbers out of range."""
    return RefinementConfig(
        layer=args.layer,
        preset=args.preset,
        iterations=args.iterations,
        learning_rate=args.lr,
        consistency_weight=args.consistency,
        levels=args.levels,
    )


def check_places(clicks: Sequence[Click], height: int, width: int) -> None:
    """Raises GbrsError for a click outside of the image, naming it."""
    for one in clicks:
        if not (-0.5 <= one.x < width - 0.5 and -0.5 <= one.y < height - 0.5):
            raise GbrsError(f"the click at {one.x:g},{one.y:g} is outside of the image of {width} x {height} pixels")


def write(session: RefinementSession, path: Path) -> None:
    """Write the prediction at image size, atomically. Raises GbrsError naming the file."""
    import cv2
    import numpy as np

    from gbrs_core.atomic import atomic_write

    logits = session.prediction.array
    suffix = path.suffix.lower()
    try:
        with atomic_write(path) as temporary:
            if suffix == ".npy":
                with temporary.open("wb") as stream:
                    np.save(stream, logits, allow_pickle=False)
            else:
                values = (logits > 0).astype(np.uint8) * 255 if suffix == ".png" else logits
                temporary.write_bytes(cv2.imencode(suffix, values)[1].tobytes())
    except OSError as error:
        raise GbrsError(f"cannot write {path}: {error.strerror or error}; choose another folder or name") from error


def as_entry(report: ClickReport) -> dict[str, Any]:
    """A click's report for JSON."""
    return {
        "x": report.click.x,
        "y": report.click.y,
        "radius": report.click.radius,
        "target": report.click.target,
        "loss": report.loss,
        "iterations": report.iterations_run,
        "seconds": report.seconds,
        "changed_inside": report.changed_inside,
        "changed_outside": report.changed_outside,
    }


def as_text(report: ClickReport) -> str:
    """A click's report in one line."""
    return (
        f"{report.click.x:g},{report.click.y:g} {'object' if report.click.is_positive else 'background'}: "
        f"loss {report.loss:.4f}, {report.iterations_run} iterations, {report.seconds:.2f} s, "
        f"changed {report.changed_inside:.1%} inside, {report.changed_outside:.1%} outside"
    )
