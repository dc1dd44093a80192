"""HRNet-OCR at two scales, joined by learned attention, for semantic segmentation (Tao et al., arXiv 2005.10821).

The names of the submodules are those of the published state dicts. The image runs through the same weights twice, at
half size first and then at full size.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gbrs_core.errors import ShapeError
from models.architectures.hrnet import HRNetBackbone, resize_to
from models.architectures.ocr import DistributionHead, gathered_regions, norm_relu

WIDTH = 48
OCR_CHANNELS = 512
OCR_KEY_CHANNELS = 256


class SemanticOcr(nn.Module):
    """OCR head for several classes."""

    def __init__(self, in_channels: int, num_classes: int) -> None:
        super().__init__()
        self.conv3x3_ocr = nn.Sequential(nn.Conv2d(in_channels, OCR_CHANNELS, 3, padding=1), norm_relu(OCR_CHANNELS))
        self.ocr_distri_head = DistributionHead(OCR_CHANNELS, OCR_KEY_CHANNELS)
        self.cls_head = nn.Conv2d(OCR_CHANNELS, num_classes, 1)
        self.aux_head = nn.Sequential(
            nn.Conv2d(in_channels, in_channels, 1), norm_relu(in_channels), nn.Conv2d(in_channels, num_classes, 1)
        )

    def forward(self, joined: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, h, w) -> logits (B, K, h, w) and the features (B, 512, h, w) they are made of."""
        features = self.conv3x3_ocr(joined)
        regions = gathered_regions(features, self.aux_head(joined))
        augmented = self.ocr_distri_head(features, regions)
        return self.cls_head(augmented), augmented


class ScaleAttention(nn.Module):
    """How much the half-size pass is trusted, per pixel, the same for all classes."""

    def __init__(self, in_channels: int, hidden: int = 256) -> None:
        super().__init__()
        self.conv0 = nn.Conv2d(in_channels, hidden, 3, padding=1, bias=False)
        self.bn0 = nn.BatchNorm2d(hidden)
        self.conv1 = nn.Conv2d(hidden, hidden, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(hidden)
        self.conv2 = nn.Conv2d(hidden, 1, 1, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, 1, h, w) in (0, 1)."""
        hidden = F.relu(self.bn0(self.conv0(features)))
        return torch.sigmoid(self.conv2(F.relu(self.bn1(self.conv1(hidden)))))


class MultiScaleHRNet(nn.Module):
    """The whole network.

    Args:
        num_classes: K, 19 for Cityscapes and 65 for Mapillary Vistas.
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.backbone = HRNetBackbone(WIDTH, align_corners=False)
        self.ocr = SemanticOcr(15 * WIDTH, num_classes)
        self.scale_attn = ScaleAttention(OCR_CHANNELS)

    def forward(self, image: Tensor) -> Tensor:
        """Fused logits of both scales.

        Args:
            image: (B, 3, H, W), ImageNet-normalised RGB, H and W at least 2.

        Returns:
            (B, K, H, W) logits.

        Raises:
            ShapeError: another number of channels, or no pixels at half size.
        """
        if image.dim() != 4 or image.shape[1] != 3 or min(image.shape[2:]) < 2:
            raise ShapeError("image", tuple(image.shape), "(B, 3, H, W) with H and W at least 2")
        height, width = image.shape[2:]
        half = F.interpolate(image, size=(height // 2, width // 2), mode="bilinear", align_corners=False)
        coarse, features = self.ocr(self.backbone(half))
        attention = resize_to(self.scale_attn(features), like=half, align_corners=False)
        weighted = attention * resize_to(coarse, like=half, align_corners=False)
        # The attention of the full-size pass plays no part with these two scales, so it is not computed.
        fine, _ = self.ocr(self.backbone(image))
        fine = resize_to(fine, like=image, align_corners=False)
        weighted = resize_to(weighted, like=image, align_corners=False)
        return weighted + (1 - resize_to(attention, like=image, align_corners=False)) * fine
