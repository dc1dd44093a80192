"""A miniature click segmentation network for tests and experiments: right answers in a millisecond, without files.

The same parts as the real ones (distance-map fusion, residual encoder, ASPP, decoder behind place B) in 4,400 weights.
Most are random from a seed, but two channels are led through by hand: nearness to positive and to negative clicks. So
a positive click makes a disc of about `DISC_RADIUS` pixels, a negative click takes one away, and refinement has
something to refine.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gbrs_core.network import InsertionLayout, InsertionPoint, NetworkSpec
from models.architectures.fusion import joined_input
from models.spec import LoadedNetwork

NORM_RADIUS = 40.0
DISC_RADIUS = 11.0
"""Pixels round a lone positive click in which the logits are positive, where nothing else disturbs."""
_CHANNELS = 16


class TinyInteractive(nn.Module):
    """The network; channels 0 and 1 of `fusion`, `stem` and `head.0` are the hand-led ones."""

    def __init__(self) -> None:
        super().__init__()
        self.fusion = nn.Sequential(nn.Conv2d(5, 8, 1), nn.ReLU())
        self.stem = nn.Conv2d(8, _CHANNELS, 3, stride=2, padding=1)
        self.encoder = nn.Conv2d(_CHANNELS, _CHANNELS, 3, stride=2, padding=1)
        self.aspp = nn.ModuleList(
            nn.Conv2d(_CHANNELS, _CHANNELS // 2, 3, padding=rate, dilation=rate, groups=_CHANNELS // 2)
            for rate in (1, 3)
        )
        self.head = nn.Sequential(nn.Conv2d(2 * _CHANNELS, _CHANNELS, 1), nn.ReLU(), nn.Conv2d(_CHANNELS, 1, 1))

    def forward(self, image: Tensor, click_maps: Tensor) -> Tensor:
        """Image (B, 3, H, W) and click maps (B, 2, H, W) -> logits (B, 1, H, W), at any size."""
        low_level = F.relu(self.stem(self.fusion(joined_input(image, click_maps))))
        deep = F.relu(self.encoder(low_level))
        context = torch.cat([F.relu(branch(deep)) for branch in self.aspp], dim=1)
        context = F.interpolate(context, size=low_level.shape[2:], mode="bilinear", align_corners=False)
        logits = self.head(torch.cat([context, low_level], dim=1))
        return F.interpolate(logits, size=image.shape[2:], mode="bilinear", align_corners=False)


def tiny_interactive(seed: int = 0) -> LoadedNetwork:
    """The network with weights from a seed, in eval mode, as `models.load` would return it."""
    module = TinyInteractive()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            spread = math.sqrt(2.0 / parameter[0].numel()) if parameter.dim() > 1 else 0.0
            parameter.copy_(spread * torch.randn(parameter.shape, generator=generator))
        _lead_clicks_through(module)
    return LoadedNetwork(module.eval().requires_grad_(False), _spec(), sha256="")


def _lead_clicks_through(module: TinyInteractive) -> None:
    """Channels 0 and 1 carry 1 - map of the positive and of the negative clicks from the input to the logit."""
    value = module.get_parameter
    for sign in (0, 1):
        for layer in ("fusion.0", "stem", "head.0"):
            value(f"{layer}.weight")[sign] = 0
            value(f"{layer}.bias")[sign] = 0
        value("fusion.0.weight")[sign, 3 + sign] = -1.0
        value("fusion.0.bias")[sign] = 1.0
        value("stem.weight")[sign, sign, 1, 1] = 1.0
        value("head.0.weight")[sign, _CHANNELS + sign] = 1.0
    nearness_at_rim = 1.0 - math.tanh(2.0 * DISC_RADIUS / NORM_RADIUS)
    random_part = value("head.2.weight")[0, 2:]
    random_part -= random_part.mean()  # so that the image shifts logits up and down alike
    value("head.2.weight")[0, :2, 0, 0] = torch.tensor([8.0, -5.0])
    value("head.2.bias")[0] = -8.0 * nearness_at_rim


def _spec() -> NetworkSpec:
    place = InsertionPoint("B", "head", side="input", channels=2 * _CHANNELS, stride=2)
    return NetworkSpec(
        name="tiny_interactive",
        task="interactive",
        title="Tiny interactive (tests)",
        layouts={"B": InsertionLayout(levels=((place,),))},
        default_layout="B",
        guidance="click_maps",
        click_norm_radius=NORM_RADIUS,
        working_side=128,
    )
