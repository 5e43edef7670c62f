"""Networks printed and opened again, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from nncli.network.compiled import CompiledNetwork
from nncli.network.compiling import Surroundings, compile_networks
from nncli.printing.source import python_source
from nncli.spec.network_spec import InputSpec
from nncli.spec.opening import Origin, parse_spec
from tests.network.handmade import opened


def networks(text: str) -> dict[str, CompiledNetwork]:
    """Compiles a spec as it is written."""
    torch.manual_seed(0)
    spec = parse_spec(text, Origin("net.yaml", Path(), text))
    return compile_networks(spec.networks, {}, Surroundings())


def network(text: str) -> CompiledNetwork:
    """Compiles a spec with one network."""
    return networks(text)["network"]


def drawn(inputs: Mapping[str, InputSpec], rows: int) -> list[Tensor]:
    """Draws rows for every input; of each mask the last step is padding."""
    found = []
    for given in inputs.values():
        sizes = (rows, *given.shape)
        if given.type == "mask":
            found.append(torch.arange(given.shape[0]).expand(sizes) < given.shape[0] - 1)
        elif given.type == "index":
            found.append(torch.randint(given.vocabulary or 2, sizes))
        else:
            found.append(torch.randn(sizes))
    return found


def assert_same(network: CompiledNetwork, folder: Path) -> nn.Module:
    """Prints a network and runs it beside the program: the same names, and the same bits."""
    program = opened(python_source("net", network, {}), folder)
    assert list(program.state_dict()) == list(network.module.state_dict())
    program.load_state_dict(network.module.state_dict())
    network.module.eval()
    for rows in (1, 3):
        inputs = drawn(network.inputs, rows)
        with torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(rows)
            one = network.module(*inputs)
            torch.manual_seed(rows)
            other = program(*inputs)
        pairs = [(one, other)] if isinstance(one, Tensor) else zip(one, other, strict=True)
        assert all(torch.equal(*pair) for pair in pairs)
    return program


def printed(text: str, folder: Path) -> str:
    """Prints the only network of a spec, checks it, and returns its classes without imports and the rest."""
    made = network(text)
    assert_same(made, folder)
    program = python_source("net", made, {}).text
    return program[program.index("class ") : program.index("\n\n\nif __name__")]
