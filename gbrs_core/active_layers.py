"""The layers that are inserted while a click is refined, and copies of their variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gbrs_core.config import BiasMapKind, LayerName
from gbrs_core.layers import LAYERS, TopKChannels
from gbrs_core.network import InsertionPoint


@dataclass(frozen=True)
class LayerStructure:
    """What decides whether auxiliary variables fit.

    Attributes:
        layer: the kind of layer; "none" has no points.
        points: where layers are, in order.
        bias_map: kind of bias map.
        top_k_channels: how many channels are refined, None for all.
    """

    layer: LayerName
    points: tuple[InsertionPoint, ...]
    bias_map: BiasMapKind
    top_k_channels: int | None


@dataclass(frozen=True, eq=False)
class Variables:
    """A copy of the auxiliary variables.

    Attributes:
        structure: the layers they belong to.
        values: by insertion point and name; those that are missing are at their start values.
    """

    structure: LayerStructure
    values: Mapping[InsertionPoint, Mapping[str, Tensor]]

    @property
    def size_bytes(self) -> int:
        """Memory held."""
        return sum(tensor.nbytes for named in self.values.values() for tensor in named.values())


class ActiveLayers:
    """One layer per insertion point, made when the size of its feature map is known.

    Args:
        structure: which layers.
        variables: what they start from; None starts them as the identity.
        basis: gives the basis (G, h, w) of an image-aware bias map for a size (h, w).
        top_channels: gives the channels that a point refines, for `top_k_channels`.
    """

    def __init__(
        self,
        structure: LayerStructure,
        variables: Variables | None,
        basis: Callable[[int, int], Tensor],
        top_channels: Callable[[InsertionPoint], Tensor],
    ) -> None:
        self.structure = structure
        self._variables = variables
        self._basis = basis
        self._top_channels = top_channels
        self._layers: dict[InsertionPoint, nn.Module] = {}
        self._start: dict[InsertionPoint, dict[str, Tensor]] = {}

    @property
    def modules(self) -> tuple[nn.Module, ...]:
        """The layers that were made so far."""
        return tuple(self._layers.values())

    def layer_at(self, point: InsertionPoint, features: Tensor) -> nn.Module:
        """The layer of a point, for feature maps like `features` (1, C, h, w)."""
        if point not in self._layers:
            self._layers[point] = self._made(point, features)
        return self._layers[point]

    def snapshot(self) -> Variables:
        """A copy of the variables as they are now."""
        values = {
            point: {name: variable.detach().clone() for name, variable in layer.named_parameters()}
            for point, layer in self._layers.items()
        }
        return Variables(self.structure, values)

    def load(self, variables: Variables | None) -> None:
        """Go on from these variables in the layers that were made; None makes them the identity again."""
        for point, layer in self._layers.items():
            self._fill(layer, {**self._start[point], **({} if variables is None else variables.values[point])})

    def _made(self, point: InsertionPoint, features: Tensor) -> nn.Module:
        channels, height, width = features.shape[1:]
        chosen = None if self.structure.top_k_channels is None else self._top_channels(point)
        basis = self._basis(height, width) if self.structure.bias_map == "image" else None
        make = LAYERS[self.structure.layer]
        plain = make(channels if chosen is None else len(chosen), height, width, basis)
        layer = (plain if chosen is None else TopKChannels(plain, chosen)).to(features.device)
        self._start[point] = {name: variable.detach().clone() for name, variable in layer.named_parameters()}
        if self._variables is not None:
            self._fill(layer, self._variables.values[point])
        return layer

    def _fill(self, layer: nn.Module, values: Mapping[str, Tensor]) -> None:
        with torch.no_grad():
            for name, variable in layer.named_parameters():
                if name in values:
                    variable.copy_(values[name])
