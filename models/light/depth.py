"""`light_depth`: the embedded depth network, trained by this project.

The same family as the network of section 2.4.4 of the G-BRS paper (BTS, Lee et al., arXiv 1907.10326): a dense encoder,
a decoder with a dense atrous pyramid, and local planar guidance, in which every coarse cell describes a plane. Smaller,
and simpler where it costs time or stability: guidance is passed on as the logarithm of depth, planes are seen at 50
degrees at most, so that their depth is always positive, and the finest features have half the image's resolution, the
pixels of a 2x2 cell being channels at the end.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gbrs_core.errors import ShapeError
from gbrs_core.network import InsertionLayout, InsertionPoint, NetworkSpec
from models.registry import refuse_options

NAME = "light_depth"
MAX_DEPTH = 80.0
"""Largest depth in metres: rooms and streets alike."""
COARSEST_STRIDE = 32
STEM = {2: 24, 4: 48}
"""Channels in front of the dense blocks by stride."""
BLOCKS = {4: (3, 16, 64), 8: (4, 24, 96), 16: (6, 32, 128), 32: (4, 32, 256)}
"""Stride of a dense block -> layers, channels that each adds, channels behind it and its transition."""
DECODER = {16: 96, 8: 64, 4: 48, 2: 32}
"""Channels of the decoder by stride."""
DILATIONS = (2, 4, 8)
MAXIMUM_TILT = math.radians(50)
TYPICAL_DEPTH = 3.0
"""Depth in metres that a network without training says."""


class ConvNormAct(nn.Module):
    """Convolution without bias, batch normalisation, ELU; same padding.

    Outside of training the normalisation is part of the weights. Features that come in several parts are convolved part
    by part and added up: what does not depend on the auxiliary layers is then computed once per image, not in every
    iteration.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int = 3, stride: int = 1, dilation: int = 1
    ) -> None:
        super().__init__()
        padding = dilation * (kernel // 2)
        self.conv = nn.Conv2d(in_channels, out_channels, kernel, stride, padding, dilation, bias=False)
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, *parts: Tensor) -> Tensor:
        """Parts (B, C_i, h, w), whose channels together are the convolution's -> (B, C', h', w')."""
        if self.training:
            return F.elu(self.norm(self._convolved(parts, self.conv.weight, None)), inplace=True)
        return F.elu(self._convolved(parts, *self._folded()), inplace=True)

    def _folded(self) -> tuple[Tensor, Tensor]:
        """Weights and bias of the convolution with the normalisation's running statistics."""
        norm = self.norm
        mean, variance = norm.running_mean, norm.running_var
        if mean is None or variance is None:
            raise RuntimeError("the normalisation keeps no running statistics")
        scale = norm.weight * torch.rsqrt(variance + norm.eps)
        return self.conv.weight * scale.view(-1, 1, 1, 1), norm.bias - mean * scale

    def _convolved(self, parts: Sequence[Tensor], weight: Tensor, bias: Tensor | None) -> Tensor:
        weights = weight.split([part.shape[1] for part in parts], dim=1)  # type: ignore[no-untyped-call]
        total = self._convolved_part(parts[0], weights[0], bias)
        for part, own in zip(parts[1:], weights[1:], strict=True):
            total = total + self._convolved_part(part, own, None)
        return total

    def _convolved_part(self, features: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        conv = self.conv
        weight = weight.contiguous(memory_format=torch.channels_last)
        return F.conv2d(features, weight, bias, conv.stride, conv.padding, conv.dilation)


class DoublingConvNormAct(ConvNormAct):
    """Doubles the size by nearest neighbours first; both as one transposed convolution, less than half the work."""

    def _convolved_part(self, features: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        kernel = _doubling(_doubling(weight, 2), 3).transpose(0, 1).contiguous(memory_format=torch.channels_last)
        return F.conv_transpose2d(features, kernel, bias, stride=2, padding=1)


def _doubling(weight: Tensor, dim: int) -> Tensor:
    """Three taps along a dimension -> the four of a transposed convolution that doubles that dimension before them."""
    before, middle, behind = weight.unbind(dim)
    return torch.stack([behind, middle + behind, before + middle, before], dim)


class DenseLayer(nn.Module):
    """Normalise, narrow by 1x1, add `growth` channels by 3x3 to what came in."""

    def __init__(self, in_channels: int, growth: int) -> None:
        super().__init__()
        hidden = 3 * growth
        self.add = nn.Sequential(
            nn.BatchNorm2d(in_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(in_channels, hidden, 1, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden, growth, 3, padding=1, bias=False),
        )

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C + growth, h, w)."""
        return torch.cat([features, self.add(features)], dim=1)


def dense_block(in_channels: int, layers: int, growth: int) -> nn.Sequential:
    """`layers` dense layers, each seeing all before it."""
    return nn.Sequential(*(DenseLayer(in_channels + index * growth, growth) for index in range(layers)))


def transition(in_channels: int, out_channels: int) -> nn.Sequential:
    """Normalise, change the channels, halve the size."""
    return nn.Sequential(
        nn.BatchNorm2d(in_channels),
        nn.ReLU(inplace=True),
        nn.Conv2d(in_channels, out_channels, 1, bias=False),
        nn.AvgPool2d(2),
    )


class DenseEncoder(nn.Module):
    """Strides 2 to 32; `block32` is the final dense block, the place of G-BRS."""

    def __init__(self) -> None:
        super().__init__()
        self.stem2 = ConvNormAct(3, STEM[2], stride=2)
        self.stem4 = ConvNormAct(STEM[2], STEM[4], stride=2)
        channels = STEM[4]
        for stride, (layers, growth, behind) in BLOCKS.items():
            self.add_module(f"block{stride}", dense_block(channels, layers, growth))
            if stride < COARSEST_STRIDE:
                self.add_module(f"transition{stride}", transition(channels + layers * growth, behind))
            channels = behind

    def forward(self, image: Tensor) -> dict[int, Tensor]:
        """(B, 3, H, W) -> features by stride, before the next dense block; at 32 behind the final one."""
        features = {2: self.stem2(image)}
        features[4] = self.stem4(features[2])
        for stride in (4, 8, 16):
            block, step = self.get_submodule(f"block{stride}"), self.get_submodule(f"transition{stride}")
            features[2 * stride] = step(block(features[stride]))
        features[32] = self.get_submodule("block32")(features[32])
        return features


class DensePyramid(nn.Module):
    """Atrous convolutions that each see all before them, projected together."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.steps = nn.ModuleList(
            nn.Sequential(
                ConvNormAct(channels + index * half, channels, 1), ConvNormAct(channels, half, dilation=dilation)
            )
            for index, dilation in enumerate(DILATIONS)
        )
        self.project = ConvNormAct(channels + len(DILATIONS) * half, channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C, h, w)."""
        for step in self.steps:
            features = torch.cat([features, step(features)], dim=1)
        projected: Tensor = self.project(features)
        return projected


class PlanarGuidance(nn.Module):
    """Local planar guidance: each cell tells a plane, each pixel of the cell gets the logarithm of its depth.

    Args:
        channels: channels C of the cells' features.
        cell: pixels r along the side of a cell.
    """

    def __init__(self, channels: int, cell: int) -> None:
        super().__init__()
        self._cell = cell
        self.hidden = nn.Sequential(nn.Conv2d(channels, 24, 1), nn.ELU(inplace=True))
        self.parameters_of = nn.Conv2d(24, 3, 1)
        with torch.no_grad():
            self.parameters_of.weight.mul_(0.3)
            self.parameters_of.bias.copy_(torch.tensor([-3.0, 0.0, depth_logit(TYPICAL_DEPTH)]))  # type: ignore[union-attr]

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, h, w) -> natural logarithm of depth / MAX_DEPTH (B, 1, r h, r w)."""
        tilt, azimuth, distance = self.parameters_of(self.hidden(features)).float().unbind(dim=1)
        tilt, azimuth = torch.sigmoid(tilt) * MAXIMUM_TILT, azimuth * math.pi
        slope = tilt.tan()
        cell, (height, width) = self._cell, tilt.shape[1:]
        offsets = (torch.arange(cell, device=tilt.device) - (cell - 1) / 2) / cell
        u, v = offsets.repeat(width), offsets.repeat(height).unsqueeze(1)
        across, down, log_distance = (
            part.repeat_interleave(cell, dim=1).repeat_interleave(cell, dim=2)
            for part in (slope * azimuth.cos(), slope * azimuth.sin(), F.logsigmoid(distance) - tilt.cos().log())
        )
        # |u|, |v| < 0.44 and a slope of tan 50 degrees leave at least 0.26 here.
        log_depth = log_distance - (1 + across * u + down * v).log()
        # With strides as of channels_last, so that what it is joined with need not be turned round.
        return log_depth.unsqueeze(-1).permute(0, 3, 1, 2)


def depth_logit(depth: float) -> float:
    """The number whose sigmoid is depth / MAX_DEPTH."""
    share = depth / MAX_DEPTH
    return math.log(share / (1 - share))


class DepthDecoder(nn.Module):
    """From features by stride to depth, finer step by step, each step guided by the planes of the one before."""

    def __init__(self) -> None:
        super().__init__()
        c16, c8, c4, c2 = DECODER.values()
        deep, at16, at8 = (BLOCKS[stride][2] for stride in (32, 8, 4))
        self.normalise = nn.Sequential(nn.BatchNorm2d(deep), nn.ReLU(inplace=True))
        self.up16 = DoublingConvNormAct(deep, c16)
        self.join16 = ConvNormAct(c16 + at16, c16)
        self.up8 = DoublingConvNormAct(c16, c8)
        self.join8 = ConvNormAct(c8 + at8, c8)
        self.pyramid = DensePyramid(c8)
        self.guidance8 = PlanarGuidance(c8, 8)
        self.up4 = DoublingConvNormAct(c8, c4)
        self.join4 = ConvNormAct(c4 + STEM[4] + 1, c4)
        self.guidance4 = PlanarGuidance(c4, 4)
        self.up2 = DoublingConvNormAct(c4, c2)
        self.join2 = ConvNormAct(c2 + STEM[2] + 1, c2)
        self.guidance2 = PlanarGuidance(c2, 2)
        self.mix = ConvNormAct(c2 + 12, 24)
        self.depth = nn.Conv2d(24, 4, 3, padding=1)
        with torch.no_grad():
            self.depth.bias.fill_(depth_logit(TYPICAL_DEPTH))  # type: ignore[union-attr]

    def forward(self, features: Mapping[int, Tensor]) -> Tensor:
        """Features at strides 2 to 32 -> depth (B, 1, H, W) in metres."""
        at16 = self.join16(self.up16(self.normalise(features[32])), features[16])
        at8 = self.pyramid(self.join8(self.up8(at16), features[8]))
        guide8 = self.guidance8(at8)
        at4 = self.join4(self.up4(at8), features[4], F.avg_pool2d(guide8, 4))
        guide4 = self.guidance4(at4)
        at2 = self.join2(self.up2(at4), features[2], F.avg_pool2d(guide4, 2))
        guides = F.pixel_unshuffle(torch.cat([guide8, guide4, self.guidance2(at2)], dim=1), 2)
        logits = self.depth(self.mix(at2, guides.contiguous(memory_format=torch.channels_last)))
        return MAX_DEPTH * torch.sigmoid(F.pixel_shuffle(logits, 2).float())


class LightDepth(nn.Module):
    """The network."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = DenseEncoder()
        self.decoder = DepthDecoder()

    def forward(self, image: Tensor) -> Tensor:
        """Depth in metres.

        Args:
            image: (B, 3, H, W), ImageNet-normalised RGB of any size.

        Returns:
            (B, 1, H, W) in (0, MAX_DEPTH].

        Raises:
            ShapeError: another number of dimensions or channels.
        """
        shape = tuple(image.shape)
        if len(shape) != 4 or shape[1] != 3:
            raise ShapeError("image", shape, "(B, 3, H, W)")
        height, width = shape[2:]
        pad = (0, -width % COARSEST_STRIDE, 0, -height % COARSEST_STRIDE)
        depth: Tensor = self.decoder(self.encoder(F.pad(image, pad, mode="replicate")))
        return depth[:, :, :height, :width]


_LEVELS = (
    (InsertionPoint("dense block", "encoder.block32", channels=BLOCKS[32][2], stride=32),),
    (InsertionPoint("pyramid", "decoder.pyramid", channels=DECODER[8], stride=8),),
    (InsertionPoint("fine", "decoder.join4", channels=DECODER[4], stride=4),),
)


def build(**options: Any) -> nn.Module:
    """A network with random weights in eval mode; takes no options."""
    refuse_options(NAME, options)
    return LightDepth().eval()


def spec(**options: Any) -> NetworkSpec:
    """Description of the network; takes no options."""
    refuse_options(NAME, options)
    return NetworkSpec(
        name=NAME,
        task="depth",
        title="Light depth (embedded)",
        layouts={"dense block": InsertionLayout(levels=_LEVELS, default_levels=3)},
        default_layout="dense block",
        working_side=480,
        licence="research / non-commercial (finished on NYU Depth V2, 7-Scenes, KITTI and others; see the model card)",
        max_depth=MAX_DEPTH,
    )


def recognise(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any] | None:
    """Options of this architecture when the keys are its own, else None."""
    return {} if "decoder.guidance8.parameters_of.weight" in shapes and "encoder.stem2.conv.weight" in shapes else None
