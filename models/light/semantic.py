"""`light_semantic`: the embedded label map network, trained by this project.

The same family as the network of section 2.4.2 of the G-BRS paper: parallel streams of several resolutions that
exchange what they see (HRNet), and an object-context head (OCR). The insertion places are of the same kind too: the
outputs of the last stage, coarse to fine. Only smaller, with one pass instead of two, and sums instead of
concatenations behind the places, so that a click takes a second on two processor cores.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gbrs_core.network import InsertionLayout, InsertionPoint, NetworkSpec
from models.light.interactive import ResidualBlock, SeparableConv, conv_norm_act
from models.registry import refuse_options

NAME = "light_semantic"
CLASS_NAMES = (
    "Sky", "Building", "Pole", "Road", "Pavement", "Tree", "SignSymbol", "Fence", "Car", "Pedestrian", "Bicyclist",
)  # fmt: skip
CLASS_COLOURS = (
    (128, 128, 128), (128, 0, 0), (192, 192, 128), (128, 64, 128), (60, 40, 222), (128, 128, 0), (192, 128, 128),
    (64, 64, 128), (64, 0, 128), (64, 64, 0), (0, 128, 192),
)  # fmt: skip
"""The 11 classes of CamVid (SegNet's selection) with their usual colours."""
STRIDES = (4, 8, 16, 32)
WIDTHS = (32, 56, 104, 144)
"""Channels of the streams at these strides."""
BLOCKS = 2
"""Residual blocks per stream and stage."""
CONTEXT_CHANNELS = 64


class Exchange(nn.Module):
    """Every stream gets the sum of all streams, brought to its size and width (HRNet's fusion)."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.paths = nn.ModuleList(
            nn.ModuleList(_path(widths, source, goal) for source in range(len(widths))) for goal in range(len(widths))
        )

    def forward(self, streams: list[Tensor]) -> list[Tensor]:
        """Streams fine to coarse -> the same sizes and widths."""
        exchanged = []
        for goal, paths in enumerate(self.paths):
            total = streams[goal]
            for source, (path, features) in enumerate(zip(cast(nn.ModuleList, paths), streams, strict=True)):
                if source == goal:
                    continue
                brought = path(features)
                total = total + (resized(brought, total) if source > goal else brought)
            exchanged.append(F.relu(total))
        return exchanged


class Stage(nn.Module):
    """Residual blocks on every stream, then an exchange."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.streams = nn.ModuleList(
            nn.Sequential(*(ResidualBlock(width, width) for _ in range(BLOCKS))) for width in widths
        )
        self.exchange = Exchange(widths)

    def forward(self, streams: list[Tensor]) -> list[Tensor]:
        """Streams fine to coarse -> the same sizes and widths."""
        mixed: list[Tensor] = self.exchange(
            [blocks(features) for blocks, features in zip(self.streams, streams, strict=True)]
        )
        return mixed


class ObjectContext(nn.Module):
    """What a pixel belongs to, seen through the classes (OCR): regions by a first guess, their mean features, and for
    every pixel a mixture of those by similarity.
    """

    def __init__(self, channels: int, class_count: int) -> None:
        super().__init__()
        self.query = nn.Conv2d(channels, channels // 2, 1)
        self.key = nn.Linear(channels, channels // 2)
        self.value = nn.Linear(channels, channels)
        self.join = conv_norm_act(2 * channels, channels, 1)
        self.scale = (channels // 2) ** -0.5

    def forward(self, features: Tensor, guess: Tensor) -> Tensor:
        """(B, C, h, w) and first logits (B, K, h, w) -> (B, C, h, w)."""
        shares = guess.flatten(2).softmax(dim=2)
        regions = shares @ features.flatten(2).transpose(1, 2)
        similarity = self.key(regions) @ self.query(features).flatten(2) * self.scale
        mixed = self.value(regions).transpose(1, 2) @ similarity.softmax(dim=1)
        joined: Tensor = self.join(torch.cat([features, mixed.view_as(features)], dim=1))
        return joined


class LightSemantic(nn.Module):
    """The network; the insertion places are `outputs.3`, `outputs.2` and `outputs.1`, and the finest `outputs.0`.

    In training mode the first guess of the object-context head follows behind the logits, as as many channels again.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(conv_norm_act(3, 24, 3, stride=2), conv_norm_act(24, WIDTHS[0], 3, stride=2))
        self.first = nn.Sequential(*(ResidualBlock(WIDTHS[0], WIDTHS[0]) for _ in range(BLOCKS)))
        self.downs = nn.ModuleList(
            conv_norm_act(fine, coarse, 3, stride=2) for fine, coarse in itertools.pairwise(WIDTHS)
        )
        self.stages = nn.ModuleList(Stage(WIDTHS[: count + 1]) for count in range(1, len(WIDTHS)))
        # Without weights: named places for the outputs of the last stage.
        self.outputs = nn.ModuleList(nn.Identity() for _ in WIDTHS)
        self.projections = nn.ModuleList(nn.Conv2d(width, CONTEXT_CHANNELS, 1, bias=False) for width in WIDTHS)
        self.joined = nn.Sequential(nn.BatchNorm2d(CONTEXT_CHANNELS), nn.ReLU(inplace=True))
        self.mixed = SeparableConv(CONTEXT_CHANNELS, CONTEXT_CHANNELS)
        self.guess = nn.Conv2d(CONTEXT_CHANNELS, len(CLASS_NAMES), 1)
        self.context = ObjectContext(CONTEXT_CHANNELS, len(CLASS_NAMES))
        self.drop = nn.Dropout2d(0.1)
        self.classify = nn.Conv2d(CONTEXT_CHANNELS, len(CLASS_NAMES), 1)

    def forward(self, image: Tensor) -> Tensor:
        """Logits per class.

        Args:
            image: (B, 3, H, W), ImageNet-normalised RGB, any size.

        Returns:
            (B, 11, H, W); (B, 22, H, W) in training mode.
        """
        height, width = image.shape[2:]
        # Whole cells of the coarsest stride: otherwise the streams would be shifted against each other.
        padded = F.pad(image, (0, -width % STRIDES[-1], 0, -height % STRIDES[-1]), mode="replicate")
        streams = [self.first(self.stem(padded))]
        for down, stage in zip(self.downs, self.stages, strict=True):
            streams = stage([*streams, down(streams[-1])])
        streams = [place(features) for place, features in zip(self.outputs, streams, strict=True)]
        total = self.projections[0](streams[0])
        for projection, features in zip(self.projections[1:], streams[1:], strict=True):
            total = total + resized(projection(features), total)
        features = self.mixed(self.joined(total))
        guess = self.guess(features)
        logits = self.classify(self.drop(self.context(features, guess)))
        if self.training:
            logits = torch.cat([logits, guess], dim=1)
        fine = F.interpolate(logits, size=padded.shape[2:], mode="bilinear", align_corners=False)
        return fine[:, :, :height, :width]


def resized(features: Tensor, like: Tensor) -> Tensor:
    """Bilinearly to the size of another feature map."""
    return F.interpolate(features, size=like.shape[2:], mode="bilinear", align_corners=False)


def _path(widths: Sequence[int], source: int, goal: int) -> nn.Module:
    """From one stream to another: a 1x1 convolution upwards (resized afterwards), strided ones downwards."""
    if source == goal:
        return nn.Identity()
    if source > goal:
        return nn.Sequential(nn.Conv2d(widths[source], widths[goal], 1, bias=False), nn.BatchNorm2d(widths[goal]))
    steps: list[nn.Module] = [
        conv_norm_act(widths[source], widths[source], 3, stride=2) for _ in range(goal - source - 1)
    ]
    last = nn.Conv2d(widths[source], widths[goal], 3, stride=2, padding=1, bias=False)
    return nn.Sequential(*steps, last, nn.BatchNorm2d(widths[goal]))


def build(**options: Any) -> nn.Module:
    """A network with random weights in eval mode; takes no options."""
    refuse_options(NAME, options)
    return LightSemantic().eval()


def spec(**options: Any) -> NetworkSpec:
    """Description of the network; takes no options."""
    refuse_options(NAME, options)
    levels = tuple(
        (InsertionPoint(f"stream {index}", f"outputs.{index}", channels=WIDTHS[index], stride=STRIDES[index]),)
        for index in (3, 2, 1, 0)
    )
    return NetworkSpec(
        name=NAME,
        task="semantic",
        title="Light semantic (embedded, 11 street classes)",
        layouts={"outputs": InsertionLayout(levels=levels, default_levels=4)},
        default_layout="outputs",
        working_side=480,
        class_count=len(CLASS_NAMES),
        class_names=CLASS_NAMES,
        class_colours=CLASS_COLOURS,
        licence="research / non-commercial (trained on CamVid; see the model card)",
    )


def recognise(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any] | None:
    """Options of this architecture when the keys are its own, else None."""
    return {} if "stages.2.exchange.paths.3.0.0.0.weight" in shapes and "context.query.weight" in shapes else None
