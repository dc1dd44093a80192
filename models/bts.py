"""BTS with DenseNet-161: the network of section 2.4.4 of the G-BRS paper (NYU Depth V2), and its KITTI version."""

from __future__ import annotations

import math
from typing import Any

from torch import nn

from gbrs_core.network import InsertionLayout, InsertionPoint, NetworkSpec
from models.architectures.bts import Bts
from models.registry import Shapes

NAME = "bts_densenet161"
LICENCE = "published with BTS (code GPL-3.0-or-later); the terms of its training images (NYU Depth V2) apply"
_BASE = "encoder.base_model"
KITTI_FOCAL = 715.0873
"""Focal length in pixels for which the KITTI weights say metres as they are."""
TOP_CHANNELS = 256
"""How many of the 2208 channels are refined (section 2.4.4)."""
_PLACES = {"denseblock4": f"{_BASE}.denseblock4", "norm5": f"{_BASE}.norm5", "relu": "decoder.relu"}
"""The paper inserts "after the final DenseNet Block": read as before the last normalisation, after it, or after the
rectifier with which the decoder begins."""


def build(max_depth: float = 10.0, focal: float | None = None) -> nn.Module:
    """The network with random weights, in eval mode.

    Args:
        max_depth: largest depth in metres: 10 for NYU Depth V2, 80 for KITTI.
        focal: focal length in pixels of the camera, which the KITTI weights allow for; None leaves depth as it is,
            which is right for NYU and for the camera that most of KITTI was taken with.

    Raises:
        ValueError: one of them is not positive.
    """
    return Bts(_checked("max_depth", max_depth), _focal_factor(focal)).eval()


def spec(max_depth: float = 10.0, focal: float | None = None) -> NetworkSpec:
    """Task, places round the end of the encoder, input scaling; options as in `build`."""
    options = {"max_depth": _checked("max_depth", max_depth)}
    layouts = {
        name: InsertionLayout(
            levels=((InsertionPoint(name, module, channels=2208, stride=32),),), default_top_k_channels=TOP_CHANNELS
        )
        for name, module in _PLACES.items()
    }
    return NetworkSpec(
        name=NAME,
        task="depth",
        title="BTS DenseNet-161 (depth)",
        layouts=layouts,
        default_layout="norm5",
        working_side=640,
        size_multiple=32,
        licence=LICENCE,
        options=options if focal is None else {**options, "focal": focal},
        max_depth=options["max_depth"] * _focal_factor(focal),
    )


def recognise(shapes: Shapes) -> dict[str, Any] | None:
    """By the width of the encoder's last layer; the largest depth is not in the file, 10 m is assumed."""
    is_bts = "decoder.daspp_24.atrous_conv.first_bn.weight" in shapes
    return {"max_depth": 10.0} if is_bts and shapes.get(f"{_BASE}.norm5.weight") == (2208,) else None


def _checked(name: str, value: float) -> float:
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be positive, got {value}")
    return float(value)


def _focal_factor(focal: float | None) -> float:
    return 1.0 if focal is None else _checked("focal", focal) / KITTI_FOCAL
