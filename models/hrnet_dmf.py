"""HRNet with OCR and distance-map fusion: the published click segmentation networks of f-BRS on HRNet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

from gbrs_core.network import InsertionLayout, InsertionPoint, NetworkSpec
from models.architectures.hrnet_clicks import HRNetDistanceMaps
from models.registry import Shapes, refuse_options

LICENCE = "published with f-BRS (code MPL-2.0); the terms of its training images (SBD or COCO and LVIS) apply"


@dataclass(frozen=True)
class HRNetDescription:
    """One of the published networks.

    Attributes:
        name: registry name.
        title: what the model menu shows.
        width: channels of the finest stream.
        ocr_width: key channels of the OCR head.
    """

    name: str
    title: str
    width: int
    ocr_width: int

    def build(self, **options: Any) -> nn.Module:
        """The network with random weights, in eval mode; there are no options."""
        refuse_options(self.name, options)
        return HRNetDistanceMaps(self.width, self.ocr_width).eval()

    def spec(self, **options: Any) -> NetworkSpec:
        """Task, places A (which f-BRS also takes for B) and C, input scaling."""
        refuse_options(self.name, options)
        joined, ocr = "feature_extractor.join", "feature_extractor.ocr_distri_head"
        places = (
            InsertionPoint("A", joined, channels=15 * self.width, stride=4),
            InsertionPoint("B", joined, channels=15 * self.width, stride=4),
            InsertionPoint("C", ocr, channels=2 * self.ocr_width, stride=4),
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
        """By the width of the finest stream."""
        first = shapes.get("feature_extractor.stage2.0.branches.0.0.conv1.weight", ())
        return {} if first[:1] == (self.width,) else None


HRNET18_OCR64 = HRNetDescription("hrnet18_ocr64", "HRNet-18 OCR (f-BRS)", 18, 64)
HRNET32_OCR128 = HRNetDescription("hrnet32_ocr128", "HRNet-32 OCR (f-BRS)", 32, 128)
