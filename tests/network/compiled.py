"""Networks for the tests of this folder, from a line or two of YAML."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

from nncli.errors import NncliError
from nncli.network.compiled import CompiledNetwork
from nncli.network.compiling import compile_network
from nncli.spec.items import InputSpec
from nncli.spec.opening import Origin, parse_spec

IMAGE = "image: [3, 8, 8]"
ROW = "row: [6]"
SIGNAL = "signal: [5, 4]"
TOKENS = "tokens: {shape: [5], type: index, vocabulary: 11}"


def compiled(layers: str, inputs: str = IMAGE, *, weights: bool = True, **declared: int) -> CompiledNetwork:
    """Compiles layers as they stand in a flow list."""
    text = f"network:\n  inputs: {{{inputs}}}\n  layers: [{layers}]\n"
    spec = parse_spec(text, Origin("a.yaml", Path(), text))
    return compile_network(spec.networks["network"], {}, declared, weights=weights)


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
