"""Weights that are worked out whenever they are read."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm
from torch.nn.utils.parametrize import is_parametrized

from nncli.network.parametrized import kind_of, parametrized, with_plain_weights


@pytest.fixture
def written() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(spectral_norm(nn.Conv2d(2, 4, 3)), nn.Flatten(), weight_norm(nn.Linear(16, 3)))


def test_every_normed_weight_is_found_with_what_is_learned(written: nn.Module) -> None:
    found = list(parametrized(written))
    assert [(each.name, each.tensor) for each in found] == [("0", "weight"), ("2", "weight")]
    assert [[*each.originals] for each in found] == [["original"], ["original0", "original1"]]
    assert [kind_of(layer) for layer in written] == [nn.Conv2d, nn.Flatten, nn.Linear]


@pytest.mark.parametrize("mode", [True, False])
def test_a_value_that_is_put_comes_out_as_where_a_layer_is_made_with_it(
    written: nn.Module, mode: bool
) -> None:
    written.train(mode)
    conv, linear = parametrized(written)
    value = torch.randn(4, 2, 3, 3)
    conv.put(value.clone())
    plain = nn.Conv2d(2, 4, 3)
    plain.weight.data = value.clone()
    expected = spectral_norm(plain).eval().weight
    assert all(part.training is mode for part in written.modules())
    written.eval()
    assert torch.allclose(conv.layer.weight, expected, rtol=0.05)
    value = torch.randn(3, 16)
    linear.put(value.clone())
    assert torch.allclose(linear.layer.weight, value, atol=1e-6)


def test_plain_weights_give_the_same_bits_and_leave_the_other_module_alone(written: nn.Module) -> None:
    written.eval()
    kept, plain = copy.deepcopy(written.state_dict()), with_plain_weights(written)
    assert not any(is_parametrized(part) for part in plain.modules())
    assert [type(part) for part in plain] == [nn.Conv2d, nn.Flatten, nn.Linear]
    image = torch.randn(3, 2, 4, 4)
    assert torch.equal(plain(image), written(image))
    assert all(torch.equal(tensor, kept[name]) for name, tensor in written.state_dict().items())
    bare = nn.Linear(2, 2)
    assert with_plain_weights(bare) is bare
