"""HRNet-OCR with multi-scale attention: the semantic segmentation network of section 2.4.2 of the G-BRS paper."""

from __future__ import annotations

from typing import Any

from torch import nn

from gbrs_core.network import InsertionLayout, InsertionPoint, NetworkSpec
from models.architectures.hrnet_mscale import WIDTH, MultiScaleHRNet
from models.cityscapes import CLASS_COLOURS, CLASS_NAMES
from models.registry import Shapes

NAME = "hrnet_ocr_mscale"
LICENCE = "published by NVIDIA; the terms of its training images (Cityscapes or Mapillary Vistas) apply"
_PASSES = {"0.5x": 0, "1.0x": 1}
"""The two passes of the shared backbone, in the order in which they run."""


def build(num_classes: int = 19) -> nn.Module:
    """The network with random weights, in eval mode. Raises ValueError for less than two classes."""
    return MultiScaleHRNet(_checked(num_classes)).eval()


def spec(num_classes: int = 19) -> NetworkSpec:
    """Task, places in the last module of stage 4, input scaling.

    The paper inserts at three resolutions of stage 4 in each pass, coarse to fine; which streams and which point of
    the module is open. Streams 3, 2, 1 behind the module are the default; "branches" is in front of its exchange, and
    "finer outputs" takes streams 2, 1, 0.

    A network of 19 classes is taken to be the published one, of Cityscapes. The 65 classes of Mapillary Vistas are
    named in a file of that data set only, which the user can give.
    """
    is_cityscapes = num_classes == len(CLASS_NAMES)
    last = "backbone.stage4.2"
    return NetworkSpec(
        name=NAME,
        task="semantic",
        title=f"HRNet-OCR multi-scale ({num_classes} classes)",
        layouts={
            "outputs": _layout(f"{last}.outputs", (3, 2, 1)),
            "branches": _layout(f"{last}.branches", (3, 2, 1)),
            "finer outputs": _layout(f"{last}.outputs", (2, 1, 0)),
        },
        default_layout="outputs",
        working_side=1024,
        licence=LICENCE,
        options={"num_classes": _checked(num_classes)},
        class_count=_checked(num_classes),
        class_names=CLASS_NAMES if is_cityscapes else (),
        class_colours=CLASS_COLOURS if is_cityscapes else (),
    )


def _layout(modules: str, streams: tuple[int, ...]) -> InsertionLayout:
    """One level per stream, each with a point in either pass, all active by default."""
    levels = tuple(
        tuple(
            InsertionPoint(
                f"stream {stream} at {scale}",
                f"{modules}.{stream}",
                call_index=call_index,
                channels=WIDTH * 2**stream,
                stride=(8 if scale == "0.5x" else 4) * 2**stream,
            )
            for scale, call_index in _PASSES.items()
        )
        for stream in streams
    )
    return InsertionLayout(levels=levels, default_levels=len(levels))


def recognise(shapes: Shapes) -> dict[str, Any] | None:
    """By the scale attention; the number of classes is that of the classifier."""
    classifier = shapes.get("ocr.cls_head.weight", ())
    is_multi_scale = "scale_attn.conv2.weight" in shapes and "backbone.stage4.2.fuse_layers.0.1.0.weight" in shapes
    return {"num_classes": classifier[0]} if is_multi_scale and classifier and classifier[0] > 1 else None


def _checked(num_classes: int) -> int:
    if num_classes < 2:
        raise ValueError(f"num_classes must be at least 2, got {num_classes}")
    return num_classes
