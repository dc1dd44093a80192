"""The four G-BRS layers (equations 3 to 6) and the selection of channels (section 2.4.4).

A layer maps a feature map m (1, C, h, w) to one of the same shape. Its parameters are the auxiliary variables. At their
start values every layer returns m bit for bit, also where products are rounded (TF32, bfloat16): nothing of m ever
passes a product that is not exact, because the layers are written as "m times exactly one, plus exactly zero". Each
docstring gives the equation; the code is the same function with its terms collected, which is also what makes it cheap:
the bias map enters as one rank-one update instead of a full feature map with its own gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from gbrs_core.errors import ShapeError

BETA = 10.0
"""Amplification of the bias map's gradient in equation 6."""


class _Affine(torch.autograd.Function):
    """A m + v x b_m + b with A either a scale (C) or I + D for a mixing matrix D (C, C); v, b (C), b_m (h, w).

    Autograd's own broadcast products would form the gradients of v, b_m and b as full feature maps before summing them;
    here they are two small matrix products, and m needs no gradient when it comes from the cached prefix.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, factor: Tensor, vector: Tensor, bias_map: Tensor, bias: Tensor) -> Tensor:
        rows = torch.stack([bias_map.flatten(), torch.ones_like(bias_map).flatten()])
        ctx.save_for_backward(features, factor, vector, rows)
        refined = features * factor.view(1, -1, 1, 1) if factor.dim() == 1 else _mixed(features, factor)
        _as_matrix(refined).addmm_(torch.stack([vector, bias], dim=1), rows)
        return refined

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor, Tensor, Tensor, Tensor]:
        features, factor, vector, rows = ctx.saved_tensors
        matrix, grad = _as_matrix(features), _as_matrix(grads[0])
        is_scale = factor.dim() == 1
        by_factor = (grad * matrix).sum(dim=1) if is_scale else grad @ matrix.t()
        by_vector, by_bias = (grad @ rows.t()).unbind(dim=1)
        by_map = (vector @ grad).view(features.shape[2:])
        by_features: Tensor | None = None
        if ctx.needs_input_grad[0]:
            by_features = grads[0] * factor.view(1, -1, 1, 1) if is_scale else _mixed(grads[0], factor.t())
        return by_features, by_factor, by_vector, by_map, by_bias


def _affine(features: Tensor, factor: Tensor, vector: Tensor, bias_map: Tensor, bias: Tensor) -> Tensor:
    refined: Tensor = _Affine.apply(features, factor, vector, bias_map, bias)  # type: ignore[no-untyped-call]
    return refined


def _as_matrix(features: Tensor) -> Tensor:
    """(1, C, h, w) as (C, h w): a view for contiguous and for channels_last memory."""
    return features[0].flatten(1)


def _memory_format(features: Tensor) -> torch.memory_format:
    """The format channels_last where the features are, else contiguous."""
    is_channels_last = features.is_contiguous(memory_format=torch.channels_last) and not features.is_contiguous()
    return torch.channels_last if is_channels_last else torch.contiguous_format


def _mixed(features: Tensor, mixing: Tensor) -> Tensor:
    """Every cell's m + D m, D (C, C); keeps the memory format."""
    mixed = torch.empty_like(features, memory_format=_memory_format(features))
    matrix = _as_matrix(features)
    torch.addmm(matrix, mixing, matrix, out=_as_matrix(mixed))
    return mixed


class GbrsLayer(nn.Module):
    """Base of the layers: checks the shape, and keeps the arithmetic in the variables' own precision.

    Attributes:
        channels: C.
        size: (h, w) of the feature map; the bias map is tied to it.
    """

    def __init__(self, channels: int, height: int, width: int) -> None:
        super().__init__()
        self.channels = channels
        self.size = (height, width)

    def forward(self, features: Tensor) -> Tensor:
        """(1, C, h, w) -> the same shape. Raises ShapeError for any other shape."""
        if tuple(features.shape) != (1, self.channels, *self.size):
            raise ShapeError(
                "the feature map", tuple(features.shape), f"(1, {self.channels}, {self.size[0]}, {self.size[1]})"
            )
        with torch.autocast(features.device.type, enabled=False):
            # In one of the two formats already, as a rule; only their matrices are views.
            features = features.contiguous(memory_format=_memory_format(features))
            return self._refined(features.to(next(self.parameters()).dtype))

    def _refined(self, features: Tensor) -> Tensor:
        raise NotImplementedError

    def constrain_(self) -> None:
        """Bring the variables back into their range after an optimiser step."""


class ScaleBias(GbrsLayer):
    """sb, equation 3: m s + b, channel by channel. The auxiliary variables of f-BRS."""

    def __init__(self, channels: int, height: int, width: int, basis: Tensor | None = None) -> None:
        """`basis` is not used: this layer has no bias map."""
        super().__init__(channels, height, width)
        self.scale = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def _refined(self, features: Tensor) -> Tensor:
        return torch.addcmul(self.bias.view(1, -1, 1, 1), features, self.scale.view(1, -1, 1, 1))


class BiasMapLayer(GbrsLayer):
    """Base of the layers with a bias map b_m (h, w) and channel weights w_c (C).

    With a basis Phi (G, h, w) the map is b_m = free map + sum over g of a_g Phi_g, where a (G) starts at 0.
    """

    basis: Tensor | None

    def __init__(self, channels: int, height: int, width: int, basis: Tensor | None = None) -> None:
        super().__init__(channels, height, width)
        self.free_map = nn.Parameter(torch.zeros(height, width))
        self.channel_weight = nn.Parameter(torch.ones(channels))
        if basis is not None and (basis.dim() != 3 or tuple(basis.shape[1:]) != self.size):
            raise ShapeError("the bias basis", tuple(basis.shape), f"(G, {height}, {width})")
        self.register_buffer("basis", basis, persistent=False)
        if basis is not None:
            self.basis_weight = nn.Parameter(torch.zeros(basis.shape[0]))

    @property
    def bias_map(self) -> Tensor:
        """b_m, (h, w)."""
        if self.basis is None:
            return self.free_map
        return self.free_map + (self.basis_weight @ self.basis.flatten(1)).view(self.size)


class BiasMapScaleBias(BiasMapLayer):
    """bmsb, equation 4: (m + b_m w_c) s + b."""

    def __init__(self, channels: int, height: int, width: int, basis: Tensor | None = None) -> None:
        super().__init__(channels, height, width, basis)
        self.scale = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def _refined(self, features: Tensor) -> Tensor:
        return _affine(features, self.scale, self.channel_weight * self.scale, self.bias_map, self.bias)


class BiasMapScaleBiasMerge(BiasMapLayer):
    """bmsb-m, equation 5: w (m s + b) + (1 - w) (m + b_m w_c), w in [0, 1], 0.5 at the start.

    Written as m (1 + w (s - 1)) + (1 - w) b_m w_c + w b: halving m twice and adding would lose the last bit of
    subnormal values.
    """

    def __init__(self, channels: int, height: int, width: int, basis: Tensor | None = None) -> None:
        super().__init__(channels, height, width, basis)
        self.scale = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.merge_weight = nn.Parameter(torch.tensor(0.5))

    def _refined(self, features: Tensor) -> Tensor:
        weight = self.merge_weight
        scale = 1.0 + weight * (self.scale - 1.0)
        return _affine(features, scale, (1.0 - weight) * self.channel_weight, self.bias_map, weight * self.bias)

    def constrain_(self) -> None:
        """Keep w in [0, 1]."""
        with torch.no_grad():
            self.merge_weight.clamp_(0.0, 1.0)


class BiasMapConv(BiasMapLayer):
    """bmconv, equation 6: (m + beta b_m w_c) w_conv + b_conv, a 1x1 convolution that starts as the identity, beta = 10.

    `mixing` is w_conv - I (C, C), starting at 0: the identity is added instead of multiplied, so that neither TF32 nor
    bfloat16 rounds it, and small changes of the diagonal are not lost beside its ones. Adam's steps are the same.
    """

    def __init__(self, channels: int, height: int, width: int, basis: Tensor | None = None) -> None:
        super().__init__(channels, height, width, basis)
        self.mixing = nn.Parameter(torch.zeros(channels, channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def _refined(self, features: Tensor) -> Tensor:
        vector = BETA * torch.addmv(self.channel_weight, self.mixing, self.channel_weight)
        return _affine(features, self.mixing, vector, self.bias_map, self.bias)


class TopKChannels(nn.Module):
    """Refines only some channels and passes the others on unchanged (section 2.4.4).

    Attributes:
        layer: the layer for the chosen channels.
        channels: (K) int64 indices of the chosen channels, ascending.
    """

    channels: Tensor

    def __init__(self, layer: GbrsLayer, channels: Tensor) -> None:
        super().__init__()
        self.layer = layer
        self.register_buffer("channels", channels, persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """(1, C, h, w) -> the same shape."""
        refined = self.layer(features.index_select(1, self.channels))
        return features.to(refined.dtype).index_copy(1, self.channels, refined)

    def constrain_(self) -> None:
        """Bring the variables back into their range after an optimiser step."""
        self.layer.constrain_()


def top_k_channels(features: Tensor, count: int) -> Tensor:
    """The `count` channels of highest mean activation in a clean feature map (1, C, h, w), ascending int64.

    All channels where there are no more than `count`; of equals the first ones.
    """
    means = features.float().mean(dim=(0, 2, 3))
    return torch.argsort(means, descending=True, stable=True)[:count].sort().values


LayerFactory = Callable[[int, int, int, Tensor | None], GbrsLayer]

LAYERS: Mapping[str, LayerFactory] = {
    "sb": ScaleBias,
    "bmsb": BiasMapScaleBias,
    "bmsb-m": BiasMapScaleBiasMerge,
    "bmconv": BiasMapConv,
}
"""The layers by their name in the paper: class of (channels, height, width, basis)."""
