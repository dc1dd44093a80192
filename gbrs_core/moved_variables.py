"""Auxiliary variables of one region of an image, taken over to another region."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from gbrs_core.active_layers import Variables
from gbrs_core.fbrs.zoom_in import Region
from gbrs_core.network import InsertionPoint

_MAP, _BASIS_WEIGHT = "free_map", "basis_weight"
"""Names of what is tied to places in `gbrs_core.layers.BiasMapLayer`; all else belongs to channels."""


def moved_variables(
    variables: Variables,
    old: Region,
    new: Region,
    sizes: Mapping[InsertionPoint, tuple[int, int]],
    basis: Callable[[int, int], Tensor],
) -> Variables:
    """The variables for another region: those of channels as they are, bias maps resampled.

    A cell of the new map gets what the old map has at the place of its centre; outside of the old region it gets the
    start value 0. What an image-aware map owes to the colours of the old region becomes part of its free map, because
    the basis of the new region is another one.

    Args:
        variables: of the old region.
        old: region in pixels of the picture.
        new: the other one.
        sizes: (h, w) of the feature maps of the new region.
        basis: gives the basis (G, h, w) of the old region for a size (h, w).
    """
    values: dict[InsertionPoint, dict[str, Tensor]] = {}
    for point, named in variables.values.items():
        values[point] = {name: value for name, value in named.items() if not name.endswith((_MAP, _BASIS_WEIGHT))}
        for name in (name for name in named if name.endswith(_MAP)):
            whole = _whole_map(named, name, basis)
            values[point][name] = resampled(whole, old, new, sizes[point])
    return Variables(variables.structure, values)


def resampled(values: Tensor, old: Region, new: Region, size: tuple[int, int]) -> Tensor:
    """A map (h, w) of the old region as one of `size` of the new region; 0 outside of the old one."""
    rows = _positions(size[0], new.top, new.height, old.top, old.height, values.device)
    columns = _positions(size[1], new.left, new.width, old.left, old.width, values.device)
    grid = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), dim=-1)
    moved = F.grid_sample(values[None, None], grid[None], padding_mode="border", align_corners=False)[0, 0]
    return moved * (grid.abs() <= 1).all(dim=-1)


def _whole_map(named: Mapping[str, Tensor], name: str, basis: Callable[[int, int], Tensor]) -> Tensor:
    """The map (h, w), with what the basis adds to the free map of this name."""
    weight = named.get(name.removesuffix(_MAP) + _BASIS_WEIGHT)
    if weight is None:
        return named[name]
    phi = basis(*named[name].shape).to(weight)
    return named[name] + (weight @ phi.flatten(1)).view(named[name].shape)


def _positions(count: int, first: int, length: int, old_first: int, old_length: int, device: torch.device) -> Tensor:
    """Where the centres of `count` cells lie in the old region, from -1 (its beginning) to 1 (its end)."""
    centres = first + (torch.arange(count, device=device) + 0.5) * (length / count)
    return 2.0 * (centres - old_first) / old_length - 1.0
