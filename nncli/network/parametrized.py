"""Weights with a parametrization of torch: what is learned in their place, new values, and plain weights"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Final, NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import (
    ParametrizationList,
    is_parametrized,
    type_before_parametrizations,
)

M = TypeVar("M", bound=nn.Module)
# As often as torch looks for the largest singular value of a new weight.
_ROUNDS: Final = 15


class Parametrized(NamedTuple):
    """A weight that is worked out whenever it is read: its layer, with its dotted name, and its own name."""

    name: str
    layer: nn.Module
    tensor: str

    @property
    def learned(self) -> ParametrizationList:
        """The tensors that are learned in its place, and how it is worked out of them."""
        found = self.layer.get_submodule(f"parametrizations.{self.tensor}")
        assert isinstance(found, ParametrizationList)
        return found

    @property
    def originals(self) -> dict[str, nn.Parameter]:
        """The tensors that are learned in its place by name: `original`, or `original0` and `original1`."""
        return dict(self.learned.named_parameters(recurse=False))

    def put(self, value: Tensor) -> None:
        """Makes the weight come out of a value as it does where a network is made with it."""
        with torch.no_grad():
            setattr(self.layer, self.tensor, value)
            modes = {part: part.training for part in self.learned.children()}
            for part in modes:
                part.train()
            for _ in range(_ROUNDS):
                # In training, reading a weight brings its largest singular value up to date.
                getattr(self.layer, self.tensor)
            for part, mode in modes.items():
                part.train(mode)


def parametrized(module: nn.Module) -> Iterator[Parametrized]:
    """Walks the weights of a module that are learned through a parametrization."""
    for name, layer in module.named_modules():
        if is_parametrized(layer):
            for tensor in dict(layer.get_submodule("parametrizations").named_children()):
                yield Parametrized(name, layer, tensor)


def kind_of(layer: nn.Module) -> type[nn.Module]:
    """Finds the class of a layer: torch puts another one in its place where a weight is parametrized."""
    found: type[nn.Module] = type_before_parametrizations(layer)
    return found


def with_plain_weights(module: M) -> M:
    """Makes a module, in eval mode, whose weights are what they come out as; it has no parametrization."""
    if not any(parametrized(module)):
        return module
    made = copy.deepcopy(module)
    values: dict[nn.Module, dict[str, Tensor]] = {}
    for each in parametrized(made):
        values.setdefault(each.layer, {})[each.tensor] = getattr(each.layer, each.tensor).detach()
    for layer, tensors in values.items():
        # What torch has for it changes the class, which is that of the other module too.
        kind = kind_of(layer)
        del layer.parametrizations
        layer.__class__ = kind
        for name, tensor in tensors.items():
            layer.register_parameter(name, nn.Parameter(tensor, requires_grad=False))
    return made
