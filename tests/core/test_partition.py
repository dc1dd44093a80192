"""The split of a network: bit for bit the unsplit one, again and again, and the user's module stays as it was."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gbrs_core.errors import InsertionError
from gbrs_core.network import InsertionPoint
from gbrs_core.partition import feature_maps, partition, run_plain
from tests.helpers.toy_networks import (
    ClickNetwork,
    FilledCanvas,
    InPlaceShortcut,
    LateSkip,
    LayerBox,
    ReadThenChanged,
    SharedBlock,
    conv,
    picture,
    seeded,
    split,
    trajectory,
    unsplit_trajectory,
)

CASES = {
    "in-place shortcut": (InPlaceShortcut, (InPlaceShortcut.point,)),
    "read, then changed": (ReadThenChanged, (ReadThenChanged.point,)),
    "shared block, both calls": (SharedBlock, SharedBlock.points),
    "shared block, second call": (SharedBlock, SharedBlock.points[1:]),
    "late skip, deep": (LateSkip, LateSkip.points[:1]),
    "late skip, both": (LateSkip, LateSkip.points),
    "late skip, input of a module": (LateSkip, LateSkip.points[1:]),
    "filled canvas": (FilledCanvas, (FilledCanvas.point,)),
}


@pytest.fixture(params=CASES)
def case(request):
    network, points = CASES[request.param]
    return seeded(network()), points


@pytest.mark.parametrize("size", [(20, 26), (17, 31)])
@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
def test_trajectory_equals_the_unsplit_network(case, size, memory):
    module, points = case
    inputs = (picture(*size).contiguous(memory_format=memory),)
    parted, box = split(module, inputs, points)
    assert parted.obstacle == ""
    expected = unsplit_trajectory(module, inputs, box)
    for _ in range(3):
        seen = trajectory(parted.suffix, box)
        assert all(torch.equal(one, other) for one, other in zip(seen, expected, strict=True))


def test_start_values_change_no_bit(case):
    module, points = case
    inputs = (picture(),)
    parted, _ = split(module, inputs, points)
    with torch.no_grad():
        assert torch.equal(parted.output, module(*inputs))
        assert torch.equal(parted.suffix(), module(*inputs))


def test_recorded_pass_has_the_gradients_of_the_unsplit_network(case):
    module, points = case
    inputs = (picture(),)
    parted, box = split(module, inputs, points)
    if not parted.has_graph:
        pytest.skip("this network overwrites what its own graph needs")
    gradients = torch.autograd.grad(parted.output.square().sum(), box.variables)
    again = torch.autograd.grad(parted.suffix().square().sum(), box.variables)
    assert all(torch.equal(one, other) for one, other in zip(gradients, again, strict=True))


def test_module_comes_back_unchanged(case):
    module, points = case
    weights = {key: value.clone() for key, value in module.state_dict().items()}
    versions = [value._version for value in (*module.parameters(), *module.buffers())]
    next(module.parameters()).requires_grad_(False)
    flags = [parameter.requires_grad for parameter in module.parameters()]
    module.get_submodule(points[0].module).training = True  # one part in training mode
    training = [part.training for part in module.modules()]
    parted, box = split(module, (picture(),), points)
    trajectory(parted.suffix, box, steps=3)
    assert [parameter.requires_grad for parameter in module.parameters()] == flags
    assert [part.training for part in module.modules()] == training
    assert [value._version for value in (*module.parameters(), *module.buffers())] == versions
    assert all(torch.equal(value, weights[key]) for key, value in module.state_dict().items())
    assert all(parameter.grad is None for parameter in module.parameters())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in module.modules())


def test_hooks_are_removed_when_the_network_fails():
    class Failing(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Conv2d(3, 2, 1)

        def forward(self, image):
            self.first(image)
            raise RuntimeError("out of order")

    module = seeded(Failing())
    with pytest.raises(RuntimeError, match="out of order"):
        split(module, (picture(),), (InsertionPoint("first", "first"),))
    assert not module.first._forward_hooks


def test_suffix_follows_the_gradient_mode():
    parted, _ = split(seeded(LateSkip()), (picture(),), LateSkip.points)
    assert parted.suffix().requires_grad
    with torch.no_grad():
        assert not parted.suffix().requires_grad


def test_suffix_is_shorter_than_the_network():
    parted, _ = split(seeded(LateSkip()), (picture(),), LateSkip.points[1:])
    assert len(parted.suffix) == 6  # layer, convolution, normalisation, ReLU, head, resize


def test_click_network_takes_two_inputs():
    module = seeded(ClickNetwork())
    inputs = (picture(), picture(seed=1)[:, :2])
    parted, box = split(module, inputs, (InsertionPoint("B", "head", side="input"),))
    expected = unsplit_trajectory(module, inputs, box)
    seen = trajectory(parted.suffix, box)
    assert all(torch.equal(one, other) for one, other in zip(seen, expected, strict=True))


# --- what cannot be recorded runs whole, and is as right ---


class Deciding(nn.Module):
    """Decides by the values of features behind the insertion point."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 3, 1)
        self.head = nn.Conv2d(3, 1, 1)

    def forward(self, image):
        features = self.first(image)
        if features.mean() > 10:
            features = features * 2
        return self.head(features)


class ThroughNumpy(Deciding):
    def forward(self, image):
        features = self.first(image)
        strength = float(features.detach().numpy().std())
        return self.head(features) * strength


class OwnGradient(Deciding):
    """An operation with a gradient of its own."""

    class Doubled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, features):
            return features * 2

        @staticmethod
        def backward(ctx, grad):
            return grad * 7

    def forward(self, image):
        return self.head(self.Doubled.apply(self.first(image)))


class ChangedView(Deciding):
    """Writes dependent values through a view of a clean tensor and reads them from the tensor itself."""

    def forward(self, image):
        canvas = image * 1.5
        view = canvas[:, :2]
        view.add_(self.first(image)[:, :2])
        return self.head(canvas)


class SwitchingPrecision(Deciding):
    def forward(self, image):
        features = self.first(image)
        with torch.autocast("cpu", torch.bfloat16):
            features = torch.matmul(features, torch.ones(features.shape[-1], features.shape[-1]))
        return self.head(features.float())


@pytest.mark.parametrize("network", [Deciding, ThroughNumpy, OwnGradient, ChangedView, SwitchingPrecision])
def test_what_cannot_be_recorded_runs_whole(network):
    module = seeded(network())
    inputs = (picture(),)
    parted, box = split(module, inputs, (InsertionPoint("first", "first"),))
    assert parted.obstacle
    expected = unsplit_trajectory(module, inputs, box, steps=4)
    seen = trajectory(parted.suffix, box, steps=4)
    assert all(torch.equal(one, other) for one, other in zip(seen, expected, strict=True))


def test_values_may_be_read_in_the_prefix():
    class Careful(Deciding):
        def forward(self, image):
            gain = 2.0 if image.mean() > -10 else 1.0
            return self.head(self.first(image * gain))

    parted, _ = split(seeded(Careful()), (picture(),), (InsertionPoint("first", "first"),))
    assert parted.obstacle == ""


# --- errors name the place ---


def fails(module: nn.Module, point: InsertionPoint, match: str) -> None:
    with pytest.raises(InsertionError, match=match):
        split(seeded(module), (picture(),), (point,))


def test_unknown_submodule_suggests_the_near_one():
    fails(LateSkip(), InsertionPoint("x", "dep"), "no submodule 'dep'; did you mean deep")


def test_call_that_does_not_happen():
    fails(SharedBlock(), InsertionPoint("x", "block", call_index=2), "never reached: block has no call number 2")


def test_wrong_number_of_channels():
    fails(LateSkip(), InsertionPoint("x", "deep", channels=9), "promises 9 channels, but deep passes 8")


def test_feature_map_of_another_rank():
    class Flat(nn.Module):
        def __init__(self):
            super().__init__()
            self.flat = nn.Flatten()

        def forward(self, image):
            return self.flat(image)

    fails(Flat(), InsertionPoint("x", "flat"), r"the output of flat is shape \(1, 1560\)")


def test_output_that_is_no_tensor():
    class Pair(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = conv(3, 2)

        def forward(self, image):
            features = self.body(image)
            return features, features

    fails(Pair(), InsertionPoint("x", "body"), "returns tuple; wrap it")
    with pytest.raises(InsertionError, match="returns tuple"):
        run_plain(seeded(Pair()), (picture(),))


def test_layers_without_effect():
    class DeadEnd(nn.Module):
        def __init__(self):
            super().__init__()
            self.side = nn.Conv2d(3, 1, 1)
            self.head = nn.Conv2d(3, 1, 1)

        def forward(self, image):
            self.side(image)
            return self.head(image)

    fails(DeadEnd(), InsertionPoint("x", "side"), "no effect")


def test_network_that_switches_gradients_off():
    class Frozen(ReadThenChanged):
        @torch.no_grad()
        def forward(self, image: Tensor) -> Tensor:
            return super().forward(image)

    fails(Frozen(), InsertionPoint("x", "first"), "switches gradients off")


def test_input_given_by_keyword():
    class ByKeyword(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Conv2d(3, 1, 1)

        def forward(self, image):
            return F.relu(self.head(input=image))

    parted, _ = split(seeded(ByKeyword()), (picture(),), (InsertionPoint("x", "head", side="input"),))
    assert parted.obstacle == ""


def test_feature_maps_are_those_of_the_plain_network():
    module = seeded(LateSkip())
    found = feature_maps(module, (picture(),), LateSkip.points)
    with torch.no_grad():
        assert torch.equal(found[LateSkip.points[0]], module.deep(module.down(picture())))
    assert found[LateSkip.points[1]].shape == (1, 12, 10, 13)


def test_layer_is_asked_for_once_per_pass():
    asked: list[str] = []
    box = LayerBox()

    def layer_at(point, features):
        asked.append(point.name)
        return box(point, features)

    parted = partition(seeded(SharedBlock()), (picture(),), SharedBlock.points, layer_at)
    parted.suffix()
    assert asked == ["coarse", "fine"]
