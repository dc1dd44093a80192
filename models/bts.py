"""BTS with DenseNet-161 on NYU Depth V2: the network of section 2.4.4 of the G-BRS paper."""

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
TOP_CHANNELS = 256
"""How many of the 2208 channels are refined (section 2.4.4)."""
_PLACES = {"denseblock4": f"{_BASE}.denseblock4", "norm5": f"{_BASE}.norm5", "relu": "decoder.relu"}
"""The paper inserts "after the final DenseNet Block": read as before the last normalisation, after it, or after the
rectifier with which the decoder begins."""


def build(max_depth: float = 10.0) -> nn.Module:
    """The network with random weights, in eval mode. Raises ValueError for a depth that is not positive."""
    return Bts(_checked(max_depth)).eval()


def spec(max_depth: float = 10.0) -> NetworkSpec:
    """Task, places round the end of the encoder, input scaling."""
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
        options={"max_depth": _checked(max_depth)},
        max_depth=_checked(max_depth),
    )


def recognise(shapes: Shapes) -> dict[str, Any] | None:
    """By the width of the encoder's last layer; the largest depth is not in the file, 10 m is assumed."""
    is_bts = "decoder.daspp_24.atrous_conv.first_bn.weight" in shapes
    return {"max_depth": 10.0} if is_bts and shapes.get(f"{_BASE}.norm5.weight") == (2208,) else None


def _checked(max_depth: float) -> float:
    if not (math.isfinite(max_depth) and max_depth > 0):
        raise ValueError(f"max_depth must be positive, got {max_depth}")
    return float(max_depth)
