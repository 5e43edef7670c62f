from __future__ import annotations

import torch
from torch import nn

from nncli.printing.layout import frozen, is_dictionary, is_list, path_of, ties


def scope(**children: nn.Module) -> nn.Module:
    module = nn.Module()
    for name, child in children.items():
        module.add_module(name.lstrip("_"), child)
    return module


def test_paths_are_written_as_python_writes_them() -> None:
    parameters = nn.Module()
    for name in ("0", "1"):
        parameters.register_parameter(name, nn.Parameter(torch.zeros(1)))
    root = scope(stages=scope(_0=scope(linear=nn.Linear(1, 1))), gaps=scope(_2=nn.ReLU()), tensors=parameters)
    assert path_of(root, "stages.0.linear.weight") == "self.stages[0].linear.weight"
    assert path_of(root, "gaps.2") == 'self.gaps["2"]'
    assert path_of(root, "tensors.1") == "self.tensors[1]"
    assert is_list(parameters) and is_list(root.stages)  # type: ignore[arg-type]
    assert is_dictionary(root.gaps) and not is_list(root.gaps)  # type: ignore[arg-type]


def test_what_holds_layers_and_tensors_is_no_list() -> None:
    mixed = scope(_0=nn.ReLU())
    mixed.register_parameter("bias", nn.Parameter(torch.zeros(1)))
    assert not is_list(mixed)
    assert not is_dictionary(mixed)


def test_shared_and_frozen_weights_are_said_from_the_root() -> None:
    root = scope(
        one=nn.Linear(2, 2), other=nn.Linear(2, 2), layers=scope(_0=nn.Linear(2, 2), _1=nn.Linear(2, 2))
    )
    root.other.weight = root.one.weight  # type: ignore[union-attr]
    root.layers.requires_grad_(False)
    root.one.bias.requires_grad_(False)  # type: ignore[union-attr]
    assert list(ties(root)) == ["self.other.weight = self.one.weight"]
    assert list(frozen(root)) == ["self.one.bias.requires_grad_(False)", "self.layers.requires_grad_(False)"]
