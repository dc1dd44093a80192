"""Distance-map fusion of f-BRS (Sofiiuk et al., CVPR 2020): image and click maps become a three-channel input."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gbrs_core.errors import ShapeError


def distance_map_fusion() -> nn.Sequential:
    """1x1 convolutions from image and click maps (5 channels) to what a backbone trained on images expects (3)."""
    return nn.Sequential(
        nn.Conv2d(5, 8, 1),
        nn.LeakyReLU(0.2),
        nn.BatchNorm2d(8),
        nn.Conv2d(8, 3, 1),
    )


def joined_input(image: Tensor, click_maps: Tensor) -> Tensor:
    """Image (B, 3, H, W) and click maps (B, 2, H, W) as (B, 5, H, W). Raises ShapeError if they do not fit."""
    if image.dim() != 4 or image.shape[1] != 3:
        raise ShapeError("image", tuple(image.shape), "(B, 3, H, W)")
    expected = (image.shape[0], 2, *image.shape[2:])
    if tuple(click_maps.shape) != expected:
        raise ShapeError("click_maps", tuple(click_maps.shape), f"{expected}, as the image has it")
    return torch.cat([image, click_maps], dim=1)


def resize(features: Tensor, like: Tensor) -> Tensor:
    """Bilinear resize to the height and width of `like`, corners aligned as everywhere in f-BRS."""
    return F.interpolate(features, size=like.shape[2:], mode="bilinear", align_corners=True)
