"""`light_interactive`: the embedded click segmentation network, trained by this project.

The same family as the network of section 2.4.1 of the G-BRS paper: the image and the click distance maps are fused at
the input (distance-map fusion of f-BRS), an atrous residual encoder, ASPP and a DeepLabV3+ decoder with separable
convolutions, and the insertion place B behind ASPP where the low-level features join. Only smaller, so that a click
takes a fraction of a second on two processor cores.
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

NAME = "light_interactive"
WIDTHS = (32, 48, 96, 144)
"""Channels at strides 2, 4, 8 and 16."""
DECODER_CHANNELS = 64
COARSEST_STRIDE = 16
SKIP_CHANNELS = (24, 24)
"""Channels that the features of stride 4 and stride 8 are projected to."""


def conv_norm_act(
    in_channels: int, out_channels: int, kernel: int = 3, stride: int = 1, dilation: int = 1
) -> nn.Module:
    """Convolution without bias, batch normalisation, ReLU; same padding."""
    padding = dilation * (kernel // 2)
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel, stride, padding, dilation, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


class SeparableConv(nn.Sequential):
    """Depthwise 3x3, then pointwise 1x1, normalisation and ReLU."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(
            nn.Conv2d(in_channels, in_channels, 3, padding=1, groups=in_channels, bias=False),
            nn.Conv2d(in_channels, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        )


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with a shortcut; `dilation` applies to both."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        self.conv1 = conv_norm_act(in_channels, out_channels, 3, stride, dilation)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, dilation, dilation, bias=False)
        self.norm2 = nn.BatchNorm2d(out_channels)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
            )

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H', W')."""
        return F.relu(self.norm2(self.conv2(self.conv1(features))) + self.shortcut(features))


class DistanceMapFusion(nn.Module):
    """Mixes the image with the click maps by 1x1 convolutions before the encoder sees either (f-BRS).

    Sharper click features were tried and left out: they let the network satisfy a click by a small blob around it, so
    that the refinement, which would have moved everything alike, had nothing left to do.
    """

    def __init__(self, out_channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(5, 16, 1),
            nn.LeakyReLU(0.2, inplace=True),
            nn.BatchNorm2d(16),
            nn.Conv2d(16, out_channels, 1),
        )

    def forward(self, image: Tensor, click_maps: Tensor) -> Tensor:
        """(B, 3, H, W) and (B, 2, H, W) -> (B, out_channels, H, W)."""
        fused: Tensor = self.layers(torch.cat([image, click_maps], dim=1))
        return fused


class Encoder(nn.Module):
    """Atrous residual encoder: strides 2, 4, 8 and 16, the last stage dilated."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        w2, w4, w8, w16 = WIDTHS
        self.stem = conv_norm_act(in_channels, w2, 3, stride=2)
        self.stage4 = nn.Sequential(ResidualBlock(w2, w4, stride=2), ResidualBlock(w4, w4))
        self.stage8 = nn.Sequential(ResidualBlock(w4, w8, stride=2), ResidualBlock(w8, w8))
        self.stage16 = nn.Sequential(
            ResidualBlock(w8, w16, stride=2),
            ResidualBlock(w16, w16, dilation=2),
        )

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features at strides 4, 8 and 16."""
        at4 = self.stage4(self.stem(features))
        at8 = self.stage8(at4)
        return at4, at8, self.stage16(at8)


class AtrousPyramid(nn.Module):
    """ASPP: 1x1, separable 3x3 at several dilations, and the global mean, projected together."""

    def __init__(self, in_channels: int, out_channels: int, dilations: tuple[int, ...] = (3, 6, 12)) -> None:
        super().__init__()
        self.point = conv_norm_act(in_channels, out_channels, 1)
        self.atrous = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(in_channels, in_channels, 3, padding=rate, dilation=rate, groups=in_channels, bias=False),
                nn.Conv2d(in_channels, out_channels, 1, bias=False),
                nn.BatchNorm2d(out_channels),
                nn.ReLU(inplace=True),
            )
            for rate in dilations
        )
        self.pooled = nn.Sequential(nn.Conv2d(in_channels, out_channels, 1), nn.ReLU(inplace=True))
        self.project = conv_norm_act(out_channels * (2 + len(dilations)), out_channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H, W)."""
        pooled = self.pooled(features.mean(dim=(2, 3), keepdim=True)).expand(-1, -1, *features.shape[2:])
        branches = [self.point(features), *(branch(features) for branch in self.atrous), pooled]
        projected: Tensor = self.project(torch.cat(branches, dim=1))
        return projected


class Head(nn.Module):
    """Decoder behind place B: separable convolutions to one logit per cell of stride 4."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.block1 = SeparableConv(in_channels, DECODER_CHANNELS)
        self.block2 = SeparableConv(DECODER_CHANNELS, DECODER_CHANNELS)
        self.block3 = SeparableConv(DECODER_CHANNELS, DECODER_CHANNELS // 2)
        self.classify = nn.Conv2d(DECODER_CHANNELS // 2, 1, 1)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, h, w) -> logits (B, 1, h, w)."""
        logits: Tensor = self.classify(self.block3(self.block2(self.block1(features))))
        return logits


class LightInteractive(nn.Module):
    """The network; its places are the end of the encoder (A), the input of `head` (B) and what that classifies (C)."""

    def __init__(self) -> None:
        super().__init__()
        fused_channels = 12
        self.fusion = DistanceMapFusion(fused_channels)
        self.encoder = Encoder(fused_channels)
        self.aspp = AtrousPyramid(WIDTHS[3], DECODER_CHANNELS)
        self.skip4 = conv_norm_act(WIDTHS[1], SKIP_CHANNELS[0], 1)
        self.skip8 = conv_norm_act(WIDTHS[2], SKIP_CHANNELS[1], 1)
        self.head = Head(DECODER_CHANNELS + sum(SKIP_CHANNELS))

    def forward(self, image: Tensor, click_maps: Tensor) -> Tensor:
        """Logits of the clicked object.

        Args:
            image: (B, 3, H, W), ImageNet-normalised RGB.
            click_maps: (B, 2, H, W), tanh distance maps in [0, 1], positive clicks first.

        Returns:
            (B, 1, H, W) logits, above zero inside the object.

        Raises:
            ShapeError: the two inputs do not fit together.
        """
        if click_maps.dim() != 4 or click_maps.shape[1] != 2 or click_maps.shape[2:] != image.shape[2:]:
            raise ShapeError("click_maps", tuple(click_maps.shape), "(B, 2, H, W) with the image's H and W")
        height, width = image.shape[2:]
        # Whole cells of the coarsest stride: at other sizes the resampling between the strides would shift features
        # against each other as training never shows them, which costs four clicks per object at 481 x 321.
        pad = (0, -width % COARSEST_STRIDE, 0, -height % COARSEST_STRIDE)
        padded = [F.pad(tensor, pad, mode="replicate") for tensor in (image, click_maps)]
        at4, at8, at16 = self.encoder(self.fusion(*padded))
        size = at4.shape[2:]
        context = F.interpolate(self.aspp(at16), size=size, mode="bilinear", align_corners=False)
        middle = F.interpolate(self.skip8(at8), size=size, mode="bilinear", align_corners=False)
        logits = self.head(torch.cat([context, middle, self.skip4(at4)], dim=1))
        fine = F.interpolate(logits, scale_factor=4.0, mode="bilinear", align_corners=False)
        return fine[:, :, :height, :width]


PLACE_A = InsertionPoint("A", "encoder.stage16", channels=WIDTHS[3], stride=16)
PLACE_B = InsertionPoint("B", "head", side="input", channels=DECODER_CHANNELS + sum(SKIP_CHANNELS), stride=4)
PLACE_C = InsertionPoint("C", "head.block3", channels=DECODER_CHANNELS // 2, stride=4)


def build(**options: Any) -> nn.Module:
    """A network with random weights in eval mode; takes no options."""
    refuse_options(NAME, options)
    return LightInteractive().eval()


def spec(**options: Any) -> NetworkSpec:
    """Description of the network; takes no options."""
    refuse_options(NAME, options)
    return NetworkSpec(
        name=NAME,
        task="interactive",
        title="Light interactive (embedded)",
        # Level 1 is B alone, as published; the further levels add C behind it and then A before the pyramid.
        layouts={
            "A": InsertionLayout(levels=((PLACE_A,),)),
            "B": InsertionLayout(levels=((PLACE_B,), (PLACE_C,), (PLACE_A,)), default_levels=1),
            "C": InsertionLayout(levels=((PLACE_C,),)),
        },
        default_layout="B",
        guidance="click_maps",
        click_norm_radius=260.0,
        working_side=480,
        licence="research / non-commercial (trained on BSDS500, CamVid and others; see the model card)",
        gains_from_mirror=True,
    )


def recognise(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any] | None:
    """Options of this architecture when the keys are its own, else None."""
    return {} if "fusion.layers.0.weight" in shapes and "aspp.atrous.0.0.weight" in shapes else None
