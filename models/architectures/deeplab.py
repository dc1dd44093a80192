"""DeepLabV3+ with distance-map fusion, the click segmentation networks of f-BRS (CVPR 2020) on ResNet backbones.

The names of the submodules are those of the published state dicts, "concurent" included.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.architectures.fusion import distance_map_fusion, joined_input, resize
from models.architectures.resnet import AtrousResNet, ResNetPlan

SKIP_CHANNELS = 32
ASPP_DILATIONS = (12, 24, 36)


def _conv_norm_act(in_channels: int, out_channels: int, dilation: int | None = None) -> nn.Sequential:
    """Convolution without bias, normalisation, ReLU: 1x1, or 3x3 where a dilation is given."""
    if dilation is None:
        convolution = nn.Conv2d(in_channels, out_channels, 1, bias=False)
    else:
        convolution = nn.Conv2d(in_channels, out_channels, 3, padding=dilation, dilation=dilation, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(out_channels), nn.ReLU())


class SeparableConv(nn.Module):
    """Depthwise 3x3 followed at once by a pointwise 1x1, normalisation and ReLU."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(in_channels, in_channels, 3, padding=1, groups=in_channels, bias=False),
            nn.Conv2d(in_channels, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
        )

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H, W)."""
        convolved: Tensor = self.body(features)
        return convolved


class GlobalPooling(nn.Module):
    """The mean over the map, convolved and spread over the map again."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.gap = nn.Sequential(nn.AdaptiveAvgPool2d(1), *_conv_norm_act(in_channels, out_channels))

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H, W), constant over each map."""
        pooled: Tensor = self.gap(features)
        return pooled.expand(-1, -1, *features.shape[2:])


class AtrousPyramid(nn.Module):
    """ASPP: 1x1, three dilated 3x3 and the global mean, concatenated and projected."""

    def __init__(self, in_channels: int, channels: int, dropout: float) -> None:
        super().__init__()
        self.concurent = nn.ModuleList(
            [
                _conv_norm_act(in_channels, channels),
                *(_conv_norm_act(in_channels, channels, dilation) for dilation in ASPP_DILATIONS),
                GlobalPooling(in_channels, channels),
            ]
        )
        branches = len(self.concurent)
        self.project = nn.Sequential(*_conv_norm_act(branches * channels, channels), nn.Dropout(dropout))

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, channels, H, W)."""
        projected: Tensor = self.project(torch.cat([branch(features) for branch in self.concurent], dim=1))
        return projected


class SkipProjection(nn.Module):
    """Low-level features reduced to a few channels."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.skip_project = _conv_norm_act(in_channels, out_channels)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H, W)."""
        projected: Tensor = self.skip_project(features)
        return projected


class DecoderHead(nn.Module):
    """From the joined features (place B) to the decoder's features (place C)."""

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.block = nn.Sequential(
            SeparableConv(in_channels, channels),
            SeparableConv(channels, channels),
            nn.Conv2d(channels, channels, 1),
        )

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, channels, h, w), unbounded."""
        decoded: Tensor = self.block(features)
        return decoded


class ClassifierHead(nn.Module):
    """From the decoder's features (place C) to one logit per cell."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            SeparableConv(channels, channels // 2),
            SeparableConv(channels // 2, channels // 2),
            nn.Conv2d(channels // 2, 1, 1),
        )

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, h, w) -> logits (B, 1, h, w)."""
        logits: Tensor = self.layers(features)
        return logits


class DeepLabV3Plus(nn.Module):
    """Backbone, ASPP and the first half of the decoder; features at stride 4."""

    def __init__(self, plan: ResNetPlan, channels: int, dropout: float) -> None:
        super().__init__()
        self.backbone = AtrousResNet(plan)
        self.head = DecoderHead(channels + SKIP_CHANNELS, channels)
        self.skip_project = SkipProjection(plan.low_level_channels, SKIP_CHANNELS)
        self.aspp = AtrousPyramid(plan.out_channels, channels, dropout)

    def forward(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, channels, H / 4, W / 4)."""
        low_level, deep = self.backbone(image)
        context = resize(self.aspp(deep), like=low_level)
        features: Tensor = self.head(torch.cat([context, self.skip_project(low_level)], dim=1))
        return features


class DeepLabDistanceMaps(nn.Module):
    """The whole network: distance-map fusion, DeepLabV3+, classifier."""

    def __init__(self, plan: ResNetPlan, channels: int, dropout: float) -> None:
        super().__init__()
        self.rgb_conv = distance_map_fusion()
        self.feature_extractor = DeepLabV3Plus(plan, channels, dropout)
        self.head = ClassifierHead(channels)

    def forward(self, image: Tensor, click_maps: Tensor) -> Tensor:
        """Logits of the clicked object, at any input size.

        Args:
            image: (B, 3, H, W), ImageNet-normalised RGB.
            click_maps: (B, 2, H, W), tanh distance maps in [0, 1], positive clicks first.

        Returns:
            (B, 1, H, W) logits, above zero inside the object.

        Raises:
            ShapeError: the two inputs do not fit together.
        """
        fused = self.rgb_conv(joined_input(image, click_maps))
        return resize(self.head(self.feature_extractor(fused)), like=image)
