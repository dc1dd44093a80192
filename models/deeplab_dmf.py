"""DeepLabV3+ with distance-map fusion on ResNet-34, -50 and -101: the published click segmentation networks of f-BRS.

`resnet101_dh256` is the network of section 2.4.1 of the G-BRS paper, which inserts its layers at place B.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

from gbrs_core.network import InsertionLayout, InsertionPoint, NetworkSpec
from models.architectures.deeplab import SKIP_CHANNELS, DeepLabDistanceMaps
from models.architectures.resnet import RESNET34, RESNET50, RESNET101, Bottleneck, ResNetPlan
from models.registry import Shapes, refuse_options

LICENCE = "published with f-BRS (code MPL-2.0); the terms of its training images (SBD or LVIS) apply"
STAGE3 = "feature_extractor.backbone.layer3."


@dataclass(frozen=True)
class DeepLabDescription:
    """One of the published networks.

    Attributes:
        name: registry name.
        title: what the model menu shows.
        plan: the backbone.
        channels: width of the decoder.
        dropout: dropout of ASPP, for training only.
    """

    name: str
    title: str
    plan: ResNetPlan
    channels: int
    dropout: float

    def build(self, **options: Any) -> nn.Module:
        """The network with random weights, in eval mode; there are no options."""
        refuse_options(self.name, options)
        return DeepLabDistanceMaps(self.plan, self.channels, self.dropout).eval()

    def spec(self, **options: Any) -> NetworkSpec:
        """Task, places A, B and C (f-BRS section 4), input scaling."""
        refuse_options(self.name, options)
        extractor, joined = "feature_extractor", self.channels + SKIP_CHANNELS
        places = (
            InsertionPoint("A", f"{extractor}.backbone.layer4", channels=self.plan.out_channels, stride=8),
            InsertionPoint("B", f"{extractor}.head", side="input", channels=joined, stride=4),
            InsertionPoint("C", f"{extractor}.head", channels=self.channels, stride=4),
        )
        return NetworkSpec(
            name=self.name,
            task="interactive",
            title=self.title,
            layouts={place.name: InsertionLayout(levels=((place,),)) for place in places},
            default_layout="B",
            guidance="click_maps",
            licence=LICENCE,
        )

    def recognise(self, shapes: Shapes) -> dict[str, Any] | None:
        """By the number and kind of blocks in stage 3, in which the three networks differ."""
        blocks = {key.split(".")[3] for key in shapes if key.startswith(STAGE3)}
        has_bottlenecks = f"{STAGE3}0.conv3.weight" in shapes
        fits = len(blocks) == self.plan.depths[2] and has_bottlenecks == (self.plan.block is Bottleneck)
        return {} if fits else None


RESNET34_DH128 = DeepLabDescription("resnet34_dh128", "DeepLabV3+ ResNet-34 (f-BRS)", RESNET34, 128, 0.2)
RESNET50_DH128 = DeepLabDescription("resnet50_dh128", "DeepLabV3+ ResNet-50 (f-BRS)", RESNET50, 128, 0.2)
RESNET101_DH256 = DeepLabDescription("resnet101_dh256", "DeepLabV3+ ResNet-101 (f-BRS)", RESNET101, 256, 0.5)
