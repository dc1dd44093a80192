"""DenseNet-161 without classifier, as an encoder with four skip features (Huang et al., CVPR 2017)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

GROWTH = 48
STEM_CHANNELS = 96
BLOCK_DEPTHS = (6, 12, 36, 24)
_BOTTLENECK = 4


class DenseLayer(nn.Module):
    """BN, ReLU, 1x1, BN, ReLU, 3x3: adds `GROWTH` channels."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, _BOTTLENECK * GROWTH, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(_BOTTLENECK * GROWTH)
        self.conv2 = nn.Conv2d(_BOTTLENECK * GROWTH, GROWTH, 3, padding=1, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) -> the new channels (B, 48, H, W)."""
        narrow = self.conv1(F.relu(self.norm1(features)))
        added: Tensor = self.conv2(F.relu(self.norm2(narrow)))
        return added


class DenseBlock(nn.Module):
    """Layers that each see everything before them in the block."""

    def __init__(self, in_channels: int, depth: int) -> None:
        super().__init__()
        for number in range(depth):
            self.add_module(f"denselayer{number + 1}", DenseLayer(in_channels + number * GROWTH))

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C + depth * 48, H, W)."""
        parts = [features]
        for layer in self.children():
            parts.append(layer(torch.cat(parts, dim=1)))
        return torch.cat(parts, dim=1)


class Transition(nn.Module):
    """Halves channels and size."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(in_channels)
        self.conv = nn.Conv2d(in_channels, in_channels // 2, 1, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C / 2, H / 2, W / 2)."""
        return F.avg_pool2d(self.conv(F.relu(self.norm(features))), 2)


class DenseNet161(nn.Module):
    """The encoder; `out_channels` deep channels at stride 32."""

    def __init__(self) -> None:
        super().__init__()
        channels = STEM_CHANNELS
        self.conv0 = nn.Conv2d(3, channels, 7, stride=2, padding=3, bias=False)
        self.norm0 = nn.BatchNorm2d(channels)
        self.relu0 = nn.ReLU()
        self.pool0 = nn.MaxPool2d(3, stride=2, padding=1)
        for number, depth in enumerate(BLOCK_DEPTHS, start=1):
            self.add_module(f"denseblock{number}", DenseBlock(channels, depth))
            channels += depth * GROWTH
            if number < len(BLOCK_DEPTHS):
                self.add_module(f"transition{number}", Transition(channels))
                channels //= 2
        self.norm5 = nn.BatchNorm2d(channels)
        self.out_channels = channels

    def forward(self, image: Tensor) -> list[Tensor]:
        """(B, 3, H, W) -> features at strides 2, 4, 8, 16 (96, 96, 192, 384 channels) and 32 (2208, signed)."""
        stem = self.relu0(self.norm0(self.conv0(image)))
        features = self.pool0(stem)
        kept = [stem, features]
        for number in (1, 2, 3):
            block, transition = self.get_submodule(f"denseblock{number}"), self.get_submodule(f"transition{number}")
            features = transition(block(features))
            kept.append(features)
        deep = self.norm5(self.get_submodule("denseblock4")(kept.pop()))
        return [*kept, deep]
