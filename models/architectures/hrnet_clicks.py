"""HRNetV2 with OCR and distance-map fusion, the click segmentation networks of f-BRS (CVPR 2020) on HRNet.

The names of the submodules are those of the published state dicts.
"""

from __future__ import annotations

from torch import Tensor, nn

from models.architectures.fusion import distance_map_fusion, joined_input, resize
from models.architectures.hrnet import HRNetBackbone
from models.architectures.ocr import DistributionHead, gathered_regions


class OcrHRNet(HRNetBackbone):
    """HRNet with an OCR head for one class; logits at stride 4."""

    def __init__(self, width: int, ocr_width: int) -> None:
        super().__init__(width, align_corners=True)
        joined, channels = 15 * width, 2 * ocr_width
        self.conv3x3_ocr = nn.Sequential(nn.Conv2d(joined, channels, 3, padding=1), nn.BatchNorm2d(channels), nn.ReLU())
        self.ocr_distri_head = DistributionHead(channels, ocr_width)
        self.cls_head = nn.Conv2d(channels, 1, 1)
        self.aux_head = nn.Sequential(
            nn.Conv2d(joined, joined, 1), nn.BatchNorm2d(joined), nn.ReLU(), nn.Conv2d(joined, 1, 1)
        )

    def forward(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) -> logits (B, 1, H / 4, W / 4)."""
        joined = self.joined_streams(image)
        features = self.conv3x3_ocr(joined)
        regions = gathered_regions(features, self.aux_head(joined))
        logits: Tensor = self.cls_head(self.ocr_distri_head(features, regions))
        return logits


class HRNetDistanceMaps(nn.Module):
    """The whole network: distance-map fusion, HRNet, OCR.

    Args:
        width: channels of the finest stream.
        ocr_width: key channels of the OCR head, half of its features.
    """

    def __init__(self, width: int, ocr_width: int) -> None:
        super().__init__()
        self.rgb_conv = distance_map_fusion()
        self.feature_extractor = OcrHRNet(width, ocr_width)

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
        return resize(self.feature_extractor(fused), like=image)
