"""Toy networks of the tasks that predict without clicks, as `models.load` would give them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gbrs_core.network import InsertionLayout, InsertionPoint, NetworkSpec
from tests.helpers.toy_networks import ToyNetwork

LAYOUT = InsertionLayout(
    levels=(
        (InsertionPoint("deep", "deep", channels=8, stride=4),),
        (InsertionPoint("fine", "fine", channels=6, stride=2),),
    )
)


class DenseNetwork(nn.Module):
    """Two strides, two insertion points, `outputs` maps at the size of the image; for depth squashed to (0, limit)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(inputs, 6, 3, stride=2, padding=1), nn.ReLU(inplace=True))
        self.deep = nn.Conv2d(6, 8, 3, stride=2, padding=1)
        self.fine = nn.Sequential(nn.Conv2d(14, 6, 3, padding=1), nn.ReLU())
        self.head = nn.Conv2d(6, outputs, 1)
        self.limit: float | None = None
        self.prefix_runs = 0

    def forward(self, image: Tensor) -> Tensor:
        self.prefix_runs += 1
        shallow = self.stem(image)
        raised = F.interpolate(self.deep(shallow), shallow.shape[2:], mode="bilinear")
        output = F.interpolate(self.head(self.fine(torch.cat([shallow, raised], 1))), image.shape[2:], mode="bilinear")
        return output if self.limit is None else torch.sigmoid(output) * self.limit


def network(task: str, seed: int = 3) -> ToyNetwork:
    """A seeded toy network of that task: 4 classes, alpha around 0.5, or depth up to 10 m."""
    inputs, outputs = (4 if task == "matting" else 3), (4 if task == "semantic" else 1)
    module = DenseNetwork(inputs, outputs)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in module.parameters():
            value.copy_(torch.rand(value.shape, generator=generator) - 0.5)
        picture = torch.randn(1, inputs, 32, 40, generator=generator)
        mean, deviation = (getattr(module(picture), name)(dim=(0, 2, 3)) for name in ("mean", "std"))
        spread, centre = {"semantic": (2.0, 0.0), "matting": (0.15, 0.5), "depth": (0.7, 0.0)}[task]
        module.head.weight.mul_((spread / deviation)[:, None, None, None])
        module.head.bias.copy_((module.head.bias - mean) * spread / deviation + centre)
    module.limit = 10.0 if task == "depth" else None
    module.prefix_runs = 0
    module.eval().requires_grad_(False)
    spec = NetworkSpec(
        name=f"toy_{task}",
        task=task,
        title=f"Toy {task}",
        layouts={"default": LAYOUT},
        default_layout="default",
        guidance="trimap" if task == "matting" else "none",
        working_side=48,
        class_count=4 if task == "semantic" else None,
        class_names=("road", "sky", "tree", "car") if task == "semantic" else (),
        class_colours=((128, 64, 128), (70, 130, 180), (107, 142, 35), (0, 0, 142)) if task == "semantic" else (),
        max_depth=10.0 if task == "depth" else None,
    )
    return ToyNetwork(module, spec)
