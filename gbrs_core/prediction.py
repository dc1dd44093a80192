"""What a network says about an image, in task units. Torch-free."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
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
        array: read-only (H, W): interactive float32 logits (mask = array > 0), semantic int32 label map,
            alpha matte float32 in [0, 1], or depth map float32 in metres.
        kind: what the array means.
        make_logits: gives the logits of a label map; None for other kinds.
    """

    array: NDArray[Any]
    kind: OutputKind
    make_logits: Callable[[], NDArray[np.float32]] | None = None

    def __post_init__(self) -> None:
        self.array.flags.writeable = False

    @cached_property
    def logits(self) -> NDArray[np.float32] | None:
        """Read-only float32 (K, H, W) for label maps, else None.

        Made when first asked for: at the size of a large photograph they are gigabytes that few need.
        """
        if self.make_logits is None:
            return None
        logits = self.make_logits()
        logits.flags.writeable = False
        return logits
