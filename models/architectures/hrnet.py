"""HRNetV2: parallel streams at strides 4, 8, 16 and 32 that keep exchanging features (Wang et al., TPAMI 2020).

Shared by the click networks of f-BRS (corners aligned when resizing) and by HRNet-OCR for semantic segmentation (not
aligned). Parts without weights are modules too where a G-BRS layer may want to sit, such as the rectifier behind each
stream of a module.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.architectures.resnet import BasicBlock, Bottleneck, conv1x1, conv3x3

STREAM_MODULES = {2: 1, 3: 4, 4: 3}
"""Modules in the stage with so many streams."""


def resize_to(features: Tensor, like: Tensor, align_corners: bool) -> Tensor:
    """Bilinear resize to the height and width of `like`."""
    return F.interpolate(features, size=like.shape[2:], mode="bilinear", align_corners=align_corners)


def _down(in_channels: int, out_channels: int, has_relu: bool = True) -> nn.Sequential:
    """3x3 convolution of stride 2 with normalisation."""
    layers = [conv3x3(in_channels, out_channels, stride=2), nn.BatchNorm2d(out_channels)]
    return nn.Sequential(*layers, nn.ReLU()) if has_relu else nn.Sequential(*layers)


class ExchangeModule(nn.Module):
    """Four residual blocks per stream, then every stream receives the sum of all, brought to its size and width."""

    def __init__(self, widths: Sequence[int], align_corners: bool) -> None:
        super().__init__()
        self._align_corners = align_corners
        self.branches = nn.ModuleList(nn.Sequential(*(BasicBlock(width, width) for _ in range(4))) for width in widths)
        self.fuse_layers = nn.ModuleList(
            nn.ModuleList(self._path(widths, source, target) for source in range(len(widths)))
            for target in range(len(widths))
        )
        self.outputs = nn.ModuleList(nn.ReLU() for _ in widths)

    @staticmethod
    def _path(widths: Sequence[int], source: int, target: int) -> nn.Module:
        """From one stream to another: nothing, a 1x1 convolution (resized later), or a chain of strided 3x3."""
        if source == target:
            return nn.Identity()
        if source > target:
            return nn.Sequential(conv1x1(widths[source], widths[target]), nn.BatchNorm2d(widths[target]))
        steps = [_down(widths[source], widths[source]) for _ in range(target - source - 1)]
        return nn.Sequential(*steps, _down(widths[source], widths[target], has_relu=False))

    def forward(self, streams: list[Tensor]) -> list[Tensor]:
        """Streams from fine to coarse -> the same shapes."""
        refined = [branch(stream) for branch, stream in zip(self.branches, streams, strict=True)]
        fused = []
        for target, paths in enumerate(self.fuse_layers):
            total = None
            for source, path in enumerate(cast("nn.ModuleList", paths)):
                part = path(refined[source])
                if source > target:
                    part = resize_to(part, like=refined[target], align_corners=self._align_corners)
                total = part if total is None else total + part
            fused.append(self.outputs[target](total))
        return fused


class JoinedStreams(nn.Module):
    """All streams at the size of the finest, concatenated."""

    def __init__(self, align_corners: bool) -> None:
        super().__init__()
        self._align_corners = align_corners

    def forward(self, streams: list[Tensor]) -> Tensor:
        """Streams of widths w, 2w, 4w, 8w -> (B, 15w, H / 4, W / 4)."""
        finest, *coarser = streams
        resized = [resize_to(stream, like=finest, align_corners=self._align_corners) for stream in coarser]
        return torch.cat([finest, *resized], dim=1)


class HRNetBackbone(nn.Module):
    """The backbone without classifier.

    Args:
        width: channels w of the finest stream (18, 32 or 48).
        align_corners: how streams are resized.
    """

    def __init__(self, width: int, align_corners: bool) -> None:
        super().__init__()
        widths = [width, 2 * width, 4 * width, 8 * width]
        self.conv1, self.bn1 = conv3x3(3, 64, stride=2), nn.BatchNorm2d(64)
        self.conv2, self.bn2 = conv3x3(64, 64, stride=2), nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.layer1 = nn.Sequential(Bottleneck(64, 64), *(Bottleneck(256, 64) for _ in range(3)))
        # One level deeper for the second stream, because the published keys are.
        first = nn.Sequential(conv3x3(256, width), nn.BatchNorm2d(width), nn.ReLU())
        self.transition1 = nn.ModuleList([first, nn.Sequential(_down(256, widths[1]))])
        self.stage2 = self._stage(widths[:2], align_corners)
        self.transition2 = self._transition(widths, 2)
        self.stage3 = self._stage(widths[:3], align_corners)
        self.transition3 = self._transition(widths, 3)
        self.stage4 = self._stage(widths, align_corners)
        self.join = JoinedStreams(align_corners)

    @staticmethod
    def _stage(widths: Sequence[int], align_corners: bool) -> nn.Sequential:
        return nn.Sequential(*(ExchangeModule(widths, align_corners) for _ in range(STREAM_MODULES[len(widths)])))

    @staticmethod
    def _transition(widths: Sequence[int], streams: int) -> nn.ModuleList:
        """Streams pass unchanged, and a new one starts from the coarsest."""
        started = nn.Sequential(_down(widths[streams - 1], widths[streams]))
        return nn.ModuleList([*(nn.Identity() for _ in range(streams)), started])

    def joined_streams(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, 15w, H / 4, W / 4)."""
        features = self.relu(self.bn1(self.conv1(image)))
        features = self.layer1(self.relu(self.bn2(self.conv2(features))))
        streams = self.stage2([start(features) for start in self.transition1])
        streams = self.stage3([*streams, self.transition2[2](streams[-1])])
        streams = self.stage4([*streams, self.transition3[3](streams[-1])])
        joined: Tensor = self.join(streams)
        return joined

    def forward(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, 15w, H / 4, W / 4)."""
        return self.joined_streams(image)
