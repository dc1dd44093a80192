"""IndexNet matting on MobileNetV2 (Lu et al., ICCV 2019): pooling and upsampling guided by learned index maps.

The names of the submodules are those of the published state dict. No convolution has a bias, every activation is ReLU6,
and all strides of MobileNetV2 are taken out: the sizes halve in the five index poolings only.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gbrs_core.errors import ShapeError

INDEXED = (0, 2, 3, 4, 6)
"""Encoder layers that are followed by an index block."""
_ENCODER = (
    (32, 16, 1, 1),
    (16, 24, 6, 2),
    (24, 32, 6, 3),
    (32, 64, 6, 4),
    (64, 96, 6, 3),
    (96, 160, 6, 3),
    (160, 320, 6, 1),
)
"""Layers 1 to 7: channels in and out, expansion, blocks."""
_DECODER = {6: (320, 96), 5: (192, 64), 4: (128, 32), 3: (64, 24), 2: (48, 16), 1: (32, 32), 0: (64, 32)}
"""Channels in and out of the decoder layers."""


def _conv_norm_act(
    in_channels: int, out_channels: int, kernel: int, groups: int = 1, dilation: int = 1
) -> nn.Sequential:
    """Convolution that keeps the size, normalisation, ReLU6."""
    convolution = nn.Conv2d(
        in_channels,
        out_channels,
        kernel,
        padding=dilation * (kernel // 2),
        dilation=dilation,
        groups=groups,
        bias=False,
    )
    return nn.Sequential(convolution, nn.BatchNorm2d(out_channels), nn.ReLU6())


class InvertedResidual(nn.Module):
    """Expansion 1x1, depthwise 3x3, projection 1x1, with a shortcut where the channels allow it.

    The zero border of the 3x3 is added to the block's input, not to the 3x3's: it runs through the expansion, whose
    normalisation and activation make it something else than zero.
    """

    def __init__(self, in_channels: int, out_channels: int, expansion: int) -> None:
        super().__init__()
        hidden = in_channels * expansion
        expanding = [nn.Conv2d(in_channels, hidden, 1, bias=False), nn.BatchNorm2d(hidden), nn.ReLU6()]
        self.conv = nn.Sequential(
            *(expanding if expansion > 1 else []),
            nn.Conv2d(hidden, hidden, 3, groups=hidden, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU6(),
            nn.Conv2d(hidden, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self._has_shortcut = in_channels == out_channels

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H, W)."""
        convolved: Tensor = self.conv(F.pad(features, (1, 1, 1, 1)))
        return features + convolved if self._has_shortcut else convolved


class IndexBlock(nn.Module):
    """Index maps of a feature map: one weight per pixel and channel, predicted from 4x4 neighbourhoods.

    `decoder_map` has no weights; it is the place of the decoder's index map.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        for number in (1, 2, 3, 4):
            self.add_module(f"indexnet{number}", self._branch(channels, channels * width))
        self.decoder_map = nn.Identity()

    @staticmethod
    def _branch(channels: int, hidden: int) -> nn.Sequential:
        return nn.Sequential(
            nn.Conv2d(channels, hidden, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU6(),
            nn.Conv2d(hidden, channels, 1, bias=False),
        )

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, H, W) -> index maps of the encoder (each 2x2 sums to 1) and of the decoder (in (0, 1)), same shape."""
        branches = [self.get_submodule(f"indexnet{number}")(features) for number in (1, 2, 3, 4)]
        free = torch.sigmoid(torch.stack(branches, dim=2))
        shared = torch.softmax(free, dim=2)
        return self._shuffled(shared), self.decoder_map(self._shuffled(free))

    @staticmethod
    def _shuffled(cells: Tensor) -> Tensor:
        """(B, C, 4, h, w) -> (B, C, 2h, 2w), the four in reading order."""
        return F.pixel_shuffle(cells.flatten(1, 2), 2)


class _AtrousBranch(nn.Module):
    """Depthwise dilated 3x3 and pointwise 1x1, or the 1x1 alone."""

    def __init__(self, in_channels: int, out_channels: int, dilation: int | None) -> None:
        super().__init__()
        pointwise = _conv_norm_act(in_channels, out_channels, 1)
        depthwise: Iterable[nn.Module] = (
            [] if dilation is None else _conv_norm_act(in_channels, in_channels, 3, in_channels, dilation)
        )
        self.atrous_conv = nn.Sequential(*depthwise, *pointwise)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H, W)."""
        convolved: Tensor = self.atrous_conv(features)
        return convolved


class AtrousPyramid(nn.Module):
    """ASPP with dilations 2, 4, 8 and the global mean."""

    def __init__(self, in_channels: int, out_channels: int, hidden: int = 256) -> None:
        super().__init__()
        self.aspp1 = _AtrousBranch(in_channels, hidden, None)
        self.aspp2 = _AtrousBranch(in_channels, hidden, 2)
        self.aspp3 = _AtrousBranch(in_channels, hidden, 4)
        self.aspp4 = _AtrousBranch(in_channels, hidden, 8)
        self.global_avg_pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), *_conv_norm_act(in_channels, hidden, 1))
        self.bottleneck_conv = _conv_norm_act(5 * hidden, out_channels, 1)
        self.dropout = nn.Dropout(0.5)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H, W)."""
        pooled = self.global_avg_pool(features).expand(-1, -1, *features.shape[2:])
        branches = [branch(features) for branch in (self.aspp1, self.aspp2, self.aspp3, self.aspp4)]
        mixed: Tensor = self.dropout(self.bottleneck_conv(torch.cat([*branches, pooled], dim=1)))
        return mixed


class DecoderLayer(nn.Module):
    """Upsampling with an index map, where there is one, and a 5x5 convolution over features and skip."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.dconv = _conv_norm_act(in_channels, out_channels, 5)

    def forward(self, features: Tensor, skip: Tensor, index_map: Tensor | None = None) -> Tensor:
        """Features (B, C, h, w), skip and index map (B, C, H, W) -> (B, C', H, W)."""
        if index_map is not None:
            features = index_map * F.interpolate(features, size=skip.shape[2:], mode="nearest")
        decoded: Tensor = self.dconv(torch.cat([features, skip], dim=1))
        return decoded


class IndexNet(nn.Module):
    """The whole network.

    Args:
        index_width: hidden width of the index blocks in units of their channels: 1 as in the published program, 2 as
            in the published parameter count.
    """

    def __init__(self, index_width: int) -> None:
        super().__init__()
        self.layer0 = _conv_norm_act(4, 32, 3)
        for number, (inside, outside, expansion, blocks) in enumerate(_ENCODER, start=1):
            first = InvertedResidual(inside, outside, expansion)
            others = (InvertedResidual(outside, outside, expansion) for _ in range(1, blocks))
            self.add_module(f"layer{number}", nn.Sequential(first, *others))
        for number in INDEXED:
            channels = 32 if number == 0 else _ENCODER[number - 1][1]
            self.add_module(f"index{number}", IndexBlock(channels, index_width))
        self.dconv_pp = AtrousPyramid(320, 160)
        for number, (inside, outside) in _DECODER.items():
            self.add_module(f"decoder_layer{number}", DecoderLayer(inside, outside))
        self.pred = nn.Sequential(_conv_norm_act(32, 1, 5), nn.Conv2d(1, 1, 5, padding=2, bias=False))

    def forward(self, image_and_trimap: Tensor) -> Tensor:
        """Raw alpha, not clamped.

        Args:
            image_and_trimap: (B, 4, H, W), ImageNet-normalised RGB and the trimap (0 background, 128 / 255 unknown,
                1 foreground); H and W multiples of 32.

        Raises:
            ShapeError: another number of channels, or another size.
        """
        shape = tuple(image_and_trimap.shape)
        if len(shape) != 4 or shape[1] != 4 or shape[2] % 32 or shape[3] % 32:
            raise ShapeError("image_and_trimap", shape, "(B, 4, H, W) with H and W multiples of 32")
        features, skips, index_maps = image_and_trimap, [], {}
        for number in range(8):
            features = self.get_submodule(f"layer{number}")(features)
            if number in INDEXED:
                encoder_map, index_maps[number] = self.get_submodule(f"index{number}")(features)
                features = encoder_map * features
            skips.append(features)
            if number in INDEXED:
                features = 4 * F.avg_pool2d(features, 2)
        features = self.dconv_pp(features)
        for number in _DECODER:
            features = self.get_submodule(f"decoder_layer{number}")(features, skips[number], index_maps.get(number))
        alpha: Tensor = self.pred(features)
        return alpha
