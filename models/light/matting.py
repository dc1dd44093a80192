"""`light_matting`: the embedded matting network, trained by this project.

The same family as the network of section 2.4.3 of the G-BRS paper (IndexNet, Lu et al., ICCV 2019): an encoder-decoder
in which learned index maps guide the pooling and, as the places of G-BRS, the upsampling. Smaller and simpler: one
branch predicts all four indices of a 2x2 cell, skips are not weighted, and the finest features have half the image's
resolution, the pixels of a 2x2 cell being channels at both ends, so that a click takes a second or two on two
processor cores. What so small a network cannot learn to see it is told: the nearest known foreground and background
colours around every pixel, and the alpha that they suggest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gbrs_core.errors import ShapeError
from gbrs_core.network import InsertionLayout, InsertionPoint, NetworkSpec
from models.registry import refuse_options

NAME = "light_matting"
WIDTHS = {2: 32, 4: 64, 8: 96, 16: 128}
"""Channels of features and index maps by stride."""
ALIKE = 0.05
"""Squared difference, in normalised colours, below which foreground and background suggest no alpha."""
INPUT_CHANNELS = 26
"""Of every 2x2 cell: colours and trimap of its pixels, known colours around it, suggested alpha of its pixels."""
COARSEST_STRIDE = 32
"""Stride of the context between encoder and decoder."""


def conv_norm_act(in_channels: int, out_channels: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution without bias that keeps whole cells, batch normalisation, ReLU."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel, stride, (kernel - 1) // 2, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with a shortcut."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv1 = conv_norm_act(in_channels, out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(out_channels)
        self.shortcut: nn.Module = nn.Identity()
        if in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels)
            )

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H, W)."""
        return F.relu(self.norm2(self.conv2(self.conv1(features))) + self.shortcut(features))


class IndexBlock(nn.Module):
    """Index maps of a feature map: one weight per pixel and channel, predicted from 4x4 neighbourhoods.

    `decoder_map` has no weights; it is the place of the decoder's index map.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.hidden = conv_norm_act(channels, channels, kernel=4, stride=2)
        self.indices = nn.Conv2d(channels, 4 * channels, 1)
        self.decoder_map = nn.Identity()

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Index maps of the encoder and the decoder.

        Args:
            features: (B, C, H, W), H and W even.

        Returns:
            Both (B, C, H, W): the encoder's sums to 1 in every 2x2 cell, the decoder's lies in (0, 1) freely.
        """
        raw = self.indices(self.hidden(features)).unflatten(1, (-1, 4))
        shared, free = torch.softmax(raw, dim=2), torch.sigmoid(raw)
        return F.pixel_shuffle(shared.flatten(1, 2), 2), self.decoder_map(F.pixel_shuffle(free.flatten(1, 2), 2))


def index_pool(features: Tensor, encoder_map: Tensor) -> Tensor:
    """Weighted mean of every 2x2 cell; (B, C, H, W) twice -> (B, C, H / 2, W / 2)."""
    return 4 * F.avg_pool2d(encoder_map * features, 2)


def index_unpool(features: Tensor, decoder_map: Tensor) -> Tensor:
    """Every cell spread over its 2x2 pixels by the map; (B, C, h, w) and (B, C, 2h, 2w) -> (B, C, 2h, 2w)."""
    return decoder_map * F.interpolate(features, scale_factor=2.0, mode="nearest")


def known_colours(image: Tensor, known: Tensor) -> Tensor:
    """The colours of the known pixels, carried to all others from near by: pulled from ever coarser means, pushed back.

    Args:
        image: (B, 3, H, W), H and W even.
        known: (B, 1, H, W), 1 where a colour counts, else 0.

    Returns:
        (B, 3, H / 2, W / 2); 0 everywhere in a picture where nothing is known.
    """
    return _filled(_coarser(torch.cat([image * known, known], dim=1)))


def _coarser(weighted: Tensor) -> Tensor:
    """Colours times weight, and weight, summed over 2x2 cells, the weight cut off at 1."""
    summed = 4 * F.avg_pool2d(weighted, 2, ceil_mode=True)
    return summed / summed[:, 3:].clamp(min=1)


def _filled(weighted: Tensor) -> Tensor:
    size = weighted.shape[2:]
    if max(size) == 1:
        return weighted[:, :3] / weighted[:, 3:].clamp(min=1e-6)
    wide = F.interpolate(_filled(_coarser(weighted)), size=size, mode="bilinear", align_corners=False)
    return weighted[:, :3] + (1 - weighted[:, 3:]) * wide


def suggested_alpha(image: Tensor, foreground: Tensor, background: Tensor) -> Tensor:
    """Where each pixel's colour lies between two others: 0 the background's, 1 the foreground's.

    Args:
        image: (B, 3, H, W).
        foreground: (B, 3, H, W).
        background: (B, 3, H, W).

    Returns:
        (B, 1, H, W) in [-0.5, 1.5], near 0 where the two colours are alike.
    """
    span = foreground - background
    along = ((image - background) * span).sum(dim=1, keepdim=True)
    return (along / (span.square().sum(dim=1, keepdim=True) + ALIKE)).clamp(-0.5, 1.5)


class Context(nn.Module):
    """What surrounds a cell: 1x1, separable 3x3 at two dilations and the global mean, projected together."""

    def __init__(self, channels: int, hidden: int = 64, dilations: tuple[int, ...] = (1, 3)) -> None:
        super().__init__()
        self.point = conv_norm_act(channels, hidden, 1)
        self.atrous = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(channels, channels, 3, padding=rate, dilation=rate, groups=channels, bias=False),
                nn.Conv2d(channels, hidden, 1, bias=False),
                nn.BatchNorm2d(hidden),
                nn.ReLU(inplace=True),
            )
            for rate in dilations
        )
        self.pooled = nn.Sequential(nn.Conv2d(channels, hidden, 1), nn.ReLU(inplace=True))
        self.project = conv_norm_act(hidden * (2 + len(dilations)), channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C, h, w)."""
        pooled = self.pooled(features.mean(dim=(2, 3), keepdim=True)).expand(-1, -1, *features.shape[2:])
        branches = [self.point(features), *(branch(features) for branch in self.atrous), pooled]
        projected: Tensor = self.project(torch.cat(branches, dim=1))
        return projected


class LightMatting(nn.Module):
    """The network; its places are the decoder's index maps."""

    def __init__(self) -> None:
        super().__init__()
        w2, w4, w8, w16 = (WIDTHS[stride] for stride in (2, 4, 8, 16))
        self.encoder2 = nn.Sequential(conv_norm_act(INPUT_CHANNELS, w2), conv_norm_act(w2, w2))
        self.encoder4 = nn.Sequential(ResidualBlock(w2, w4), ResidualBlock(w4, w4))
        self.encoder8 = nn.Sequential(ResidualBlock(w4, w8), ResidualBlock(w8, w8))
        self.encoder16 = nn.Sequential(ResidualBlock(w8, w16), ResidualBlock(w16, w16))
        self.index2, self.index4, self.index8, self.index16 = (IndexBlock(width) for width in (w2, w4, w8, w16))
        self.context = Context(w16)
        self.decoder16 = conv_norm_act(2 * w16, w8)
        self.decoder8 = conv_norm_act(2 * w8, w4)
        self.decoder4 = conv_norm_act(2 * w4, w2)
        self.decoder2 = nn.Sequential(conv_norm_act(2 * w2, 32), conv_norm_act(32, 24))
        self.alpha = nn.Conv2d(24, 4, 3, padding=1)

    def forward(self, image_and_trimap: Tensor) -> Tensor:
        """Raw alpha, not clamped.

        Args:
            image_and_trimap: (B, 4, H, W), ImageNet-normalised RGB and the trimap (0 background, 128 / 255 unknown,
                1 foreground), of any size.

        Returns:
            (B, 1, H, W); about 0 and 1 in the known regions, but not exactly.

        Raises:
            ShapeError: another number of dimensions or channels.
        """
        shape = tuple(image_and_trimap.shape)
        if len(shape) != 4 or shape[1] != 4:
            raise ShapeError("image_and_trimap", shape, "(B, 4, H, W)")
        height, width = shape[2:]
        pad = (0, -width % COARSEST_STRIDE, 0, -height % COARSEST_STRIDE)
        features = _cells(F.pad(image_and_trimap, pad, mode="replicate"))
        skips, decoder_maps = {}, {}
        for stride in WIDTHS:
            skips[stride] = self.get_submodule(f"encoder{stride}")(features)
            encoder_map, decoder_maps[stride] = self.get_submodule(f"index{stride}")(skips[stride])
            features = index_pool(skips[stride], encoder_map)
        features = self.context(features)
        for stride in reversed(WIDTHS):
            spread = index_unpool(features, decoder_maps[stride])
            features = self.get_submodule(f"decoder{stride}")(torch.cat([spread, skips[stride]], dim=1))
        return F.pixel_shuffle(self.alpha(features), 2)[:, :, :height, :width]


def _cells(inputs: Tensor) -> Tensor:
    """(B, 4, H, W) -> (B, INPUT_CHANNELS, H / 2, W / 2)."""
    image, trimap = inputs[:, :3], inputs[:, 3:]
    foreground = known_colours(image, (trimap > 0.75).to(inputs.dtype))
    background = known_colours(image, (trimap < 0.25).to(inputs.dtype))
    fine = [F.interpolate(colours, scale_factor=2.0, mode="nearest") for colours in (foreground, background)]
    alpha = suggested_alpha(image, *fine)
    return torch.cat([F.pixel_unshuffle(torch.cat([inputs, alpha], dim=1), 2), foreground, background], dim=1)


def _points() -> tuple[InsertionPoint, ...]:
    """The decoder's index maps, coarse to fine."""
    return tuple(
        InsertionPoint(f"index{stride}", f"index{stride}.decoder_map", channels=WIDTHS[stride], stride=stride)
        for stride in reversed(WIDTHS)
    )


def build(**options: Any) -> nn.Module:
    """A network with random weights in eval mode; takes no options."""
    refuse_options(NAME, options)
    return LightMatting().eval()


def spec(**options: Any) -> NetworkSpec:
    """Description of the network; takes no options."""
    refuse_options(NAME, options)
    return NetworkSpec(
        name=NAME,
        task="matting",
        title="Light matting (embedded)",
        layouts={"index maps": InsertionLayout(levels=tuple((point,) for point in _points()), default_levels=3)},
        default_layout="index maps",
        guidance="trimap",
        working_side=640,
        licence="research / non-commercial (trained on alphamatting.com, BSDS500 and others; see the model card)",
    )


def recognise(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any] | None:
    """Options of this architecture when the keys are its own, else None."""
    return {} if "index16.indices.weight" in shapes and "decoder16.0.weight" in shapes else None
