"""The G-BRS layers: identity to the bit, the equations worked out by hand, gradients, shapes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from gbrs_core.errors import ShapeError
from gbrs_core.layers import BETA, LAYERS, BiasMapScaleBiasMerge, TopKChannels, top_k_channels

MEMORY = [torch.contiguous_format, torch.channels_last]


def features(channels: int = 5, height: int = 4, width: int = 3, seed: int = 1) -> Tensor:
    return torch.randn(1, channels, height, width, generator=torch.Generator().manual_seed(seed)) * 3


def layer_named(name: str, like: Tensor, basis: Tensor | None = None) -> nn.Module:
    return LAYERS[name](like.shape[1], like.shape[2], like.shape[3], basis)


def moved(layer: nn.Module, seed: int = 2) -> nn.Module:
    """The layer with other than its start values."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for variable in layer.parameters():
            variable.add_(0.3 * torch.rand(variable.shape, generator=generator, dtype=variable.dtype))
    return layer


def column(values: Tensor) -> Tensor:
    return values.view(1, -1, 1, 1)


def literally(name: str, layer: nn.Module, m: Tensor) -> Tensor:
    """Equations 3 to 6 as they are printed."""
    if name == "sb":
        return m * column(layer.scale) + column(layer.bias)
    local = layer.bias_map * column(layer.channel_weight)
    if name == "bmsb":
        return (m + local) * column(layer.scale) + column(layer.bias)
    if name == "bmsb-m":
        w = layer.merge_weight
        return w * (m * column(layer.scale) + column(layer.bias)) + (1 - w) * (m + local)
    kernel = layer.mixing + torch.eye(layer.channels, dtype=m.dtype)
    return torch.einsum("oc,nchw->nohw", kernel, m + BETA * local) + column(layer.bias)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("memory", MEMORY)
@pytest.mark.parametrize("has_basis", [False, True])
def test_start_values_give_every_bit_back(name, memory, has_basis):
    m = features().contiguous(memory_format=memory)
    m[0, 0, 0] = torch.tensor([1e-45, -1.1754944e-38, 3.4e38])  # subnormal, smallest normal, almost infinite
    m[0, 1, 0] = torch.tensor([1 / 3, 16777217.0, -0.1])
    basis = torch.rand(2, 4, 3) if has_basis else None
    refined = layer_named(name, m, basis)(m)
    assert torch.equal(refined, m)
    assert refined.is_contiguous(memory_format=memory)
    assert refined.data_ptr() != m.data_ptr()


@pytest.mark.parametrize("name", LAYERS)
def test_start_values_give_every_bit_back_in_reduced_precision(name):
    m = features().bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        refined = layer_named(name, m)(m)
    assert torch.equal(refined, m.float())


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("memory", MEMORY)
def test_equation(name, memory):
    m = features().double().contiguous(memory_format=memory)
    layer = moved(layer_named(name, m).double())
    torch.testing.assert_close(layer(m), literally(name, layer, m), rtol=1e-12, atol=1e-12)


def hand_made(name: str) -> nn.Module:
    """Two channels of one row and two columns, with round numbers in every variable."""
    layer = LAYERS[name](2, 1, 2, None)
    values = {
        "scale": torch.tensor([2.0, 0.5]),
        "bias": torch.tensor([1.0, -1.0]),
        "free_map": torch.tensor([[1.0, 3.0]]),
        "channel_weight": torch.tensor([1.0, -2.0]),
        "merge_weight": torch.tensor(0.25),
        "mixing": torch.tensor([[0.0, 1.0], [0.0, 1.0]]),
    }
    with torch.no_grad():
        for key, variable in layer.named_parameters():
            variable.copy_(values[key])
    return layer


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sb", [[9.0, 13.0], [1.0, 2.0]]),  # 4*2+1, 6*2+1; 4*0.5-1, 6*0.5-1
        ("bmsb", [[11.0, 19.0], [0.0, -1.0]]),  # (4+1)*2+1, (6+3)*2+1; (4-2)*0.5-1, (6-6)*0.5-1
        ("bmsb-m", [[6.0, 10.0], [1.75, 0.5]]),  # 0.25*9+0.75*5, 0.25*13+0.75*9; 0.25*1+0.75*2, 0.25*2+0.75*0
        ("bmconv", [[-1.0, -17.0], [-33.0, -109.0]]),  # x1+x2+1 and 2*x2-1 with x1 = 14, 36 and x2 = -16, -54
    ],
)
def test_worked_out_by_hand(name, expected):
    m = torch.tensor([[[[4.0, 6.0]], [[4.0, 6.0]]]])
    torch.testing.assert_close(hand_made(name)(m), torch.tensor(expected).view(1, 2, 1, 2))


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("memory", MEMORY)
@pytest.mark.parametrize("has_basis", [False, True])
def test_gradients(name, memory, has_basis):
    m = features().double().contiguous(memory_format=memory).requires_grad_()
    basis = torch.rand(2, 4, 3, dtype=torch.float64) if has_basis else None
    layer = moved(layer_named(name, m, basis).double())
    names = [key for key, _ in layer.named_parameters()]

    def refined(m: Tensor, *values: Tensor) -> Tensor:
        return torch.func.functional_call(layer, dict(zip(names, values, strict=True)), (m,))

    assert torch.autograd.gradcheck(refined, (m, *layer.parameters()))


@pytest.mark.parametrize("name", LAYERS)
def test_unusual_strides(name):
    m = features(5, 3, 4).double().transpose(2, 3)
    layer = moved(layer_named(name, m).double())
    refined = layer(m)
    torch.testing.assert_close(refined, literally(name, layer, m))
    expanded = torch.ones((), dtype=torch.float64).expand_as(refined)
    strided = torch.ones(1, 5, 3, 4, dtype=torch.float64).transpose(2, 3)
    for variable in layer.parameters():
        (one,) = torch.autograd.grad(refined, variable, expanded, retain_graph=True)
        (other,) = torch.autograd.grad(refined, variable, strided, retain_graph=True)
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("name", LAYERS)
def test_in_place_operation_behind_a_layer(name):
    m = features()
    layer = layer_named(name, m)
    torch.relu_(layer(m)).sum().backward()
    assert all(variable.grad is not None for variable in layer.parameters())


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("shape", [(1, 4, 4, 3), (1, 5, 3, 4), (2, 5, 4, 3), (5, 4, 3)])
def test_wrong_shape(name, shape):
    with pytest.raises(ShapeError, match=r"expected \(1, 5, 4, 3\)"):
        LAYERS[name](5, 4, 3, None)(torch.zeros(shape))


def test_basis_of_another_size():
    with pytest.raises(ShapeError, match=r"expected \(G, 4, 3\)"):
        LAYERS["bmsb"](5, 4, 3, torch.zeros(2, 3, 4))


def test_bias_map_is_the_free_map_and_the_basis():
    layer = LAYERS["bmconv"](1, 1, 2, torch.tensor([[[1.0, 0.0]], [[0.25, 0.5]]]))
    with torch.no_grad():
        layer.free_map.copy_(torch.tensor([[10.0, 20.0]]))
        layer.basis_weight.copy_(torch.tensor([3.0, 4.0]))
    torch.testing.assert_close(layer.bias_map, torch.tensor([[14.0, 22.0]]))


def test_basis_is_no_variable():
    layer = LAYERS["bmsb"](2, 4, 3, torch.rand(2, 4, 3))
    assert {name for name, _ in layer.named_parameters()} == {
        *("free_map", "channel_weight", "basis_weight", "scale", "bias")
    }


@pytest.mark.parametrize(("value", "kept"), [(-0.2, 0.0), (0.3, 0.3), (1.7, 1.0)])
def test_merge_weight_stays_between_zero_and_one(value, kept):
    layer = BiasMapScaleBiasMerge(2, 1, 1)
    with torch.no_grad():
        layer.merge_weight.fill_(value)
    layer.constrain_()
    assert float(layer.merge_weight.detach()) == pytest.approx(kept)


def test_variables_start_as_in_the_paper():
    layer = LAYERS["bmsb-m"](2, 1, 2, None)
    values = {name: variable.tolist() for name, variable in layer.named_parameters()}
    assert values == {
        "free_map": [[0.0, 0.0]],
        "channel_weight": [1.0, 1.0],
        "scale": [1.0, 1.0],
        "bias": [0.0, 0.0],
        "merge_weight": 0.5,
    }


def test_top_channels_are_those_of_the_highest_mean():
    m = torch.tensor([1.0, 5.0, -9.0, 5.0, 2.0]).view(1, 5, 1, 1).expand(1, 5, 2, 2)
    assert top_k_channels(m, 3).tolist() == [1, 3, 4]
    assert top_k_channels(m, 1).tolist() == [1]
    assert top_k_channels(m, 9).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("memory", MEMORY)
def test_unselected_channels_pass_unchanged(name, memory):
    m = features().contiguous(memory_format=memory)
    chosen = torch.tensor([0, 3])
    inner = layer_named(name, m[:, chosen])
    layer = TopKChannels(inner, chosen)
    assert torch.equal(layer(m), m)
    moved(inner)
    refined = layer(m)
    assert torch.equal(refined[:, [1, 2, 4]], m[:, [1, 2, 4]])
    torch.testing.assert_close(refined[:, chosen], inner(m[:, chosen]))
    assert not torch.equal(refined[:, chosen], m[:, chosen])
