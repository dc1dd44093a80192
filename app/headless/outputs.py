"""Writing a prediction from the command line: the format is chosen by name, or by the suffix of the file."""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gbrs_core.errors import GbrsError
from gbrs_core.prediction import OutputKind
from gbrs_core.task_catalog import TASKS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gbrs_core.export import ExportRequest, WrittenExport
    from gbrs_core.network import NetworkSpec
    from gbrs_core.prediction import Prediction

LOGITS = "logits"
"""Name of the output that is no export format: float32 logits of an object mask as TIFF or NumPy array."""

BY_SUFFIX: Mapping[OutputKind, Mapping[str, str]] = {
    OutputKind.MASK: {".png": "mask", ".tif": LOGITS, ".tiff": LOGITS, ".npy": LOGITS},
    OutputKind.LABEL_MAP: {".png": "labels", ".npz": "probabilities"},
    OutputKind.ALPHA_MATTE: {".png": "alpha", ".tif": "alpha_tiff", ".tiff": "alpha_tiff"},
    OutputKind.DEPTH_MAP: {
        ".png": "depth_mm",
        ".tif": "depth_tiff",
        ".tiff": "depth_tiff",
        ".npy": "depth_npy",
        ".exr": "depth_exr",
        ".ply": "point_cloud",
    },
}
"""The format of each suffix where none is named."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that say what to write."""
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE",
        help="the suffix chooses the format: objects .png mask, .tif .npy logits; label maps .png ids, .npz "
        "probabilities; mattes .png 8-bit, .tif float; depth .png 16-bit millimetres, .tif .npy float, .exr, .ply",
    )  # fmt: skip
    parser.add_argument(
        "--format", metavar="NAME", help="one of the export formats of the task instead; a wrong name lists them"
    )
    parser.add_argument(
        "--background", type=background, metavar="FILE|#RRGGBB", help="for --format composite: photograph or colour"
    )
    parser.add_argument(
        "--fov", type=float, default=60.0, metavar="DEGREES",
        help="for point clouds: horizontal field of view of the camera (default: %(default)g)",
    )  # fmt: skip


def background(text: str) -> tuple[int, int, int] | Path:
    """An argument type: a colour like #20a0ff, or a file that is there."""
    from app.headless import existing_file

    if text.startswith("#"):
        try:
            red, green, blue = bytes.fromhex(text[1:])
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r} is not a colour like #20a0ff") from error
        return red, green, blue
    return existing_file(text)


def format_name(task: str, out: Path, chosen: str | None) -> str:
    """The name of the format to write, or `LOGITS`. Raises GbrsError with what is possible."""
    from gbrs_core.export import exporter, exporters_for

    kind, suffix = TASKS[task].output_kind, out.suffix.lower()
    if chosen is None:
        if suffix not in BY_SUFFIX[kind]:
            raise GbrsError(f"cannot write {out}: its name must end in one of {', '.join(BY_SUFFIX[kind])}")
        name = BY_SUFFIX[kind][suffix]
    else:
        known = [item.name for item in exporters_for(kind)]
        if chosen not in known:
            raise GbrsError(f"unknown format {chosen!r} of the task {task}; known formats: {', '.join(known)}")
        name = chosen
        wanted = Path(exporter(name).ending).suffix
        if suffix != wanted:
            raise GbrsError(f"cannot write {out}: the format {name} needs a name that ends in {wanted}")
    if name != LOGITS and exporter(name).unavailable:
        raise GbrsError(f"cannot write {out}: {exporter(name).unavailable}")
    return name


@dataclass(frozen=True, eq=False)
class Result:
    """A refined prediction and what belongs to it.

    Attributes:
        prediction: at image size.
        working: at working size; of a label map the logits (K, h, w), which at image size could fill the memory.
        spec: of the network.
        image: (H, W, 3) RGB uint8.
        trimap: (H, W) uint8, None for tasks without.
    """

    prediction: Prediction
    working: NDArray[np.float32]
    spec: NetworkSpec
    image: NDArray[np.uint8]
    trimap: NDArray[np.uint8] | None


def write(result: Result, args: argparse.Namespace) -> WrittenExport:
    """Write the prediction, atomically. Raises GbrsError naming the file."""
    from gbrs_core.export import WrittenExport, exporter, write_export

    name = format_name(args.task, args.out, args.format)
    if name == LOGITS:
        _write_logits(result.prediction.array, args.out)
        return WrittenExport((args.out,))
    return write_export(exporter(name), _REQUESTS[result.prediction.kind](result, args), args.out)


def _mask_request(result: Result, args: argparse.Namespace) -> ExportRequest:
    from gbrs_core.export import ExportObject, MaskRequest

    logits = result.prediction.array
    found = ExportObject("object", (255, 255, 255), logits > 0, logits)
    return MaskRequest(image=result.image, image_path=args.image, objects=(found,))


def _label_map_request(result: Result, args: argparse.Namespace) -> ExportRequest:
    from gbrs_core.export import LabelMapRequest
    from models.class_lists import classes_of

    classes = classes_of(result.spec)
    return LabelMapRequest(
        image=result.image,
        image_path=args.image,
        label_map=result.prediction.array,
        class_names=classes.names,
        class_colours=classes.colours,
        logits=result.working,
    )


def _alpha_matte_request(result: Result, args: argparse.Namespace) -> ExportRequest:
    from gbrs_core.export import AlphaMatteRequest
    from gbrs_core.image_io import read_image

    behind = args.background or (255, 255, 255)
    return AlphaMatteRequest(
        image=result.image,
        image_path=args.image,
        alpha_matte=result.prediction.array,
        trimap=result.trimap,
        background=behind if isinstance(behind, tuple) else read_image(behind).array,
    )


def _depth_map_request(result: Result, args: argparse.Namespace) -> ExportRequest:
    from gbrs_core.export import DepthMapRequest

    depth_map = result.prediction.array
    return DepthMapRequest(image=result.image, image_path=args.image, depth_map=depth_map, field_of_view=args.fov)


_REQUESTS: Mapping[OutputKind, Callable[[Result, argparse.Namespace], ExportRequest]] = {
    OutputKind.MASK: _mask_request,
    OutputKind.LABEL_MAP: _label_map_request,
    OutputKind.ALPHA_MATTE: _alpha_matte_request,
    OutputKind.DEPTH_MAP: _depth_map_request,
}


def _write_logits(logits: NDArray[np.float32], path: Path) -> None:
    import numpy as np

    from gbrs_core.atomic import atomic_write
    from gbrs_core.export.tiff import encode_float_tiff

    content = io.BytesIO()
    if path.suffix.lower() == ".npy":
        np.save(content, logits, allow_pickle=False)
    else:
        content.write(encode_float_tiff(logits))
    try:
        with atomic_write(path) as temporary:
            temporary.write_bytes(content.getvalue())
    except OSError as error:
        raise GbrsError(f"cannot write {path}: {error.strerror or error}; choose another folder or name") from error
