"""BTS: depth from one image with local planar guidance (Lee et al., "From Big to Small", arXiv 1907.10326).

The names of the submodules with weights are those of the published state dict. Written from the description in the
paper and from published facts about the configuration.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gbrs_core.errors import ShapeError
from models.architectures.densenet import DenseNet161

WIDTH = 512
"""Channels of the first decoder step."""
DILATIONS = (3, 6, 12, 18, 24)


def _norm(channels: int) -> nn.BatchNorm2d:
    """Normalisation with the constants of the TensorFlow original."""
    return nn.BatchNorm2d(channels, eps=1.1e-5, momentum=0.01)


def _conv_elu(in_channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False), nn.ELU())


class UpConv(nn.Module):
    """Nearest upsampling by two, 3x3 convolution, ELU."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C', 2h, 2w)."""
        return F.elu(self.conv(F.interpolate(features, scale_factor=2, mode="nearest")))


class _AtrousSteps(nn.Module):
    """The layers of an atrous block, under the published names; the first step of the pyramid has no `first_bn`."""

    def __init__(self, in_channels: int, out_channels: int, dilation: int, has_first_norm: bool) -> None:
        super().__init__()
        hidden = 2 * out_channels
        self.first_bn: nn.Module | None = _norm(in_channels) if has_first_norm else None
        self.aconv_sequence = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(in_channels, hidden, 1, bias=False),
            nn.BatchNorm2d(hidden, momentum=0.01),
            nn.ReLU(),
            nn.Conv2d(hidden, out_channels, 3, padding=dilation, dilation=dilation, bias=False),
        )

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C', h, w)."""
        if self.first_bn is not None:
            features = self.first_bn(features)
        convolved: Tensor = self.aconv_sequence(features)
        return convolved


class AtrousBlock(nn.Module):
    """One step of the dense atrous pyramid."""

    def __init__(self, in_channels: int, out_channels: int, dilation: int, has_first_norm: bool = True) -> None:
        super().__init__()
        self.atrous_conv = _AtrousSteps(in_channels, out_channels, dilation, has_first_norm)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C', h, w)."""
        convolved: Tensor = self.atrous_conv(features)
        return convolved


class Reduction(nn.Module):
    """A tower of 1x1 convolutions that narrows to 8 channels, then to plane parameters or to one depth share.

    Args:
        widths: channels through the tower, down to 8.
        is_final: ends in one channel with a sigmoid instead of the three plane parameters.
    """

    def __init__(self, widths: tuple[int, ...], is_final: bool = False) -> None:
        super().__init__()
        self.reduc = nn.Sequential()
        for inside, outside in pairwise(widths):
            step = nn.Sequential(nn.Conv2d(inside, outside, 1, bias=False), nn.ELU())
            self.reduc.add_module(f"inter_{inside}_{outside}", step)
        if is_final:
            self.reduc.add_module("final", nn.Sequential(nn.Conv2d(widths[-1], 1, 1, bias=False), nn.Sigmoid()))
        else:
            self.reduc.add_module("plane_params", nn.Conv2d(widths[-1], 3, 1, bias=False))

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, 3 or 1, h, w)."""
        reduced: Tensor = self.reduc(features)
        return reduced


class LocalPlanarGuidance(nn.Module):
    """Depth of the plane that each coarse cell describes, at every pixel of the cell; no weights.

    The three numbers of a cell become a normal (polar angle up to 60 degrees) and a distance. Where the plane is seen
    almost edge-on the division comes near zero: for cells of 8 pixels the depth can be negative or not finite.

    Args:
        cell: pixels r per side of a cell.
        max_depth: largest distance of a plane.
    """

    def __init__(self, cell: int, max_depth: float) -> None:
        super().__init__()
        self._cell, self._max_depth = cell, max_depth

    def planes(self, parameters: Tensor) -> Tensor:
        """(B, 3, h, w) -> (B, 4, h, w): unit normal and distance in units of the depth."""
        polar, azimuth, distance = torch.sigmoid(parameters).unbind(dim=1)
        theta, phi = polar * (math.pi / 3), azimuth * (2 * math.pi)
        normal = torch.stack([theta.sin() * phi.cos(), theta.sin() * phi.sin(), theta.cos()], dim=1)
        return torch.cat([F.normalize(normal, dim=1), distance.unsqueeze(1) * self._max_depth], dim=1)

    def forward(self, parameters: Tensor) -> Tensor:
        """(B, 3, h, w) -> depth as a share of the maximum (B, 1, r h, r w)."""
        cell = self._cell
        height, width = parameters.shape[2:]
        planes = self.planes(parameters)
        planes = planes.repeat_interleave(cell, dim=2).repeat_interleave(cell, dim=3)
        offsets = (torch.arange(cell, device=planes.device, dtype=planes.dtype) - (cell - 1) / 2) / cell
        u, v = offsets.repeat(width), offsets.repeat(height).unsqueeze(1)
        depth = planes[:, 3] / (planes[:, 0] * u + planes[:, 1] * v + planes[:, 2])
        return depth.unsqueeze(1) / self._max_depth


class BtsDecoder(nn.Module):
    """From the encoder's features to depth; `relu` is a place of its own, where a G-BRS layer may sit."""

    def __init__(self, deep_channels: int, max_depth: float) -> None:
        super().__init__()
        self._max_depth = max_depth
        half, quarter = WIDTH // 2, WIDTH // 4
        self.relu = nn.ReLU()
        self.upconv5, self.bn5 = UpConv(deep_channels, WIDTH), _norm(WIDTH)
        self.conv5 = _conv_elu(WIDTH + 384, WIDTH)
        self.upconv4, self.bn4 = UpConv(WIDTH, half), _norm(half)
        self.conv4, self.bn4_2 = _conv_elu(half + 192, half), _norm(half)
        self.daspp_3 = AtrousBlock(half, quarter, 3, has_first_norm=False)
        for number, dilation in enumerate(DILATIONS[1:], start=1):
            self.add_module(f"daspp_{dilation}", AtrousBlock(half + 192 + number * quarter, quarter, dilation))
        self.daspp_conv = _conv_elu(half + len(DILATIONS) * quarter, quarter)
        self.reduc8x8 = Reduction((128, 128, 64, 32, 16, 8))
        self.guidance8 = LocalPlanarGuidance(8, max_depth)
        self.upconv3, self.bn3 = UpConv(quarter, 128), _norm(128)
        self.conv3 = _conv_elu(128 + 96 + 1, 128)
        self.reduc4x4 = Reduction((128, 64, 32, 16, 8))
        self.guidance4 = LocalPlanarGuidance(4, max_depth)
        self.upconv2, self.bn2 = UpConv(128, 64), _norm(64)
        self.conv2 = _conv_elu(64 + 96 + 1, 64)
        self.reduc2x2 = Reduction((64, 32, 16, 8))
        self.guidance2 = LocalPlanarGuidance(2, max_depth)
        self.upconv1 = UpConv(64, 32)
        self.reduc1x1 = Reduction((32, 16, 8), is_final=True)
        self.conv1 = _conv_elu(32 + 4, 32)
        self.get_depth = nn.Sequential(nn.Conv2d(32, 1, 3, padding=1, bias=False), nn.Sigmoid())

    def forward(self, features: list[Tensor]) -> Tensor:
        """Features at strides 2, 4, 8, 16, 32 -> depth (B, 1, H, W) in (0, max_depth)."""
        skip2, skip4, skip8, skip16, deep = features
        at16 = self.conv5(torch.cat([self.bn5(self.upconv5(self.relu(deep))), skip16], dim=1))
        at8 = self._atrous_pyramid(torch.cat([self.bn4(self.upconv4(at16)), skip8], dim=1))
        depth8 = self.guidance8(self.reduc8x8(at8))
        # Every second or fourth pixel is what nearest resizing keeps.
        at4 = self.conv3(torch.cat([self.bn3(self.upconv3(at8)), skip4, depth8[:, :, ::4, ::4]], dim=1))
        depth4 = self.guidance4(self.reduc4x4(at4))
        at2 = self.conv2(torch.cat([self.bn2(self.upconv2(at4)), skip2, depth4[:, :, ::2, ::2]], dim=1))
        depth2 = self.guidance2(self.reduc2x2(at2))
        at1 = self.upconv1(at2)
        mixed = self.conv1(torch.cat([at1, self.reduc1x1(at1), depth2, depth4, depth8], dim=1))
        depth: Tensor = self._max_depth * self.get_depth(mixed)
        return depth

    def _atrous_pyramid(self, joined: Tensor) -> Tensor:
        """Each atrous block sees all before it, in front of which stands `joined`, not what conv4 made of it."""
        narrowed = self.bn4_2(self.conv4(joined))
        steps = [self.daspp_3(narrowed)]
        for dilation in DILATIONS[1:]:
            steps.append(self.get_submodule(f"daspp_{dilation}")(torch.cat([joined, *steps], dim=1)))
        gathered: Tensor = self.daspp_conv(torch.cat([narrowed, *steps], dim=1))
        return gathered


class BtsEncoder(nn.Module):
    """DenseNet-161 under the published name."""

    def __init__(self) -> None:
        super().__init__()
        self.base_model = DenseNet161()

    def forward(self, image: Tensor) -> list[Tensor]:
        """(B, 3, H, W) -> features at strides 2, 4, 8, 16, 32."""
        features: list[Tensor] = self.base_model(image)
        return features


class Bts(nn.Module):
    """The whole network.

    Args:
        max_depth: largest depth in metres: 10 for NYU Depth V2, 80 for KITTI.
        factor: what the final depth, but no plane, is multiplied by; the KITTI version allows for the lens so.
    """

    def __init__(self, max_depth: float, factor: float = 1.0) -> None:
        super().__init__()
        self._factor = factor
        self.encoder = BtsEncoder()
        self.decoder = BtsDecoder(self.encoder.base_model.out_channels, max_depth)

    def forward(self, image: Tensor) -> Tensor:
        """Depth in metres.

        Args:
            image: (B, 3, H, W), ImageNet-normalised RGB; H and W multiples of 32.

        Returns:
            (B, 1, H, W) in (0, factor x max_depth).

        Raises:
            ShapeError: another number of channels, or another size.
        """
        shape = tuple(image.shape)
        if len(shape) != 4 or shape[1] != 3 or shape[2] % 32 or shape[3] % 32:
            raise ShapeError("image", shape, "(B, 3, H, W) with H and W multiples of 32")
        depth: Tensor = self.decoder(self.encoder(image))
        return depth if self._factor == 1 else self._factor * depth
