"""IndexNet matting: the network of section 2.4.3 of the G-BRS paper, which refines the decoder's index maps."""

from __future__ import annotations

from typing import Any

from torch import nn

from gbrs_core.network import InsertionLayout, InsertionPoint, NetworkSpec
from models.architectures.indexnet import IndexNet
from models.registry import Shapes

NAME = "indexnet"
LICENCE = "published for non-commercial use (IndexNet Matting; trained on Composition-1k)"
_CHANNELS = {6: 160, 4: 64, 3: 32, 2: 24, 0: 32}
_STRIDES = {6: 16, 4: 8, 3: 4, 2: 2, 0: 1}
_FIRST = "index0.indexnet1.0.weight"


def build(index_width: int = 1) -> nn.Module:
    """The network with random weights, in eval mode. Raises ValueError for another width than 1 or 2."""
    return IndexNet(_checked(index_width)).eval()


def spec(index_width: int = 1) -> NetworkSpec:
    """Task, one level per decoder index map from coarse to fine, input scaling.

    The paper wants features at a fraction of the output resolution: three levels (strides 16, 8, 4) by default.
    """
    points = [
        InsertionPoint(f"index{number}", f"index{number}.decoder_map", channels=channels, stride=_STRIDES[number])
        for number, channels in _CHANNELS.items()
    ]
    return NetworkSpec(
        name=NAME,
        task="matting",
        title="IndexNet (matting)",
        layouts={"index maps": InsertionLayout(levels=tuple((point,) for point in points), default_levels=3)},
        default_layout="index maps",
        guidance="trimap",
        working_side=1024,
        size_multiple=32,
        licence=LICENCE,
        options={"index_width": _checked(index_width)},
    )


def recognise(shapes: Shapes) -> dict[str, Any] | None:
    """By the first index block, whose hidden width is the option."""
    first = shapes.get(_FIRST, ())
    return {"index_width": first[0] // 32} if first[:1] in ((32,), (64,)) else None


def _checked(index_width: int) -> int:
    if index_width not in (1, 2):
        raise ValueError(f"index_width must be 1 or 2, got {index_width}")
    return index_width
