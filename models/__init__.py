"""Networks that G-BRS can refine, and safe loading of their checkpoints.

`names()`, `bundled_names()` and `default_network()` need no torch; everything else imports it on first use.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.registry import bundled_names, default_network, entry, names

if TYPE_CHECKING:
    from torch import Tensor, nn

    from models.spec import LoadedNetwork

__all__ = ["bundled_names", "click_maps", "create", "default_network", "load", "names"]


def create(name: str, **options: Any) -> nn.Module:
    """A network with random weights in eval mode; its state dict has the published keys.

    Raises:
        ValueError: no network has this name.
        TypeError: the network has no such option.
    """
    return entry(name).build(**options)


def load(
    source: str | Path,
    progress: Callable[[str, float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> LoadedNetwork:
    """The network of a checkpoint file, or the embedded network of that name with its bundled weights.

    The architecture is found from the keys and shapes alone, and no pickled code is ever run.

    Args:
        source: path of a .pth, .pt, .pth.tar or .safetensors file, or one of `names()`.
        progress: called with what is being done and the share done in [0, 1], from the calling thread.
        cancelled: asked between two steps of the work; true stops it.

    Raises:
        CheckpointError: the file is missing, unsafe, damaged, or fits no known network; the text says which.
        CancelledError: `cancelled` said so.
    """
    from models.checkpoints import load_network

    return load_network(source, progress, cancelled)


def click_maps(
    clicks: Sequence[tuple[float, float, bool]], height: int, width: int, norm_radius: float = 260
) -> Tensor:
    """Distance maps of clicks, as the interactive networks take them.

    Args:
        clicks: (row, col, is_positive) of every click, fractions allowed.
        height: H of the network's input in pixels.
        width: W of the network's input in pixels.
        norm_radius: distance in pixels at which a map reaches tanh(2) (f-BRS: 260).

    Returns:
        (2, H, W) float32, tanh(2 d / norm_radius) with d the distance to the nearest click, positive clicks first;
        1 everywhere in a map without clicks.
    """
    from gbrs_core.guidance import click_maps as make_click_maps

    return make_click_maps(clicks, height, width, norm_radius)
