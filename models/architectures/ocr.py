"""Object-contextual representations: every pixel looks at a summary of each region (Yuan et al., ECCV 2020)."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn


def norm_relu(channels: int) -> nn.Sequential:
    """Normalisation and ReLU, nested as in the published keys."""
    return nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU())


def _units(*channels: int) -> nn.Sequential:
    """1x1 convolutions without bias, each with normalisation and ReLU, through the given channel counts."""
    layers: list[nn.Module] = []
    for inside, outside in pairwise(channels):
        layers += [nn.Conv2d(inside, outside, 1, bias=False), norm_relu(outside)]
    return nn.Sequential(*layers)


def gathered_regions(features: Tensor, region_logits: Tensor) -> Tensor:
    """The mean feature of each soft region.

    Args:
        features: (B, C, h, w).
        region_logits: (B, K, h, w); each region's softmax runs over the pixels.

    Returns:
        (B, C, K, 1).
    """
    weights = torch.softmax(region_logits.flatten(2), dim=2)
    summaries = torch.matmul(weights, features.flatten(2).transpose(1, 2))
    return summaries.transpose(1, 2).unsqueeze(3)


class ObjectContext(nn.Module):
    """Attention from pixels to regions."""

    def __init__(self, channels: int, key_channels: int) -> None:
        super().__init__()
        self._scale = key_channels**-0.5
        self.f_pixel = _units(channels, key_channels, key_channels)
        self.f_object = _units(channels, key_channels, key_channels)
        self.f_down = _units(channels, key_channels)
        self.f_up = _units(key_channels, channels)

    def forward(self, features: Tensor, regions: Tensor) -> Tensor:
        """Pixels (B, C, h, w) and regions (B, C, K, 1) -> context (B, C, h, w)."""
        query = self.f_pixel(features).flatten(2).transpose(1, 2)
        key = self.f_object(regions).flatten(2)
        value = self.f_down(regions).flatten(2).transpose(1, 2)
        similarity = torch.softmax(self._scale * torch.matmul(query, key), dim=2)
        context = torch.matmul(similarity, value).transpose(1, 2)
        mixed: Tensor = self.f_up(context.reshape(*context.shape[:2], *features.shape[2:]))
        return mixed


class DistributionHead(nn.Module):
    """Pixel features joined with their context."""

    def __init__(self, channels: int, key_channels: int, dropout: float = 0.05) -> None:
        super().__init__()
        self.object_context_block = ObjectContext(channels, key_channels)
        self.conv_bn_dropout = nn.Sequential(
            nn.Conv2d(2 * channels, channels, 1, bias=False), norm_relu(channels), nn.Dropout2d(dropout)
        )

    def forward(self, features: Tensor, regions: Tensor) -> Tensor:
        """Pixels (B, C, h, w) and regions (B, C, K, 1) -> (B, C, h, w)."""
        context = self.object_context_block(features, regions)
        joined: Tensor = self.conv_bn_dropout(torch.cat([context, features], dim=1))
        return joined
