"""`main.py refine IMAGE`: the window's refinement without a window; clicks, strokes and pushes are applied in order."""

from __future__ import annotations

import argparse
import json
import math
import sys
from typing import TYPE_CHECKING, Any

from gbrs_core.config import GBRS, LAYER_NAMES, METHOD_NAMES, RefinementConfig, ZoomInConfig
from gbrs_core.errors import GbrsError
from gbrs_core.interaction import Click, Push
from gbrs_core.task_catalog import TASKS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gbrs_core.baseline_session import Session
    from gbrs_core.session import ClickReport
    from models.spec import LoadedNetwork


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    from app.headless import TASK_NAMES, device_name, existing_file, interactions, outputs

    parser.add_argument("image", type=existing_file, metavar="IMAGE", help="photograph to open")
    parser.add_argument("--task", choices=TASK_NAMES, default="interactive", help="default: %(default)s")
    parser.add_argument("--checkpoint", type=existing_file, metavar="FILE", help="network; none: the built-in one")
    parser.add_argument("--device", type=device_name, default="auto", help="auto (default), cpu, cuda, cuda:N or mps")
    parser.add_argument("--preset", choices=("paper", "tuned"), default="tuned", help="default: %(default)s")
    parser.add_argument(
        "--method", choices=METHOD_NAMES, default=GBRS, metavar="METHOD",
        help="%(choices)s (default: %(default)s); what does not fit the network says so",
    )  # fmt: skip
    parser.add_argument("--layer", choices=LAYER_NAMES, default="bmconv", help="of g-brs (default: %(default)s)")
    parser.add_argument(
        "--zoom-in", type=int, default=0, metavar="SIDE",
        help="g-brs, objects: from the second click on refine in the region around the object, resized to a longest "
        "side of SIDE pixels, for example 400; 0 (default): the whole image",
    )  # fmt: skip
    parser.add_argument(
        "--mirror", action=argparse.BooleanOptionalAction,
        help="g-brs: the mean with the output for the mirror image (default: where it measured better)",
    )  # fmt: skip
    parser.add_argument("--levels", type=int, metavar="N", help="active insertion levels, coarse to fine")
    parser.add_argument("--iterations", type=int, help="Adam iterations per click")
    parser.add_argument("--lr", type=float, help="Adam's learning rate")
    parser.add_argument("--consistency", type=float, metavar="F", help="weight of the consistency loss")
    parser.add_argument(
        "--trimap", type=existing_file, metavar="FILE",
        help="for matting: PNG of the image's size with 0 background, 128 unknown, 255 foreground",
    )  # fmt: skip
    parser.add_argument(
        "--mask", type=existing_file, metavar="FILE",
        help="for matting, instead of a trimap: object mask whose edge is unknown",
    )  # fmt: skip
    parser.add_argument(
        "--band", type=band, metavar="ERODE,DILATE",
        help="how far inside and outside of the edge of --mask it is unknown, in pixels (2%% of the longest side)",
    )  # fmt: skip
    interactions.add_arguments(parser)
    outputs.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object with a report per interaction")


def band(text: str) -> tuple[float, float]:
    """An argument type: ERODE,DILATE."""
    try:
        erode, dilate = (float(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not ERODE,DILATE: {error}") from error
    return erode, dilate


def run(args: argparse.Namespace) -> int:
    """Refine and write the result; 0 when done. Raises GbrsError for anything that cannot be used."""
    from app.headless import outputs
    from gbrs_core.image_io import read_image

    outputs.format_name(args.task, args.out, args.format)  # before the network runs in vain
    _check_arguments(args)
    image = read_image(args.image).array
    trimap, notes = _trimap(args, image)
    network = _network(args)
    session = _refined(args, network, image, trimap)
    written = outputs.write(
        outputs.Result(session.prediction, session.working_prediction, network.spec, image, trimap), args
    )
    _report(args, network, session, written.paths, (*notes, *written.notes))
    return 0


def _check_arguments(args: argparse.Namespace) -> None:
    """What argparse cannot tell: which arguments belong to which task."""
    needs_trimap = TASKS[args.task].needs_trimap
    given = [name for name in ("trimap", "mask") if getattr(args, name) is not None]
    if needs_trimap and len(given) != 1:
        what = "needs a trimap" if not given else "takes a trimap or a mask, not both"
        raise GbrsError(f"the task {args.task} {what}; give one with --trimap FILE, or an object mask with --mask FILE")
    if given and not needs_trimap:
        raise GbrsError(f"the task {args.task} takes no trimap; leave --{given[0]} out")
    if args.zoom_in and (args.task != "interactive" or args.method != GBRS):
        raise GbrsError(f"--zoom-in follows an object with the method {GBRS}; leave it out")
    if args.task == "interactive" and not args.interactions:
        raise GbrsError("there is no object without a click; say where it is with --click X,Y,RADIUS,1")


def _network(args: argparse.Namespace) -> LoadedNetwork:
    import models

    source = args.checkpoint or models.default_network(args.task)
    if source is None:
        raise GbrsError(f"there is no built-in network for the task {args.task}; give one with --checkpoint FILE")
    network = models.load(source)
    if network.spec.task != args.task:
        raise GbrsError(f"{source} is a network for the task {network.spec.task}, not for {args.task}")
    return network


def _trimap(args: argparse.Namespace, image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8] | None, tuple[str, ...]]:
    """The trimap and what there is to say about it."""
    from gbrs_core.imports import read_mask, read_trimap
    from gbrs_core.trimap import is_all_unknown, suggested_width, trimap_from_mask

    size = (image.shape[0], image.shape[1])
    if args.mask is not None:
        erode, dilate = args.band or (suggested_width(*size),) * 2
        try:
            return trimap_from_mask(read_mask(args.mask, size), erode, dilate), ()
        except ValueError as error:
            raise GbrsError(f"cannot use --band {erode:g},{dilate:g}: {error}") from error
    if args.trimap is None:
        return None, ()
    imported = read_trimap(args.trimap, size)
    if not is_all_unknown(imported.array):
        return imported.array, imported.notes
    warning = f"{args.trimap} is unknown everywhere: the network has to guess what the foreground is"
    return imported.array, (*imported.notes, warning)


def _refined(
    args: argparse.Namespace, network: LoadedNetwork, image: NDArray[np.uint8], trimap: NDArray[np.uint8] | None
) -> Session:
    """The session after all interactions."""
    from app.headless import interactions
    from gbrs_core import devices
    from gbrs_core.baseline_session import open_session

    try:
        session = open_session(network, image, config_of(args), trimap, device=devices.resolve(args.device))
        step = TASKS[args.task].push_step if args.push_step is None else args.push_step
        for one in interactions.resolved(args.interactions or (), session.image_size, network.spec.class_count, step):
            for _ in session.refine(one):
                pass
    except ValueError as error:
        raise GbrsError(str(error)) from error
    return session


def config_of(args: argparse.Namespace) -> RefinementConfig:
    """The settings on the command line. Raises ValueError for numbers out of range."""
    return RefinementConfig(
        method=args.method,
        layer=args.layer,
        preset=args.preset,
        iterations=args.iterations,
        learning_rate=args.lr,
        consistency_weight=args.consistency,
        levels=args.levels,
        zoom_in=ZoomInConfig(target_size=args.zoom_in) if args.zoom_in else None,
        mirror=args.mirror,
    )


def _report(
    args: argparse.Namespace,
    network: LoadedNetwork,
    session: Session,
    paths: tuple[Any, ...],
    notes: tuple[str, ...],
) -> None:
    """What was done: on stdout; what the annotator should know: on stderr as well."""
    for note in notes:
        sys.stderr.write(f"note: {note}\n")
    if not args.json:
        for report in session.reports:
            sys.stdout.write(as_text(report) + "\n")
        return
    summary = {
        "network": network.spec.name,
        "sha256": network.sha256,
        "task": args.task,
        "method": args.method,
        "out": str(args.out),
        "files": [str(path) for path in paths],
        "notes": list(notes),
        "clicks": [as_entry(report) for report in session.reports],
    }
    sys.stdout.write(json.dumps(summary) + "\n")


def as_entry(report: ClickReport) -> dict[str, Any]:
    """The report of a click, stroke or push for JSON."""
    return {
        **_described(report),
        "loss": report.loss if math.isfinite(report.loss) else None,
        "iterations": report.iterations_run,
        "seconds": report.seconds,
        "changed_inside": report.changed_inside,
        "changed_outside": report.changed_outside,
    }


def _described(report: ClickReport) -> dict[str, Any]:
    done = report.click
    if isinstance(done, Click):
        return {"kind": "click", "x": done.x, "y": done.y, "radius": done.radius, "target": done.target}
    if isinstance(done, Push):
        return {"kind": "push", "x": done.x, "y": done.y, "direction": done.direction, "step": done.step}
    return {"kind": "stroke", "target": done.target, "pixels": int(done.mask.sum())}


def as_text(report: ClickReport) -> str:
    """The report of a click, stroke or push in one line."""
    done = report.click
    if isinstance(done, Click):
        what = f"click {done.x:g},{done.y:g} to {done.target:g}"
    elif isinstance(done, Push):
        what = f"push {done.x:g},{done.y:g} by {done.direction * done.step:+g}"
    else:
        what = f"stroke of {int(done.mask.sum())} pixels to {done.target:g}"
    loss = f"loss {report.loss:.4f}, " if math.isfinite(report.loss) else ""
    return (
        f"{what}: {loss}{report.iterations_run} iterations, {report.seconds:.2f} s, "
        f"changed {report.changed_inside:.1%} inside, {report.changed_outside:.1%} outside"
    )
