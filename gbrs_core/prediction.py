"""What a network says about an image, in task units. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray


class OutputKind(Enum):
    """The kind of dense output; renderers and exporters are chosen by it."""

    MASK = "mask"
    LABEL_MAP = "label_map"
    ALPHA_MATTE = "alpha_matte"
    DEPTH_MAP = "depth_map"


@dataclass(frozen=True, eq=False)
class Prediction:
    """A dense prediction at image size.

    Attributes:
        array: read-only (H, W): interactive float32 logits (mask = array > 0), semantic int label map,
            alpha matte float32 in [0, 1], or depth map float32 in metres.
        kind: what the array means.
        logits: float32 (K, H, W) for label maps, else None.
    """

    array: NDArray[Any]
    kind: OutputKind
    logits: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        self.array.flags.writeable = False
        if self.logits is not None:
            self.logits.flags.writeable = False
