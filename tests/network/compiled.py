"""Networks for the tests of this folder, from a line or two of YAML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import torch
from torch import nn

from nncli.errors import NncliError
from nncli.messages.catalogue import hint_of, message_of
from nncli.network.compiled import CompiledNetwork
from nncli.network.compiling import Surroundings, compile_networks
from nncli.spec.network_spec import InputSpec
from nncli.spec.opening import Origin, parse_spec

IMAGE = "image: [3, 8, 8]"
ROW = "row: [6]"
SIGNAL = "signal: [5, 4]"
TOKENS = "tokens: {shape: [5], type: index, vocabulary: 11}"


def compiled(layers: str, inputs: str = IMAGE, *, weights: bool = True, **declared: int) -> CompiledNetwork:
    """Compiles layers as they stand in a flow list."""
    text = f"network:\n  inputs: {{{inputs}}}\n  layers: [{layers}]\n"
    spec = parse_spec(text, Origin("a.yaml", Path(), text))
    return compile_networks(spec.networks, {}, Surroundings(declared), weights=weights)["network"]


def refusals(layers: str, inputs: str = IMAGE, **declared: int) -> list[tuple[str, Mapping[str, object]]]:
    """Compiles layers that are refused; returns codes and facts."""
    with pytest.raises(NncliError) as caught:
        compiled(layers, inputs, **declared)
    assert all(problem.place is not None for problem in caught.value.problems)
    return [(problem.code, problem.facts) for problem in caught.value.problems]


def codes(layers: str, inputs: str = IMAGE, **declared: int) -> list[str]:
    """Compiles layers that are refused; returns the codes."""
    return [code for code, _ in refusals(layers, inputs, **declared)]


def rows(inputs: Mapping[str, InputSpec], count: int = 4) -> list[torch.Tensor]:
    """Draws rows for every input."""
    found = []
    for given in inputs.values():
        if given.type in ("index", "category"):
            found.append(torch.randint(given.vocabulary or 2, (count, *given.shape)))
        else:
            found.append(torch.randn(count, *given.shape))
    return found


def networks(
    text: str, constants: Mapping[str, torch.Tensor] | None = None, **declared: int
) -> dict[str, CompiledNetwork]:
    """Compiles every network of a whole spec."""
    text = dedent(text).lstrip("\n")
    spec = parse_spec(text, Origin("a.yaml", Path(), text))
    return compile_networks(spec.networks, {}, Surroundings(declared, constants or {}))


def network(text: str) -> CompiledNetwork:
    """Compiles the network of a whole spec."""
    return networks(text)["network"]


def places(text: str) -> list[str]:
    """Compiles a spec that is refused; returns `code line:column` for each problem."""
    with pytest.raises(NncliError) as caught:
        networks(text)
    found = []
    for problem in caught.value.problems:
        assert problem.place is not None and problem.path and message_of(problem)
        hint_of(problem)
        found.append(f"{problem.code} {problem.place.line}:{problem.place.column}")
    return found


class Written(nn.Module):
    """A network as a person would write it: parts under dotted names, and a forward over them."""

    def __init__(
        self, parts: Mapping[str, nn.Module | nn.Parameter], run: Callable[[Written, Any], object]
    ) -> None:
        super().__init__()
        for name, part in parts.items():
            *scopes, last = name.split(".")
            inner: nn.Module = self
            for scope in scopes:
                if not hasattr(inner, scope):
                    inner.add_module(scope, nn.Module())
                inner = inner.get_submodule(scope)
            setattr(inner, last, part)
        self._run = run

    def __getitem__(self, name: str) -> Any:
        found: Any = self
        for part in name.split("."):
            found = getattr(found, part)
        return found

    def forward(self, *inputs: torch.Tensor) -> object:
        return self._run(self, inputs[0] if len(inputs) == 1 else inputs)


def assert_same(
    network: CompiledNetwork,
    parts: Mapping[str, nn.Module | nn.Parameter],
    run: Callable[[Written, Any], object],
) -> None:
    """Compares results and gradients with a hand-written network of the same weights, bit for bit."""
    written = Written(parts, run)
    written.load_state_dict(network.module.state_dict())
    given = rows(network.inputs, 5)
    results = []
    for module in (network.module, written):
        torch.manual_seed(1)
        result = module(*given)
        values = result if isinstance(result, tuple) else (result,)
        sum((value * value).sum() for value in values).backward()
        results.append(values)
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(*results, strict=True))
    theirs = dict(written.named_parameters())
    for name, weight in network.module.named_parameters():
        assert weight.grad is not None, name
        assert torch.equal(weight.grad, theirs[name].grad), name
