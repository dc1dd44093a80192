"""Atrous residual networks of output stride 8, as backbones of DeepLab (He et al. 2016, Chen et al. 2017).

ResNet-34 has the plain stem of one 7x7 convolution and basic blocks; ResNet-50 and -101 have the deep stem of three 3x3
convolutions and bottlenecks with the stride on the 3x3. Stages 3 and 4 trade their stride for dilation 2 and 4.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn


def conv3x3(in_channels: int, out_channels: int, stride: int = 1, dilation: int = 1) -> nn.Conv2d:
    """3x3 convolution without bias that keeps the size at stride 1."""
    return nn.Conv2d(in_channels, out_channels, 3, stride, padding=dilation, dilation=dilation, bias=False)


def conv1x1(in_channels: int, out_channels: int, stride: int = 1) -> nn.Conv2d:
    """1x1 convolution without bias."""
    return nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)


def shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Sequential | None:
    """Projection of a block's input to the shape of its output; None where they agree."""
    if stride == 1 and in_channels == out_channels:
        return None
    return nn.Sequential(conv1x1(in_channels, out_channels, stride), nn.BatchNorm2d(out_channels))


class BasicBlock(nn.Module):
    """Two 3x3 convolutions with a shortcut; `dilations` are those of the first and the second."""

    expansion = 1

    def __init__(self, in_channels: int, planes: int, stride: int = 1, dilations: tuple[int, int] = (1, 1)) -> None:
        super().__init__()
        self.conv1 = conv3x3(in_channels, planes, stride, dilations[0])
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = conv3x3(planes, planes, 1, dilations[1])
        self.bn2 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU()
        self.downsample = shortcut(in_channels, planes, stride)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, planes, H / stride, W / stride)."""
        kept = features if self.downsample is None else self.downsample(features)
        changed = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(features)))))
        summed: Tensor = self.relu(changed + kept)
        return summed


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions with a shortcut; stride and the first of `dilations` belong to the 3x3."""

    expansion = 4

    def __init__(self, in_channels: int, planes: int, stride: int = 1, dilations: tuple[int, int] = (1, 1)) -> None:
        super().__init__()
        out_channels = planes * self.expansion
        self.conv1 = conv1x1(in_channels, planes)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = conv3x3(planes, planes, stride, dilations[0])
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = conv1x1(planes, out_channels)
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU()
        self.downsample = shortcut(in_channels, out_channels, stride)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, 4 planes, H / stride, W / stride)."""
        kept = features if self.downsample is None else self.downsample(features)
        changed = self.relu(self.bn1(self.conv1(features)))
        changed = self.relu(self.bn2(self.conv2(changed)))
        summed: Tensor = self.relu(self.bn3(self.conv3(changed)) + kept)
        return summed


@dataclass(frozen=True)
class ResNetPlan:
    """Which residual network: its block, the blocks per stage, and whether the stem is the deep one."""

    block: type[BasicBlock] | type[Bottleneck]
    depths: tuple[int, int, int, int]
    has_deep_stem: bool

    @property
    def low_level_channels(self) -> int:
        """Channels at stride 4."""
        return 64 * self.block.expansion

    @property
    def out_channels(self) -> int:
        """Channels at stride 8."""
        return 512 * self.block.expansion


RESNET34 = ResNetPlan(BasicBlock, (3, 4, 6, 3), has_deep_stem=False)
RESNET50 = ResNetPlan(Bottleneck, (3, 4, 6, 3), has_deep_stem=True)
RESNET101 = ResNetPlan(Bottleneck, (3, 4, 23, 3), has_deep_stem=True)


class AtrousResNet(nn.Module):
    """Residual network without classifier; strides 4, 8, 8, 8 after its four stages."""

    def __init__(self, plan: ResNetPlan) -> None:
        super().__init__()
        self.conv1, stem_channels = _stem(plan.has_deep_stem)
        self.bn1 = nn.BatchNorm2d(stem_channels)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        expansion = plan.block.expansion
        self.layer1 = _stage(plan, 0, stem_channels, stride=1, dilations=(1, 1))
        self.layer2 = _stage(plan, 1, 64 * expansion, stride=2, dilations=(1, 1))
        self.layer3 = _stage(plan, 2, 128 * expansion, stride=1, dilations=(1, 2))
        self.layer4 = _stage(plan, 3, 256 * expansion, stride=1, dilations=(2, 4))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, H, W) -> low-level features c1 at stride 4 and deep features c4 at stride 8."""
        low_level = self.layer1(self.maxpool(self.relu(self.bn1(self.conv1(image)))))
        return low_level, self.layer4(self.layer3(self.layer2(low_level)))


def _stem(is_deep: bool) -> tuple[nn.Module, int]:
    """The first convolutions at stride 2, and how many channels they give."""
    if not is_deep:
        return nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False), 64
    convolutions = nn.Sequential(
        conv3x3(3, 64, stride=2),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        conv3x3(64, 64),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        conv3x3(64, 128),
    )
    return convolutions, 128


def _stage(plan: ResNetPlan, index: int, in_channels: int, stride: int, dilations: tuple[int, int]) -> nn.Sequential:
    """The blocks of a stage: the first has `dilations`, the others the second of them throughout."""
    planes, block = 64 * 2**index, plan.block
    first = block(in_channels, planes, stride, dilations)
    others = (
        block(planes * block.expansion, planes, 1, (dilations[1], dilations[1])) for _ in range(1, plan.depths[index])
    )
    return nn.Sequential(first, *others)
