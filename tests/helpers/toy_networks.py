"""Networks of a few channels, each with one thing that splitting a network has to get right."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gbrs_core.layers import BiasMapConv
from gbrs_core.network import InsertionLayout, InsertionPoint, NetworkSpec
from gbrs_core.partition import Partition, partition


def seeded(module: nn.Module, seed: int = 0) -> nn.Module:
    """The module in evaluation mode with reproducible weights and batch statistics."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in (*module.parameters(), *module.buffers()):
            if value.is_floating_point():
                value.copy_(torch.rand(value.shape, generator=generator) - 0.4)
        for part in module.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.running_var.abs_().add_(0.5)
    return module.eval()


def conv(in_channels: int, out_channels: int, stride: int = 1) -> nn.Sequential:
    """3x3 convolution, normalisation, in-place ReLU."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


class InPlaceShortcut(nn.Module):
    """A layer on the shortcut; the cached main branch is then overwritten by the sum."""

    point = InsertionPoint("shortcut", "shortcut", channels=6, stride=2)

    def __init__(self) -> None:
        super().__init__()
        self.stem = conv(3, 4, stride=2)
        self.main = nn.Conv2d(4, 6, 3, padding=1)
        self.shortcut = nn.Conv2d(4, 6, 1)
        self.relu = nn.ReLU(inplace=True)
        self.head = nn.Conv2d(6, 1, 1)

    def forward(self, image: Tensor) -> Tensor:
        features = self.stem(image)
        main = self.main(features)
        main += self.shortcut(features)
        return F.interpolate(self.head(self.relu(main)), image.shape[2:], mode="bilinear")


class ReadThenChanged(nn.Module):
    """A prefix value is read by the suffix and only afterwards changed by the prefix, in place."""

    point = InsertionPoint("first", "first")

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.other = nn.Conv2d(3, 4, 3, padding=1)
        self.head = nn.Conv2d(8, 1, 1)

    def forward(self, image: Tensor) -> Tensor:
        other = self.other(image)
        summed = self.first(image) + other
        other.relu_()
        return self.head(torch.cat([summed, other], dim=1))


class SharedBlock(nn.Module):
    """One submodule that runs twice, at two sizes, and a layer at each call."""

    points = (InsertionPoint("coarse", "block"), InsertionPoint("fine", "block", call_index=1))

    def __init__(self) -> None:
        super().__init__()
        self.block = conv(3, 4)
        self.head = nn.Conv2d(4, 1, 1)

    def forward(self, image: Tensor) -> Tensor:
        coarse = self.block(F.avg_pool2d(image, 2))
        fine = self.block(image)
        return self.head(fine + F.interpolate(coarse, fine.shape[2:], mode="bilinear"))


class LateSkip(nn.Module):
    """A small U-Net: the skip is computed after the insertion point in program order, and sizes cross the cut."""

    points = (InsertionPoint("deep", "deep", channels=8, stride=4), InsertionPoint("up", "up", side="input"))

    def __init__(self) -> None:
        super().__init__()
        self.down = conv(3, 4, stride=2)
        self.deep = conv(4, 8, stride=2)
        self.skip = conv(4, 4)
        self.up = conv(12, 4)
        self.head = nn.Conv2d(4, 2, 1)

    def forward(self, image: Tensor) -> Tensor:
        shallow = self.down(image)
        deep = self.deep(shallow)
        raised = F.interpolate(deep, size=shallow.shape[2:], mode="bilinear", align_corners=True)
        joined = torch.cat([raised, self.skip(shallow)], dim=1)
        height, width = image.shape[-2], image.shape[-1]
        return F.interpolate(self.head(self.up(joined)), size=(height, width), mode="bilinear", align_corners=True)


class FilledCanvas(nn.Module):
    """Fills a fresh tensor by slices, takes maxima with their indices, and has a part without gradients."""

    point = InsertionPoint("features", "features")

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Conv2d(3, 4, 3, padding=1)
        self.head = nn.Conv2d(5, 1, 1)

    def forward(self, image: Tensor) -> Tensor:
        features = self.features(image)
        canvas = torch.zeros(1, 5, *image.shape[2:])
        canvas[:, :4] = features
        strongest, _ = features.max(dim=1, keepdim=True)
        with torch.no_grad():
            gate = torch.sigmoid(features.mean(dim=(1, 2, 3), keepdim=True))
        canvas[:, 4:] = strongest * gate
        return self.head(canvas)


class ClickNetwork(nn.Module):
    """A click segmentation network: image and click maps are fused, the insertion point is the input of the head."""

    def __init__(self) -> None:
        super().__init__()
        self.fusion = nn.Conv2d(5, 6, 3, stride=2, padding=1)
        self.head = nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(6, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 1, 1))

    def forward(self, image: Tensor, click_maps: Tensor) -> Tensor:
        logits = self.head(self.fusion(torch.cat([image, click_maps], dim=1)))
        return F.interpolate(logits, image.shape[2:], mode="bilinear")


CLICK_SPEC = NetworkSpec(
    name="toy_clicks",
    task="interactive",
    title="Toy",
    layouts={
        "B": InsertionLayout(
            levels=(
                (InsertionPoint("B", "head", side="input", channels=6, stride=2),),
                (InsertionPoint("C", "head.1", channels=4, stride=2),),
            )
        )
    },
    default_layout="B",
    guidance="click_maps",
    click_norm_radius=20.0,
    working_side=48,
)


@dataclass(frozen=True, eq=False)
class ToyNetwork:
    """A network as `models.load` would give it."""

    module: nn.Module
    spec: NetworkSpec = CLICK_SPEC


def click_network(seed: int = 5) -> ToyNetwork:
    """A seeded click network whose logits are mostly a little below zero."""
    module = seeded(ClickNetwork(), seed).requires_grad_(False)
    for weight in module.parameters():
        weight.sub_(0.1).mul_(0.8)
    module.head[-1].bias.fill_(-0.4)
    return ToyNetwork(module)


def picture(height: int = 20, width: int = 26, seed: int = 0) -> Tensor:
    """A reproducible input (1, 3, height, width)."""
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed)) - 0.5


class LayerBox:
    """Makes bmconv layers when they are asked for, and keeps them."""

    def __init__(self) -> None:
        self.layers: dict[InsertionPoint, nn.Module] = {}

    def __call__(self, point: InsertionPoint, features: Tensor) -> nn.Module:
        if point not in self.layers:
            self.layers[point] = BiasMapConv(features.shape[1], *features.shape[2:])
        return self.layers[point]

    @property
    def variables(self) -> list[nn.Parameter]:
        return [variable for layer in self.layers.values() for variable in layer.parameters()]

    def restart(self) -> None:
        """Put every variable back to its start value."""
        with torch.no_grad():
            for layer in self.layers.values():
                fresh = BiasMapConv(layer.channels, *layer.size)
                for variable, start in zip(layer.parameters(), fresh.parameters(), strict=True):
                    variable.copy_(start)


@contextmanager
def unsplit(module: nn.Module, layers: Mapping[InsertionPoint, nn.Module]) -> Iterator[None]:
    """The plain network with layers hooked in, as one would do by hand."""
    calls: dict[str, int] = {}

    def on_output(point: InsertionPoint) -> Callable[..., Tensor | None]:
        def hook(part: nn.Module, args: object, output: Tensor) -> Tensor | None:
            calls[point.name] = calls.get(point.name, -1) + 1
            return layers[point](output) if calls[point.name] == point.call_index else None

        return hook

    with ExitStack() as stack:
        for point, layer in layers.items():
            part = module.get_submodule(point.module)
            if point.side == "input":
                handle = part.register_forward_pre_hook(lambda part, args, layer=layer: (layer(args[0]), *args[1:]))
            else:
                handle = part.register_forward_hook(on_output(point))
            stack.callback(handle.remove)
        yield


def trajectory(forward: Callable[[], Tensor], box: LayerBox, steps: int = 20) -> list[Tensor]:
    """Outputs, losses and gradients of some Adam steps from the start values."""
    box.restart()
    optimiser = torch.optim.Adam(box.variables, lr=0.01)
    seen: list[Tensor] = []
    for _ in range(steps):
        output = forward()
        loss = (output - 0.3).square().mean() + output[0, 0, 3, 4]
        optimiser.zero_grad()
        torch.autograd.backward(loss, inputs=box.variables)
        seen += [output.detach().clone(), loss.detach().clone(), *(v.grad.clone() for v in box.variables)]
        optimiser.step()
    return seen


def unsplit_trajectory(module: nn.Module, inputs: Sequence[Tensor], box: LayerBox, steps: int = 20) -> list[Tensor]:
    """The same for the network as it is, whole in every step."""

    def forward() -> Tensor:
        with unsplit(module, box.layers):
            return module(*inputs)

    return trajectory(forward, box, steps)


def split(module: nn.Module, inputs: Sequence[Tensor], points: Sequence[InsertionPoint]) -> tuple[Partition, LayerBox]:
    """A partition with bmconv layers."""
    box = LayerBox()
    return partition(module, inputs, points, box), box
